"""``pairlens predict`` as a process: the first pairs, Ctrl-C, and going on."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fiftyone as fo
import numpy as np
import pytest

from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers.errors import UsageError
from pairlens.importers.ingest import import_dataset
from tests.unit.web import Answer, Request, Server, png, serve
from tests.warm import Process

MASK = png(np.ones((512, 512), np.uint8))


@pytest.fixture(scope="module")
def imported(shared_name: str, tmp_path_factory: pytest.TempPathFactory) -> fo.Dataset:
    """Imported once: nothing changes it or its files."""
    root = make_gres(tmp_path_factory.mktemp("predict") / "published", images=5).root
    import_dataset("auto", root, shared_name)
    return fo.load_dataset(shared_name)


@pytest.fixture
def dataset(imported: fo.Dataset, dataset_name: str) -> fo.Dataset:
    return imported.clone(dataset_name)


@contextmanager
def started(dataset: fo.Dataset, server: Server, *args: str) -> Iterator[Process]:
    """The command, asking the server for two pairs a batch, one after the other."""
    options = ["--predictor", "http", "--field", "m", "--batch-size", "2", "--json"]
    params = ["--param", f"url={server.url}", "--param", "concurrency=1"]
    command = ("-m", "pairlens.fiftyone_plugin.cli", "predict", dataset.name)
    settings = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = Process(*command, *options, *params, *args, environment=settings)
    try:
        yield process
    finally:
        process.kill()


def said(process: Process) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return process.returncode, out, err


@pytest.mark.parametrize("limit", ["0", "-1"])
def test_no_pairs_at_all_are_refused(dataset: fo.Dataset, limit: str) -> None:
    with pytest.raises(UsageError, match="the limit cannot be"):
        predict(dataset, predictor="cues", field_name="m", limit=int(limit))
    assert not dataset.has_field("m")


def test_the_first_pairs_then_the_rest(dataset: fo.Dataset) -> None:
    with serve(lambda request: (200, {"Content-Type": "image/png"}, MASK)) as server:
        with started(dataset, server, "--limit", "3") as process:
            code, out, _ = said(process)
        assert code == 0 and json.loads(out)["predicted"] == 3
        with started(dataset, server, "--limit", "3", "--resume") as process:
            code, out, _ = said(process)
        assert code == 0 and json.loads(out)["skips"] == {"predicted already": 3}
    dataset.reload()
    assert dataset.exists("m").count() == len(server.requests) == 6


def test_ctrl_c_ends_after_the_running_batch_and_resume_goes_on(dataset: fo.Dataset) -> None:
    asked = 0

    def answer(request: Request) -> Answer:
        nonlocal asked
        asked += 1
        if asked == 3:
            process.send_signal(signal.SIGINT)
        return 200, {"Content-Type": "image/png"}, MASK

    with serve(answer) as server:
        with started(dataset, server) as process:
            code, out, err = said(process)
        done = json.loads(out)
        assert code == 1 and done["stopped"] and done["failed"] == 0
        assert 2 <= done["predicted"] < len(dataset)
        assert err.count("Stopping after this batch. Ctrl-C again stops at once.") == 1
        assert done["notes"] == ["stopped on request; --resume predicts the rest"]
        dataset.reload()
        kept = dataset.exists("m").values("id")
        assert len(kept) == done["predicted"]
        with started(dataset, server, "--resume") as process:
            code, out, _ = said(process)
    rest = json.loads(out)
    assert code == 0 and not rest["stopped"]
    assert rest["predicted"] == len(dataset) - len(kept)


@pytest.mark.parametrize("engine", [(), ("--engine", "processes", "--workers", "1")], ids=len)
def test_a_second_ctrl_c_stops_at_once(dataset: fo.Dataset, engine: tuple[str, ...]) -> None:
    heard, over = threading.Event(), threading.Event()
    asked = 0

    def answer(request: Request) -> Answer:
        nonlocal asked
        asked += 1
        if asked > 2:
            heard.set()
            over.wait(100)
        return 200, {"Content-Type": "image/png"}, MASK

    with serve(answer) as server, started(dataset, server, *engine) as process:
        assert heard.wait(100)
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        while "Ctrl-C again" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        code, out, err = said(process)
        over.set()
    assert code == 1 and out == ""
    assert "Interrupted. What was done is kept; --resume goes on" in err
    dataset.reload()
    assert dataset.exists("m").count() in (0, 2)
    assert not any(Path(p).suffix != ".png" for p in dataset.exists("m").values("m.mask_path"))


def test_a_run_is_left_before_its_first_batch(dataset: fo.Dataset) -> None:
    done = predict(dataset, predictor="cues", field_name="m", stop=lambda: True)
    assert (done.predicted, done.stopped) == (0, True)
    assert predict(dataset, predictor="cues", field_name="m", resume=True).predicted == len(dataset)
