"""Parameters that are one of a few words."""

from __future__ import annotations

import pytest

from pairlens.importers.choices import auto_or_one_of, one_of
from pairlens.importers.formats import FORMATS


@pytest.mark.parametrize("text", ["name", "order"])
def test_words_that_are_offered_are_taken(text: str):
    assert one_of("name", "order")(text) == auto_or_one_of("name", "order")(text) == text


def test_auto_is_no_setting():
    assert auto_or_one_of("name")("auto") is None
    with pytest.raises(ValueError, match=r"^give one of name$"):
        one_of("name")("auto")


def test_other_words_are_answered_with_those_that_are_offered():
    with pytest.raises(ValueError, match=r"^give one of auto, name, order$"):
        auto_or_one_of("name", "order")("Name")


@pytest.mark.parametrize(
    ("format", "param", "known"),
    [
        ("dior_rsvg", "lists", "check, ignore"),
        ("earthreason", "pairing", "auto, name, order"),
        ("llava", "split_from", "records, file"),
        ("llava", "boxes", "auto, unit, percent, thousand, pixels, none"),
        ("llava", "angles", "auto, clockwise, counterclockwise, diagonal, none"),
        ("refcoco", "text", "sent, raw"),
        ("vrsbench", "records", "auto, objects, images"),
        ("table", "box", "xyxy, xywh, cxcywh"),
        ("table", "runs", "columns, rows, none"),
        ("gres", "orientation", "upright, raw"),
    ],
)
def test_parameters_of_formats_name_their_words(format: str, param: str, known: str):
    (found,) = (one for one in FORMATS[format].all_params if one.name == param)
    with pytest.raises(ValueError, match=f"^give one of {known}$"):
        found.parse("feet")
