"""A cluster of two nodes: what it does is what one process does, whatever becomes of a node."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
import ray

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.predictors import PREDICTORS, PredictorSpec
from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction, Query
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers import fields, parallel, ray_actors, ray_engine, store
from pairlens.importers.dataset_pool import pool_for
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import StateError, UnknownName, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.parallel import Engine, Pool
from tests.clusters import Doomed, cluster_of_two, stay_on
from tests.layouts import LAYOUTS, Layout
from tests.models.tiny import save_clipseg
from tests.mongo.comparing import contents, with_bytes

IMAGES = 12


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with cluster_of_two() as made:
        yield made


@pytest.fixture(scope="module")
def pool(cluster: Any) -> Pool:
    return Pool("ray", None, cluster.address)


@pytest.fixture(scope="module")
def gres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("ray") / "published", images=IMAGES, size=128).root


@pytest.fixture(scope="module")
def imported(shared_name: str, gres: Path) -> fo.Dataset:
    """By this process alone."""
    import_dataset("auto", gres, shared_name, ImportOptions(workers=1))
    return fo.load_dataset(shared_name)


def masks(dataset: fo.Dataset, field: str) -> dict[str, str]:
    """Digests of the files by key; fails where two pairs share a file."""
    paths = dict(zip(*dataset.values([fields.KEY, f"{field}.mask_path"]), strict=True))
    there = [path for path in paths.values() if path]
    assert len(set(there)) == len(there)
    return {key: path and with_bytes(path)[1] for key, path in paths.items()}


def clone(dataset: fo.Dataset, name: str) -> fo.Dataset:
    made = dataset.clone(name)
    made.persistent = False
    return made


# ------------------------------------------------------------------------------ the same


@pytest.mark.parametrize("layout", {each.format: each for each in LAYOUTS}.values(), ids=str)
def test_each_format_is_the_same(
    layout: Layout, dataset_name: str, tmp_path: Path, pool: Pool
) -> None:
    root = layout.make(tmp_path / "published")
    on_ray: dict[str, Any] = {"engine": "ray", "ray_address": pool.address}
    told: list[list[Any]] = []
    for dataset, engine in ((dataset_name, {}), (f"{dataset_name}-ray", on_ray)):
        added = import_dataset(layout.format, root, dataset, ImportOptions(**engine))
        flagged = flag(fo.load_dataset(dataset), **engine)
        notes = [note.replace(dataset, "NAME") for note in added.notes + flagged.notes]
        told.append([added.added, flagged.images_read, flagged.findings, notes])
    assert told[0] == told[1]
    assert told[0][0] > 0
    here, there = (fo.load_dataset(each) for each in (dataset_name, f"{dataset_name}-ray"))
    assert contents(here) == contents(there)


def test_all_other_steps_are_the_same(imported: fo.Dataset, dataset_name: str, pool: Pool) -> None:
    here, there = clone(imported, dataset_name), clone(imported, f"{dataset_name}-ray")
    ray_engine: dict[str, Any] = {"engine": "ray", "ray_address": pool.address}
    told: list[list[Any]] = []
    for dataset, engine in ((here, {}), (there, ray_engine)):
        done = predict(dataset, predictor="cues", field_name="cues", batch_size=3, **engine)
        scored = score(dataset, pred="cues", key="s", **engine)
        flagged = flag(dataset, predictions=["cues"], **engine)
        told.append(
            [done.predicted, done.notes, scored.gIoU, scored.notes, flagged.findings, flagged.notes]
        )
        assert done.predicted == len(imported)
        assert flagged.images_read == IMAGES
    assert told[0] == told[1]
    assert contents(here) == contents(there)


@pytest.mark.parametrize("engine", ["processes", "ray"])
def test_a_model_answers_the_same_wherever_it_is_loaded(
    imported: fo.Dataset, dataset_name: str, tmp_path: Path, pool: Pool, engine: Engine
) -> None:
    here, there = clone(imported, dataset_name), clone(imported, f"{dataset_name}-there")
    model = {"model": str(save_clipseg(tmp_path / "clipseg")), "threshold": "0.5"}
    address = pool.address if engine == "ray" else None
    for dataset, where in ((here, {}), (there, {"engine": engine, "ray_address": address})):
        said: dict[str, Any] = {"batch_size": 2, "device": "cpu", **where}
        done = predict(dataset, predictor="clipseg", field_name="p", params=model, **said)
        assert done.predicted == len(imported)
    assert len(set(masks(here, "p").values())) > 1
    assert contents(here) == contents(there)


# ------------------------------------------------------------------------------ one's own code


class Halves:
    """A predictor of this test's own: it fails and declines, and says what it decided."""

    def __init__(self, where: tuple[str, str] | None = None) -> None:
        self.where, self.decision = where, Decision("halves are guessed", "halves", times=0)

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        if self.where:
            stay_on(self.where)
        for query in batch:
            self.decision.times += 1
            last = int(query.key[-1], 36)
            if last % 3 == 1:
                yield NoPrediction("nothing is there")
            elif last % 3 == 2:
                yield ValueError(f"too foggy for {query.key}")
            else:
                mask = np.zeros(query.image_size[::-1], np.uint8)
                mask[: len(query.phrase)] = 1
                yield mask

    def notes(self) -> list[str]:
        return ["one note", self.decision]


class OfGpu(Halves):
    """Says which cards it was given."""

    def notes(self) -> list[str]:
        return [f"cards {len(ray.get_gpu_ids())}"]


@pytest.fixture
def register() -> Iterator[Callable[[str, Any], None]]:
    names: list[str] = []

    def add(name: str, make: Any, needs: tuple[str, ...] = ()) -> None:
        PREDICTORS.add(name, PredictorSpec(name, "For tests.", make, needs=needs))
        names.append(name)

    yield add
    for name in names:
        del PREDICTORS._things[name]


def test_a_predictor_of_ones_own_goes_along(
    imported: fo.Dataset, dataset_name: str, pool: Pool, register: Any
) -> None:
    register("halves", lambda settings, device: Halves())
    dataset = clone(imported, dataset_name)
    here = predict(dataset, predictor="halves", field_name="here", batch_size=2)
    there = predict(
        dataset, predictor="halves", field_name="there", batch_size=2, engine="ray",
        ray_address=pool.address,
    )  # fmt: skip
    assert 0 < there.predicted < len(dataset)
    assert masks(dataset, "there") == masks(dataset, "here")
    for name in ("predicted", "failed", "skips", "without", "failures", "notes"):
        assert getattr(there, name) == getattr(here, name), name
    assert [d["count"] for d in there.decisions] == [len(dataset)]


def test_a_predictor_with_a_model_has_a_card(
    imported: fo.Dataset, dataset_name: str, pool: Pool, register: Any
) -> None:
    register("card", lambda settings, device: OfGpu(), ("torch",))
    dataset = clone(imported, dataset_name)
    done = predict(
        dataset, predictor="card", field_name="m", engine="ray", ray_address=pool.address,
        workers=1,
    )  # fmt: skip
    assert done.predicted and done.notes == ["cards 1"]


def test_what_a_predictor_refuses_is_said_before_anything_is_deleted(
    imported: fo.Dataset, dataset_name: str, pool: Pool, register: Any
) -> None:
    def refuse(settings: Any, device: str) -> Halves:
        raise UnknownName("lamp", "moon", ["sun"])

    register("moody", refuse)
    dataset = clone(imported, dataset_name)
    with pytest.raises(UsageError, match="there is no lamp 'moon'"):
        predict(
            dataset, predictor="moody", field_name="m", engine="ray", ray_address=pool.address,
            workers=1,
        )  # fmt: skip
    assert not dataset.has_field("m")


def where_code_is(number: int) -> tuple[int, str, str]:
    return number, str(parallel.__file__), str(Path.cwd())


def test_workers_run_the_code_that_runs_here_in_the_folder_that_is_here(pool: Pool) -> None:
    found = [outcome.unwrap() for outcome in pool.map(where_code_is, range(3))]
    assert [number for number, _, _ in found] == [0, 1, 2]
    assert all(Path(code) != Path(parallel.__file__) for _, code, _ in found)
    sent = Path(found[0][1]).read_bytes()
    assert sent == Path(parallel.__file__).read_bytes()
    assert {folder for _, _, folder in found} == {str(Path.cwd())}


def when(number: int) -> tuple[float, float]:
    began = time.monotonic()
    time.sleep(0.2)
    return began, time.monotonic()


def test_no_more_is_under_way_than_was_said(
    cluster: Any, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    for one in (replace(pool, workers=1), Pool("ray", 1)):
        times = sorted(outcome.unwrap() for outcome in one.map(when, range(5)))
        assert all(before[1] <= after[0] for before, after in pairwise(times)), one


def test_a_node_that_sees_other_files_ends_the_run(pool: Pool, tmp_path: Path) -> None:
    same = replace(pool, files=(tmp_path, Path(__file__), tmp_path / "not there"))
    assert [outcome.unwrap() for outcome in same.map(abs, [-1])] == [1]
    own = Path("/proc/self/fd")  # which each process has another one of
    words = f"node .* of the cluster sees something else at {own}; all nodes must see"
    for function in (abs, parallel.PerWorker(lambda: abs)):
        with pytest.raises(StateError, match=words):
            list(replace(pool, files=(own,)).map(function, [-1]))


def test_steps_name_files_that_nodes_must_see(imported: fo.Dataset, tmp_path: Path) -> None:
    files = pool_for(imported, "ray", None, None, [tmp_path]).files
    shown = imported.first()
    assert {str(file) for file in files} == {
        shown.filepath, shown.segmentation.mask_path, str(tmp_path),
        store.info(imported)["media_dir"],
    }  # fmt: skip
    assert pool_for(imported, "processes", 2, None) == Pool("processes", 2)


def test_work_that_is_left_early_ends_nothing_else(pool: Pool) -> None:
    for _ in range(60):  # what comes back just then is what Ray's own way to cancel fails at
        outcomes = pool.map(abs, range(400))
        assert next(outcomes).unwrap() == 0
        outcomes.close()
    assert [outcome.unwrap() for outcome in pool.map(abs, [-1])] == [1]


def test_an_error_here_is_none_of_sending(pool: Pool) -> None:
    with pytest.raises(TypeError, match="of one's own"), pool.open(abs):
        raise TypeError("of one's own")


def test_modules_that_are_installed_nowhere_go_along(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "helped_ray.py").write_text("def add(number):\n    return number + 1\n")
    text = (
        "import helped_ray\nfrom helped_ray import add\n\n"
        "def named(number):\n    return add(number) * 2\n\n"
        "def whole(number):\n    return helped_ray.add(number) * 2\n\n"
        "class Thing:\n    number = 3\n\n"
        "def of_thing(thing):\n    return thing.number\n"
    )
    (tmp_path / "working_ray.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    import working_ray  # type: ignore[import-not-found]

    try:
        found = [outcome.unwrap() for outcome in pool.map(working_ray.named, range(4))]
        with pytest.raises(
            StateError, match="workers of Ray have no module helped_ray: install it on"
        ):
            list(pool.map(working_ray.whole, range(4)))
        thing = working_ray.Thing()
        with pool.open(working_ray.of_thing) as first:
            list(pool.map(working_ray.of_thing, [thing]))  # as another operator of the App
            assert [outcome.unwrap() for outcome in first([thing], 1)] == [3]
    finally:
        del sys.modules["working_ray"], sys.modules["helped_ray"]
    assert found == [2, 4, 6, 8]


# ------------------------------------------------------------------------------ nodes that die


def stay(number: int, where: tuple[str, str]) -> int:
    stay_on(where)
    return number


def test_tasks_of_a_node_that_dies_are_done_elsewhere_once(
    cluster: Any, pool: Pool, tmp_path: Path
) -> None:
    with Doomed(cluster, tmp_path) as doomed:
        work = partial(stay, where=doomed.where)
        found = [outcome.unwrap() for outcome in pool.map(work, range(40))]
        assert doomed.sign.exists()
    assert found == list(range(40))


def test_batches_of_a_model_on_a_node_that_dies_are_predicted_once(
    cluster: Any, imported: fo.Dataset, dataset_name: str, pool: Pool, register: Any, tmp_path: Path
) -> None:
    dataset = clone(imported, dataset_name)
    register("halves", lambda settings, device: Halves())
    predict(dataset, predictor="halves", field_name="here")
    with Doomed(cluster, tmp_path) as doomed:
        where = doomed.where
        register("staying", lambda settings, device: Halves(where))
        done = predict(
            dataset, predictor="staying", field_name="m", batch_size=1, engine="ray",
            ray_address=pool.address,
        )  # fmt: skip
        assert doomed.sign.exists()
    assert done.predicted + done.failed + done.skipped == len(dataset)
    assert masks(dataset, "m") == masks(dataset, "here")
    assert [d["count"] for d in done.decisions] == [len(dataset)]


def test_an_import_goes_on_where_a_node_dies(
    cluster: Any, imported: fo.Dataset, gres: Path, dataset_name: str, pool: Pool
) -> None:
    node = cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)

    def progress(done: int, total: int | None) -> None:
        nonlocal node
        if done >= IMAGES // 3 and node is not None:
            cluster.remove_node(node, allow_graceful=False)
            node = None

    options = ImportOptions(engine="ray", ray_address=pool.address)
    import_dataset("auto", gres, dataset_name, options, progress)
    assert node is None
    assert contents(fo.load_dataset(dataset_name)) == contents(imported)


def die(number: int) -> int:
    if number == 3:
        os._exit(9)
    return number


@pytest.mark.parametrize("kept", [False, True], ids=["task", "model"])
def test_work_that_kills_every_worker_ends_the_run(
    pool: Pool, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_engine, "RETRIES", 0)
    monkeypatch.setattr(ray_actors, "ATTEMPTS", 1)
    function = parallel.PerWorker(lambda: die) if kept else die
    with pytest.raises(StateError, match="died"):
        list(replace(pool, workers=1).map(function, range(6)))


def test_another_cluster_is_not_taken_for_this_one(pool: Pool) -> None:
    assert ray.is_initialized()
    with pytest.raises(UsageError, match=r"end that with ray.shutdown\(\) before"):
        list(Pool("ray", None, "127.0.0.1:1").map(abs, [1]))


def test_a_cluster_of_another_version_is_refused(cluster: Any, pool: Pool) -> None:
    ray.shutdown()  # last: what the cluster says of itself is changed
    client = ray._raylet.GcsClient(address=cluster.address)
    place = b"CLUSTER_METADATA", b"cluster"
    said = json.loads(client.internal_kv_get(place[0], namespace=place[1]))
    other = json.dumps(said | {"ray_version": "2.9.1"}).encode()
    client.internal_kv_put(place[0], other, overwrite=True, namespace=place[1])
    words = f"the Ray at {cluster.address} cannot be worked on: Version mismatch.* Ray: 2.9.1"
    with pytest.raises(StateError, match=words):
        list(pool.map(abs, [1]))
