"""Checks: running them, measuring them, and a page of what they found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fiftyone_plugin import reports
from fiftyone_plugin.reports import Report
from fiftyone_plugin.steps.step import CheckSettings, Option, Watch, step
from importers.parallel import default_workers

MANY = 20_000
"""Pairs from which on it pays to start processes for the checks."""


@step("flag", "Run the checks and store their findings.")
def flag(
    samples: Any,
    watch: Watch,
    *,
    checks: Annotated[
        tuple[str, ...],
        Option("only this one", "Checks (all if empty)", flag="--check", metavar="C"),
    ] = (),
    predictions: Annotated[
        tuple[str, ...],
        Option(
            "a scored field, for the checks that use one",
            "Scored predictions",
            flag="--pred",
            metavar="F",
        ),
    ] = (),
    params: Annotated[
        CheckSettings | None,
        Option(
            "threshold of a check; see: pairlens checks",
            flag="--param",
            metavar="C.K=V",
            in_form=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        Option("all findings as JSON Lines, worst first", "Findings file", metavar="FILE"),
    ] = None,
    workers: Annotated[
        int | None,
        Option("processes; by default all cores for many pairs", metavar="W", in_form=False),
    ] = None,
) -> Report:
    """Runs the checks."""
    from fiftyone_plugin.checks.runner import flag, kind_of

    done = flag(
        samples,
        checks=checks or None,
        predictions=predictions,
        params=params,
        out=out,
        workers=workers or (default_workers() if len(samples) > MANY else 1),
        progress=watch.progress,
    )
    return reports.of_flag(done, out, kind_of(samples))


@step("bench-checks", "Plant known faults and measure what the checks find.", unit="images")
def bench_checks(
    samples: Any,
    watch: Watch,
    *,
    seed: Annotated[int, Option("seed of what is planted where", metavar="S")] = 0,
    rate: Annotated[float, Option("share of images damaged", metavar="R")] = 0.3,
    pairs: Annotated[int, Option("pairs to read", metavar="K")] = 20_000,
    faults: Annotated[tuple[str, ...], Option("only this one", flag="--fault", metavar="F")] = (),
    params: Annotated[
        CheckSettings | None, Option("threshold of a check", flag="--param", metavar="C.K=V")
    ] = None,
    out: Annotated[
        Path | None, Option("folder for the numbers and a picture", metavar="DIR")
    ] = None,
) -> Report:
    """Measures the checks."""
    from fiftyone_plugin.bench.report import report
    from fiftyone_plugin.bench.run import bench_checks

    done = bench_checks(
        samples,
        seed=seed,
        rate=rate,
        pairs=pairs,
        faults=faults or None,
        params=params,
        progress=watch.progress,
    )
    return report(done, out)


@step("audit", "Write what was found in a dataset as a page with pictures.")
def audit(
    samples: Any,
    watch: Watch,
    *,
    out: Annotated[Path, Option("Markdown file; pictures go beside it", metavar="FILE.md")],
    examples: Annotated[int, Option("examples drawn for each check", metavar="K")] = 3,
    title: Annotated[str | None, Option("title of the page; by default the dataset's name")] = None,
    source: Annotated[
        str | None, Option("where the data is from and its licence, for the page")
    ] = None,
    outlines_only: Annotated[bool, Option("draw on a grid, without the images' pixels")] = False,
) -> Report:
    """Writes an audit."""
    from fiftyone_plugin.audit import audit

    return audit(
        samples,
        out,
        examples=examples,
        title=title,
        source=source,
        outlines_only=outlines_only,
        progress=watch.progress,
    )
