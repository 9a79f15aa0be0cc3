"""How well reviewers agree and how fast they are, from the change log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

from pairlens.fiftyone_plugin.curation import opinions
from pairlens.fiftyone_plugin.curation.log import COLLECTION
from pairlens.fiftyone_plugin.curation.merging import verdict_agreement
from pairlens.fiftyone_plugin.curation.opinions import Opinion
from pairlens.fiftyone_plugin.curation.panel_types import Pace, ReviewerAgreement, Team
from pairlens.fiftyone_plugin.curation.texts import VERDICTS
from pairlens.importers import fo_internals, working_set
from pairlens.importers.fields import REVIEWER, VERDICT

PAUSE = 5
"""Minutes between two verdicts after which the reviewer was doing something else."""

MOST_AT_ONCE = 64
"""Verdicts of a step that was looked at; more are a rule's, and say nothing of a pace."""

Step = tuple[datetime, int]
"""When verdicts were given together, and how many."""


def team(dataset: Any) -> Team:
    """How the reviewers of a dataset work together.

    Args:
        dataset: a dataset that PairLens imported
    """
    working_set.check(dataset)
    shared = opinions.shared_pairs(dataset)
    return {
        "paces": [pace(who, found) for who, found in sorted(_steps(dataset).items())],
        "agreement": agreement(shared.values()),
        "disagreements": len(opinions.disagreements(dataset, shared)),
        "pause": PAUSE,
    }


def _steps(dataset: Any) -> dict[str, list[Step]]:
    """The steps in which each reviewer gave verdicts, oldest first."""
    where = {
        "dataset_id": fo_internals.dataset_id(dataset),
        "open": True,
        "kind": {"$in": ["set", "redo"]},  # the entry of what was taken back is not open any more
        f"new.{VERDICT}": {"$in": list(VERDICTS)},
    }
    pipeline = [
        {"$match": where},
        {
            "$group": {
                "_id": {"who": f"$new.{REVIEWER}", "step": "$step"},
                "time": {"$min": "$time"},
                "n": {"$sum": 1},
            }
        },
        {"$match": {"n": {"$lte": MOST_AT_ONCE}}},
        {"$sort": {"time": 1}},
    ]
    steps: dict[str, list[Step]] = {}
    for one in fo_internals.database()[COLLECTION].aggregate(pipeline, allowDiskUse=True):
        steps.setdefault(one["_id"]["who"] or "", []).append((one["time"], one["n"]))
    return steps


def pace(reviewer: str, steps: list[Step], pause: int = PAUSE) -> Pace:
    """Verdicts an hour, over the time between consecutive verdicts.

    The verdicts after a pause do not count: how long they took is not known.

    Args:
        reviewer: who gave them
        steps: oldest first
        pause: minutes; what comes after a longer one does not count
    """
    spent, given = timedelta(), 0
    for (before, _), (time, number) in pairwise(steps):
        if time - before <= timedelta(minutes=pause):
            spent += time - before
            given += number
    hours = spent / timedelta(hours=1)
    return {
        "reviewer": reviewer,
        "verdicts": sum(number for _, number in steps),
        "minutes": round(60 * hours, 1),
        "per_hour": round(given / hours, 1) if hours else None,
    }


def agreement(pairs: Iterable[list[Opinion]]) -> list[ReviewerAgreement]:
    """Cohen's kappa of every two reviewers who judged the same pairs.

    A pair that one of them changed before the other saw it was not the same to both, and a verdict
    that settled a disagreement was given in sight of the others: neither is counted.

    Args:
        pairs: the opinions of each pair
    """
    common: dict[tuple[str, str], list[tuple[str, str]]] = {}
    edited: dict[tuple[str, str], int] = {}
    for found in pairs:
        ranked = sorted((o for o in found if not o.settles), key=lambda one: one.reviewer)
        for one, other in combinations(ranked, 2):
            who = one.reviewer, other.reviewer
            both = common.setdefault(who, [])
            if one.seen == other.seen:
                both.append((one.verdict, other.verdict))
            else:
                edited[who] = edited.get(who, 0) + 1
    return [_compared(*who, common[who], edited.get(who, 0)) for who in sorted(common)]


def _compared(
    first: str, second: str, common: list[tuple[str, str]], edited: int
) -> ReviewerAgreement:
    found = verdict_agreement(common)
    return {
        "first": first,
        "second": second,
        "common": len(common),
        "edited": edited,
        "same": found["same"],
        "share": found["share"],
        "kappa": found["kappa"],
        "why": found["why"],
    }
