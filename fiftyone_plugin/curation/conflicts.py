"""What a reviewer is told whose pair somebody else changed meanwhile."""

from __future__ import annotations

from pairlens.fiftyone_plugin.curation import texts
from pairlens.fiftyone_plugin.curation.log import Values
from pairlens.fiftyone_plugin.curation.panel_types import ConflictFacts
from pairlens.fiftyone_plugin.curation.review_fields import ReviewedPair
from pairlens.importers.errors import StateError
from pairlens.importers.fields import SEGMENTATION


class Conflict(StateError):
    """Raised when the pair changed since it was read; nothing was written.

    Attributes:
        facts: the pair as it is now
    """

    def __init__(self, message: str, facts: ConflictFacts) -> None:
        super().__init__(message)
        self.facts = facts

    @classmethod
    def of(cls, pair: ReviewedPair, expected: Values | None = None) -> Conflict:
        """The conflict over a pair.

        Args:
            pair: as it is now
            expected: the values that it was expected to have, where they are known
        """
        held = (expected or {}).get(SEGMENTATION) or {}
        mask_changed = SEGMENTATION in (expected or {}) and (
            (held.get("mask_path") or "") != pair.mask_path
        )
        facts: ConflictFacts = {
            "key": pair.key,
            "verdict": pair.review["verdict"],
            "reviewer": pair.review["reviewer"],
            "reviewed_at": texts.text_of(pair.review["reviewed_at"]),
            "note": pair.review["review_note"],
            "phrase": pair.text,
            "mask_changed": mask_changed,
            "version": pair.version,
        }
        return cls(_sentence(facts), facts)

    def __reduce__(self) -> tuple[type[Conflict], tuple[str, ConflictFacts]]:
        return type(self), (str(self), self.facts)


def _sentence(facts: ConflictFacts) -> str:
    if facts["verdict"] is None:
        decided = "its verdict was taken back or its mask changed"
    else:
        when = f" at {facts['reviewed_at']}" if facts["reviewed_at"] else ""
        decided = f"{facts['reviewer'] or 'somebody'} decided {facts['verdict']}{when}"
    return (
        f"the pair {facts['key']!r} changed since it was read: {decided}; nothing was written, "
        "look at it again or confirm to overwrite"
    )
