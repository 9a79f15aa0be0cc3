"""Scoring, and comparison of scorings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fiftyone_plugin.metrics.bootstrap import SCHEMES, Scheme
from fiftyone_plugin.metrics.conventions import CONVENTIONS, DEFAULT
from fiftyone_plugin.metrics.counting import Instances
from fiftyone_plugin.metrics.slices import SLICINGS, chosen
from fiftyone_plugin.reports import Report
from fiftyone_plugin.score_reports import of_compare, of_score
from fiftyone_plugin.steps.step import Option, Watch, step
from importers.fields import SEGMENTATION

INSTANCES = {
    "union": "All of them together",
    "best": "The best of those with the ground truth's label",
}


def _conventions() -> dict[str, str]:
    return {one.name: f"{one.name} ({one.source})" for one in CONVENTIONS.values()}


def _slicings() -> dict[str, str]:
    return {one.name: one.about for one in SLICINGS.values()} | {"all": "every one of them"}


@step("score", "Score predicted masks against the ground truth.")
def score(
    samples: Any,
    watch: Watch,
    *,
    pred: Annotated[str, Option("field of the predicted masks", "Predictions", metavar="F")],
    gt: Annotated[
        str, Option("field of the ground truth", metavar="F", in_form=False)
    ] = SEGMENTATION,
    key: Annotated[str, Option("key of the evaluation", metavar="K")],
    instances: Annotated[
        Instances,
        Option(
            "what predicted detections or polylines amount to",
            metavar="I",
            choices=lambda: INSTANCES,
        ),
    ] = "union",
    convention: Annotated[
        str, Option("how counts become IoU", metavar="C", choices=_conventions)
    ] = DEFAULT,
    bootstrap: Annotated[
        int,
        Option("rounds of the bootstrap; 0 for none", "Bootstrap rounds", metavar="R", least=0),
    ] = 0,
    scheme: Annotated[
        Scheme,
        Option(
            "95 % intervals, or mean and deviation of 20 draws of 80 %",
            "Bootstrap scheme",
            flag="--bootstrap-scheme",
            metavar="S",
            choices=lambda: {name: name for name in SCHEMES},
        ),
    ] = "percentile",
    seed: Annotated[int, Option("seed of the bootstrap", metavar="S", in_form=False)] = 0,
    by: Annotated[
        tuple[str, ...],
        Option("a way to slice the pairs", "Also by", metavar="S", choices=_slicings),
    ] = (),
    size: Annotated[
        int, Option("score at P x P pixels; 0 for the native size", metavar="P", in_form=False)
    ] = 0,
    plots: Annotated[
        Path | None, Option("plots of the slices: .html or .png", metavar="FILE", in_form=False)
    ] = None,
) -> Report:
    """Scores."""
    from fiftyone_plugin.metrics.plots import check_file, write_plots
    from fiftyone_plugin.metrics.runs import score

    if plots:
        check_file(plots)
    done = score(
        samples,
        pred=pred,
        key=key,
        gt=gt,
        convention=convention,
        rounds=bootstrap,
        scheme=scheme,
        seed=seed,
        by=chosen(by),
        instances=instances,
        side=size,
        progress=watch.progress,
    )
    if plots:
        write_plots(asdict(done), plots)
    return of_score(done, chosen(by, default=()), plots)


@step("compare", "Compare two scorings of the same pairs.")
def compare(
    samples: Any,
    watch: Watch,
    *,
    keys: Annotated[tuple[str, ...], Option("keys of two scorings", count=2, metavar=("A", "B"))],
    convention: Annotated[
        str | None, Option("how counts become IoU; by default as in the scorings", metavar="C")
    ] = None,
    bootstrap: Annotated[int, Option("rounds of the bootstrap", metavar="R")] = 1000,
    seed: Annotated[int, Option("seed of the bootstrap", metavar="S")] = 0,
    most: Annotated[int, Option("pairs to list", metavar="K")] = 50,
    view: Annotated[
        str | None, Option("save the pairs that changed most as this view", metavar="NAME")
    ] = None,
) -> Report:
    """Compares."""
    from fiftyone_plugin.metrics.comparison import compare

    first, second = keys
    done = compare(
        samples,
        first,
        second,
        convention=convention,
        rounds=bootstrap,
        seed=seed,
        most=most,
        view=view,
    )
    return of_compare(done)
