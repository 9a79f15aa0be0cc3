"""Steps that predict masks, and combine predictions."""

from __future__ import annotations

from typing import Any

from pairlens.fiftyone_plugin import reports
from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.engines import ENGINE
from pairlens.fiftyone_plugin.steps.step import IF_THERE, Option, Settings, Texts, Watch, step


@step(
    "predict",
    "Predict a mask for every query.",
    Option("predictor", "name of the predictor; see: pairlens predictors", required=True,
           metavar="PREDICTOR", choices=lambda: {name: name for name in PREDICTORS}),
    Option("field_name", "field for the masks", required=True, param="field", metavar="FIELD",
           label="Field for the masks"),
    Option("params", "setting of the predictor; see: pairlens predictors", Settings,
           param="settings", flag="--param", metavar="NAME=VALUE"),
    Option("batch_size", "pairs predicted at once", int, 8, metavar="COUNT", least=1),
    Option("device", "auto, cuda, mps or cpu", default="auto", metavar="DEVICE"),
    Option("limit", "predict only this many pairs, in their order; --resume adds the rest", int,
           param="first", flag="--limit", metavar="COUNT", label="Only the first ... pairs",
           least=1),
    Option("preview", "open them in the grid", bool, True, in_command=False,
           label="Show the first masks while it runs"),
    IF_THERE,
    *ENGINE,
    operator="predict_masks",
    stoppable=True,
    examples=(
        "predict gres --predictor cues --field cues",
        "predict gres --predictor results --param path=preds --field lisat",
    ),
)  # fmt: skip
def predict(
    samples: Any, watch: Watch, *, preview: bool, stop: bool = False, **options: Any
) -> Report:
    """Predicts masks, or stops a running prediction."""
    from pairlens.fiftyone_plugin.predictors.runner import predict, request_stop
    from pairlens.importers import fo_internals

    if stop:
        field = options["field_name"]
        request_stop(fo_internals.dataset_of(samples), field)
        line = f"The run that fills {field} stops after its batch; what it has predicted is kept."
        return Report({"field": field, "stopping": True}, [line])
    look = watch.look if preview else Watch().look
    done = predict(samples, **options, stop=watch.stopped, look=look, progress=watch.progress)
    return reports.of_predict(done)


@step(
    "consensus",
    "Combine predictions into a majority mask.",
    Option("sources", "predictions, two or more", Texts, required=True, param="fields", count="+",
           metavar="FIELD", label="Predictions"),
    Option("field_name", "field for the masks", required=True, param="field", metavar="FIELD",
           label="Field for the masks"),
    IF_THERE,
    operator="combine_masks",
    examples=("consensus gres --fields cues lisat --field majority",),
)  # fmt: skip
def consensus(samples: Any, watch: Watch, **options: Any) -> Report:
    """Stores the majority mask of several predictions."""
    from pairlens.fiftyone_plugin.predictors.consensus import consensus

    return reports.of_consensus(consensus(samples, **options, progress=watch.progress))
