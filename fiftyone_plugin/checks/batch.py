"""Batches of samples for checks: a row for each sample, a column for each field.

About one sample in a hundred has an issue. Comparing a thousand areas with a bound takes as long as
making one :class:`Sample`, so a check selects rows by columns and makes only their samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import compress
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Check, Sample
from pairlens.fiftyone_plugin.checks.rows import (
    MASK_DIGEST,
    Columns,
    Row,
    captions_from,
    image_of,
)
from pairlens.fiftyone_plugin.language import Region
from pairlens.fiftyone_plugin.language.finders import Finder, WordIndex
from pairlens.fiftyone_plugin.language.query_features import FeatureIndex, QueryFeatures
from pairlens.importers import fields
from pairlens.importers.image_stats import ImageStats
from pairlens.importers.mask_stats import MaskStats
from pairlens.importers.records import Caption

T = TypeVar("T")

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_UNMEASURED = MaskStats()
_NO_IMAGE = ImageStats()

_WHOLE = Region(0.0, 0.0, 1.0, 1.0)

_QUANTILES = 5
_NO_QUANTILES = [float("nan")] * _QUANTILES


class Batch:
    """A batch of samples.

    For a check of images, a batch holds all samples of each of its images, up to
    :data:`~pairlens.fiftyone_plugin.checks.rows.MAX_IMAGE`.

    Args:
        rows: the values of each sample
        columns: the fields of the rows
        answers: keys of the rows that are answers to questions, read like queries
    """

    def __init__(
        self, rows: Sequence[Row], columns: Columns, answers: frozenset[str] = frozenset()
    ) -> None:
        self.rows = rows
        self.answers = answers
        self.columns = columns
        by_path = zip(*rows, strict=True) if rows else ((),) * len(columns.paths)
        self._values = dict(zip(columns.paths, by_path, strict=True))
        self._numbers: dict[str, Floats] = {}
        self._samples: dict[int, Sample] = {}
        self._computed: dict[Callable[[Batch], Any], Any] = {}

    def once(self, compute: Callable[[Batch], T]) -> T:
        """The result of a function of the batch, which is called once and cached."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        return self._computed[compute]

    @classmethod
    def of(cls, samples: Iterable[Sample], checks: Iterable[Check]) -> Batch:
        """A batch of samples in memory, with the columns that some checks need."""
        samples = list(samples)
        predicted = (name for one in samples for name in
                     (*one.ious, *one.agreements, *one.predicted))  # fmt: skip
        columns = Columns.of(checks, {name: name for name in predicted})
        batch = cls([columns.row(one) for one in samples], columns)
        batch._samples = dict(enumerate(samples))
        return batch

    def take(self, rows: Sequence[int]) -> Batch:
        """A batch of some of the rows, which shares the samples that were made already."""
        if list(rows) == list(range(len(self.rows))):
            return self
        taken = Batch([self.rows[row] for row in rows], self.columns, self.answers)
        taken._samples = {
            n: self._samples[row] for n, row in enumerate(rows) if row in self._samples
        }
        return taken

    def __len__(self) -> int:
        return len(self.rows)

    # Samples as objects.

    def sample(self, row: int) -> Sample:
        """The sample of a row."""
        if row not in self._samples:
            self._samples[row] = self.columns.sample(self.rows[row])
        return self._samples[row]

    def __iter__(self) -> Iterator[Sample]:
        return map(self.sample, range(len(self)))

    def where(self, selected: Bools) -> Iterator[Sample]:
        """The samples of the selected rows."""
        return map(self.sample, np.flatnonzero(selected).tolist())

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Rows by key."""
        return {key: row for row, key in enumerate(self.keys)}

    # Columns.

    @property
    def keys(self) -> Sequence[str]:
        """The keys."""
        return self._values[fields.KEY]

    @property
    def phrases(self) -> Sequence[str]:
        """The queries; empty where there are none."""
        return self.words.texts

    def queries(self, selected: Bools | None = None) -> Iterator[tuple[str, str]]:
        """Key and query of each sample, or of the selected rows."""
        each = zip(self.keys, self.phrases, strict=True)
        return each if selected is None else compress(each, selected.tolist())

    @property
    def words(self) -> WordIndex:
        """The queries, with an index of their words."""
        return self.features.words

    def found(self, find: Finder[T | None]) -> Iterator[tuple[str, str, T]]:
        """Key, query and match of each sample in whose query a finder finds something."""
        each = zip(self.keys, self.phrases, find.each(self.words), strict=True)
        return ((key, phrase, match) for key, phrase, match in each if match)

    def values(self, path: str) -> Sequence[Any]:
        """The stored values of a column.

        Raises:
            KeyError: for a field that the check does not declare among its needs
        """
        return self._values[path]

    def number(self, path: str) -> Floats:
        """A column of numbers, NaN for samples without one."""
        if path not in self._numbers:
            self._numbers[path] = np.array(self.values(path), np.float64)
        return self._numbers[path]

    def present(self, path: str) -> Bools:
        """Whether each sample has a text or list that is not empty, or a flag that is set."""
        return np.fromiter(map(bool, self.values(path)), np.bool_, len(self))

    def stat(self, name: str) -> Floats:
        """One of the mask's numbers, as in :class:`~pairlens.importers.mask_stats.MaskStats`."""
        numbers = self.number(f"{fields.MASK_STATS}.{name}")
        return np.where(np.isnan(numbers), getattr(_UNMEASURED, name), numbers)

    def image(self, name: str) -> Floats:
        """One of the image's numbers, as in :class:`~pairlens.importers.image_stats.ImageStats`;
        NaN for placeholders, broken files and images that were not measured yet.
        """
        numbers = self.number(f"{fields.IMAGE_STATS}.{name}")
        values = np.where(np.isnan(numbers), getattr(_NO_IMAGE, name), numbers)
        return np.where(self._measured, values, np.nan)

    @cached_property
    def _measured(self) -> Bools:
        paths = [path for path in self.columns.paths if path.startswith(f"{fields.IMAGE_STATS}.")]
        stored = np.array([[v is not None for v in self.values(path)] for path in paths])
        return stored.any(0) & ~self.missing & ~self.present(f"{fields.IMAGE_STATS}.error")

    @cached_property
    def area(self) -> Floats:
        """Target pixels."""
        return self.stat("area")

    @cached_property
    def share(self) -> Floats:
        """Share of the image's pixels that are target, 0 to 1."""
        pixels = self.stat("width") * self.stat("height")
        return np.divide(self.area, pixels, out=np.zeros(len(self)), where=pixels > 0)

    @cached_property
    def missing(self) -> Bools:
        """Whether a placeholder replaces the image, for each sample."""
        return self.present(fields.IMAGE_MISSING)

    @cached_property
    def broken(self) -> Bools:
        """Whether the mask could not be decoded, for each sample."""
        return self.present(f"{fields.MASK_STATS}.error")

    @cached_property
    def judged(self) -> Bools:
        """Whether the pair has a target and a mask that could be decoded, for each sample."""
        return ~self.present(fields.NO_TARGET) & ~self.broken

    @cached_property
    def sides(self) -> Integers:
        """How many sides of the image the target touches."""
        borders = self.values(f"{fields.MASK_STATS}.border")
        return np.fromiter((len(border or "") for border in borders), np.int64, len(self))

    @cached_property
    def box(self) -> Floats:
        """The target's ``(x, y, w, h)`` in pixels, (rows, 4)."""
        boxes = self.values(f"{fields.MASK_STATS}.box")
        return np.array([box or (0, 0, 0, 0) for box in boxes], np.float64).reshape(-1, 4)

    @cached_property
    def masks(self) -> Integers:
        """A number for each mask within a split, equal for equal masks."""
        pairs = zip(self.values(fields.SPLIT), self.values(MASK_DIGEST), strict=True)
        return np.fromiter(map(hash, pairs), np.int64, len(self))

    @cached_property
    def images(self) -> Integers:
        """A number for each image."""
        numbers: dict[Any, int] = {}
        each = (numbers.setdefault(image_of(row), len(numbers)) for row in self.rows)
        return np.fromiter(each, np.int64, len(self))

    def groups(self, *columns: Integers, where: Bools) -> Iterator[list[int]]:
        """Yields groups of two or more selected rows with equal image and equal column values.

        The rows of a group are in the order of their keys.
        """
        rows = np.flatnonzero(where)
        same = np.stack([column[rows] for column in (self.images, *columns)])
        order = np.lexsort(same)
        same, sorted_rows = same[:, order], rows[order].tolist()
        ends = np.flatnonzero((same[:, 1:] != same[:, :-1]).any(0)) + 1
        for start, end in zip([0, *ends.tolist()], [*ends.tolist(), len(rows)], strict=True):
            if end - start > 1:
                yield sorted(sorted_rows[start:end], key=self.keys.__getitem__)

    @cached_property
    def siblings(self) -> dict[int, list[int]]:
        """For each row that shares image and mask with others: all rows with them."""
        present = self.present(MASK_DIGEST)
        return {row: rows for rows in self.groups(self.masks, where=present) for row in rows}

    @cached_property
    def scored(self) -> Bools:
        """Whether a scored field has a prediction, for each sample."""
        present = [self.present(f"{field}._cls") for field, _ in self.columns.ious]
        return np.logical_or.reduce([np.zeros(len(self), np.bool_), *present])

    # Texts about images.

    @cached_property
    def captions(self) -> Sequence[tuple[Caption, ...]]:
        """The captions of each sample."""
        column = self._values.get(fields.CAPTIONS) or ((),) * len(self)
        return list(map(captions_from, column))

    # Features of the queries.

    @cached_property
    def features(self) -> FeatureIndex:
        """The features of each query."""
        return FeatureIndex(self.values(fields.PHRASE))

    def query(self, row: int) -> QueryFeatures:
        """The features of the query of a row."""
        return self.features.distinct[self.features.numbers[row]]

    def query_where(self, is_so: Any) -> Bools:
        """Whether a predicate holds for the features of each query.

        Example: ``batch.query_where(lambda query: query.colors)``.
        """
        distinct = self.features.distinct
        each = np.fromiter((bool(is_so(one)) for one in distinct), np.bool_, len(distinct))
        return each[self.features.numbers]

    @cached_property
    def outside(self) -> Floats:
        """Distance of each mask from the place that its query names, in image sides.

        See :func:`pairlens.fiftyone_plugin.checks.catalogue.positions.outside`.
        """
        away = np.zeros(len(self))
        placed = self.query_where(lambda query: query.region)
        chosen = np.flatnonzero(placed & (self.area > 0) & (self.share > 0))
        regions = [query.region or _WHOLE for query in self.features.distinct]
        corners = np.array(regions).reshape(-1, 4)[self.features.numbers[chosen]]
        dx, dy = (
            _beyond(self._quantiles(axis, chosen), corners[:, n], corners[:, n + 2])
            for n, axis in enumerate("xy")
        )
        away[chosen] = np.nan_to_num(np.sqrt(dx * dx + dy * dy))
        return away

    def _quantiles(self, axis: str, chosen: NDArray[np.intp]) -> Floats:
        """The 10, 25, 50, 75 and 90 % quantiles of the target along an axis, in image sides.

        Returns:
            (rows, 5), NaN for samples without quantiles
        """
        values = self.values(f"{fields.MASK_STATS}.{axis}_quantiles")
        some = (values[n] or () for n in chosen)
        listed = [each if len(each) == _QUANTILES else _NO_QUANTILES for each in some]
        side = self.stat("width" if axis == "x" else "height")[chosen]
        return np.array(listed, np.float64).reshape(-1, _QUANTILES) / side[:, None]


def _beyond(values: Floats, low: Floats, high: Floats) -> Floats:
    """``Region.excess_of`` along one axis, for many masks."""
    apart = np.maximum(np.maximum(low[:, None] - values, values - high[:, None]), 0.0)
    return (apart.mean(1) + 2 * apart.min(1)) / 3
