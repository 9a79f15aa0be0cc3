"""Predict a mask for every query."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import fiftyone.operators.types as types

from fiftyone_plugin import reports
from fiftyone_plugin.operators.base import AGAIN, PairOperator, Watcher, Work, choice, text
from fiftyone_plugin.predictors import PREDICTORS, secrets
from fiftyone_plugin.predictors.queries import estimate_work
from fiftyone_plugin.predictors.runner import predict, request_stop
from fiftyone_plugin.reports import Report
from importers import fields, fo_internals

_STOP = {"stop": "Stop the run that fills it"}
_FIRST = "to look at them; then add what is missing"


class PredictMasks(PairOperator):
    """``pairlens predict`` in the App."""

    operator_name = "predict_masks"
    title = "predict masks"
    about = "Runs a text-prompted predictor on every pair"
    icon = "auto_awesome"
    risk = types.RiskLevel.MEDIUM

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields, those of the chosen predictor among them."""
        names = {spec.name: spec.name for spec in PREDICTORS.values()}
        default = next(iter(names))
        named = ctx.params.get("predictor")
        chosen = PREDICTORS[named if named in names else default]
        choice(
            inputs, "predictor", names, default=default, label="Predictor",
            description=chosen.about,
        )  # fmt: skip
        inputs.str("field", default=field_for(chosen.name), label="Field for the masks")
        settings = types.Object()
        for name, about in chosen.params.items():
            settings.str(name, label=name, description=about)
        inputs.define_property("settings", settings, label="Settings")
        inputs.int("batch_size", default=8, min=1, label="Batch size")
        if chosen.needs:
            needs = f"auto, cuda, mps or cpu; {chosen.name} needs {' and '.join(chosen.needs)}"
            inputs.str("device", default="auto", label="Device", description=needs)
        inputs.int("first", min=1, label="Only the first ... pairs", description=_FIRST)
        inputs.bool("preview", default=True, label="Show the first masks while it runs")
        choice(inputs, "again", AGAIN | _STOP, default="new", label="If the field exists")
        self._show_estimate(ctx, inputs, chosen.name)

    def _show_estimate(self, ctx: Any, inputs: types.Object, predictor: str) -> None:
        """What the run would be, or that it is none."""
        field = text(ctx.params.get("field")) or field_for(predictor)
        again = ctx.params.get("again") or "new"
        samples = ctx.target_view()
        if again == "stop":
            about = f"Asks the run that fills {field!r} to stop after its batch"
        else:
            work = estimate_work(samples, predictor, field, anew=again == "overwrite")
            first = ctx.params.get("first")
            about = str(work.limited_to(first) if first else work).capitalize()
        inputs.view("estimate", types.Notice(label=about))

    def work(self, ctx: Any) -> Work:
        """Predicts."""
        params = ctx.params
        samples = ctx.target_view()
        settings = {k: v for k, v in (params.get("settings") or {}).items() if text(v)}
        predictor = text(params.get("predictor")) or next(iter(PREDICTORS))
        arguments = {
            "predictor": predictor,
            "field_name": text(params.get("field")) or field_for(predictor),
            "params": settings,
            "batch_size": params.get("batch_size") or 8,
            "device": params.get("device") or "auto",
            "resume": params.get("again") == "resume",
            "overwrite": params.get("again") == "overwrite",
            "limit": params.get("first"),
        }
        if params.get("again") == "stop":
            return lambda progress: _stop(fo_internals.dataset_of(samples), arguments["field_name"])
        given = secrets.of_plugin(ctx.secrets)

        preview = params.get("preview", True)

        def run(watcher: Watcher) -> Report:
            look = watcher.look if preview else _unseen
            with secrets.looked_up(given):
                done = predict(samples, **arguments, look=look, progress=watcher.progress)
            return reports.of_predict(done)

        return run

    def show(self, ctx: Any, ids: Sequence[str]) -> Iterator[Any]:
        """Opens the first masks while the run goes on."""
        predictor = text(ctx.params.get("predictor")) or next(iter(PREDICTORS))
        field = text(ctx.params.get("field")) or field_for(predictor)
        yield ctx.ops.set_view(view=ctx.dataset.select(list(ids), ordered=True))
        yield ctx.ops.set_active_fields([fields.SEGMENTATION, field])

    def after(self, ctx: Any, report: Report) -> Iterator[Any]:
        """Opens the first masks of a run that was for a look at them, else the view it was of."""
        if not report.data.get("first"):
            return
        if ctx.params.get("first"):
            yield from self.show(ctx, report.data["first"])
        elif ctx.params.get("preview", True):
            yield ctx.ops.set_view(view=ctx.view)


def field_for(predictor: str) -> str:
    """The field that a predictor's masks go to unless told: its name, as fields are named."""
    return re.sub(r"\W+", "_", predictor)


def _unseen(ids: Sequence[str]) -> None:
    """Shows nothing."""


def _stop(dataset: Any, field: str) -> Report:
    request_stop(dataset, field)
    said = f"The run that fills {field} stops after its batch; what it has predicted is kept."
    return Report({"field": field, "stopping": True}, [said])
