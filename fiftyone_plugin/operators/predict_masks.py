"""Predict a mask for every query."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.operators.base import PairOperator, Work, text, tick, with_secrets
from pairlens.fiftyone_plugin.predictors import PREDICTORS, PredictorSpec
from pairlens.fiftyone_plugin.predictors.queries import estimate_work
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import AGAIN, Option
from pairlens.importers import fields

_AGAIN = AGAIN | {"stop": "Stop the run that fills it"}


class PredictMasks(PairOperator):
    """``pairlens predict`` in the App."""

    step = steps.predict
    title = "predict masks"
    icon = "auto_awesome"
    risk = types.RiskLevel.MEDIUM

    def options(self, ctx: Any) -> dict[str, Option]:
        """With what the chosen predictor is, takes and needs."""
        options, chosen = super().options(ctx), _chosen(ctx)
        needs = f"{options['device'].help}; {chosen.name} needs {' and '.join(chosen.needs)}"
        return options | {
            "predictor": replace(
                options["predictor"], default=chosen.name, required=False, help=chosen.about
            ),
            "field": replace(options["field"], default=field_for(chosen.name), required=False),
            "settings": replace(options["settings"], choices=lambda: chosen.params),
            "device": replace(options["device"], help=needs, in_form=bool(chosen.needs)),
            "again": replace(options["again"], choices=lambda: _AGAIN),
        }

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields, and what the run would be."""
        super().form(ctx, inputs)
        field = _field(ctx)
        again = ctx.params.get("again") or "new"
        if again == "stop":
            about = f"Asks the run that fills {field!r} to stop after its batch"
        else:
            anew, first = again == "overwrite", ctx.params.get("first")
            work = estimate_work(ctx.target_view(), _chosen(ctx).name, field, anew=anew)
            about = str(work.limited_to(first) if first else work).capitalize()
        inputs.view("estimate", types.Notice(label=about))

    def work(self, ctx: Any) -> Work:
        """Predicts, with the plugin's secrets."""
        return with_secrets(ctx, super().work(ctx))

    def show(self, ctx: Any, ids: Sequence[str]) -> Iterator[Any]:
        """Opens the first masks while the run goes on."""
        yield ctx.ops.set_view(view=ctx.dataset.select(list(ids), ordered=True))
        yield tick(ctx, fields.SEGMENTATION, _field(ctx))

    def after(self, ctx: Any, report: Report) -> Iterator[Any]:
        """Opens the first masks of a run that was for a look at them, else the view it was of."""
        if not report.data.get("first"):
            return
        if ctx.params.get("first"):
            yield from self.show(ctx, report.data["first"])
        elif ctx.params.get("preview", True):
            yield ctx.ops.set_view(view=ctx.view)


def field_for(predictor: str) -> str:
    """The default field of a predictor's masks: its name, made a valid field name."""
    return re.sub(r"\W+", "_", predictor)


def _chosen(ctx: Any) -> PredictorSpec:
    """The predictor of the form; the first where none is chosen."""
    named = ctx.params.get("predictor")
    return PREDICTORS[named if named in set(PREDICTORS) else next(iter(PREDICTORS))]


def _field(ctx: Any) -> str:
    return text(ctx.params.get("field")) or field_for(_chosen(ctx).name)
