"""All pairs of a dataset in a few numbers each, for the checks that compare everything.

Some seventy bytes a pair: what stands in two splits, looks the same or is unusually long is
found among numbers, and only the pairs concerned are read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np

from fiftyone_plugin.checks.base import Doubt, Subject
from fiftyone_plugin.checks.table import Numbers, Table
from importers import fields

_PHASH = f"{fields.IMAGE_STATS}.phash"
_MASK = f"{fields.MASK_STATS}.digest"

DIGITS = 16
"""Hexadecimal digits of a digest that tell a million files apart."""


@dataclass(frozen=True)
class Suspects:
    """What a check of datasets makes of a survey.

    Attributes:
        rows: the pairs that it must look at
        judge: given those, in their order, makes the doubts that the check would
    """

    rows: Numbers
    judge: Callable[[list[Subject]], Iterable[Doubt]]


class Survey:
    """Columns of whole numbers, one value a pair, in the order in which the pairs came.

    ``survey["area"]`` is one of these, 0 where there is none:

    - ``split``, ``name``: which split, and which image by split and name
    - ``image``, ``mask``, ``look``: file, mask and perceptual hash, eight bytes of each
    - ``looks``: whether there is a perceptual hash
    - ``area``, ``pixels``: of the mask and its image
    - ``judged``: whether there should be a target and a mask of it could be decoded
    - ``words``: of the query
    - ``saying``: which of :attr:`said` its classes and sizes are
    """

    def __init__(self) -> None:
        self._batches: defaultdict[str, list[Numbers]] = defaultdict(list)
        self._splits: dict[str, int] = {}
        self._said: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, name: str) -> Numbers:
        return self._columns[name]

    @property
    def said(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Classes and sizes, each combination once."""
        return list(self._said)

    @cached_property
    def _columns(self) -> dict[str, Numbers]:
        return {name: np.concatenate(parts) for name, parts in self._batches.items()}

    def add(self, seen: Table) -> None:
        """Takes the next pairs in."""
        self._count += len(seen)
        splits = seen.values("tags")
        codes = [self._splits.setdefault(split or "", len(self._splits)) for split in splits]
        names = dict.fromkeys(zip(splits, seen.values(fields.IMAGE_ID), strict=True))
        for each in names:
            names[each] = _hash(*each)
        named = [names[each] for each in zip(splits, seen.values(fields.IMAGE_ID), strict=True)]
        looks = seen.values(_PHASH)
        self._keep("split", codes, np.uint16)
        self._keep("name", named, np.uint64)
        self._keep("image", _heads(seen.values(fields.IMAGE_DIGEST)), np.uint64)
        self._keep("mask", _heads(seen.values(_MASK)), np.uint64)
        self._keep("look", _heads(looks), np.uint64)
        self._keep("looks", seen.there(_PHASH) & ~seen.missing, np.bool_)
        self._keep("area", _whole(seen.area), np.int64)
        self._keep("pixels", _whole(seen.stat("width") * seen.stat("height")), np.int64)
        self._keep("judged", seen.judged, np.bool_)
        if seen.read:
            self._keep("words", seen.words, np.uint32)
            known = [(said.classes, said.sizes) for said in seen.said]
            numbers = [self._said.setdefault(each, len(self._said)) for each in known]
            self._keep("saying", np.array(numbers, np.int64)[seen.saying], np.uint32)

    def merge(self, later: Survey) -> None:
        """Takes in what was taken down of the pairs that follow."""
        self._count += len(later)
        codes = {
            "split": [self._splits.setdefault(each, len(self._splits)) for each in later._splits],
            "saying": [self._said.setdefault(each, len(self._said)) for each in later._said],
        }
        for name, parts in later._batches.items():
            mine = np.array(codes[name], parts[0].dtype) if name in codes else None
            self._batches[name] += parts if mine is None else [mine[part] for part in parts]

    def _keep(self, name: str, values: Any, kind: Any) -> None:
        self._batches[name].append(np.asarray(values).astype(kind))


def _hash(split: str | None, name: str | None) -> int:
    """The same in every process."""
    text = f"{split or ''}/{name}".encode("utf-8", "replace")
    return int.from_bytes(blake2b(text, digest_size=8).digest())


def _heads(digests: Sequence[str | None]) -> Numbers:
    """The first eight bytes of each digest, 0 where there is none."""
    return np.array([int(each[:DIGITS], 16) if each else 0 for each in digests], np.uint64)


def _whole(values: Any) -> Numbers:
    return np.nan_to_num(values).astype(np.int64)
