"""Groups of pairs that are shown together: the queries of a mask, and the pairs of a leak or swap.

Findings have groups (:func:`pairlens.fiftyone_plugin.checks.base.group_of`); a pair belongs to the
group of its worst finding, but two pairs whose masks were exchanged are a group of their own: what
else was found of the two follows from that. The members of a group are the pairs with a finding of
the group, and the other queries of their masks. A verdict applies to those members whose finding is
as severe as the worst of the group.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pairlens.fiftyone_plugin.checks import CHECKS, SEVERITIES, Check
from pairlens.fiftyone_plugin.checks.base import EMBEDDINGS, Finding
from pairlens.fiftyone_plugin.checks.engine import for_kind
from pairlens.fiftyone_plugin.checks.finding import row_of
from pairlens.fiftyone_plugin.checks.rows import Columns
from pairlens.fiftyone_plugin.checks.suggestions.masks import EXCHANGED
from pairlens.fiftyone_plugin.checks.suggestions.offered import Suggestion, suggest
from pairlens.fiftyone_plugin.curation import mask_replacement
from pairlens.importers import fields, fo_internals, store, working_set
from pairlens.importers.errors import PairLensError
from pairlens.importers.mask_stats import MaskStats, measure
from pairlens.importers.masks import Mask
from pairlens.importers.scorings import scored_fields
from pairlens.importers.store import kind_of
from pairlens.importers.stored_values import Document

LABELS = f"{fields.FINDINGS}.classifications"

MOST_MEMBERS = 64
"""Pairs on one screen; a larger group is shown in parts, as its pairs are judged."""

MOST_COMPARED = 256
"""Samples of the images of a group with which a suggestion must agree."""


@dataclass(frozen=True)
class Group:
    """Pairs that are judged together.

    Attributes:
        id: of the group; for a pair without findings its key
        documents: the samples of the members, in published order
        meant: ids of the samples that a verdict applies to
        suggestions: suggested fixes by key
    """

    id: str
    documents: list[Document]
    meant: frozenset[Any]
    suggestions: dict[str, Suggestion]

    @property
    def text(self) -> str:
        """What belongs together, for people."""
        queries = len(self.documents)
        if all(one.get(fields.PHRASE) is None for one in self.documents):
            return "one image" if queries == 1 else f"{queries} images"
        masks = {_mask(one) for one in self.documents}
        images = {(one.get(fields.SPLIT), one.get(fields.IMAGE_ID)) for one in self.documents}
        named = "one query" if queries == 1 else f"{queries} queries"
        if len(images) > 1:
            return f"{named} of {len(images)} images"
        return f"{named} of {'one mask' if len(masks) == 1 else f'{len(masks)} masks'}"


def group_of_pair(dataset: Any, document: Document, check: str | None = None) -> Group:
    """The group in which a pair is judged.

    Args:
        dataset: of the pair
        document: its sample
        check: the check whose finding counts, in a session over one check
    """
    exchanged = _groups_of(document, EXCHANGED)
    own = [label for label in labels_of(document) if check in (None, label["label"])]
    named = next(iter(exchanged), "") or (own[0].get("group") if own else None) or ""
    found = _with_finding(dataset, named) if named else []
    together = {one["_id"]: one for one in (document, *found)}
    for one in list(together.values()):
        together |= {other["_id"]: other for other in _of_mask(dataset, one)}
    members = sorted(together.values(), key=lambda one: one["_id"])[:MOST_MEMBERS]
    if document["_id"] not in {one["_id"] for one in members}:
        members = [document, *members[:-1]]
    decided = set().union(*map(_groups_of, found)) if exchanged else {named}
    return Group(
        named or document[fields.KEY],
        members,
        frozenset(_meant(members, decided)) or frozenset({document["_id"]}),
        suggestions_for(dataset, members),
    )


def alone(document: Document) -> Group:
    """A group of one pair, without its findings, as pairs of a random sample are judged."""
    bare = {**document, fields.FINDINGS: None}
    return Group(document[fields.KEY], [bare], frozenset({document["_id"]}), {})


def labels_of(document: Document) -> list[Document]:
    """The stored findings of a sample, worst first, without other labels."""
    labels = (document.get(fields.FINDINGS) or {}).get("classifications") or []
    return [label for label in labels if label.get("label") and label.get("severity")]


def _groups_of(document: Document, check: str | None = None) -> set[str]:
    """The groups of the findings of a sample, or of those of a check."""
    labels = [one for one in labels_of(document) if check in (None, one["label"])]
    return {group for one in labels if (group := one.get("group"))}


def _with_finding(dataset: Any, group: str) -> list[Document]:
    where = {"$and": [{f"{LABELS}.group": group}, working_set.OWN]}
    return list(fo_internals.collection(dataset).find(where).sort("_id", 1).limit(MOST_MEMBERS))


def _of_mask(dataset: Any, document: Document) -> Iterator[Document]:
    """The other queries of the mask of a pair."""
    digest = _mask(document)
    if not digest:
        return
    where = {
        fields.IMAGE_ID: document.get(fields.IMAGE_ID),
        fields.SPLIT: document.get(fields.SPLIT),
        f"{fields.MASK_STATS}.digest": digest,
    }
    own = {"$and": [where, working_set.OWN]}
    yield from fo_internals.collection(dataset).find(own).sort("_id", 1).limit(MOST_MEMBERS)


def _mask(document: Document) -> str:
    return (document.get(fields.MASK_STATS) or {}).get("digest") or ""


def _meant(members: Iterable[Document], groups: Collection[str]) -> Iterator[Any]:
    """The members whose findings of the groups are no mere hints, or all where these are hints."""
    graves = {one["_id"]: _gravest(one, groups) for one in members}
    worst = min(graves.values(), default=len(SEVERITIES))
    hint = SEVERITIES.index("info")
    bound = worst if worst >= hint else hint - 1
    return (each for each, grave in graves.items() if grave <= bound < len(SEVERITIES))


def _gravest(document: Document, groups: Collection[str]) -> int:
    """The gravest severity of a sample's findings of some groups, as its place among severities."""
    own = [label["severity"] for label in labels_of(document) if label.get("group") in groups]
    return min((SEVERITIES.index(one) for one in own if one in SEVERITIES), default=len(SEVERITIES))


def suggestions_for(dataset: Any, members: Sequence[Document]) -> dict[str, Suggestion]:
    """What is suggested for the members of a group, by key."""
    checks = _checks_that_ran(dataset)
    if not checks or not any(labels_of(one) for one in members):
        return {}
    documents = _of_images(dataset, members)
    columns = Columns.of(checks, scored_fields(dataset))
    samples = [columns.sample(row_of(one, columns)) for one in documents]
    wanted = {one[fields.KEY] for one in members}
    findings = {one[fields.KEY]: _findings(one) for one in documents if one[fields.KEY] in wanted}
    by_key = {one[fields.KEY]: one for one in documents}

    @lru_cache
    def measured(key: str, field: str) -> MaskStats | None:
        try:
            return measure(Mask(mask_replacement.target_of(by_key[key], field)))
        except PairLensError:
            return None

    return suggest(samples, findings, checks, measured)


def _of_images(dataset: Any, members: Sequence[Document]) -> list[Document]:
    """All samples of the images of the members."""
    images = {(one.get(fields.SPLIT), one.get(fields.IMAGE_ID)) for one in members}
    where = [{fields.SPLIT: split, fields.IMAGE_ID: image} for split, image in sorted(images)]
    own = {"$and": [{"$or": where}, working_set.OWN]}
    return list(fo_internals.collection(dataset).find(own).sort("_id", 1).limit(MOST_COMPARED))


def _findings(document: Document) -> list[Finding]:
    key = document[fields.KEY]
    return [
        Finding(
            key,
            one["label"],
            one["severity"],
            one.get("score") or 0.0,
            one.get("note") or "",
            one.get("group") or "",
        )
        for one in labels_of(document)
    ]


def _checks_that_ran(dataset: Any) -> list[Check]:
    """The checks of samples and images that ran, as they ran."""
    ran: dict[str, Any] = store.info(dataset).get(fields.CHECKS_RUN) or {}
    kind = kind_of(dataset)
    return [
        for_kind(CHECKS[name].with_params(params), kind)
        for name, params in ran.items()
        if name in CHECKS
        and CHECKS[name].scope != "dataset"
        and EMBEDDINGS not in CHECKS[name].needs
    ]
