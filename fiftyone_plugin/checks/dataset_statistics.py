"""Statistics of all samples for checks of whole datasets, which read candidates again.

Some tens of bytes a sample: what stands in two splits, looks the same or is unusually long is
found among numbers, and only the samples concerned are read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Check, Finding, Statistic
from pairlens.fiftyone_plugin.checks.batch import Batch

Kept = Mapping[Statistic, NDArray[Any]]

ReadAgain = Callable[[NDArray[np.int64] | None], Iterator[Batch]]
"""Reads the samples of some numbers, or all, in batches and in the order of the import."""


@dataclass(eq=False)
class DatasetStatistics:
    """What is kept of all samples: what a check of a dataset is given.

    ``statistics[words]`` are the values that the function ``words`` had for every batch, joined in
    the order in which the batches came. Texts are held once each: in their place stand numbers,
    and :meth:`texts` has what these mean.

    Attributes:
        notes: what checks say of the dataset as a whole, instead of a finding on most samples
    """

    notes: list[str] = field(default_factory=list[str])
    _parts: dict[Statistic, list[NDArray[Any]]] = field(default_factory=dict, init=False)
    _texts: dict[Statistic, dict[Any, int]] = field(default_factory=dict, init=False)
    _begun: bool = field(default=False, init=False)
    _read_again: ReadAgain = field(default=lambda numbers: iter(()), init=False)

    def reading(self, read_again: ReadAgain) -> DatasetStatistics:
        """The same statistics, with another way to read samples again."""
        other = copy(self)
        other._read_again = read_again
        return other

    def add(self, kept: Kept) -> None:
        """Takes in what was kept of the next batch."""
        self._begun = True
        for statistic, values in kept.items():
            if values.dtype == np.object_:
                known = self._texts.setdefault(statistic, {})
                numbers = [known.setdefault(each, len(known)) for each in values]
                values = np.array(numbers, np.uint32)
            self._parts.setdefault(statistic, []).append(values)

    def findings(
        self,
        checks: Iterable[Check],
        read_again: Callable[[Check, NDArray[np.int64] | None], Iterator[Batch]],
    ) -> dict[str, list[Finding]]:
        """Findings of checks of datasets, by key; none where there is no sample.

        Args:
            checks: to run
            read_again: reads samples with what a check needs
        """
        found: defaultdict[str, list[Finding]] = defaultdict(list)
        for one in checks if self._begun else ():
            for issue in one.run(self.reading(partial(read_again, one))):
                found[issue.key].append(one.finding(issue))
        return dict(found)

    def __getitem__(self, statistic: Statistic) -> NDArray[Any]:
        parts = self._parts.get(statistic, [])
        if len(parts) > 1:
            parts[:] = [np.concatenate(parts)]
        return parts[0] if parts else np.empty(0, np.uint32)

    def texts(self, statistic: Statistic) -> list[Any]:
        """The distinct texts of a statistic, by the numbers that stand for them."""
        return list(self._texts.get(statistic, ()))

    def read(self, rows: NDArray[Any] | None = None) -> Iterator[Batch]:
        """Reads samples again.

        Args:
            rows: their numbers, those of a boolean array, or all samples if not given

        Yields:
            batches of some of them, in the order of the import
        """
        if rows is None:
            yield from self._read_again(None)
            return
        numbers = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        if len(numbers):
            yield from self._read_again(numbers)
