"""Combine several predictions into a majority mask."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.operators.base import PairOperator
from pairlens.fiftyone_plugin.operators.score_pairs import label_fields
from pairlens.fiftyone_plugin.predictors.consensus import STEP
from pairlens.fiftyone_plugin.predictors.mask_fields import fields_made_by
from pairlens.fiftyone_plugin.steps.step import Option
from pairlens.importers import fields
from pairlens.importers.errors import StateError


class CombineMasks(PairOperator):
    """``pairlens consensus`` in the App."""

    step = steps.consensus
    title = "combine masks"
    icon = "join_inner"
    risk = types.RiskLevel.MEDIUM

    def options(self, ctx: Any) -> dict[str, Option]:
        """With the dataset's predictions."""
        options, found = super().options(ctx), predictions(ctx.dataset)
        if len(found) < 2:
            raise StateError(
                "A consensus needs two fields of predictions: run 'PairLens: predict masks'."
            )
        then = "score it, then flag pairs: the check consensus_conflict uses both"
        chosen = {"choices": found, "preset": found, "default": tuple(found), "required": False}
        return options | {
            "fields": replace(options["fields"], **chosen),
            "field": replace(options["field"], default="agreed", required=False, help=then),
        }


def predictions(dataset: Any) -> list[str]:
    """The fields of masks that are neither the ground truth nor a consensus themselves."""
    made = {fields.SEGMENTATION, fields.BOXES, *fields_made_by(dataset, STEP)}
    return [name for name in label_fields(dataset) if name not in made]
