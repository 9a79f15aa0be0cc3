"""Score predicted masks against the ground truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.metrics.label_masks import KINDS
from pairlens.fiftyone_plugin.operators.base import PairOperator
from pairlens.fiftyone_plugin.steps.step import Option
from pairlens.importers.errors import StateError
from pairlens.importers.fields import SEGMENTATION


class ScorePairs(PairOperator):
    """``pairlens score`` in the App."""

    step = steps.score
    title = "score pairs"
    icon = "straighten"
    risk = types.RiskLevel.MEDIUM

    def options(self, ctx: Any) -> dict[str, Option]:
        """With the dataset's predictions."""
        options, kinds = super().options(ctx), label_fields(ctx.dataset)
        found = [name for name in kinds if name != SEGMENTATION]
        if not found:
            raise StateError("Run 'PairLens: predict masks' first.")
        pred = ctx.params.get("pred") or found[0]
        instances = kinds.get(pred, "Segmentation") != "Segmentation"
        return options | {
            "pred": replace(options["pred"], choices=found, preset=found[0]),
            "key": replace(options["key"], preset=pred),
            "instances": replace(options["instances"], in_form=instances),
        }


def label_fields(dataset: Any) -> dict[str, str]:
    """The fields that hold masks of some kind, with the kind, masks of whole images first."""
    schema = dataset.get_field_schema()
    kinds = {
        name: getattr(getattr(one, "document_type", None), "__name__", "")
        for name, one in schema.items()
    }
    found = {name: kind for name, kind in kinds.items() if kind in KINDS}
    return dict(sorted(found.items(), key=lambda entry: KINDS.index(entry[1])))
