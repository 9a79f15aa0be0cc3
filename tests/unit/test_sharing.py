"""How pairs are shared out, without a database."""

from __future__ import annotations

import pytest
from bson import ObjectId

from pairlens.fiftyone_plugin.curation.sharing import Unit, assigned, is_common, joined
from pairlens.importers.errors import UsageError


def unit(check: str, split: str, pairs: int) -> Unit:
    return Unit(check, split, [ObjectId() for _ in range(pairs)])


def test_what_has_nothing_in_common_stays_apart() -> None:
    assert joined([["a"], ["b"], [], []]) == [0, 1, 2, 3]


def test_what_is_linked_by_others_stays_together() -> None:
    assert joined([["a"], ["b"], ["c", "a"], ["d"], ["b", "c"]]) == [0, 0, 0, 3, 0]


@pytest.mark.parametrize(
    ("overlap", "common"),
    [(0, []), (0.1, [0, 10]), (0.5, list(range(0, 20, 2))), (1, [*range(20)])],
)
def test_the_part_for_all_is_spread_evenly(overlap: float, common: list[int]) -> None:
    assert [number for number in range(20) if is_common(number, overlap)] == common


def test_by_count_the_parts_are_alike_and_units_whole() -> None:
    units = [unit("a", "train", size) for size in (5, 1, 1, 1, 2, 4)]
    theirs = assigned(units, ["ada", "bo"], "count")
    assert {who: len(pairs) for who, pairs in theirs.items()} == {"ada": 7, "bo": 7}
    assert all(sum(set(one.pairs) <= pairs for pairs in theirs.values()) == 1 for one in units)


def test_by_check_and_by_split_a_kind_goes_to_one() -> None:
    units = [unit("a", "val", 1), unit("b", "train", 3), unit("a", "train", 1), unit("c", "val", 1)]
    theirs = assigned(units, ["ada", "bo"], "check")
    others = {pair for one in units if one.check != "b" for pair in one.pairs}
    assert theirs == {"ada": {*units[1].pairs}, "bo": others}
    theirs = assigned(units, ["ada", "bo"], "split")
    assert theirs["bo"] == {p for u in units if u.split == "val" for p in u.pairs}
    with pytest.raises(UsageError, match=r"3 reviewers cannot share 2 splits \(train, val\)"):
        assigned(units, ["ada", "bo", "cy"], "split")
