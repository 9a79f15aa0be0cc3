"""Import options and summary."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pairlens.importers.errors import UsageError
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.parallel import Engine, Pool
from pairlens.importers.records import Kind


@dataclass(frozen=True)
class ImportOptions:
    """Options of an import.

    Attributes:
        splits: which of ``train``, ``val``, ``test``
        limit: stop after this many records
        placeholders: stand-ins for missing images, instead of skipping their records
        media_dir: where masks and renditions go: a folder, or ``s3://BUCKET/PREFIX`` as text; by
            default a folder of the dataset's name under FiftyOne's default dataset folder
        resume: add what is missing to an existing dataset
        overwrite: replace an existing dataset and its media once the new one is whole
        strict: stop at the first broken record
        engine, workers, ray_address: what runs the decoding, as in
            :class:`pairlens.importers.parallel.Pool`
        tags: further tags for every sample
        params: settings of the format's reader, as text
    """

    splits: Collection[str] = SPLITS
    limit: int | None = None
    placeholders: bool = False
    media_dir: Path | str | None = None
    resume: bool = False
    overwrite: bool = False
    strict: bool = False
    follow_links: bool = False
    engine: Engine | None = None
    workers: int | None = None
    ray_address: str | None = None
    tags: Collection[str] = ()
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def pool(self) -> Pool:
        """What runs the decoding."""
        return Pool(self.engine, self.workers, self.ray_address)

    def check(self) -> None:
        """Validates the options.

        Raises:
            UsageError: for an unknown split or engine, no workers, a limit of nothing, or a
                contradiction
        """
        unknown = set(self.splits) - set(SPLITS)
        if unknown:
            raise UsageError(f"there is no split {min(unknown)!r}; known: {', '.join(SPLITS)}")
        if self.resume and self.overwrite:
            raise UsageError("--resume and --overwrite contradict each other; give one")
        self.pool.check()
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"--limit {self.limit} imports nothing; give 1 or more")


DEFAULTS = ImportOptions()
"""The options of an import that is given none."""


@dataclass
class ImportSummary:
    """The result of an import; ``samples``, ``images`` and ``splits`` count the whole dataset."""

    dataset: str
    format: str
    samples: int = 0
    images: int = 0
    added: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    skipped: list[dict[str, str]] = field(default_factory=list)
    skipped_total: int = 0
    notes: list[str] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    kind: Kind = "pairs"
