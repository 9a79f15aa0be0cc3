"""What the last of two writers is told: who decided what about the pair, and when."""

from __future__ import annotations

from typing import Any

from fiftyone_plugin.curation import review_fields
from fiftyone_plugin.curation.log import State
from fiftyone_plugin.curation.review_fields import Stored
from importers.errors import StateError
from importers.fields import REVIEW_NOTE, REVIEWED_AT, REVIEWER, SEGMENTATION, VERDICT


class Conflict(StateError):
    """A pair that is not what the reviewer saw any more; nothing was written.

    Attributes:
        facts: the pair as it is: ``key``, ``verdict``, ``reviewer``, ``reviewed_at``,
            ``note``, ``phrase``, ``mask_changed``, ``version``
    """

    def __init__(self, message: str, facts: dict[str, Any]) -> None:
        super().__init__(message)
        self.facts = facts

    @classmethod
    def of(cls, pair: Stored, seen: State | None = None) -> Conflict:
        """The conflict over a pair, from what it is now and, if known, what was seen."""
        state = pair.state
        seen = seen or {}
        mask_changed = SEGMENTATION in seen and (
            ((seen[SEGMENTATION] or {}).get("mask_path") or "") != pair.mask_path
        )
        facts = {
            "key": pair.key,
            "verdict": state[VERDICT],
            "reviewer": state[REVIEWER],
            "reviewed_at": review_fields.text_of(state[REVIEWED_AT]),
            "note": state[REVIEW_NOTE],
            "phrase": state[pair.text_field],
            "mask_changed": mask_changed,
            "version": pair.version,
        }
        return cls(_sentence(facts), facts)

    def __reduce__(self) -> tuple[type[Conflict], tuple[str, dict[str, Any]]]:
        return type(self), (str(self), self.facts)


def _sentence(facts: dict[str, Any]) -> str:
    if facts["verdict"] is None:
        decided = "its verdict was taken back or its mask changed"
    else:
        when = f" at {facts['reviewed_at']}" if facts["reviewed_at"] else ""
        decided = f"{facts['reviewer'] or 'somebody'} decided {facts['verdict']}{when}"
    return (
        f"the pair {facts['key']!r} changed since it was read: {decided}; nothing was written, "
        "look at it again or confirm to overwrite"
    )
