"""The verdicts of other reviewers that a reviewer sees with a pair."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import opinions, queue, second_opinions, texts
from pairlens.fiftyone_plugin.curation.opinions import Opinion
from pairlens.fiftyone_plugin.curation.panel_types import AskedView, OpinionView
from pairlens.fiftyone_plugin.curation.queue_documents import SessionDocument
from pairlens.importers.fields import KEY, REVIEWER
from pairlens.importers.stored_values import Document


class PairOpinions(TypedDict):
    """The members of a :class:`~.panel_types.MemberView` that are about others."""

    opinions: list[OpinionView]
    disagree: bool
    blind: bool
    asked: AskedView | None


@dataclass(frozen=True)
class VisibleOpinions:
    """What one reviewer may see of others' verdicts on the pairs of a group.

    Attributes:
        blind: the samples that are to be judged without knowing the verdicts of others
        who: the reviewer
        opinions: of all reviewers, by key
        asked: the requests for a second opinion, by sample
    """

    blind: Collection[ObjectId]
    who: str | None
    opinions: dict[str, list[Opinion]]
    asked: dict[ObjectId, AskedView]

    def of(self, document: Document) -> PairOpinions:
        """What the panel shows of one pair."""
        blind = document["_id"] in self.blind
        found = self.opinions.get(document[KEY], [])
        shown = [one for one in found if one.reviewer == self.who] if blind else found
        return {
            "opinions": [opinions.view_of(one) for one in shown],
            "disagree": not blind and bool(opinions.unsettled(found)),
            "blind": blind,
            "asked": self.asked.get(document["_id"]),
        }


def visible_opinions(
    dataset: Any,
    session: SessionDocument | None,
    documents: Sequence[Document],
    reviewer: str | None,
) -> VisibleOpinions:
    """The verdicts of others on some pairs, as one reviewer may see them.

    Args:
        dataset: that they belong to
        session: in which they are reviewed, if in any
        documents: their samples
        reviewer: the reviewer
    """
    who = texts.known_reviewer(reviewer)
    ids = [one["_id"] for one in documents]
    blind: set[ObjectId] = set()
    asked: dict[ObjectId, AskedView] = {}
    if session is not None:
        own = {one["_id"] for one in documents if who and one.get(REVIEWER) == who}
        places = queue.places_of(session, ids) if session.get("shared") else {}
        blind = queue.blind(session, places) - own
        asked = second_opinions.asked_about(session["_id"], ids)
    found = opinions.of_pairs(dataset, [one[KEY] for one in documents])
    return VisibleOpinions(blind, who, found, asked)
