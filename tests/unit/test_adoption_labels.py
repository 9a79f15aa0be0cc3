"""Which pairs the labels of a sample that no import made are taken for."""

from __future__ import annotations

from typing import Any

import pytest

from pairlens.fiftyone_plugin.adoption.labels import pairs_of, places_of, reasons_without_pair

NO_INSTANCE: list[Any] = [
    None,
    {"_cls": "Detections", "detections": []},
    {"_cls": "Detections"},
    {"_cls": "Polylines", "polylines": []},
]


@pytest.mark.parametrize("label", NO_INSTANCE)
def test_without_an_instance_only_a_query_that_says_so_has_no_target(label: Any) -> None:
    places = places_of("words", "gt")
    document = {"words": ["a cow", "a dog"], "gt": label}
    for said in (None, False):
        assert pairs_of(document | {"no_target": said}, places) == []
        (reason,) = reasons_without_pair(document | {"no_target": said}, places)
        assert reason == f"it has no {'instance' if label else 'label'} in 'gt'"
    declared = document | {"no_target": True}
    assert [pair.phrase for pair in pairs_of(declared, places)] == ["a cow", "a dog"]
    assert reasons_without_pair(declared, places) == []
    assert pairs_of(declared, places_of("gt.words", "gt")) == []
