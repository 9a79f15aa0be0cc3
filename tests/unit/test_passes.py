"""Checks of whole datasets, going through the pairs together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from fiftyone_plugin.checks import Check, Doubt, Subject
from fiftyone_plugin.checks.finding import about_several
from fiftyone_plugin.checks.passes import BATCH, Spool, run_together
from tests.unit.subjects import subject

PAIRS = [subject(f"gres/train/{i}#0", phrase=f"car {i}") for i in range(10)]


class Passes:
    """Pairs in small batches, counting how often they are gone through."""

    def __init__(self, repeat: int = 1) -> None:
        self.started = 0
        self._repeat = repeat

    def __call__(self) -> Iterator[list[Subject]]:
        self.started += 1
        for _ in range(self._repeat):
            yield PAIRS[:4]
            yield PAIRS[4:]


def made(name: str, passes: int, take: int | None = None, error: str = "") -> Check:
    """A check that goes through the pairs so often, each time only so far, then doubts one."""

    def function(pairs: Iterable[Subject]) -> Iterator[Doubt]:
        seen = 0
        for _ in range(passes):
            for number, _pair in enumerate(pairs):
                seen += 1
                if error:
                    raise ValueError(error)
                if number + 1 == take:
                    break
        yield Doubt(0.5, f"saw {seen}", key=PAIRS[0].key)

    return Check(name, "info", "dataset", ("phrase",), "About.", function, {})


def notes(checks: list[Check], passes: Passes) -> list[tuple[str, str]]:
    return [(f.check, f.note) for f in run_together(checks, passes, about_several)]


def test_no_check_reads_nothing():
    passes = Passes()
    assert notes([], passes) == []
    assert passes.started == 0


def test_a_check_that_wants_no_pairs_reads_nothing():
    passes = Passes()
    assert notes([made("none", 0)], passes) == [("none", "saw 0")]
    assert passes.started == 0


def test_passes_are_shared():
    passes = Passes()
    found = notes([made("one", 1), made("three", 3), made("two", 2)], passes)
    assert found == [("one", "saw 10"), ("three", "saw 30"), ("two", "saw 20")]
    assert passes.started == 3


def test_who_leaves_early_holds_up_nobody():
    passes = Passes(repeat=50)
    found = notes([made("early", 2, take=3), made("whole", 1)], passes)
    assert found == [("early", "saw 6"), ("whole", "saw 500")]


def test_an_error_is_raised_and_the_others_end():
    with pytest.raises(ValueError, match="broken"):
        notes([made("bad", 1, error="broken"), made("whole", 2)], Passes(repeat=50))


@pytest.mark.parametrize("count", [0, 1, BATCH, 2 * BATCH + 1], ids=str)
def test_a_spool_gives_the_same_again(count: int):
    rows = [[f"k{i}", [i, 0.5], None, True] for i in range(count)]
    spool = Spool(iter(rows))
    for _ in range(3):
        assert [row for batch in spool.batches() for row in batch] == rows
    spool.close()


def test_no_more_rows_are_read_than_are_handed_on() -> None:
    taken: list[int] = []
    rows = ([taken.append(number) or number] for number in range(5))
    spool = Spool(iter(rows), size=1)
    for number, batch in enumerate(spool.batches(), 1):
        assert (batch, len(taken)) == ([[number - 1]], number)
    assert list(spool.batches()) == [[[number]] for number in range(5)]
    spool.close()
