"""What pairs are sliced by."""

from __future__ import annotations

import pytest

from pairlens.fiftyone_plugin.metrics.categories import category
from pairlens.fiftyone_plugin.metrics.conventions import CONVENTIONS
from pairlens.fiftyone_plugin.metrics.slices import (
    DEFAULT,
    MAX_VALUES,
    NONE,
    OTHERS,
    SLICINGS,
    SlicedPair,
    Slicer,
    mask_size,
    query_length,
    words,
)
from pairlens.fiftyone_plugin.metrics.summary import summarize
from pairlens.importers.errors import UnknownName
from tests.unit.scoring_tables import random_table, table

RMSIN = CONVENTIONS["rmsin"]

QUERIES = [
    pytest.param("", "", id="nothing"),
    pytest.param("the large white one on the left", "", id="no-noun"),
    pytest.param("a trucker's shipment", "", id="words-that-only-begin-alike"),
    pytest.param("Find the excavator near the building.", "machinery", id="the-first-counts"),
    pytest.param("two airplanes", "aircraft", id="plural"),
    pytest.param("all buses", "bus", id="plural-in-es"),
    pytest.param("a road vehicle", "vehicle", id="the-last-of-a-compound"),
    pytest.param("the parking lot", "parking lot", id="two-words"),
    pytest.param("the storage tanks at the top", "storage tank", id="two-words-plural"),
    pytest.param("container ship", "ship", id="two-words-beat-one"),
    pytest.param("DAMAGED BUILDING", "damaged building", id="capitals"),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_category(query: str, expected: str) -> None:
    assert category(words(query)) == expected


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        (0, "empty"),
        (1, "small"),
        (32**2 - 1, "small"),
        (32**2, "medium"),
        (96**2 - 1, "medium"),
        (96**2, "large"),
    ],
)
def test_mask_size_by_cocos_bounds(area: int, expected: str) -> None:
    assert mask_size(area) == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [(0, "0"), (1, "1-2"), (2, "1-2"), (3, "3-5"), (6, "6-10"), (20, "11-20"), (21, "21+")],
)
def test_query_length(length: int, expected: str) -> None:
    assert query_length("word, " * length) == expected


VALUES = [
    pytest.param("split", SlicedPair(), {NONE}, id="no-split"),
    pytest.param("finding", SlicedPair(), {NONE}, id="no-finding"),
    pytest.param("place", SlicedPair(phrase="the red bus"), {NONE}, id="no-place"),
    pytest.param("category", SlicedPair(phrase="it"), {NONE}, id="no-category"),
    pytest.param("phrase", SlicedPair(phrase="..."), {NONE}, id="no-phrase"),
    pytest.param("split", SlicedPair(split="val"), {"val"}, id="split"),
    pytest.param("finding", SlicedPair(findings=["a", "b", "a"]), {"a", "b"}, id="findings"),
    pytest.param(
        "place", SlicedPair(phrase="bus in the top left corner"), {"top-left"}, id="place"
    ),
    pytest.param("phrase", SlicedPair(phrase="The  Paved road."), {"paved road"}, id="phrase"),
    pytest.param("category", SlicedPair(phrase="paved road"), {"road"}, id="category"),
]


@pytest.mark.parametrize(("name", "pair", "expected"), VALUES)
def test_values(name: str, pair: SlicedPair, expected: set[str]) -> None:
    assert set(SLICINGS[name].values(pair)) == expected


def test_an_unknown_slicing_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="no slicing 'color'; known: category, finding, mask"):
        Slicer(("color",))


def test_the_default_slicings_exist() -> None:
    assert set(DEFAULT) < set(SLICINGS)


def test_a_part_is_the_summary_of_its_pairs() -> None:
    pairs = random_table(8, 40, 40)
    slicer = Slicer(("split",))
    for i in range(40):
        slicer.add([SlicedPair(split="val" if i % 3 else "test")])
    parts = slicer.summaries(pairs, RMSIN)["split"]
    chosen = [i for i in range(40) if i % 3]
    assert list(parts) == ["val", "test"]  # the larger first
    assert parts["val"] == summarize(pairs.where(chosen), RMSIN)  # type: ignore[arg-type]


def test_parts_may_overlap() -> None:
    slicer = Slicer(("finding",))
    slicer.add([SlicedPair(findings=["tiny_mask", "box_mask"])])
    slicer.add([SlicedPair(findings=["box_mask"])])
    parts = slicer.summaries(table([0.2, 0.6]), RMSIN)["finding"]
    assert {name: part["gIoU"] for name, part in parts.items()} == {
        "box_mask": pytest.approx(0.4),
        "tiny_mask": 0.2,
    }


def test_ranges_keep_their_order() -> None:
    slicer = Slicer(("mask_size",))
    for area in (9999, 9999, 5, 2000):
        slicer.add([SlicedPair(target_area=area)])
    assert list(slicer.summaries(table([0.5] * 4), RMSIN)["mask_size"]) == [
        "small",
        "medium",
        "large",
    ]


def test_rare_values_are_summed_up() -> None:
    slicer = Slicer(("phrase",))
    for i in range(2 * MAX_VALUES):
        for _ in range(2 if i < MAX_VALUES else 1):
            slicer.add([SlicedPair(phrase=f"bus {i}")])
    parts = slicer.summaries(table([0.5] * (3 * MAX_VALUES)), RMSIN)["phrase"]
    assert len(parts) == MAX_VALUES + 1
    assert parts[OTHERS]["pairs"] == MAX_VALUES
    assert sum(part["pairs"] for part in parts.values()) == 3 * MAX_VALUES
