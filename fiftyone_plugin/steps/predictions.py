"""Prediction, and consensus of predictions."""

from __future__ import annotations

from typing import Annotated, Any

from fiftyone_plugin import reports
from fiftyone_plugin.predictors import PREDICTORS
from fiftyone_plugin.reports import Report
from fiftyone_plugin.steps.step import Again, Option, Settings, Watch, step


def _predictors() -> dict[str, str]:
    return {name: name for name in PREDICTORS}


@step("predict", "Predict a mask for every query.", stoppable=True)
def predict(
    samples: Any,
    watch: Watch,
    *,
    predictor: Annotated[
        str, Option("what predicts; see: pairlens predictors", metavar="P", choices=_predictors)
    ],
    field: Annotated[str, Option("field for the masks", "Field for the masks", metavar="F")],
    settings: Annotated[
        Settings | None,
        Option("setting of the predictor; see: pairlens predictors", flag="--param", metavar="K=V"),
    ] = None,
    batch_size: Annotated[int, Option("pairs predicted at once", metavar="B", least=1)] = 8,
    device: Annotated[str, Option("auto, cuda, mps or cpu", metavar="D")] = "auto",
    first: Annotated[
        int | None,
        Option(
            "only K pairs, to look at them; then add what is missing",
            "Only the first ... pairs",
            flag="--limit",
            metavar="K",
            least=1,
        ),
    ] = None,
    preview: Annotated[
        bool,
        Option("open them in the grid", "Show the first masks while it runs", in_command=False),
    ] = True,
    again: Again = "new",
) -> Report:
    """Predicts."""
    from fiftyone_plugin.predictors.runner import predict, request_stop
    from importers import fo_internals

    if again == "stop":
        request_stop(fo_internals.dataset_of(samples), field)
        line = f"The run that fills {field} stops after its batch; what it has predicted is kept."
        return Report({"field": field, "stopping": True}, [line])
    done = predict(
        samples,
        predictor=predictor,
        field_name=field,
        params=settings,
        batch_size=batch_size,
        device=device,
        resume=again == "resume",
        overwrite=again == "overwrite",
        limit=first,
        stop=watch.stopped,
        look=watch.look if preview else Watch().look,
        progress=watch.progress,
    )
    return reports.of_predict(done)


@step("consensus", "Combine predictions into what most of them agree on.")
def consensus(
    samples: Any,
    watch: Watch,
    *,
    fields: Annotated[
        tuple[str, ...], Option("predictions, two or more", "Predictions", count="+", metavar="F")
    ],
    field: Annotated[str, Option("field for the masks", "Field for the masks", metavar="OUT")],
    again: Again = "new",
) -> Report:
    """Combines."""
    from fiftyone_plugin.predictors.consensus import consensus

    done = consensus(
        samples,
        sources=fields,
        field_name=field,
        resume=again == "resume",
        overwrite=again == "overwrite",
        progress=watch.progress,
    )
    return reports.of_consensus(done)
