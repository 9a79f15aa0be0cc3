"""One verdict for many pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import changing, opinions, queue, review_fields, texts
from pairlens.fiftyone_plugin.curation.log import Change, ChangeStep
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
    some = list(ids)
    keys = list(review_fields.keys_of(dataset, some))
    if not keys:
        raise UsageError("no pair is selected")
    verdict_of_all = Verdict("", verdict, note=note)
    verdict_of_all.check()
    alike: Alike = {"written": 0, "others": 0, "left": 0, "step": None}

    def changes() -> Iterator[Change]:
        for document in review_fields.documents(dataset, some):
            pair = ReviewedPair.from_document(document)
            by_other = bool(pair.review["verdict"]) and pair.review["reviewer"] != reviewer
            alike["others"] += by_other
            if over_others or not by_other:
                yield verdict_of_all.change_to(pair, reviewer)

    about = ChangeStep(
        "set",
        reviewer,
        None if opened is None else opened["_id"],
        places={} if opened is None else queue.places_of(opened, some),
        settles=opinions.disagreeing(dataset, keys),
    )
    done = changing.write(dataset, changes(), about, insist=over_others)
    alike.update(written=done.count, left=len(keys) - done.count, step=done.step)
    return alike


def judged_by_others(dataset: Any, ids: Iterable[ObjectId], reviewer: str) -> int:
    """How many of some samples another reviewer judged."""
    where = {
        "_id": {"$in": list(ids)},
        VERDICT: {"$in": list(VERDICTS)},
        REVIEWER: {"$ne": reviewer},
    }
    return fo_internals.collection(dataset).count_documents(where)
