"""The steps, in the order of the command line."""

from pairlens.fiftyone_plugin.steps.across import diff, leaks
from pairlens.fiftyone_plugin.steps.checking import audit, bench_checks, flag
from pairlens.fiftyone_plugin.steps.datasets import (
    adopt_dataset,
    cut_images,
    export_dataset,
    import_dataset,
    relocate_dataset,
    store_source_boxes,
    sync_dataset,
)
from pairlens.fiftyone_plugin.steps.estimating import estimate
from pairlens.fiftyone_plugin.steps.gating import check
from pairlens.fiftyone_plugin.steps.inventory import (
    delete_dataset,
    describe_dataset,
    list_datasets,
)
from pairlens.fiftyone_plugin.steps.judging import judge
from pairlens.fiftyone_plugin.steps.listings import list_checks, list_formats, list_predictors
from pairlens.fiftyone_plugin.steps.predictions import consensus, predict
from pairlens.fiftyone_plugin.steps.ranking import rank
from pairlens.fiftyone_plugin.steps.reviewing import review
from pairlens.fiftyone_plugin.steps.running import app, completion, demo, doctor, link
from pairlens.fiftyone_plugin.steps.scoring import compare, score
from pairlens.fiftyone_plugin.steps.step import Step

STEPS: tuple[Step, ...] = (
    doctor,
    import_dataset,
    adopt_dataset,
    cut_images,
    store_source_boxes,
    relocate_dataset,
    sync_dataset,
    list_datasets,
    describe_dataset,
    delete_dataset,
    predict,
    consensus,
    score,
    compare,
    judge,
    list_checks,
    flag,
    check,
    leaks,
    diff,
    bench_checks,
    audit,
    review,
    rank,
    estimate,
    export_dataset,
    list_formats,
    list_predictors,
    link,
    app,
    demo,
    completion,
)
