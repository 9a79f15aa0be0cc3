"""A review shared out: a session for each reviewer, over parts of the same pairs.

Pairs that one look decides stay together: those with a finding of one group, and the queries of a
mask. A part of these units goes to all reviewers, to see how far they agree; it is spread evenly
over the queue, and each judges it without knowing what the others decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import ceil
from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import sessions, texts
from pairlens.fiftyone_plugin.curation.panel_types import SessionView
from pairlens.fiftyone_plugin.curation.selection import LABELS, PairSelection, choose
from pairlens.importers import fo_internals, store, working_set
from pairlens.importers.batches import batched
from pairlens.importers.errors import UnknownName, UsageError
from pairlens.importers.fields import IMAGE_ID, MASK_STATS, SPLIT
from pairlens.importers.stored_values import Document

WAYS = ("count", "check", "split")
"""By what pairs are shared out: their number, the check of the worst finding, or the split."""


@dataclass
class Unit:
    """Pairs that stay together, in the order of the queue.

    Attributes:
        check: of the worst finding of the first of them, ``""`` for none
        split: of the first of them
        pairs: their sample ids
    """

    check: str
    split: str
    pairs: list[ObjectId] = field(default_factory=list[ObjectId])


def share(
    dataset: Any,
    *,
    among: Sequence[str],
    name: str | None = None,
    by: str = "count",
    overlap: float = 0.1,
    reviewer: str | None = None,
    include_judged: bool = False,
    limit: int | None = None,
    over: Mapping[str, Any] | None = None,
) -> list[SessionView]:
    """Shares pairs out among reviewers.

    Args:
        dataset: a dataset that PairLens imported
        among: the reviewers
        name: of the sessions, each with the reviewer's behind it
        by: ``count`` for parts of equal size, ``check`` or ``split`` to give all pairs of a check
            or split to one reviewer
        overlap: the part of the units that all reviewers get, from 0 to 1
        reviewer: who shares out
        include_judged: also pairs that have a verdict already
        limit: only this many pairs, the worst
        over: what the pairs are, as :func:`~.selection.choose` takes it

    Returns:
        the sessions, one a reviewer

    Raises:
        UsageError: for fewer than two reviewers, too few checks or splits, or no pair
        StateError: if PairLens did not import the dataset
    """
    working_set.check(dataset)
    who = texts.reviewer_of(reviewer)
    people = _names(among)
    if by not in WAYS:
        raise UnknownName("way to share", by, WAYS)
    if not 0 <= overlap <= 1:
        raise UsageError(f"an overlap of {overlap:.0%}; give 0% to 100%")
    selection = choose(dataset, **(over or {}))
    ids = list(selection.ordered(dataset, include_judged=include_judged, limit=limit))
    if not ids:
        raise UsageError(sessions.nothing(dataset, selection, include_judged))
    units = list(units_of(dataset, ids))
    common = {n for n in range(len(units)) if is_common(n, overlap)}
    own = [unit for n, unit in enumerate(units) if n not in common]
    theirs = assigned(own, people, by)
    shared = {one for n in common for one in units[n].pairs}
    queues = {who: [one for one in ids if one in theirs[who] or one in shared] for who in people}
    if empty := [who for who, queue in queues.items() if not queue]:
        raise UsageError(f"there are {len(units):,} groups, none of them for {', '.join(empty)}")
    return _started(dataset, name or selection.over["text"], who, selection, queues, shared)


def _started(
    dataset: Any,
    name: str,
    creator: str,
    selection: PairSelection,
    queues: dict[str, list[ObjectId]],
    shared: set[ObjectId],
) -> list[SessionView]:
    """The sessions, all of them or none."""
    started: list[str] = []
    try:
        for who, queue in queues.items():
            session = sessions.create(
                dataset,
                f"{name} ({who})",
                creator,
                selection.over,
                queue,
                reviewer=who,
                shared=shared,
            )
            started.append(str(session))
    except BaseException:
        for one in started:
            sessions.delete(dataset, one)
        raise
    return [sessions.get(dataset, one) for one in started]


def _names(among: Sequence[str]) -> list[str]:
    named = [text.strip() for one in among if (text := texts.check_text("reviewer", one))]
    people = [one for one in named if one]
    if len(people) < 2:
        raise UsageError("pairs are shared among two reviewers or more")
    if twice := [one for one, number in Counter(people).items() if number > 1]:
        raise UsageError(f"{twice[0]} is named twice")
    return people


def is_common(number: int, overlap: float) -> bool:
    """Whether a unit, from 0, goes to all: spread evenly, the first of them first.

    Example::

        [n for n in range(20) if is_common(n, 0.1)]  # [0, 10]
    """
    return ceil(round((number + 1) * overlap, 9)) > ceil(round(number * overlap, 9))


def units_of(dataset: Any, ids: Sequence[ObjectId]) -> Iterator[Unit]:
    """The units of some pairs, in the order in which the first of each comes."""
    found: dict[ObjectId, Document] = {}
    names = [f"{LABELS}.label", f"{LABELS}.group", SPLIT, IMAGE_ID, f"{MASK_STATS}.digest"]
    for batch in batched(ids, store.BATCH):
        where = {"_id": {"$in": batch}}
        documents = fo_internals.collection(dataset).find(where, dict.fromkeys(names, 1))
        found |= {one["_id"]: one for one in documents}
    together = joined([_tokens(found[one]) for one in ids])
    units: dict[int, Unit] = {}
    for one, number in zip(ids, together, strict=True):
        labels = _labels(found[one])
        check = labels[0].get("label") or "" if labels else ""
        unit = units.setdefault(number, Unit(check, found[one].get(SPLIT) or ""))
        unit.pairs.append(one)
    yield from units.values()


def _labels(document: Document) -> list[Document]:
    return (document.get("findings") or {}).get("classifications") or []


def _tokens(document: Document) -> list[str]:
    """What a pair has in common with those that are judged with it."""
    tokens = [one["group"] for one in _labels(document) if one.get("group")]
    digest = (document.get(MASK_STATS) or {}).get("digest")
    image = f"{document.get(SPLIT)}/{document.get(IMAGE_ID)}"
    return [*tokens, f"{image} {digest}"] if digest else tokens


def joined(tokens: Sequence[Sequence[str]]) -> list[int]:
    """Numbers things so that those which share a token, or are linked by others, have one number.

    Example::

        joined([["a"], ["b"], ["a", "c"], ["c"]])  # [0, 1, 0, 0]
    """
    parents: list[int] = []

    def top(one: int) -> int:
        while parents[one] != one:
            parents[one] = parents[parents[one]]
            one = parents[one]
        return one

    first: dict[str, int] = {}
    for number, own in enumerate(tokens):
        parents.append(number)
        for token in own:
            a, b = top(number), top(first.setdefault(token, number))
            parents[max(a, b)] = min(a, b)
    return [top(one) for one in range(len(parents))]


def assigned(units: Sequence[Unit], people: Sequence[str], by: str) -> dict[str, set[ObjectId]]:
    """The pairs of each reviewer: the reviewer with the fewest gets the next unit, check or split.

    Raises:
        UsageError: if there are fewer checks or splits than reviewers
    """
    numbers = count()
    kinds: dict[str, Callable[[Unit], str]] = {
        "count": lambda _: str(next(numbers)),
        "check": lambda unit: unit.check,
        "split": lambda unit: unit.split,
    }
    parts: dict[str, list[ObjectId]] = {}
    for unit in units:
        parts.setdefault(kinds[by](unit), []).extend(unit.pairs)
    if by != "count" and len(parts) < len(people):
        named = ", ".join(sorted(part or f"no {by}" for part in parts))
        raise UsageError(
            f"{len(people)} reviewers cannot share {len(parts)} {by}s ({named}); share by count"
        )
    theirs: dict[str, set[ObjectId]] = {who: set() for who in people}
    # The largest first, so that the parts come out alike; of equal ones the worst.
    for part in sorted(parts.values(), key=lambda part: -len(part)):
        theirs[min(people, key=lambda who: len(theirs[who]))].update(part)
    return theirs
