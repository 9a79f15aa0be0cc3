"""What waits on the disk while a dataset is checked: it comes back as it went."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.checks import Batch, DatasetStatistics, engine
from pairlens.fiftyone_plugin.checks.base import Finding
from pairlens.importers import spools
from pairlens.importers.spools import IN_MEMORY, ArraySpool, IdSpool, KeyedSpool, ObjectSpool


@pytest.mark.parametrize("shape", [(), (3,)], ids=["numbers", "rows"])
@pytest.mark.parametrize("kind", ["u8", "V12", "?"])
def test_an_array_comes_back_whole_and_in_pieces(shape: tuple[int, ...], kind: str) -> None:
    rng, spool = np.random.default_rng(0), ArraySpool()
    size = np.dtype(kind).itemsize * int(np.prod(shape, dtype=int))
    count = 2 * IN_MEMORY // size
    content = rng.integers(2, size=count * size, dtype=np.uint8).tobytes()
    rows = np.frombuffer(content, kind).reshape(count, *shape)
    for piece in np.array_split(rows, 5):
        spool.add(piece)
    assert len(spool) == count and spool.read().tobytes() == rows.tobytes()
    assert spool.read(count - 7, 100).tobytes() == rows[-7:].tobytes()
    assert spool.read(11, 13).shape == (13, *shape)


def test_rows_of_another_type_make_one_of_both() -> None:
    spool = ArraySpool()
    for rows in (np.array([], np.float64), np.array([1, 2]), np.array([0.5])):
        spool.add(rows)
    assert spool.read().tolist() == [1.0, 2.0, 0.5]
    assert len(ArraySpool().read()) == 0


def test_objects_come_back_in_order_and_twice() -> None:
    spool = ObjectSpool[list[str]]()
    given = [["x" * 1000, str(n)] for n in range(1500)]
    for one in given:
        spool.add(one)
    assert list(spool) == given == list(spool)


@pytest.mark.parametrize("count", [0, 1, 7, 24, 25, 100])
def test_ids_come_back_in_their_order(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "PART", 8)
    monkeypatch.setattr(spools, "READ", 3)
    given = [np.random.default_rng(n).bytes(12) for n in range(count)]
    given += [bytes(12), b"\xff" * 11 + b"\0"] * bool(count)
    spool = IdSpool()
    for start in range(0, len(given), 5):
        spool.add(given[start : start + 5])
    assert len(spool) == len(given) and list(spool) == sorted(given)


def test_findings_are_those_of_the_keys_in_their_order() -> None:
    notes = [("a/1", "first"), ("b/\u00e9'\"", "other"), ("a/1", "second")]
    made = [Finding(key, "check", "info", 0.5, note) for key, note in notes]
    with closing(KeyedSpool((one.key, one) for one in made)) as spool:
        assert spool.of(["a/1", "nowhere"]) == {"a/1": [made[0], made[2]]}
        assert spool.of([made[1].key]) == {made[1].key: [made[1]]}
        assert spool.of([]) == {}


def _marks(batch: Batch) -> Any: ...


def _others(batch: Batch) -> Any: ...


def test_equal_marks_come_together_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PART", 40)
    monkeypatch.setattr(engine, "BLOCK", 30)
    rng, kept = np.random.default_rng(0), DatasetStatistics()
    marks = rng.integers(0, 120, 500).astype(np.uint64)
    for some in np.array_split(np.arange(500), 7):
        kept.add({_marks: marks[some], _others: some})
    parts = list(kept.parts(_marks, _others))
    assert len(parts) > 5
    seen: set[int] = set()
    for rows, here, others in parts:
        assert rows.tolist() == sorted(rows.tolist()) == others.tolist()
        assert marks[rows].tolist() == here.tolist()
        assert seen.isdisjoint(here.tolist())
        seen.update(here.tolist())
    found = sorted(np.concatenate([rows for rows, *_ in parts]).tolist())
    assert found == np.flatnonzero(marks).tolist()
    counts = (3, 0, 497)
    assert [len(some) for some in kept.following(_marks, counts)] == list(counts)
