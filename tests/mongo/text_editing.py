"""What the tests of edited captions and turns share."""

from __future__ import annotations

from typing import Any

from pairlens.fiftyone_plugin.curation.text_units import names, units_of
from pairlens.fiftyone_plugin.curation.verdicts import judge
from tests.mongo.reviewing import documents

TOKEN = "<image>\n"


def with_texts(dataset: Any, at_least: int = 2) -> str:
    """The key of an image with so many captions or turns."""
    found = documents(dataset)
    return min(key for key, one in found.items() if len(units_of(one)) >= at_least)


def texts_in(dataset: Any, key: str) -> list[tuple[str, ...]]:
    return [one.texts for one in units_of(documents(dataset)[key]) if not one.removed]


def edited(dataset: Any, key: str) -> list[tuple[str, ...]]:
    """Edits the first text, removes the second, adds one; gives what is to be there."""
    first, second, *rest = units_of(documents(dataset)[key])
    named = names((first, second))
    changed = (*first.texts[:-1], "Something else stands here.")
    new = ("Is it new?", "Yes.") if first.is_turn else ("It is new.",)
    judge(
        dataset,
        key,
        None,
        texts=[
            {"unit": named[0], "texts": list(changed)},
            {"unit": named[1], "removed": True},
            {"unit": "new", "texts": list(new)},
        ],
    )
    left = [one.texts for one in rest]
    if rest and second.texts[0].startswith(TOKEN) and rest[0].record == second.record:
        left[0] = (TOKEN + left[0][0], *left[0][1:])  # the image is shown where its record begins
    return [changed, *left, new]
