"""Measures a judge on planted faults, beside the checks alone and beside both.

What it is asked about are pairs without a finding but ``info``, in half of which a fault is
planted. Of real data some of the others are bad all the same, so that precision is a lower bound.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.bench.judge_cases import PLANTED, Case, Cases, plant
from pairlens.fiftyone_plugin.bench.loading import load_units
from pairlens.fiftyone_plugin.bench.run import is_good
from pairlens.fiftyone_plugin.checks import Check
from pairlens.fiftyone_plugin.checks.base import PIXELS
from pairlens.fiftyone_plugin.checks.engine import choose, find_all
from pairlens.fiftyone_plugin.checks.judgements import CHECK, NO, YES, Judgement
from pairlens.fiftyone_plugin.estimate.intervals import clopper_pearson
from pairlens.fiftyone_plugin.judging import JUDGES
from pairlens.fiftyone_plugin.judging.budget import Budget, read_price
from pairlens.fiftyone_plugin.measuring.runner import measure_images
from pairlens.fiftyone_plugin.ranking.model import Reliability, reliability
from pairlens.importers import fo_internals
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.parallel import Progress, no_progress
from pairlens.importers.store import kind_of

MIN_DOUBT = 0.5
"""The default of the check ``judge_doubt``."""

CONFIDENCE = 0.95


@dataclass
class JudgeBench:
    """The figures of a run.

    Attributes:
        dataset, judge, model, seed: what was measured, and how
        asked: pairs that the judge was asked about
        planted: number of planted faults by name
        found: by who flags (``checks``, ``judge``, ``either``, ``both``) ``{"recall",
            "recall_interval", "precision", "precision_interval", "flagged", "by_fault"}``; of
            ``by_fault`` each value is the recall of that fault
        unsure: pairs of which the judge cannot tell; like those below they count as not flagged
        not_believed: answers that are not, by what is wrong with them
        failed: pairs without an answer, each with the reason
        calibration: the judge's doubt beside the share that is faulty, by ranges
        brier: the mean square of doubt less truth, 0 (best) to 1; ``None`` without an answer
        ece: the mean distance of doubt and share over the ranges, weighted by pairs, likewise
        tokens_in, tokens_out, cost: as in a run of the judge
        seconds: duration
    """

    dataset: str
    judge: str
    model: str
    seed: int
    asked: int = 0
    planted: dict[str, int] = field(default_factory=dict[str, int])
    found: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    unsure: int = 0
    not_believed: dict[str, int] = field(default_factory=dict[str, int])
    failed: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    calibration: list[Reliability] = field(default_factory=list[Reliability])
    brier: float | None = None
    ece: float | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None
    seconds: float = 0.0


def bench_judge(
    samples: Any,
    *,
    judge: str,
    judge_params: Mapping[str, Any] | None = None,
    questions: int = 200,
    prices: Path | None = None,
    seed: int = 0,
    pairs: int = 20_000,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    device: str = "auto",
    progress: Progress = no_progress,
) -> JudgeBench:
    """Measures a judge on a dataset, which is only read.

    Args:
        samples: a dataset or view of pairs that PairLens imported
        judge: one of :data:`pairlens.fiftyone_plugin.judging.base.JUDGES`
        judge_params: its parameters
        questions: pairs to ask about, half of them faulty; one of each image
        prices: a price table
        seed: seed of the choice of pairs and faults; equal seeds plant the same faults
        pairs: about how many pairs to read
        params: parameters of the checks, by name
        device: for judges with a model here
        progress: called with questions answered and questions in all

    Raises:
        UsageError: for a number out of range, an unknown judge or parameter, or other than pairs
        StateError: if no image is there
    """
    started = time.perf_counter()
    if kind_of(samples) != "pairs":
        raise UsageError("faults for a judge are planted in pairs, and the dataset holds none")
    if questions < 2 or pairs < 1:
        raise UsageError(
            f"--questions {questions} --pairs {pairs}: give 2 or more questions, and 1 pair or more"
        )
    name = fo_internals.dataset_of(samples).name
    checks = _checks(samples, params or {})
    made = _cases(samples, checks, questions, pairs, seed)
    flagged = _flagged_by_checks(made, checks)
    with closing(JUDGES[judge].load(dict(judge_params or {}), device)) as one:
        price = read_price(prices, one.model) if prices else None
        budget = Budget(price=price)
        answers: dict[str, Any] = {}
        for question, outcome in one.judge([case.question for case in made.cases], budget):
            answers[question.sample.key] = outcome
            progress(len(answers), len(made.cases))
        done = JudgeBench(name, judge, one.model, seed, asked=len(made.cases))
    _measure(done, made.cases, flagged, answers)
    done.tokens_in, done.tokens_out = budget.tokens_in, budget.tokens_out
    done.cost = budget.cost
    done.seconds = round(time.perf_counter() - started, 2)
    return done


def _checks(samples: Any, params: Mapping[str, Mapping[str, Any]]) -> list[Check]:
    has_field = fo_internals.dataset_of(samples).has_field
    chosen = choose(None, params, with_predictions=False, kind="pairs", has_field=has_field)
    checks = [one for one in chosen if one.name != CHECK]
    if any(need in PIXELS for one in checks for need in one.needs):
        measure_images(samples)
    return checks


def _cases(samples: Any, checks: Sequence[Check], count: int, pairs: int, seed: int) -> Cases:
    units = load_units(samples, checks, pairs, seed)
    before = find_all([one.sample for unit in units for one in unit], checks)
    rng = np.random.default_rng([seed, 3])
    seen = [n for n, unit in enumerate(units) if not any(one.sample.image_missing for one in unit)]
    if not seen:
        raise StateError("a judge looks at images, and those of all pairs are missing")
    sound = [
        n for n in seen
        if all(not one.known_bad and is_good(before.get(one.sample.key, ())) for one in units[n])
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="pairlens-bench-") as scratch:
        made = plant(units, rng.permutation(sound).tolist(), count, rng, Path(scratch))
    if not any(case.fault for case in made.cases) or all(case.fault for case in made.cases):
        raise StateError(
            f"of {len(units):,} images {len(sound):,} have no findings, too few to plant faults in"
        )
    return made


def _flagged_by_checks(made: Cases, checks: Sequence[Check]) -> set[str]:
    after = find_all([sample for unit in made.units for sample in unit], checks)
    return {key for key, findings in after.items() if not is_good(findings)}


def _measure(
    done: JudgeBench, cases: Sequence[Case], by_checks: set[str], answers: Mapping[str, Any]
) -> None:
    done.planted = dict(Counter(case.fault for case in cases if case.fault))
    doubts: dict[str, float] = {}
    for case in cases:
        key = case.question.sample.key
        outcome = answers.get(key, StateError("it was not asked about"))
        if isinstance(outcome, Judgement):
            _count(done, outcome)
            if outcome.doubt is not None:
                doubts[key] = outcome.doubt
        else:
            done.failed.append({"key": key, "reason": str(outcome) or type(outcome).__name__})
    by_judge = {key for key, doubt in doubts.items() if doubt >= MIN_DOUBT and answers[key].denied}
    who: dict[str, Callable[[str], bool]] = {
        "checks": lambda key: key in by_checks,
        "judge": lambda key: key in by_judge,
        "either": lambda key: key in by_checks or key in by_judge,
        "both": lambda key: key in by_checks and key in by_judge,
    }
    done.found = {name: _figures(cases, flags) for name, flags in who.items()}
    _calibrate(done, cases, doubts)


def _count(done: JudgeBench, judgement: Judgement) -> None:
    if judgement.fault:
        kind = judgement.fault.partition(":")[0]
        done.not_believed[kind] = done.not_believed.get(kind, 0) + 1
    elif judgement.shows not in (YES, NO):
        done.unsure += 1


def _figures(cases: Sequence[Case], flags: Callable[[str], bool]) -> dict[str, Any]:
    flagged = [case for case in cases if flags(case.question.sample.key)]
    right = sum(bool(case.fault) for case in flagged)
    faulty = Counter(case.fault for case in cases if case.fault)
    found = Counter(case.fault for case in flagged if case.fault)
    return {
        "recall": _share(right, faulty.total()),
        "recall_interval": _interval(right, faulty.total()),
        "precision": _share(right, len(flagged)),
        "precision_interval": _interval(right, len(flagged)),
        "flagged": len(flagged),
        "by_fault": {name: _share(found[name], faulty[name]) for name in PLANTED if faulty[name]},
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _interval(part: int, whole: int) -> list[float] | None:
    return [round(side, 4) for side in clopper_pearson(part, whole, CONFIDENCE)] if whole else None


def _calibrate(done: JudgeBench, cases: Sequence[Case], doubts: Mapping[str, float]) -> None:
    told = [(doubts[key], bool(case.fault)) for case in cases
            if (key := case.question.sample.key) in doubts]  # fmt: skip
    if not told:
        return
    chances, bad = np.array([one for one, _ in told]), [one for _, one in told]
    done.calibration = reliability(chances, bad)
    apart = sum(one.pairs * abs(one.expected - one.found) for one in done.calibration)
    done.ece = round(apart / len(told), 4)
    done.brier = round(float(((chances - np.array(bad)) ** 2).mean()), 4)
