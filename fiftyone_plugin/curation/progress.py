"""How far a session is, counted from the change log."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import texts
from pairlens.fiftyone_plugin.curation.panel_types import Participant
from pairlens.fiftyone_plugin.curation.queue import changes, open_entries
from pairlens.fiftyone_plugin.curation.queue_documents import POSITIONS, collection
from pairlens.fiftyone_plugin.curation.texts import VERDICTS


@dataclass
class SessionProgress:
    """What was decided in a session and not taken back.

    Attributes:
        judged: pairs of the queue with a verdict
        verdicts: their number by verdict
        reviewers: each who judged or looked, the busiest first
        last_change: when the newest of the verdicts was given
    """

    judged: int = 0
    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    reviewers: list[Participant] = field(default_factory=list)
    last_change: datetime | None = None


def progress_of(session: ObjectId) -> SessionProgress:
    """Counts a session's verdicts, in the database."""
    pipeline = [
        {"$match": open_entries(session)},
        # A pair that was judged twice has its last verdict.
        {"$sort": {"n": 1, "seq": 1}},
        {"$group": {
            "_id": "$n", "verdict": {"$last": "$new.verdict"},
            "reviewer": {"$last": "$reviewer"}, "time": {"$last": "$time"},
        }},
        {"$group": {
            "_id": {"verdict": "$verdict", "reviewer": "$reviewer"},
            "count": {"$sum": 1}, "time": {"$max": "$time"},
        }},
    ]  # fmt: skip
    done = SessionProgress()
    positions = collection(POSITIONS).find({"session": session})
    people = {p["reviewer"]: _participant(p["reviewer"], p["n"], p["at"]) for p in positions}
    for group in changes().aggregate(pipeline):
        verdict, reviewer = group["_id"]["verdict"], group["_id"]["reviewer"]
        done.judged += group["count"]
        done.verdicts[verdict] = done.verdicts.get(verdict, 0) + group["count"]
        people.setdefault(reviewer, _participant(reviewer))["judged"] += group["count"]
        done.last_change = max(done.last_change or group["time"], group["time"])
    done.reviewers = sorted(people.values(), key=lambda p: (-p["judged"], p["reviewer"]))
    return done


def verdicts_in(session: ObjectId) -> dict[int, str]:
    """The verdicts of a session by the position in its queue; of several the last."""
    found = changes().find(open_entries(session), {"n": 1, "new.verdict": 1}, sort=[("seq", 1)])
    return {entry["n"]: entry["new"]["verdict"] for entry in found}


def _participant(name: str, position: int | None = None, at: datetime | None = None) -> Participant:
    return {"reviewer": name, "judged": 0, "position": position, "at": texts.text_of(at)}
