"""One verdict for many pairs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import changing, opinions, queue, review_fields, texts
from pairlens.fiftyone_plugin.curation.log import ChangeStep
from pairlens.fiftyone_plugin.curation.panel_types import Alike
from pairlens.fiftyone_plugin.curation.review_fields import ReviewedPair
from pairlens.fiftyone_plugin.curation.texts import VERDICTS
from pairlens.fiftyone_plugin.curation.verdicts import Verdict
from pairlens.importers import fo_internals, working_set
from pairlens.importers.errors import UsageError
from pairlens.importers.fields import REVIEWER, VERDICT


def judge_alike(
    dataset: Any,
    ids: Iterable[ObjectId],
    verdict: str,
    *,
    reviewer: str,
    note: str | None = None,
    session: str | None = None,
    over_others: bool = False,
) -> Alike:
    """Sets one verdict on many pairs, as one step of undo.

    Pairs that another reviewer judged are left alone, and so are those that change meanwhile.

    Args:
        dataset: a dataset that PairLens imported
        ids: of their samples
        verdict: ``keep``, ``drop``, ``fix`` or ``unsure``
        reviewer: a name; there is no default for so many verdicts
        note: why
        session: the session they are given in, by id or name
        over_others: also over the verdicts of other reviewers

    Raises:
        UsageError: if there is no pair, no reviewer or no such verdict or session
        StateError: if the session is finished
    """
    working_set.check(dataset)
    if not texts.check_text("reviewer", reviewer):
        raise UsageError("who decides this? Give your name")
    opened = None if session is None else queue.find_open(dataset, session)
    documents = review_fields.documents(dataset, ids)
    pairs = [ReviewedPair.from_document(one) for one in documents]
    if not pairs:
        raise UsageError("no pair is selected")
    others = [p for p in pairs if p.review["verdict"] and p.review["reviewer"] != reviewer]
    passed = set() if over_others else {pair.sample_id for pair in others}
    Verdict("", verdict, note=note).check()
    changes = [
        Verdict(pair.key, verdict, note=note).change_to(pair, reviewer)
        for pair in pairs
        if pair.sample_id not in passed
    ]
    places = {} if opened is None else queue.places_of(opened, [c.sample_id for c in changes])
    about = ChangeStep(
        "set",
        reviewer,
        None if opened is None else opened["_id"],
        places=places,
        settles=opinions.disagreeing(dataset, [c.key for c in changes]),
    )
    done = changing.write(dataset, changes, about, insist=over_others)
    return {
        "written": done.count,
        "others": len(others),
        "left": len(pairs) - done.count,
        "step": done.step,
    }


def judged_by_others(dataset: Any, ids: Iterable[ObjectId], reviewer: str) -> int:
    """How many of some samples another reviewer judged."""
    where = {
        "_id": {"$in": list(ids)},
        VERDICT: {"$in": list(VERDICTS)},
        REVIEWER: {"$ne": reviewer},
    }
    return fo_internals.collection(dataset).count_documents(where)
