"""Scoring, and comparison of scorings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.metrics.bootstrap import SCHEMES
from pairlens.fiftyone_plugin.metrics.conventions import CONVENTIONS, DEFAULT
from pairlens.fiftyone_plugin.metrics.slices import SLICINGS, chosen
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.score_reports import of_compare, of_score
from pairlens.fiftyone_plugin.steps.engines import ENGINE
from pairlens.fiftyone_plugin.steps.step import ITSELF, Option, Texts, Watch, step
from pairlens.importers.fields import SEGMENTATION

_VALUES = "values of masks of {} that are the target: auto, nonzero, >N, 1,2, ignore=255, inverted"
_INSTANCES = {
    "union": "All of them together",
    "best": "The best of those with the ground truth's label",
}

_SHAPES = {
    "auto": "Boxes where the targets of the dataset are boxes, else masks",
    "masks": "Masks, by their pixels",
    "boxes": "Boxes, by their sides",
}


def _conventions() -> dict[str, str]:
    return {one.name: f"{one.name} ({one.source})" for one in CONVENTIONS.values()}


def _slicings() -> dict[str, str]:
    return {one.name: one.about for one in SLICINGS.values()} | {"all": "every one of them"}


@step(
    "score",
    "Score predicted masks against the ground truth.",
    Option("pred", "field of the predicted masks", required=True, metavar="FIELD",
           label="Predictions"),
    Option("gt", "field of the ground truth", default=SEGMENTATION, metavar="FIELD", in_form=False),
    Option("key", "name of the scoring, such as cues: its results are stored in the fields "
           "cues_iou, cues_union and so on; a scoring of the same name is replaced",
           required=True, metavar="NAME"),
    Option("instances", "how predicted detections or polylines become one mask", default="union",
           metavar="WHICH", choices=lambda: _INSTANCES),
    Option("convention", "which published scoring code to follow: that of the paper you compare "
           "with; they differ for empty masks and at thresholds", default=DEFAULT,
           metavar="NAME", choices=_conventions),
    Option("rounds", "rounds of the bootstrap; 0 for none", int, 0, param="bootstrap",
           metavar="COUNT", label="Bootstrap rounds", least=0),
    Option("scheme", "95 % intervals, or mean and deviation of 20 draws of 80 %",
           default=SCHEMES[0], flag="--bootstrap-scheme", metavar="SCHEME",
           label="Bootstrap scheme",
           choices=lambda: {name: name for name in SCHEMES}),
    Option("seed", "random seed of the bootstrap", int, 0, metavar="SEED", in_form=False),
    Option("by", "a way to slice the pairs", Texts, (), metavar="SLICING", label="Also by",
           choices=_slicings),
    Option("side", "score at SIDE x SIDE pixels; 0 for the native size", int, 0, param="size",
           metavar="SIDE", in_form=False),
    Option("shape", "what is compared: masks, or the boxes of both; auto: boxes where targets are "
           "boxes", default="auto", flag="--as", metavar="SHAPE", label="Compare",
           choices=lambda: _SHAPES),
    Option("pred_values", _VALUES.format("predictions"), default="auto", metavar="VALUES",
           in_form=False),
    Option("gt_values", _VALUES.format("the ground truth"), default="auto", metavar="VALUES",
           in_form=False),
    Option("plots", "plots of the slices: .html or .png", Path, metavar="FILE", in_form=False,
           writes=ITSELF),
    *ENGINE,
    operator="score_pairs",
    examples=(
        "score gres --pred cues --key cues",
        "score gres --pred lisat --key lisat --by all --bootstrap 1000",
    ),
)  # fmt: skip
def score(samples: Any, watch: Watch, *, by: Texts, plots: Path | None, **options: Any) -> Report:
    """Scores predictions against the ground truth."""
    from pairlens.fiftyone_plugin.metrics.plots import check_file, write_plots
    from pairlens.fiftyone_plugin.metrics.runs import score

    if plots:
        check_file(plots)
    done = score(samples, **options, by=chosen(by), progress=watch.progress)
    if plots:
        write_plots(asdict(done), plots)
    return of_score(done, chosen(by, default=()), plots)


@step(
    "compare",
    "Compare two scorings of the same pairs.",
    Option("keys", "keys of two scorings", Texts, required=True, count=2, metavar=("A", "B")),
    Option("convention", "how counts become IoU; by default as in the scorings", metavar="NAME"),
    Option("rounds", "rounds of the bootstrap", int, 1000, param="bootstrap", metavar="COUNT"),
    Option("seed", "random seed of the bootstrap", int, 0, metavar="SEED"),
    Option("most", "pairs to list", int, 50, metavar="COUNT"),
    Option("view", "save the pairs that changed most as this view", metavar="NAME"),
    examples=("compare gres --keys cues lisat",),
)
def compare(samples: Any, watch: Watch, *, keys: Texts, **options: Any) -> Report:
    """Compares two scorings of the same pairs."""
    from pairlens.fiftyone_plugin.metrics.comparison import compare

    first, second = keys
    return of_compare(compare(samples, first, second, **options))
