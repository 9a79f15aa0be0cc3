"""What each reviewer decided on a pair, and where reviewers disagree.

A sample holds the verdict that was given last; the log holds all of them. A reviewer's opinion of a
pair is the last of the reviewer's verdicts that was not taken back. Two opinions agree where the
pair comes out the same: *keep* agrees with a *fix* that it was given on, and *fix* without a change
with any other *fix*. Reviewers disagree until their disagreement is settled: by a verdict that was
given in sight of both, which the log marks, or because one of them comes round.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pairlens.fiftyone_plugin.curation import mask_replacement, queue, review_fields, texts
from pairlens.fiftyone_plugin.curation.log import (
    COLLECTION,
    Change,
    ChangeEntry,
    ChangeLog,
    ChangeStep,
    Values,
)
from pairlens.fiftyone_plugin.curation.panel_types import OpinionView
from pairlens.fiftyone_plugin.curation.review_fields import REVIEW_FIELDS, TEXT_FIELDS
from pairlens.fiftyone_plugin.curation.texts import VERDICTS, VerdictKind
from pairlens.importers import fo_internals, working_set
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.fields import (
    CAPTION,
    KEY,
    PHRASE,
    REVIEW_NOTE,
    REVIEWED_AT,
    REVIEWER,
    SEGMENTATION,
    VERDICT,
)
from pairlens.importers.masks import TARGET, load_stored

CONTENT = (PHRASE, CAPTION, *TEXT_FIELDS, SEGMENTATION)
"""What is reviewed of a sample, and what a fix changes."""

Content = dict[str, Any]
"""Texts and the path of the mask, by field."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a reviewer decided on a pair.

    Attributes:
        entry: the verdict in the log
        seen: the texts and the mask that it was given on
        made: the texts and the mask that it left
    """

    entry: ChangeEntry
    seen: Content
    made: Content

    @property
    def reviewer(self) -> str:
        """Whose verdict it is; of an applied file, the reviewer of the line."""
        return self.entry["new"].get(REVIEWER) or self.entry["reviewer"]

    @property
    def verdict(self) -> str:
        """The verdict."""
        return self.entry["new"][VERDICT]

    @property
    def settles(self) -> bool:
        """Whether it was given in sight of a disagreement."""
        return bool(self.entry.get("settles"))

    @property
    def mends(self) -> bool:
        """Whether it changed a text or the mask."""
        return self.seen != self.made

    def agrees(self, other: Opinion) -> bool:
        """Whether the pair comes out the same."""
        fix = VerdictKind.FIX.value
        if self.verdict == other.verdict:
            both = self.verdict == fix and self.mends and other.mends
            return not both or self.made == other.made
        if {self.verdict, other.verdict} != {fix, VerdictKind.KEEP.value}:
            return False
        mended = self if self.verdict == fix else other
        return mended.mends and self.made == other.made


def of_pairs(dataset: Any, keys: Collection[str]) -> dict[str, list[Opinion]]:
    """The opinions of some pairs by key, oldest first; of each reviewer the last."""
    where = {
        "dataset_id": fo_internals.dataset_id(dataset),
        "key": {"$in": list(keys)},
        "open": True,
    }
    entries: dict[str, list[ChangeEntry]] = {}
    for entry in fo_internals.database()[COLLECTION].find(where, sort=[("seq", 1)]):
        entries.setdefault(entry["key"], []).append(entry)
    return {key: list(_opinions(found)) for key, found in entries.items()}


def _opinions(entries: list[ChangeEntry]) -> Iterator[Opinion]:
    now: Content = {}
    for entry in reversed(entries):
        now |= _content(entry["old"])  # as the pair was before the first of them
    last: dict[str, Opinion] = {}
    for entry in entries:
        seen, now = now, now | _content(entry["new"])
        if entry["new"].get(VERDICT) in VERDICTS:
            opinion = Opinion(entry, seen, now)
            last.pop(opinion.reviewer, None)
            last[opinion.reviewer] = opinion
    yield from last.values()


def _content(values: Values) -> Content:
    found = {name: values[name] for name in CONTENT if name in values}
    if SEGMENTATION in found:
        found[SEGMENTATION] = (found[SEGMENTATION] or {}).get("mask_path")
    return found


def unsettled(opinions: Iterable[Opinion]) -> list[Opinion]:
    """Those that disagree, oldest first; none where all agree or it was settled."""
    standing: list[Opinion] = []
    for one in sorted(opinions, key=lambda each: each.entry["seq"]):
        standing = [one] if one.settles else [*standing, one]
    differ = any(not a.agrees(b) for a, b in combinations(standing, 2))
    return standing if differ else []


def shared_pairs(dataset: Any) -> dict[str, list[Opinion]]:
    """The opinions of the pairs that several reviewers judged, by key."""
    return of_pairs(dataset, ChangeLog(dataset).judged_by_several())


def disagreements(
    dataset: Any, shared: dict[str, list[Opinion]] | None = None
) -> dict[str, list[Opinion]]:
    """The opinions that disagree, of the pairs that are still there, by key.

    Args:
        dataset: a dataset that PairLens imported
        shared: what :func:`shared_pairs` gives, where it is known
    """
    pairs = shared_pairs(dataset) if shared is None else shared
    found = {key: differing for key, each in pairs.items() if (differing := unsettled(each))}
    there = set(fo_internals.collection(dataset).distinct(KEY, {KEY: {"$in": list(found)}}))
    return {key: each for key, each in sorted(found.items()) if key in there}


def disagreeing(dataset: Any, keys: Collection[str]) -> frozenset[str]:
    """Those of some pairs on which reviewers disagree."""
    found = of_pairs(dataset, keys)
    return frozenset(key for key, opinions in found.items() if unsettled(opinions))


def view_of(opinion: Opinion) -> OpinionView:
    """An opinion as the panels show it."""
    new, seen, made = opinion.entry["new"], opinion.seen, opinion.made
    text = next((made[n] for n in (PHRASE, CAPTION) if made.get(n) != seen.get(n)), None)
    return {
        "reviewer": opinion.reviewer,
        "verdict": opinion.verdict,
        "note": new.get(REVIEW_NOTE),
        "time": texts.text_of(new.get(REVIEWED_AT) or opinion.entry["time"]),
        "phrase": text,
        "texts_changed": any(seen.get(n) != made.get(n) for n in TEXT_FIELDS),
        "mask_changed": seen.get(SEGMENTATION) != made.get(SEGMENTATION),
        "settles": opinion.settles,
    }


def take(
    dataset: Any,
    pair: str,
    of: str,
    *,
    reviewer: str | None = None,
    session: str | None = None,
) -> int:
    """Settles a disagreement: a reviewer's verdict stands again, with its text, mask and note.

    Args:
        dataset: a dataset that PairLens imported
        pair: the pair's key or its sample's id
        of: the reviewer whose verdict is taken
        reviewer: who settles it, as the log says
        session: the session it is settled in, by id or name

    Returns:
        the number of the step

    Raises:
        UsageError: if that reviewer has no verdict on the pair
        StateError: if the pair is being changed by others
    """
    working_set.check(dataset)
    who = texts.reviewer_of(reviewer)
    document = review_fields.document_of(dataset, pair)
    found = of_pairs(dataset, [document[KEY]]).get(document[KEY], [])
    chosen = next((one for one in found if one.reviewer == of), None)
    if chosen is None:
        known = ", ".join(one.reviewer for one in found) or "nobody"
        raise UsageError(f"{of} has no verdict on {document[KEY]!r}; {known} has")
    opened = None if session is None else queue.find_open(dataset, session)
    about = ChangeStep(
        "set",
        who,
        None if opened is None else opened["_id"],
        places={} if opened is None else queue.places_of(opened, [document["_id"]]),
        settles=frozenset({document[KEY]}),
    )
    step = review_fields.write_whole(dataset, _taken(dataset, document, chosen), about)
    if step is None:
        raise StateError(f"the pair {document[KEY]!r} was changed meanwhile; look at it again")
    return step


def _taken(dataset: Any, document: Values, chosen: Opinion) -> list[Change]:
    """The changes that make a pair what an opinion made of it."""
    names = [n for n in (*REVIEW_FIELDS, *CONTENT) if n != SEGMENTATION]
    new = {n: chosen.entry["new"][n] for n in names if n in chosen.entry["new"]}
    new |= {n: v for n, v in chosen.made.items() if n != SEGMENTATION}
    old = {n: document.get(n) for n in new}
    change = Change(document["_id"], document[KEY], old, new)
    wanted = chosen.made.get(SEGMENTATION)
    if SEGMENTATION not in chosen.made or wanted == _content(document).get(SEGMENTATION):
        return [change]
    target = None if wanted is None else load_stored(wanted) == TARGET
    return mask_replacement.changes_to(dataset, change, target)
