"""A predictor of another package, in the command line and the App."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import fiftyone as fo
import numpy as np

from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.ingest import import_dataset
from pairlens.importers.masks import load_stored
from pairlens.importers.media import read_rgb
from tests import warm
from tests.unit.test_predictor_docs import install_example

_BOTH = """
import json, sys
import fiftyone as fo
import fiftyone.operators as foo
from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.operators.predict_masks import PredictMasks
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from fiftyone.operators.executor import ExecutionContext, Executor

name = sys.argv[1]
ensure_link()
arguments = ["--predictor", "bright", "--field", "shell", "--param", "threshold=150"]
shell = cli.run(["predict", name, *arguments])
params = {"predictor": "bright", "field": "app", "settings": {"threshold": "90"}}
request = {"dataset_name": name, "params": params}
form = PredictMasks().resolve_input(ExecutionContext(request_params=request, executor=Executor()))
settings = form.to_json()["type"]["properties"]["settings"]["type"]["properties"]
ctx = {"dataset": fo.load_dataset(name), "params": params}
app = foo.execute_operator("@pairlens/curation/predict_masks", ctx).result
print(json.dumps([shell["predicted"], list(settings), app["predicted"]]))
"""


def test_the_worked_example_predicts_from_both(
    tmp_path: Path, dataset_name: str, repo_root: Path
) -> None:
    import_dataset("auto", make_gres(tmp_path / "published", images=3).root, dataset_name)
    page = (repo_root / "docs" / "predictors.md").read_text()
    site = install_example(page, tmp_path / "site")
    path = os.pathsep.join(map(str, (site, repo_root / "fiftyone_plugin" / "names", repo_root)))
    environment = os.environ | {"PYTHONPATH": path}
    done = warm.run("-c", _BOTH, dataset_name, environment=environment, folder=site)
    assert done.returncode == 0, done.stderr
    dataset = fo.load_dataset(dataset_name)
    told = json.loads(re.findall(r"^\[.*\]$", done.stdout, re.MULTILINE)[-1])
    assert told == [len(dataset), ["threshold"], len(dataset)]
    for sample in dataset:
        brightness = read_rgb(Path(sample.filepath)).mean(axis=2)
        for field, threshold in (("shell", 150), ("app", 90)):
            mask = load_stored(sample[field].mask_path)
            np.testing.assert_array_equal(mask, brightness >= threshold)
