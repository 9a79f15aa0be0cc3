"""Combine several predictions into what most of them agree on."""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from fiftyone_plugin import reports
from fiftyone_plugin.operators.base import AGAIN, PairOperator, Work, choice, text
from fiftyone_plugin.operators.score_pairs import label_fields
from fiftyone_plugin.predictors.consensus import STEP, consensus
from importers import fields, fo_internals, store

FIELD = "agreed"
_THEN = "Score it, then flag pairs: the check consensus_conflict uses both"


class CombineMasks(PairOperator):
    """``pairlens consensus`` in the App."""

    operator_name = "combine_masks"
    title = "combine masks"
    about = "Makes a majority mask of several predictions, and says how far they agree"
    icon = "join_inner"
    risk = types.RiskLevel.MEDIUM

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields."""
        found = predictions(ctx.dataset)
        if len(found) < 2:
            about = "A consensus needs two fields of predictions: run 'PairLens: predict masks'."
            inputs.view("none", types.Warning(label=about)).invalid = True
            return
        view = types.AutocompleteView(allow_user_input=False, allow_duplicates=False)
        for name in found:
            view.add_choice(name, label=name)
        inputs.list("fields", types.String(), default=found, label="Predictions", view=view)
        inputs.str("field", default=FIELD, label="Field for the masks", description=_THEN)
        choice(inputs, "again", AGAIN, default="new", label="If the field exists")
        ctx.target_view()

    def work(self, ctx: Any) -> Work:
        """Combines."""
        params, samples = ctx.params, ctx.target_view()
        arguments = {
            "sources": params.get("fields") or predictions(fo_internals.dataset_of(samples)),
            "field_name": text(params.get("field")) or FIELD,
            "resume": params.get("again") == "resume",
            "overwrite": params.get("again") == "overwrite",
        }
        return lambda progress: reports.of_consensus(
            consensus(samples, **arguments, progress=progress)
        )


def predictions(dataset: Any) -> list[str]:
    """The fields of masks that are neither the ground truth nor a consensus themselves."""
    made = {fields.SEGMENTATION, fields.BOXES, *store.info(dataset).get(STEP, {})}
    return [name for name in label_fields(dataset) if name not in made]
