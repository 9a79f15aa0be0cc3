"""Precision, recall and calibration of findings against pairs that a person has read.

The labels come from samples of different rates, so a pair stands for ``1 / fraction`` pairs
(Horvitz-Thompson): every total is the sum of these weights, every share a ratio of two totals.
An arguable pair (``bad`` is null) counts as not bad, and has a column of its own in the tables.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import binomtest

SEVERITIES = ("error", "warning", "info")
ABOVE_INFO = SEVERITIES[:2]

RANDOM = ("flagged", "unflagged")
"""Samples that estimate shares of the dataset: one of them holds every pair with some chance."""


@dataclass(frozen=True, slots=True)
class Label:
    """A judgement on a pair.

    Attributes:
        key: of the pair
        kind: what is wrong with it or was looked for, such as ``place``; empty for a good pair
        bad: whether a person who cleans the dataset drops or mends it; ``None`` where two differ
        sample: ``flagged``: had a finding above info when drawn; ``unflagged``: had none;
            ``info``: drawn for a finding at info, says nothing about recall;
            ``listed``: an example that somebody looked for, says nothing about any share
        check: whose finding it judges; empty where it judges the pair as a whole, or where it
            is listed
        fraction: share of its stratum that was drawn, (0, 1]
    """

    key: str
    kind: str
    bad: bool | None
    sample: str
    check: str = ""
    fraction: float = 1.0


@dataclass(frozen=True, slots=True)
class Flag:
    """A finding: its check, its severity, and its score from 0 (surely bad) to 1."""

    check: str
    severity: str
    score: float


Flags = Mapping[str, Sequence[Flag]]
"""Findings by key."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding that a label judges: ``bad`` says that it is right, ``weight`` is 1 / fraction."""

    flag: Flag
    key: str
    bad: bool | None
    weight: float


def verdict(labels: Iterable[Label]) -> bool | None:
    """Of a pair with several labels: bad if any says so, good if all do, else arguable."""
    said = {label.bad for label in labels}
    return True if True in said else None if None in said else False


def by_key(labels: Iterable[Label]) -> dict[str, list[Label]]:
    groups: defaultdict[str, list[Label]] = defaultdict(list)
    for label in labels:
        groups[label.key].append(label)
    return dict(groups)


def judge(labels: Sequence[Label], flags: Flags) -> Iterator[Judged]:
    """Findings with their verdicts.

    A label that names the check decides, else those of a random sample that judge the pair as a
    whole: then a finding is right where the pair is bad, whatever for. Findings that neither
    judges are left out.
    """
    for key, several in by_key(labels).items():
        whole = [label for label in several if label.sample in RANDOM and not label.check]
        for flag in flags.get(key, ()):
            named = [label for label in several if label.check == flag.check]
            if deciding := named or whole:
                yield Judged(flag, key, verdict(deciding), 1 / deciding[0].fraction)


def precision(judged: Iterable[Judged]) -> dict[str, Any]:
    """Right, arguable and wrong findings, and how precise they are.

    Returns:
        the counts, ``precision`` of those that are right or wrong, ``precision_strict`` with
        arguable ones as wrong, both weighted, and the 95 % ``interval`` of the first, exact
        where all weights are equal
    """
    counts: Counter[bool | None] = Counter()
    weights: defaultdict[bool | None, float] = defaultdict(float)
    for one in judged:
        counts[one.bad] += 1
        weights[one.bad] += one.weight
    decided = counts[True] + counts[False]
    return {
        "right": counts[True],
        "arguable": counts[None],
        "wrong": counts[False],
        "precision": share(weights[True], weights[True] + weights[False]),
        "precision_strict": share(weights[True], sum(weights.values())),
        "interval": clopper_pearson(counts[True], decided),
    }


def by_check(judged: Iterable[Judged]) -> dict[str, dict[str, Any]]:
    """:func:`precision` of each check at each severity, as ``check (severity)``."""
    groups: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[f"{one.flag.check} ({one.flag.severity})"].append(one)
    return {name: precision(groups[name]) for name in sorted(groups)}


def by_severity(judged: Iterable[Judged]) -> dict[str, dict[str, Any]]:
    """:func:`precision` of the pairs at each severity, a pair counted once, at its worst one."""
    worst: dict[str, Judged] = {}
    for one in sorted(judged, key=lambda j: (SEVERITIES.index(j.flag.severity), j.bad is not True)):
        worst.setdefault(one.key, one)
    return {
        severity: precision(one for one in worst.values() if one.flag.severity == severity)
        for severity in SEVERITIES
    }


def by_kind(labels: Iterable[Label], flagged: Collection[str]) -> dict[str, dict[str, int]]:
    """For each kind, how many of its bad, arguable and good labels are of flagged pairs.

    Unweighted. A good label says that the pair is not bad in this way: it may be in another.
    """
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for label in labels:
        name = {True: "bad", None: "arguable", False: "good"}[label.bad]
        kinds[label.kind or "-"][name] += 1
        kinds[label.kind or "-"][f"{name}_flagged"] += label.key in flagged
    return {kind: dict(kinds[kind]) for kind in sorted(kinds)}


def recall(labels: Iterable[Label], flagged: Collection[str]) -> dict[str, Any]:
    """The share of the bad pairs that are flagged, with an interval of at least 95 %.

    Strata of which all was read are known. Of each other the bad pairs that are flagged and
    those that are not are two counts among those read, each with a Clopper-Pearson interval;
    the shares of error that these may have add up to 5 % (Bonferroni). The bounds of the
    recall join the worst ends of all.

    Returns:
        ``found`` and ``missed`` as read, ``bad_pairs`` as estimated, ``recall``, ``interval``;
        the last two are ``None`` and (0, 1) where no unflagged pair was read
    """
    drawn = _drawn(labels)
    strata: defaultdict[float, list[tuple[bool, bool]]] = defaultdict(list)
    for key, several in drawn.items():
        strata[several[0].fraction].append((key in flagged, verdict(several) is True))
    found, missed = _Total(), _Total()
    for fraction, pairs in strata.items():
        for total, state in ((found, True), (missed, False)):
            bad = pairs.count((state, True))
            # A stratum without a pair of that state has none to be uncertain about.
            uncertain = fraction < 1 and any(is_flagged is state for is_flagged, _ in pairs)
            total.add(bad, len(pairs), 1 / fraction, uncertain)
    result = {
        "found": found.read,
        "missed": missed.read,
        "bad_pairs": round(found.estimate + missed.estimate, 1),
        "recall": None,
        "interval": (0.0, 1.0),
    }
    bad_seen = found.read + missed.read
    if bad_seen and any(several[0].sample == "unflagged" for several in drawn.values()):
        confidence = 1 - 0.05 / max(1, found.uncertain + missed.uncertain)
        (found_low, found_high), (missed_low, missed_high) = (
            total.bounds(confidence) for total in (found, missed)
        )
        result["recall"] = share(found.estimate, found.estimate + missed.estimate)
        result["interval"] = (
            share(found_low, found_low + missed_high),
            share(found_high, found_high + missed_low),
        )
    return result


class _Total:
    """A sum over strata of how many pairs are bad and flagged, or bad and not."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, int, float, bool]] = []

    def add(self, bad: int, drawn: int, weight: float, uncertain: bool) -> None:
        self.parts.append((bad, drawn, weight, uncertain))

    @property
    def read(self) -> int:
        return sum(bad for bad, *_ in self.parts)

    @property
    def estimate(self) -> float:
        return sum(bad * weight for bad, _, weight, _ in self.parts)

    @property
    def uncertain(self) -> int:
        return sum(uncertain for *_, uncertain in self.parts)

    def bounds(self, confidence: float) -> tuple[float, float]:
        low = high = 0.0
        for bad, drawn, weight, uncertain in self.parts:
            ends = (bad, bad)
            if uncertain:
                ends = tuple(drawn * p for p in clopper_pearson(bad, drawn, confidence))
            low, high = low + ends[0] * weight, high + ends[1] * weight
        return low, high


def newly_flagged(labels: Iterable[Label], flagged: Collection[str]) -> dict[str, Any]:
    """The share of the good pairs without a finding above info when drawn that now have one.

    Returns:
        ``flagged`` of ``good`` ones as read, the weighted ``share``, and a 95 % ``interval``
        that is exact where all weights are equal
    """
    good = [
        (key in flagged, 1 / several[0].fraction)
        for key, several in _drawn(labels).items()
        if several[0].sample == "unflagged" and verdict(several) is False
    ]
    count = sum(now for now, _ in good)
    return {
        "flagged": count,
        "good": len(good),
        "share": share(sum(weight for now, weight in good if now), sum(w for _, w in good)),
        "interval": clopper_pearson(count, len(good)),
    }


def calibration(judged: Iterable[Judged], bins: int = 10) -> dict[str, Any]:
    """Whether scores are the chances that pairs are right, over findings that are right or wrong.

    Returns:
        ``bins`` with the mean score, the share of bad pairs, both weighted, and ``n``; and the
        ``brier`` score, the mean square of (1 - score) - bad: 0 is best, 0.25 a coin's
    """
    decided = [one for one in judged if one.bad is not None]
    groups: defaultdict[int, list[Judged]] = defaultdict(list)
    for one in decided:
        groups[min(int(one.flag.score * bins), bins - 1)].append(one)
    return {
        "bins": [
            {
                "mean_score": _mean(groups[number], lambda one: one.flag.score),
                "share_bad": _mean(groups[number], lambda one: bool(one.bad)),
                "n": len(groups[number]),
            }
            for number in sorted(groups)
        ],
        "brier": _mean(decided, lambda one: (1 - one.flag.score - bool(one.bad)) ** 2),
    }


def _mean(judged: Sequence[Judged], value: Any) -> float | None:
    total = sum(one.weight * value(one) for one in judged)
    return share(total, sum(one.weight for one in judged))


def _drawn(labels: Iterable[Label]) -> dict[str, list[Label]]:
    return by_key(label for label in labels if label.sample in RANDOM)


def share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def clopper_pearson(count: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of a share, (0, 1) where nothing was counted."""
    if not total:
        return (0.0, 1.0)
    ends = binomtest(count, total).proportion_ci(confidence, method="exact")
    return (round(float(ends.low), 4), round(float(ends.high), 4))
