"""Checks of the pair against what predictors say."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import PREDICTIONS, Agreement, Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import EMPTY, example


@check(
    "low_iou",
    severity="info",
    needs=(PREDICTIONS,),
    about="A predictor's mask hardly meets the ground truth; one of the two is wrong.",
    topic="Against predictions",
    fires=example(ious={"clipseg": 0.013}),
    silent=example(ious={"clipseg": 0.5}),
)
def low_iou(batch: Batch, *, max_iou: float = 0.1) -> Iterator[Issue]:
    # An empty mask met by an empty mask scores 0 in some conventions.
    for pair in batch.where(batch.scored & ~batch.present("no_target")):
        low = [(iou, field) for field, iou in pair.ious.items() if iou <= max_iou]
        if low:
            iou, field = min(low)
            score = 0.5 + 0.4 * iou / max(max_iou, 1e-9)
            yield Issue(pair.key, score, f"IoU with {field} is {iou:.3f}")


@check(
    "consensus_conflict",
    severity="warning",
    needs=(PREDICTIONS, "mask_stats.area"),
    about="Predictors agree with each other and not with the ground truth.",
    topic="Against predictions",
    fires=example(ious={"agreed": 0.02}, agreements={"agreed": Agreement(0.81, 900)}),
    silent=example(ious={"agreed": 0.9}, agreements={"agreed": Agreement(0.81, 900)}),
)
def consensus_conflict(
    batch: Batch, *, min_agreement: float = 0.7, max_iou: float = 0.3
) -> Iterator[Issue]:
    for pair in batch.where(batch.scored):
        yield from _against_consensus(pair, min_agreement, max_iou)


def _against_consensus(pair: Sample, min_agreement: float, max_iou: float) -> Iterator[Issue]:
    for field, agreed in sorted(pair.agreements.items()):
        iou = pair.ious.get(field)
        if iou is None or not agreed.iou >= min_agreement:
            continue
        among = f"the predictors of {field} agree with each other (mean IoU {agreed.iou:.2f})"
        apart = 0.3 * (1 - agreed.iou) / max(1 - min_agreement, 1e-9)
        if pair.no_target:
            if agreed.area:
                note = f"{among} on {agreed.area} pixels, and no target is declared"
                yield Issue(pair.key, 0.3 + apart, note)
                return
        elif not agreed.area:
            if pair.stats.area:
                yield Issue(pair.key, 0.7, f"{among} that nothing is there", "info")
                return
        elif iou <= max_iou:
            note = f"{among} and not with the mask (IoU {iou:.3f})"
            yield Issue(pair.key, 0.2 + 0.4 * iou / max(max_iou, 1e-9) + apart, note)
            return


@check(
    "existence_conflict",
    severity="warning",
    needs=(PREDICTIONS, *(f"mask_stats.{name}" for name in ("area", "width", "height", "error"))),
    about="A predictor finds a target where none is declared, or none where there is one.",
    topic="Against predictions",
    fires=example(no_target=True, stats=EMPTY, predicted={"clipseg": 9120, "cues": 800, "sam": 0}),
    silent=example(no_target=True, stats=EMPTY, predicted={"clipseg": 0}),
)
def existence_conflict(batch: Batch, *, min_share: float = 0.001) -> Iterator[Issue]:
    """Compares whether there is a target with whether one was predicted.

    A prediction of many pixels for a pair without a target is a sign that there is one, the
    surer the more predictors agree. That a target was not found says more of the predictor:
    it is worth knowing.

    Args:
        batch: pairs with their predictions
        min_share: of the image, from which on a prediction is no speck
    """
    pixels = batch.stat("width") * batch.stat("height")
    for pair in batch.where(batch.scored & (pixels > 0) & ~batch.broken):
        if pair.predicted:
            yield from _against_existence(pair, min_share)


def _against_existence(pair: Sample, min_share: float) -> Iterator[Issue]:
    pixels = pair.stats.width * pair.stats.height
    found = {name: area for name, area in pair.predicted.items() if area >= min_share * pixels}
    total, sure = len(pair.predicted), len(found)
    only = next(iter(pair.predicted))
    if pair.no_target and found:
        among = f"{sure} of {total} predictors find" if total > 1 else f"{only} finds"
        name = max(found, key=lambda one: found[one])
        note = f"no target is declared, and {among} one: {name} {found[name]} pixels"
        yield Issue(pair.key, 0.6 - 0.4 * sure / total * _full(found[name] / pixels), note)
    elif not pair.no_target and pair.stats.area and not any(pair.predicted.values()):
        nothing = "no predictor finds" if total > 1 else f"{only} does not find"
        note = f"{nothing} the target of {pair.stats.area} pixels"
        yield Issue(pair.key, 0.6 if total > 1 else 0.7, note, "info")


def _full(share: float) -> float:
    """How much a prediction of this share of the image counts: all from a hundredth on."""
    return min(1.0, share / 0.01)
