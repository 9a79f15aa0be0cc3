"""What follows from a sample that was judged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pairlens.fiftyone_plugin.checks.findings_store import OPEN
from pairlens.fiftyone_plugin.curation.progress import verdicts_in
from pairlens.fiftyone_plugin.curation.queue import find
from pairlens.fiftyone_plugin.curation.queue_documents import SESSIONS, SessionDocument, collection
from pairlens.fiftyone_plugin.estimate.drawing import GUESSES, Sampled
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

SEEN: dict[str, float] = {
    VerdictKind.KEEP: 0.0,
    VerdictKind.DROP: 1.0,
    VerdictKind.FIX: 1.0,
    VerdictKind.UNSURE: 0.5,
}
"""What a verdict says: whether the pair, as it was, is bad."""

BAD = ("dropped", "to_mend", "mended")
"""Of the pairs that were decided before the sample was drawn, those that were bad."""


@dataclass(frozen=True)
class StratumShare:
    """What was seen of a stratum, with the share of bad pairs in it."""

    name: str
    size: int
    judged: int
    bad: float
    share: Share


@dataclass(frozen=True)
class Flags:
    """How good the findings of some severities are as flags of bad pairs."""

    pairs: int
    precision: Share
    recall: Share


@dataclass(frozen=True)
class Estimate:
    """How many pairs are bad.

    Attributes:
        session: its name
        seed: of the drawing
        drawn: pairs
        judged: of them
        unsure: of these, those of which the reviewer could not tell
        confidence: of the intervals
        pairs: in the dataset, when it was drawn
        decided: of them those that had a verdict already
        strata: in which the sample was drawn
        before: the share of bad pairs in the dataset as it was published
        after: by selection, ``clean`` and ``quiet``, the pairs that it keeps and the share of bad
            ones among them, by the findings and verdicts before the sample was judged
        flags: by the severities that count, ``error`` and ``error or warning``
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


def newest(dataset: Any) -> str | None:
    """The name of the newest session over a random sample, if there is one."""
    where = {"dataset_id": fo_internals.dataset_id(dataset), "over.kind": "sample"}
    found = collection(SESSIONS).find_one(where, sort=[("created", -1), ("_id", -1)])
    return None if found is None else found["name"]


def report(dataset: Any, session: str | None = None, confidence: float = CONFIDENCE) -> Estimate:
    """Estimates from the verdicts of a session over a random sample.

    Where not all of it was judged, what was is a random part of it: the queue is in random order.

    Args:
        dataset: that the session is of
        session: its id or name; the newest over a sample if not given
        confidence: of the intervals, above 0 and below 1

    Raises:
        UsageError: if there is no such session, or it is over something else
        StateError: if nothing was judged in it
    """
    if not 0 < confidence < 1:
        raise UsageError(f"--confidence {100 * confidence:g}%: give one above 0% and below 100%")
    named = session or newest(dataset)
    if named is None:
        raise StateError(f"no sample was drawn; run: pairlens estimate {dataset.name} --size 300")
    document = find(dataset, named)
    sample: Sampled | None = document.get("sample")  # type: ignore[assignment]
    if sample is None:
        raise UsageError(f"the session {document['name']!r} is over no random sample")
    strata = _strata(sample, verdicts_in(document["_id"]))
    if not any(one.judged for one in strata):
        raise StateError(f"nothing was judged in the session {document['name']!r} yet")
    return _estimate(document, sample, strata, confidence)


def _strata(sample: Sampled, verdicts: dict[int, str]) -> list[Stratum]:
    seen: list[list[tuple[float, str]]] = [[] for _ in sample["strata"]]
    for position, (number, image) in enumerate(sample["drawn"]):
        if (value := SEEN.get(verdicts.get(position, ""))) is not None:
            seen[number].append((value, image))
    return [
        Stratum(one["name"], one["size"], tuple(v for v, _ in some), tuple(i for _, i in some))
        for one, some in zip(sample["strata"], seen, strict=True)
    ]


def _estimate(
    document: SessionDocument, sample: Sampled, strata: list[Stratum], confidence: float
) -> Estimate:
    severities = [one["severity"] for one in sample["strata"]]

    def domain(
        wanted: Collection[str], bad: Collection[str] = BAD, without: Collection[str] = ()
    ) -> Domain:
        """The pairs whose worst finding is of some severities."""
        chosen = [s for s, severity in zip(strata, severities, strict=True) if severity in wanted]
        known = [one for one in sample["known"] if one[1] in wanted and one[0] not in without]
        sums = [
            sum(n for what, _, n in known if (what in bad) == is_bad) for is_bad in (True, False)
        ]
        return Domain(tuple(chosen), *sums)

    after: dict[str, tuple[int, Share]] = {}
    flags: dict[str, Flags] = {}
    for select, left_out in OPEN.items():
        kept = [one for one in GUESSES if one not in left_out]
        # What was decided is kept whatever its findings are, unless it was dropped; what is still
        # to be mended is as open as before.
        open_pairs = domain(kept, bad=("to_mend",), without=("dropped", "kept", "mended"))
        accepted = sum(n for what, _, n in sample["known"] if what in ("kept", "mended"))
        cleaned = Domain(open_pairs.strata, open_pairs.bad, accepted)
        after[select] = cleaned.size, cleaned.share(confidence)
        flagged, others = domain(left_out), domain(kept)
        quality = Flags(flagged.size, flagged.share(confidence),
                        recall_of(flagged, others, confidence))  # fmt: skip
        flags[" or ".join(left_out)] = quality
    whole = domain(list(GUESSES))
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
