"""Captions and conversations flagged: what applies runs, and its findings are stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.bench.run import bench_checks
from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.instruction_layouts import make_pregres, make_rsgpt4v
from pairlens.importers import fields
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.unit.instructions import evaluated, put, trained

LABEL = f"{fields.FINDINGS}.classifications.label"
MAKERS = {"rsteller": make_rsteller, "rsgpt4v": make_rsgpt4v, "pregres": make_pregres}


@pytest.fixture(scope="module", params=list(MAKERS))
def clean(
    request: pytest.FixtureRequest, mongo: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[fo.Dataset]:
    root = MAKERS[request.param](tmp_path_factory.mktemp("clean") / "published", 60, size=64).root
    name = f"test-texts-{request.param}"
    import_dataset(request.param, root, name)
    yield fo.load_dataset(name)
    fo.delete_dataset(name)


def named(dataset: fo.Dataset) -> dict[str, list[str]]:
    values = zip(dataset.values(fields.KEY), dataset.values(LABEL), strict=True)
    return {key: sorted(found or []) for key, found in values}


# ----------------------------------------------------------------------------- must not


def test_clean_texts_have_no_warning_and_no_error(clean: fo.Dataset) -> None:
    done = flag(clean)
    assert set(done.severities) <= {"info"}
    assert done.pairs == len(clean) == 60


def test_checks_of_pairs_do_not_apply(clean: fo.Dataset) -> None:
    with pytest.raises(StateError, match="check tiny_mask is for pairs, and the dataset holds"):
        flag(clean, checks=["tiny_mask"])
    with pytest.raises(StateError, match="no fields image_embedding and text_embedding"):
        flag(clean, checks=["embedding_outlier"])
    with pytest.raises(UsageError, match="fault tiny_mask is for pairs, and the dataset holds"):
        bench_checks(clean, faults=["tiny_mask"])


def test_what_does_not_run_is_said(clean: fo.Dataset) -> None:
    done = flag(clean)
    want = "needs embeddings; the dataset has no fields image_embedding and text_embedding"
    judge = "needs the answers of a judge; pairlens judge DATASET asks one"
    assert done.not_run == {"embedding_outlier": want, "judge_doubt": judge}


# --------------------------------------------------------------------------------- must


def test_texts_that_changed_are_read_again(clean: fo.Dataset) -> None:
    name = fields.CAPTIONS if clean.has_field(fields.CAPTIONS) else fields.CONVERSATIONS
    text = "text" if name == fields.CAPTIONS else "question"
    flag(clean)
    one = clean._sample_collection.find_one({f"{name}.0.{text}": {"$gt": ""}})
    assert one is not None and "garbled_query" not in named(clean)[one[fields.KEY]]
    broken = {f"{name}.0.{text}": "the caf\u00c3\u00a9 by the road"}
    if name == fields.CONVERSATIONS:
        broken = {f"{name}.0.answers": ["the caf\u00c3\u00a9 by the road"]}
    clean._sample_collection.update_one({"_id": one["_id"]}, {"$set": broken})
    clean.reload()
    flag(clean)
    after = named(clean)[one[fields.KEY]]
    clean._sample_collection.replace_one({"_id": one["_id"]}, one)
    flag(clean)
    assert "garbled_query" in after
    assert "garbled_query" not in named(clean)[one[fields.KEY]]


def test_planted_faults_are_found(clean: fo.Dataset) -> None:
    done = bench_checks(clean, seed=2, rate=0.9)
    structural = {n: f["recall"] for n, f in done.faults.items() if f["structural"]}
    assert len(structural) >= 8
    assert {n: r for n, r in structural.items() if r != 1.0} == {}
    assert done.clean["error"] == done.before["error"] == done.before["warning"] == 0.0
    assert set(done.faults) & {"drifted_place", "answer_conflict"}


@pytest.fixture
def talks(tmp_path: Path, dataset_name: str) -> fo.Dataset:
    """One fault a file of conversations."""
    said = ("<image>\nHow many ships?", "2", "Is there a ship?", "yes")
    put(tmp_path, "rsgpt4v_train.json", [
        *(trained(f"{n}.jpg", *said) for n in range(4)),
        trained("order.jpg", *said[:2], "", "and so on"),
        trained("token.jpg", *said[2:]),
        trained("empty.jpg", "<image>\nHow many ships?", " "),
        trained("box.jpg", "<image>\nWhere?", "[0.1, 0.2, 0.3]"),
        trained("range.jpg", "<image>\nWhere?", "[0.1, 0.2, 0.3, 1.7]"),
        *(trained(f"box{n}.jpg", "<image>\nWhere?", "[0.1, 0.2, 0.3, 0.7]") for n in range(12)),
    ])  # fmt: skip
    put(tmp_path, "vqa.jsonl", [
        evaluated("same.jpg"), evaluated("same.jpg", answer="5"),
        evaluated("form.jpg", text="Is there a ship?", answer="9"),
        evaluated("mojibake.jpg", text="Describe it.", answer="the fa\u00c3\u00a7ade of a hall"),
    ])  # fmt: skip
    import_dataset("rsgpt4v", tmp_path, dataset_name, ImportOptions(placeholders=True))
    return fo.load_dataset(dataset_name)


EXPECTED = {
    "order.jpg": "turn_order", "token.jpg": "missing_image_token", "empty.jpg": "empty_answer",
    "box.jpg": "box_unparsable", "range.jpg": "box_out_of_range", "same.jpg": "answer_conflict",
    "form.jpg": "answer_form", "mojibake.jpg": "garbled_query",
}  # fmt: skip


def test_published_faults_are_found_and_nothing_else(talks: fo.Dataset, tmp_path: Path) -> None:
    out = tmp_path / "findings.jsonl"
    data = cli.run(["flag", talks.name, "--out", str(out)])
    found = {key.rpartition("/")[2]: names for key, names in named(talks).items()}
    assert {k: [n for n in v if n != "image_missing"] for k, v in found.items()} == {
        key: [EXPECTED[key]] if key in EXPECTED else [] for key in found
    }
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert lines[0]["check"] == "empty_answer" and lines[0]["severity"] == "error"
    assert data["findings"]["image_missing"] == len(talks)


def test_running_again_writes_nothing(talks: fo.Dataset) -> None:
    first = flag(talks)
    assert first.written == len(talks)
    again = flag(talks, fresh=True)
    assert (again.written, again.findings) == (0, first.findings)


def test_a_view_without_samples_has_no_findings(talks: fo.Dataset) -> None:
    done = flag(talks.match(fo.ViewField(fields.KEY) == "none"))
    assert (done.pairs, done.findings, done.written) == (0, {}, 0)


def test_each_check_alone_finds_the_same(talks: fo.Dataset) -> None:
    flag(talks)
    before = named(talks)
    for name in CHECKS:
        lacking = {"embeddings", fields.JUDGEMENTS} & {*CHECKS[name].needs}
        if "instructions" in CHECKS[name].kinds and not lacking:
            flag(talks, checks=[name], fresh=True)
            assert named(talks) == before, name


def test_processes_find_the_same(talks: fo.Dataset) -> None:
    flag(talks)
    before = named(talks)
    assert flag(talks, workers=2, fresh=True).written == 0
    assert named(talks) == before


@pytest.mark.parametrize("kind", [fo.VectorField, fo.ListField], ids=["vector", "list"])
def test_embeddings_in_fields(clean: fo.Dataset, kind: Any) -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(len(clean), 12))
    texts = images + 0.2 * rng.normal(size=images.shape)
    texts[5] = -texts[5]
    for name, vectors in (("clip", images), ("clip_text", texts)):
        clean.add_sample_field(name, kind)
        values = [v if kind is fo.VectorField else v.tolist() for v in vectors]
        clean.set_values(name, values)
    key = clean.values(fields.KEY)[5]
    try:
        params = {"embedding_outlier": {"image_field": "clip", "text_field": "clip_text"}}
        done = flag(clean, params=params)
        found = [k for k, names in named(clean).items() if "embedding_outlier" in names]
        assert (found, list(done.not_run)) == ([key], ["judge_doubt"])
    finally:
        clean.delete_sample_fields(["clip", "clip_text"])
        flag(clean)
