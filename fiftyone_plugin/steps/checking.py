"""Steps that run checks, measure them, and write an audit of their findings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin import reports
from pairlens.fiftyone_plugin.judging import JUDGES
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.engines import ENGINE
from pairlens.fiftyone_plugin.steps.step import (
    ITSELF,
    CheckSettings,
    Option,
    Settings,
    Texts,
    Watch,
    step,
)
from pairlens.importers.errors import UsageError
from pairlens.importers.parallel import Engine, default_workers

MANY = 20_000
"""Number of pairs above which the checks run in several processes."""

THRESHOLDS = Option(
    "params", "threshold of a check; see: pairlens checks", CheckSettings, flag="--param",
    metavar="CHECK.NAME=VALUE", in_form=False,
)  # fmt: skip


@step(
    "flag",
    "Run the checks and store their findings.",
    Option("checks", "run only this check", Texts, flag="--check", metavar="CHECK",
           label="Checks (all if empty)"),
    Option("predictions", "a scored field, for the checks that use one", Texts, (), flag="--pred",
           metavar="FIELD", label="Scored predictions"),
    THRESHOLDS,
    Option("out", "all findings as JSON Lines, worst first", Path, metavar="FILE",
           label="Findings file", writes=ITSELF),
    Option("dry_run", "only count, by check, what is found and what clean and quiet leave out",
           bool, False, label="Only count"),
    Option("fresh", "run the checks even if nothing has changed since the last run", bool,
           False),
    *ENGINE,
    operator="flag_pairs",
    examples=(
        "flag gres --out findings.jsonl",
        "flag gres --check tiny_mask --param tiny_mask.min_area=9 --dry-run",
    ),
)  # fmt: skip
def flag(
    samples: Any, watch: Watch, *, engine: Engine | None, workers: int | None, **options: Any
) -> Report:
    """Runs the checks."""
    from pairlens.fiftyone_plugin.checks.runner import flag
    from pairlens.importers import working_set
    from pairlens.importers.store import kind_of

    if engine is None and workers is None and working_set.count(samples) > MANY:
        workers = default_workers()
    done = flag(samples, **options, engine=engine, workers=workers, progress=watch.progress)
    return reports.of_flag(done, options["out"], kind_of(samples), options["dry_run"])


@step(
    "bench-checks",
    "Plant known faults and measure how many the checks, or a judge, find.",
    Option("seed", "random seed of the planted faults", int, 0, metavar="SEED"),
    Option("rate", "share of images damaged", float, 0.3, metavar="SHARE"),
    Option("pairs", "pairs to read", int, 20_000, metavar="COUNT"),
    Option("faults", "plant only this fault", Texts, flag="--fault", metavar="FAULT"),
    THRESHOLDS,
    Option("judge", "measure this judge, on faults that only the image shows", metavar="JUDGE",
           choices=lambda: {name: name for name in JUDGES}),
    Option("judge_params", "setting of the judge", Settings, flag="--judge-param",
           metavar="NAME=VALUE"),
    Option("questions", "pairs that the judge is asked about, half of them faulty", int, 200,
           metavar="COUNT"),
    Option("prices", "JSON file with the price of a million tokens, by model", Path,
           metavar="FILE"),
    Option(
        "out",
        "folder for the numbers and a picture",
        Path,
        metavar="DIR",
        writes=("bench-checks.json", "bench-checks.png", "bench-judge.json"),
    ),
    unit="images",
    examples=(
        "bench-checks gres --out bench",
        "bench-checks gres --judge vlm --judge-param url=http://localhost:8000 "
        "--judge-param model=qwen --questions 200",
    ),
)  # fmt: skip
def bench_checks(
    samples: Any,
    watch: Watch,
    *,
    out: Path | None,
    judge: str | None,
    judge_params: dict[str, str] | None,
    questions: int,
    prices: Path | None,
    **options: Any,
) -> Report:
    """Measures the checks, or a judge, on planted faults."""
    if judge is not None:
        from pairlens.fiftyone_plugin.bench import judged_report
        from pairlens.fiftyone_plugin.bench.judged import bench_judge

        if options["faults"]:
            raise UsageError("--fault is of the checks; a judge has faults of its own")
        own = {name: options[name] for name in ("seed", "pairs", "params")}
        done = bench_judge(
            samples, judge=judge, judge_params=judge_params, questions=questions, prices=prices,
            **own, progress=watch.progress,
        )  # fmt: skip
        return judged_report.report(done, out)
    if judge_params or prices:
        raise UsageError("--judge-param and --prices are of a judge; name it with --judge")
    from pairlens.fiftyone_plugin.bench.report import report
    from pairlens.fiftyone_plugin.bench.run import bench_checks

    return report(bench_checks(samples, **options, progress=watch.progress), out)


@step(
    "audit",
    "Write a report of a dataset's findings, with pictures.",
    Option(
        "out",
        "Markdown file; pictures go beside it",
        Path,
        required=True,
        metavar="FILE.md",
        writes=ITSELF,
    ),
    Option("examples", "examples drawn for each check", int, 3, metavar="COUNT"),
    Option("title", "title of the page; by default the dataset's name"),
    Option("source", "where the data is from and its licence, for the page"),
    Option("outlines_only", "draw on a grid, without the images' pixels", bool, False),
    examples=("audit gres --out gres-audit.md",),
)
def audit(samples: Any, watch: Watch, *, out: Path, **options: Any) -> Report:
    """Writes an audit of the findings."""
    from pairlens.fiftyone_plugin.audit import audit

    return audit(samples, out, **options, progress=watch.progress)
