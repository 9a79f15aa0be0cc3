"""Prefetches images: decodes each once, however many queries it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
THREADS = 4
"""Decoders at work at once; decoding and resizing release the interpreter's lock."""


class ImageLoader(Generic[T]):
    """Decodes and preprocesses images on threads.

    An announced image is kept until two further announcements: an image whose queries lie in
    two batches is decoded once.

    Args:
        prepare: (height, width, 3) uint8 RGB to what is kept
        threads: decoders at work at once
    """

    def __init__(
        self, prepare: Callable[[NDArray[np.uint8]], T], *, threads: int = THREADS
    ) -> None:
        self._prepare = prepare
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="pairlens-images")
        self._images: dict[Path, Future[T]] = {}
        self._recent: list[frozenset[Path]] = []

    def announce(self, paths: Iterable[Path]) -> None:
        """Starts reading what is not there yet; forgets what was asked for long ago."""
        wanted = frozenset(paths)
        if wanted in self._recent[-1:]:
            return
        self._recent = [*self._recent[-1:], wanted]
        keep = frozenset().union(*self._recent)
        for path in [p for p in self._images if p not in keep]:
            self._images.pop(path).cancel()
        for path in sorted(wanted - self._images.keys()):
            self._images[path] = self._pool.submit(self._read, path)

    def holds(self, paths: Iterable[Path]) -> bool:
        """Whether all of them were announced and not yet forgotten."""
        return all(path in self._images for path in paths)

    def take(self, path: Path) -> T:
        """An announced image.

        Raises:
            ImageError: if it cannot be read
        """
        return self._images[path].result()

    def _read(self, path: Path) -> T:
        from pairlens.importers.media import read_rgb  # listing predictors must not load decoders

        return self._prepare(read_rgb(path))
