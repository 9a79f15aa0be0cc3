"""Plants faults in a dataset's good samples, runs the checks, and counts what is found.

A sample is *good* if it has no finding but ``info`` before anything is planted. Findings before
planting are reported as well: for data that is known to be clean they are false alarms, for
other data only reading the samples tells.

Verdicts count: a sample that a reviewer dropped is *known to be bad*. Nothing is planted in its
image, and it is neither a hit nor a false alarm, though the checks see it as they do when they
flag. Samples with another verdict count like those without: a fixed one is taken as it now is.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.bench.loading import Units, load_units
from pairlens.fiftyone_plugin.bench.scores import average_precision, precision, recall, sureness
from pairlens.fiftyone_plugin.checks import SEVERITIES, Check, Finding
from pairlens.fiftyone_plugin.checks.base import PIXELS
from pairlens.fiftyone_plugin.checks.engine import choose, find_all
from pairlens.fiftyone_plugin.faults import FAULTS, Damage, Fault, LoadedSample, Tools, Unit
from pairlens.fiftyone_plugin.measuring.runner import measure_images
from pairlens.importers import fo_internals
from pairlens.importers.errors import UsageError
from pairlens.importers.parallel import Progress, no_progress
from pairlens.importers.records import Kind
from pairlens.importers.store import kind_of

PAIRS = 20_000
"""Pairs that are read, so that any dataset can be measured in memory."""

TRIES = 400
"""Images that are tried for one fault before it is given up."""

Findings = Mapping[str, Sequence[Finding]]


@dataclass
class BenchSummary:
    """The figures of a run.

    Attributes:
        dataset: its name
        seed, rate: what was asked for
        pairs, images: how many were read
        good: of the pairs, those without a finding but ``info`` before, and that are not known
            to be bad
        known_bad: of the pairs, those that a reviewer dropped; they are set aside
        before: share of all pairs with a finding, by severity, before anything was planted;
            those known to be bad are among them
        before_checks: number of findings then, by check
        clean: share of the pairs of images that nothing was planted in, by severity, that had
            no finding of that severity before and have one now; without those known to be bad
        faults: by fault ``{"checks", "structural", "planted", "recall", "precision",
            "average_precision", "precision_all", "average_precision_all"}``: against the good
            pairs that were left as they were and that these checks were silent about (an upper
            bound), and against all that were left so, of which some of real data are rightly
            flagged (a lower bound); those known to be bad are in neither
        not_planted: faults that no pair could carry
        unmeasured: checks that no fault belongs to
        seconds: duration
    """

    dataset: str
    seed: int
    rate: float
    pairs: int = 0
    images: int = 0
    good: int = 0
    known_bad: int = 0
    before: dict[str, float] = field(default_factory=dict)
    before_checks: dict[str, int] = field(default_factory=dict)
    clean: dict[str, float] = field(default_factory=dict)
    faults: dict[str, dict[str, Any]] = field(default_factory=dict)
    not_planted: list[str] = field(default_factory=list)
    unmeasured: list[str] = field(default_factory=list)
    seconds: float = 0.0


def bench_checks(
    samples: Any,
    *,
    seed: int = 0,
    rate: float = 0.3,
    pairs: int = PAIRS,
    faults: Collection[str] | None = None,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    progress: Progress = no_progress,
) -> BenchSummary:
    """Measures the checks on a dataset; see :class:`BenchSummary`.

    The dataset's pairs are only read, except that images are measured that were not yet.

    Args:
        samples: a dataset or view that PairLens imported
        seed: seed of the choice of pairs and faults; equal seeds plant the same faults
        rate: share of the images that get a fault, above 0 to 1
        pairs: about how many pairs to read; all of a smaller dataset
        faults: which to plant; by default all that the kind of dataset can carry
        params: parameters by check name
        progress: called with images damaged and images to be damaged

    Raises:
        UsageError: for a rate or number out of range, or an unknown fault, check or parameter
    """
    started = time.perf_counter()
    if not 0 < rate <= 1 or pairs < 1:
        raise UsageError(f"--rate {rate} and --pairs {pairs}: give above 0 to 1, and 1 or more")
    kind = kind_of(samples)
    chosen = _chosen(faults, kind)
    has_field = fo_internals.dataset_of(samples).has_field
    checks = choose(None, params or {}, with_predictions=False, kind=kind, has_field=has_field)
    if any(need in PIXELS for one in checks for need in one.needs):
        measure_images(samples)
    units = load_units(samples, checks, pairs, seed)
    summary = BenchSummary(fo_internals.dataset_of(samples).name, seed, rate, images=len(units))
    before = find_all([r.sample for unit in units for r in unit], checks)
    _summarise_before(summary, units, before, checks)
    with tempfile.TemporaryDirectory(prefix="pairlens-bench-") as scratch:
        planting = _Planting(units, before, np.random.default_rng([seed, 2]), Path(scratch))
        planting.plant(chosen, max(1, round(rate * len(units))), progress)
    after = find_all([pair for damage in planting.now() for pair in damage], checks)
    _summarise_after(summary, planting, before, after, chosen)
    summary.seconds = round(time.perf_counter() - started, 2)
    return summary


def _chosen(names: Collection[str] | None, kind: Kind) -> list[Fault]:
    """The faults to plant: those named, or all that a kind of dataset can carry."""
    for name in names or ():
        if kind not in FAULTS[name].kinds:
            kinds = " and ".join(FAULTS[name].kinds)
            raise UsageError(f"fault {name} is for {kinds}, and the dataset holds {kind}")
    return [FAULTS[name] for name in names or FAULTS if kind in FAULTS[name].kinds]


def is_good(findings: Iterable[Finding]) -> bool:
    """Whether a sample has no finding worse than ``info``."""
    return all(finding.severity == "info" for finding in findings)


def _is_sound(loaded: LoadedSample, before: Findings) -> bool:
    return not loaded.known_bad and is_good(before.get(loaded.sample.key, ()))


class _Planting:
    """Which images got which fault."""

    def __init__(self, units: Units, before: Findings, rng: Generator, scratch: Path) -> None:
        self._units = units
        self._before = before
        self._good = [
            i for i, unit in enumerate(units)
            if all(_is_sound(r, before) for r in unit)
        ]  # fmt: skip
        self._tools = Tools(rng, lambda: units[int(rng.integers(len(units)))], scratch)
        self.damaged: dict[int, Damage] = {}
        self.planted: dict[str, list[str]] = {}

    def plant(self, faults: Sequence[Fault], count: int, progress: Progress) -> None:
        """Plants the faults in turn until ``count`` images have one or none can carry any."""
        rng = self._tools.rng
        queues = {f.name: list(rng.permutation(self._good)) for f in faults}
        # In any order: a small dataset has not images enough for all.
        turn = [faults[i] for i in rng.permutation(len(faults))]
        while turn and len(self.damaged) < count:
            for one in tuple(turn):
                if len(self.damaged) >= count:
                    break
                if not self._plant_one(one, queues[one.name]):
                    turn.remove(one)
                progress(len(self.damaged), count)

    def _plant_one(self, one: Fault, queue: list[int]) -> bool:
        tries = 0
        while queue and tries < TRIES:
            index = int(queue.pop())
            if index in self.damaged:
                continue
            tries += 1
            damage = one.plant(self._units[index], self._tools)
            if damage is not None and not self._flagged_before(one, damage):
                self.damaged[index] = damage
                self.planted.setdefault(one.name, []).extend(damage.faulty)
                return True
        return False

    def _flagged_before(self, one: Fault, damage: Damage) -> bool:
        """Whether the fault's checks flagged a sample already, so that finding it is no merit."""
        findings = (f for key in damage.faulty for f in self._before.get(key, ()))
        return any(f.check in one.checks for f in findings)

    def now(self) -> Iterable[Sequence[Any]]:
        """The pairs of every image as they are now."""
        for index, unit in enumerate(self._units):
            damage = self.damaged.get(index)
            yield damage.samples if damage else [r.sample for r in unit]

    def untouched(self) -> list[str]:
        """Keys of the pairs of images that nothing was planted in, but for known bad ones."""
        rest = (unit for i, unit in enumerate(self._units) if i not in self.damaged)
        return [r.sample.key for unit in rest for r in unit if not r.known_bad]


def _summarise_before(
    summary: BenchSummary, units: Sequence[Unit], before: Findings, checks: Sequence[Check]
) -> None:
    keys = [r.sample.key for unit in units for r in unit]
    summary.pairs = len(keys)
    summary.good = sum(_is_sound(r, before) for unit in units for r in unit)
    summary.known_bad = sum(r.known_bad for unit in units for r in unit)
    counts = Counter(s for key in keys for s in {f.severity for f in before.get(key, ())})
    summary.before = {s: _share(counts[s], len(keys)) for s in SEVERITIES}
    said = Counter(f.check for findings in before.values() for f in findings)
    summary.before_checks = dict(said.most_common())
    measured = {check for one in FAULTS.values() for check in one.checks}
    summary.unmeasured = [one.name for one in checks if one.name not in measured]


def _summarise_after(
    summary: BenchSummary,
    planting: _Planting,
    before: Findings,
    after: Findings,
    chosen: Sequence[Fault],
) -> None:
    untouched = planting.untouched()
    good = [key for key in untouched if is_good(before.get(key, ()))]
    new = Counter(
        severity
        for key in untouched
        for severity in {f.severity for f in after.get(key, ())}
        - {f.severity for f in before.get(key, ())}
    )
    summary.clean = {s: _share(new[s], len(untouched)) for s in SEVERITIES}
    for one in chosen:
        name = one.name
        if name not in planting.planted:
            summary.not_planted.append(name)
            continue
        quiet = [key for key in good if not sureness(before.get(key, ()), one.checks)]
        found, rest, everyone = (
            [sureness(after.get(key, ()), one.checks) for key in keys]
            for keys in (planting.planted[name], quiet, untouched)
        )
        summary.faults[name] = {
            "checks": list(one.checks),
            "structural": one.structural,
            "planted": len(found),
            "recall": _rounded(recall(found)),
            "precision": _rounded(precision(found, rest)),
            "average_precision": _rounded(average_precision(found, rest)),
            "precision_all": _rounded(precision(found, everyone)),
            "average_precision_all": _rounded(average_precision(found, everyone)),
        }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
