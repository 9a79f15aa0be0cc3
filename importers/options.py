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
        limit: maximum number of samples of the dataset; ``None`` for all
        placeholders: whether missing images are replaced by placeholders; otherwise their records
            are skipped
        media_dir: where masks and renditions are written: a folder, or an address such as
            ``s3://BUCKET/PREFIX`` as a string; by default a new folder under FiftyOne's default
            dataset folder
        resume: whether to add missing samples to an existing dataset
        overwrite: whether to replace an existing dataset and its media when the new one is complete
        strict: whether to stop at the first broken record
        follow_links: whether links in the source may lead out of it
        engine, workers, ray_address: as in :class:`pairlens.importers.parallel.Pool`
        tags: further tags for every sample
        params: parameters of the format, as text by name
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
        """The pool that prepares records."""
        return Pool(self.engine, self.workers, self.ray_address)

    def check(self) -> None:
        """Validates the options.

        Raises:
            UsageError: for an unknown split or engine, an impossible number of workers, a limit
                below 1, or both ``resume`` and ``overwrite``
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
"""The default options."""


@dataclass
class ImportSummary:
    """The result of an import.

    Attributes:
        dataset: its name
        format: name of the format
        samples, images: numbers in the whole dataset after the import
        added: number of samples that this import added
        splits: number of samples in the whole dataset by split
        skipped: the first skipped records, each with ``source`` and ``reason``
        skipped_total: number of skipped records
        notes: notes, one sentence each, with those of decisions
        decisions: the decisions as stored
        seconds: duration of the import
        kind: the type of the records
    """

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
