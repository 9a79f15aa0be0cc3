"""Faults in GeoChat and in conversations of LLaVA's kin; a unit is an image, named by its key."""

from __future__ import annotations

from collections.abc import Sequence

from pairlens.fiftyone_plugin.demo.instruction_layouts import (
    JSONRecord,
    caption_record,
    with_roles,
)
from pairlens.fiftyone_plugin.demo.planting.base import LAYOUTS
from pairlens.fiftyone_plugin.demo.planting.rsgpt4v import RSGPT4VLayout
from pairlens.fiftyone_plugin.faults import Damage, Unit

TALK = (
    "truncated_caption",
    "prompt_leak",
    "turn_order",
    "missing_image_token",
    "empty_answer",
    "answer_conflict",
    "denied_presence",
    "answer_form",
    "refused_answer",
    "image_missing",
    "duplicate_image",
)
"""Faults of captions that come one at a time, and of conversations; none of boxes in percent."""


class GeoChatLayout(RSGPT4VLayout):
    """Damages training records and images under a root."""

    format = "geochat"
    carried = TALK

    def write(self, unit: str, before: Unit, damage: Damage) -> dict[str, str] | None:
        """Writes as RS-GPT4V does, but for evaluation records, whose answers are polygons."""
        changed = damage.samples[0].turns != before[0].sample.turns
        if changed and before[0].sample.split == "test":
            return None
        return super().write(unit, before, damage)


class LLaVALayout(RSGPT4VLayout):
    """Damages records of messages and of conversations, and images, under a root."""

    format = "llava"
    carried = (*TALK, "box_unparsable", "box_out_of_range")

    def _caption_record(self, image: str, texts: Sequence[str], *, listed: bool) -> JSONRecord:
        said = caption_record(image, texts, listed=False)["conversations"]
        return {"messages": with_roles(said), "images": [image]}


LAYOUTS.add(GeoChatLayout.format, GeoChatLayout)
LAYOUTS.add(LLaVALayout.format, LLaVALayout)
