"""Prefetches images: decodes each once for all its queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
THREADS = 4
"""Number of decoding threads; decoding and resizing release the interpreter's lock."""


class ImageLoader(Generic[T]):
    """Decodes and preprocesses images on threads.

    An announced image is kept until two further announcements, so that an image with queries in
    two batches is decoded once.

    Args:
        prepare: preprocesses (height, width, 3) uint8 RGB; its result is kept
        threads: number of threads
    """

    def __init__(
        self, prepare: Callable[[NDArray[np.uint8]], T], *, threads: int = THREADS
    ) -> None:
        self._prepare = prepare
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="pairlens-images")
        self._images: dict[Path, Future[T]] = {}
        self._recent: list[frozenset[Path]] = []

    def announce(self, paths: Iterable[Path]) -> None:
        """Starts to read images that are not cached; drops those of earlier announcements."""
        announced = frozenset(paths)
        if announced in self._recent[-1:]:
            return
        self._recent = [*self._recent[-1:], announced]
        keep = frozenset().union(*self._recent)
        for path in [p for p in self._images if p not in keep]:
            self._images.pop(path).cancel()
        for path in sorted(announced - self._images.keys()):
            self._images[path] = self._pool.submit(self._read, path)

    def holds(self, paths: Iterable[Path]) -> bool:
        """Whether all of the images are announced and not yet dropped."""
        return all(path in self._images for path in paths)

    def take(self, path: Path) -> T:
        """Waits for an announced image.

        Raises:
            ImageError: if it cannot be read
        """
        return self._images[path].result()

    def _read(self, path: Path) -> T:
        from pairlens.importers.media import read_rgb  # listing predictors must not load decoders

        return self._prepare(read_rgb(path))
