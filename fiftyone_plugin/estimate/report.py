"""Estimates from a judged random sample."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pairlens.fiftyone_plugin.checks.findings_store import OPEN
from pairlens.fiftyone_plugin.curation.progress import verdicts_in
from pairlens.fiftyone_plugin.curation.queue import find
from pairlens.fiftyone_plugin.curation.queue_documents import SESSIONS, SessionDocument, collection
from pairlens.fiftyone_plugin.estimate.drawing import EXPECTED_SHARES, Sampled
from pairlens.fiftyone_plugin.estimate.intervals import (
    CONFIDENCE,
    Domain,
    Share,
    Stratum,
    recall_of,
    share_of,
)
from pairlens.importers import fo_internals
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.fields import VerdictKind

BADNESS: dict[str, float] = {
    VerdictKind.KEEP: 0.0,
    VerdictKind.DROP: 1.0,
    VerdictKind.FIX: 1.0,
    VerdictKind.UNSURE: 0.5,
}
"""How bad the pair was as published, in [0, 1], by verdict."""

DECIDED_BAD = ("dropped", "to_mend", "mended")
"""Earlier decisions on pairs that were bad as published."""


@dataclass(frozen=True)
class StratumShare:
    """Judged and bad pairs of a stratum, with the estimated share of bad ones."""

    name: str
    size: int
    judged: int
    bad: float
    share: Share


@dataclass(frozen=True)
class Flags:
    """Precision and recall of findings of some severities as flags of bad pairs."""

    pairs: int
    precision: Share
    recall: Share


@dataclass(frozen=True)
class Estimate:
    """An estimate of how many pairs are bad.

    Attributes:
        session: name of the session
        seed: seed of the random numbers
        drawn: number of drawn pairs
        judged: number of judged ones among them
        unsure: number of unsure verdicts among these
        confidence: confidence of the intervals, in (0, 1)
        pairs: number of pairs in the dataset when the sample was drawn
        decided: number of those that already had a verdict
        strata: the strata of the sample
        before: share of bad pairs in the dataset as published
        after: for the selections ``clean`` and ``quiet``, the number of pairs that they keep and
            the share of bad ones among them, by the findings and verdicts before the sample was
            judged
        flags: for ``error`` and ``error or warning``, their quality as flags
    """

    session: str
    seed: int
    drawn: int
    judged: int
    unsure: int
    confidence: float
    pairs: int
    decided: int
    strata: list[StratumShare]
    before: Share
    after: dict[str, tuple[int, Share]]
    flags: dict[str, Flags]


def newest_sample(dataset: Any) -> str | None:
    """The name of the newest session over a random sample; ``None`` if there is none."""
    where = {"dataset_id": fo_internals.dataset_id(dataset), "over.kind": "sample"}
    found = collection(SESSIONS).find_one(where, sort=[("created", -1), ("_id", -1)])
    return None if found is None else found["name"]


def report(dataset: Any, session: str | None = None, confidence: float = CONFIDENCE) -> Estimate:
    """Estimates from the verdicts of a session over a random sample.

    A partly judged sample is valid, too: the queue is in random order, so the judged pairs are a
    random sample.

    Args:
        dataset: the dataset of the session
        session: id or name of the session; by default the newest over a random sample
        confidence: confidence of the intervals, in (0, 1)

    Raises:
        UsageError: if there is no such session, or it is not over a random sample
        StateError: if no pair was judged in it
    """
    if not 0 < confidence < 1:
        raise UsageError(f"--confidence {100 * confidence:g}%: give one above 0% and below 100%")
    name = session or newest_sample(dataset)
    if name is None:
        raise StateError(f"no sample was drawn; run: pairlens estimate {dataset.name} --size 300")
    document = find(dataset, name)
    sample: Sampled | None = document.get("sample")  # type: ignore[assignment]
    if sample is None:
        raise UsageError(f"the session {document['name']!r} is not over a random sample")
    strata = _strata(sample, verdicts_in(document["_id"]))
    if not any(one.judged for one in strata):
        raise StateError(f"no pair was judged in the session {document['name']!r} yet")
    return _estimate(document, sample, strata, confidence)


def _strata(sample: Sampled, verdicts: dict[int, str]) -> list[Stratum]:
    judged_by_stratum: list[list[tuple[float, str]]] = [[] for _ in sample["strata"]]
    for position, (number, image) in enumerate(sample["drawn"]):
        if (value := BADNESS.get(verdicts.get(position, ""))) is not None:
            judged_by_stratum[number].append((value, image))
    return [
        Stratum(one["name"], one["size"], tuple(v for v, _ in judged), tuple(i for _, i in judged))
        for one, judged in zip(sample["strata"], judged_by_stratum, strict=True)
    ]


def _estimate(
    document: SessionDocument, sample: Sampled, strata: list[Stratum], confidence: float
) -> Estimate:
    severities = [one["severity"] for one in sample["strata"]]

    def domain(
        wanted: Collection[str], bad: Collection[str] = DECIDED_BAD, without: Collection[str] = ()
    ) -> Domain:
        """The pairs whose worst finding has one of the wanted severities."""
        chosen = [s for s, severity in zip(strata, severities, strict=True) if severity in wanted]
        known = [one for one in sample["known"] if one[1] in wanted and one[0] not in without]
        sums = [
            sum(n for decision, _, n in known if (decision in bad) == is_bad)
            for is_bad in (True, False)
        ]
        return Domain(tuple(chosen), *sums)

    after: dict[str, tuple[int, Share]] = {}
    flags: dict[str, Flags] = {}
    for select, left_out in OPEN.items():
        kept = [one for one in EXPECTED_SHARES if one not in left_out]
        # Pairs with a verdict are kept whatever their findings are, unless they were dropped; a fix
        # that is not made yet does not count.
        open_pairs = domain(kept, bad=("to_mend",), without=("dropped", "kept", "mended"))
        accepted = sum(n for decision, _, n in sample["known"] if decision in ("kept", "mended"))
        cleaned = Domain(open_pairs.strata, open_pairs.bad, accepted)
        after[select] = cleaned.size, cleaned.share(confidence)
        flagged, others = domain(left_out), domain(kept)
        quality = Flags(flagged.size, flagged.share(confidence),
                        recall_of(flagged, others, confidence))  # fmt: skip
        flags[" or ".join(left_out)] = quality
    whole = domain(list(EXPECTED_SHARES))
    return Estimate(
        session=document["name"],
        seed=sample["seed"],
        drawn=len(sample["drawn"]),
        judged=sum(one.judged for one in strata),
        unsure=sum(one.bad.count(0.5) for one in strata),
        confidence=confidence,
        pairs=whole.size,
        decided=whole.bad + whole.good,
        strata=[
            StratumShare(s.name, s.size, s.judged, sum(s.bad), share_of([s], confidence))
            for s in strata
        ],
        before=whole.share(confidence),
        after=after,
        flags=flags,
    )
