"""Predictions of a service over a dataset: stored, resumed, and no token anywhere."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import fiftyone as fo
import numpy as np
import pytest
from bson import json_util

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.predictors import secrets
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers import fields
from pairlens.importers.ingest import import_dataset
from pairlens.importers.masks import load_stored
from pairlens.importers.rle import encode_rle
from tests.unit.web import Answer, Request, png, serve

SECRET = "sk-stored-nowhere-0123456789"


@pytest.fixture
def dataset(tmp_path: Path, dataset_name: str) -> fo.Dataset:
    root = make_gres(tmp_path / "published", images=4).root
    import_dataset("auto", root, dataset_name)
    return fo.load_dataset(dataset_name)


def half(rows: int) -> np.ndarray:
    mask = np.zeros((512, 512), np.uint8)
    mask[:rows] = 1
    return mask


def test_a_service_fills_a_field_and_its_token_is_stored_nowhere(
    dataset: fo.Dataset, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(secrets.HTTP_TOKEN, SECRET)
    bad = dataset.first()[fields.PHRASE]

    def answer(request: Request) -> Answer:
        phrase = request.parts()["query"][2].decode()
        if phrase == bad:
            return 400, {}, f"no: {request.headers}".encode()
        return 200, {"Content-Type": "image/png"}, png(half(len(phrase)))

    with caplog.at_level(logging.DEBUG), serve(answer) as server:
        params = {"url": server.url, "concurrency": 3}
        done = predict(dataset, predictor="http", field_name="m", params=params, batch_size=5)
        failed = dataset.match(fo.ViewField(fields.PHRASE) == bad).count()
        assert (done.predicted, done.failed) == (len(dataset) - failed, failed)
        asked = len(server.requests)
        again = predict(dataset, predictor="http", field_name="m", params=params, resume=True)
    assert again.failed == failed and len(server.requests) == asked + failed
    assert {r.headers["authorization"] for r in server.requests} == {f"Bearer {SECRET}"}
    for sample in dataset.exists("m"):
        np.testing.assert_array_equal(
            load_stored(sample["m"].mask_path), half(len(sample[fields.PHRASE]))
        )
    stored = json_util.dumps([dataset._doc.to_mongo(), *dataset._sample_collection.find()])
    shown = [stored, caplog.text, json.dumps(done.failures), json.dumps(dict(dataset.info))]
    assert server.url in stored and [text for text in shown if SECRET in text] == []


def test_coco_results_say_what_is_left_over(dataset: fo.Dataset, tmp_path: Path) -> None:
    keys = sorted(dataset.values(fields.KEY))
    rows = [{"key": key, "segmentation": encode_rle(half(9))} for key in [*keys[1:], "else#0"]]
    file = tmp_path / "masks.json"
    file.write_text(json.dumps(rows))
    done = cli.run(
        [
            "predict",
            dataset.name,
            "--predictor",
            "results",
            "--field",
            "r",
            "--param",
            f"path={file}",
        ]
    )
    assert (done["predicted"], done["failed"], done["skipped"]) == (len(keys) - 1, 0, 1)
    assert list(done["skips"]) == ["no record of the file names the pair or its image"]
    assert done["without"] == keys[:1]
    assert any(f"masks.json[{len(rows) - 1}]" in note for note in done["notes"])
    dataset.reload()
    assert dataset.exists("r").count() == len(keys) - 1
