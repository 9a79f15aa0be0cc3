"""The steps, in the order that the command line lists them."""

from pairlens.fiftyone_plugin.steps.checking import audit, bench_checks, flag
from pairlens.fiftyone_plugin.steps.datasets import export_dataset, import_dataset, relocate_dataset
from pairlens.fiftyone_plugin.steps.listings import list_checks, list_formats, list_predictors
from pairlens.fiftyone_plugin.steps.predictions import consensus, predict
from pairlens.fiftyone_plugin.steps.reviewing import review
from pairlens.fiftyone_plugin.steps.running import app, demo, doctor, link
from pairlens.fiftyone_plugin.steps.scoring import compare, score
from pairlens.fiftyone_plugin.steps.step import Step

STEPS: tuple[Step, ...] = (
    doctor,
    import_dataset,
    relocate_dataset,
    predict,
    consensus,
    score,
    compare,
    list_checks,
    flag,
    bench_checks,
    audit,
    review,
    export_dataset,
    list_formats,
    list_predictors,
    link,
    app,
    demo,
)
