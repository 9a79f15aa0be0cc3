"""What queries say their target is, how many there are and what shape it has."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest

from pairlens.fiftyone_plugin.language import (
    agree,
    classes,
    counts,
    filler,
    own_colors,
    shapes,
    unlike,
)
from pairlens.fiftyone_plugin.language import taxonomy as t
from tests.unit.language_targets import GRES_TARGETS

ROWS = [line.split(" => ") for line in GRES_TARGETS.splitlines()]


def values(words: tuple) -> str:
    return "+".join(word.value for word in words)


@pytest.mark.parametrize(("query", "want"), ROWS)
def test_targets_of_gres(query: str, want: str) -> None:
    found = "; ".join(values(find(query)) for find in (classes, counts, shapes))
    assert found.strip() == want


def test_quoted_queries_are_in_gres(shared_data: Path) -> None:
    published: set[str] = set()
    for path in (shared_data / "gres" / "gres_annotations").glob("*/*.json"):
        published.update(json.loads(path.read_bytes().decode("utf-8", "replace"))["text"])
    assert len(ROWS) >= 200
    assert {query for query, _ in ROWS} - published == set()


NO_CLASS = [
    "",
    "red",
    "the car's roof",
    "a truck-like shape",
    "the bus-sized box",
    "the road's edge",
    "next to the building",
    "near the two trucks",
    "Find the shadow of the building.",
    "Find the round object beside the storage tank.",
    "Locate the silver cylinder attached to a truck frame.",
    "Spot the object that resembles a boat.",
    "Find it in the parking lot, between the cars.",
    "Despite the darkness of the building, find it.",
    "busy surroundings",
    "shipment",
]


@pytest.mark.parametrize("query", NO_CLASS)
def test_no_class(query: str) -> None:
    assert values(classes(query)) == ""


CLASSES = [
    # RefSegRS and SkyScapes
    ("vehicle", "vehicle"),
    ("paved road", "road"),
    ("low vegetation along the paved road", "vegetation"),
    ("building with gray roof", "building"),
    ("light-duty vehicle driving on the road", "vehicle"),
    ("bikeway on the left", "road"),
    ("van in the parking area", "van"),
    ("trailer", "trailer"),
    ("large truck driving next to the bus", "truck"),
    ("the vehicles parked along the road", "vehicle"),
    # RISBench and DOTA / DIOR
    ("The ship that is closest to the top edge of the image.", "vessel"),
    ("The vehicle is located at the top edge, closer to the center of the road.", "vehicle"),
    ("The small, rectangular swimming pool.", "swimming pool"),
    ("The ground track field on the left of the soccer ball field.", "sports field"),
    ("the expressway service area beside the overpass", "facility"),
    ("a gray baseball diamond", "sports field"),
    ("the wind turbine in the middle", "tower"),
    ("the harbor with many ships", "harbor"),
    ("the chimney", "tower"),
    ("the helicopter on the helipad", "helicopter"),
    ("the container crane above the ship", "container crane"),
    ("the basketball court next to the tennis court", "court"),
    ("the roundabout", "roundabout"),
    ("the storage tank left of the two others", "storage tank"),
    ("the toll station", "building"),
    # compounds and scope
    ("the parking lot", "lot"),
    ("the truck cab", "truck"),
    ("the container ship", "vessel"),
    ("the shipping container", "container"),
    ("the train station", "building"),
    ("the tower crane", "tower crane"),
    ("the crane truck", "mobile crane"),
    ("the ship carrying containers", "vessel"),
    ("the garage for cars", "building"),
    ("the black and white car", "car"),
    ("In the image, find the bus.", "bus"),
    ("Check the top right of the image for the truck.", "truck"),
    ("Please segment the plane.", "airplane"),
    ("Figure out which building is shown.", "building"),
    ("Recognize the white object as the aircraft.", "aircraft"),
    ("Find the aircraft, used as a museum.", "aircraft"),
    ("Find the truck by looking for the large vehicle near the shed.", "truck+vehicle"),
    ("two buses", "bus"),
    ("ferries", "vessel"),
]


@pytest.mark.parametrize(("query", "want"), CLASSES)
def test_classes(query: str, want: str) -> None:
    assert values(classes(query)) == want


COUNTS = [
    # A bare class may mean all of them, and a mass has no number.
    ("vehicle", ""),
    ("low vegetation", ""),
    ("the machinery", ""),
    ("the aircraft", ""),
    ("the two-storey house", "1"),
    ("the car next to two trucks", "1"),
    ("the bus with several windows", "1"),
    ("the plane with two engines", "1"),
    ("the bus between both buildings", "1"),
    ("one of the cars", ""),
    ("the car", "1"),
    ("a single tree", "1"),
    ("which building is it", "1"),
    ("two cars", "2"),
    ("the three white ships", "3"),
    ("both tennis courts", "2"),
    ("a pair of planes", "2"),
    ("a couple of trucks", "2"),
    ("several small boats", "many"),
    ("a row of houses", "many"),
    ("all vehicles on the road", "many"),
    ("the cars", "many"),
    ("vehicles", "many"),
    ("two aircraft", "2"),
]


@pytest.mark.parametrize(("query", "want"), COUNTS)
def test_counts(query: str, want: str) -> None:
    assert values(counts(query)) == want


SHAPES = [
    ("the car with round wheels", ""),
    ("the building next to the circular tank", ""),
    ("the house with rectangular windows and a square chimney", ""),
    ("the truck carrying a round silver tank", ""),
    ("the plane with long wings", ""),
    ("a 12 m long truck", ""),
    ("the bus on the long road", ""),
    ("the road extended along the river", ""),
    ("the building near the large, curved stand", ""),
    ("the street around", ""),
    ("the round tank", "round"),
    ("the building with a square shape", "square"),
    ("the L-shaped building", "L-shaped"),
    ("the U shaped house", "U-shaped"),
    ("the long, narrow strip of grass", "elongated+elongated"),
    ("The small, rectangular swimming pool.", "rectangular"),
    ("the boat that has an elongated body", "elongated"),
    ("the winding road", "curved"),
    ("a triangular lawn", "triangular"),
]


@pytest.mark.parametrize(("query", "want"), SHAPES)
def test_shapes(query: str, want: str) -> None:
    assert values(shapes(query)) == want


def test_own_colors_stand_before_the_class() -> None:
    assert values(own_colors("the red car with a white roof")) == "red"
    assert values(own_colors("the car with a white roof")) == ""
    assert values(own_colors("Find the white vehicle next to the red car.")) == "white"


AGREE = ["truck vehicle", "truck trailer", "tank car/truck", "shed building", "edifice structure",
         "passenger car/car", "dump truck/engineering vehicle", "barge ship", "tent house",
         "pylon tower", "crane structure", "automobile truck", "craft boat", "digger machine",
         "hangar building", "helipad facility", "lorry pickup"]  # fmt: skip
DIFFER = ["truck building", "car boat", "plane hangar", "bus truck", "ship container",
          "road building", "tree car", "helipad bus", "storage tank/airplane", "pool car",
          "helicopter shed", "water vegetation"]  # fmt: skip


def named(pair: str) -> tuple[str, str]:
    a, b = pair.split("/") if "/" in pair else pair.split()
    (x,), (y,) = classes(f"the {a}"), classes(f"the {b}")
    return x.value, y.value


@pytest.mark.parametrize("pair", AGREE)
def test_agree(pair: str) -> None:
    assert agree(*named(pair)) and unlike(*named(pair)) == 0


@pytest.mark.parametrize("pair", DIFFER)
def test_differ(pair: str) -> None:
    assert not agree(*named(pair)) and unlike(*named(pair)) > 0


def test_a_truck_is_nearer_to_a_bus_than_to_a_building() -> None:
    assert unlike("truck", "bus") < unlike("truck", "building")


def test_the_taxonomy_is_sound() -> None:
    for name, parents in t.PARENTS.items():
        assert set(parents) <= t.CLASSES, name
        assert name in t.kinds_of(name) and agree(name, name)
    assert set(t.NAMES.values()) <= t.CLASSES
    assert t.LOOSE <= t.CLASSES
    for a, b in combinations(sorted(t.CLASSES), 2):
        assert agree(a, b) == agree(b, a)


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("Find the truck in the picture.", ()),
        ("Identify the bus with its distinct shape and unique features.", ()),
        ("the car with a dented hood", ("dented", "hood")),
    ],
)
def test_filler(query: str, left: tuple[str, ...]) -> None:
    assert filler(query)[0] == left
