"""Verdicts published on a hub and applied to another copy: the real client, a loopback server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.cli import main, run
from pairlens.fiftyone_plugin.curation import verdicts
from pairlens.fiftyone_plugin.curation.verdicts import Verdict
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.hub_server import Hub, serve_hub
from tests.mongo.reviewing import keys, set_states

REVIEWED = "errata-reviewed"
REPO = "owner/errata"
ADDRESS = f"hf://datasets/{REPO}"


@pytest.fixture(scope="module")
def root(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = make_gres(tmp_path_factory.mktemp("errata") / "gres", 6, size=192).root
    import_dataset("gres", made, REVIEWED, ImportOptions(overwrite=True))
    dataset: Any = fo.load_dataset(REVIEWED)
    first, second, third = keys(dataset)[:3]
    verdicts.set_verdicts(
        dataset,
        [Verdict(first, "drop", note="wrong"), Verdict(second, "fix", "A mended query."),
         Verdict(third, "keep")],
        reviewer="Ada",
    )  # fmt: skip
    yield made
    fo.delete_dataset(REVIEWED)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", server.writer)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
        yield server


def test_nothing_is_published_without_a_verdict(root: Path, hub: Hub, dataset_name: str) -> None:
    import_dataset("gres", root, dataset_name)
    with pytest.raises(StateError, match="no verdict to publish"):
        run(["review", dataset_name, "--publish", ADDRESS])
    assert hub.made == {} and hub.pushed == {}


def test_an_erratum_reaches_another_copy(root: Path, hub: Hub, dataset_name: str) -> None:
    done = run(["review", REVIEWED, "--publish", ADDRESS])
    assert (done["published"], done["address"]) == (3, ADDRESS)
    assert hub.made == {REPO: True}, "private"
    assert set(hub.pushed[REPO]) == {"errata.jsonl", "README.md"}
    for line in hub.pushed[REPO]["errata.jsonl"].splitlines():
        assert {"phrase_sha256", "mask_sha256"} <= json.loads(line).keys()
    assert str(root).encode() not in b"".join(hub.pushed[REPO].values())
    import_dataset("gres", root, dataset_name)
    applied = run(["review", dataset_name, "--apply", ADDRESS])
    assert applied == {"applied": 3, "edited": 1, "stale": [], "unknown": []}
    assert set_states(fo.load_dataset(dataset_name)) == set_states(fo.load_dataset(REVIEWED))
    page = f"https://huggingface.co/datasets/{REPO}"
    assert run(["review", dataset_name, "--apply", page])["applied"] == 3


def test_pairs_that_changed_are_named_and_left_alone(
    root: Path, hub: Hub, dataset_name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["review", REVIEWED, "--publish", ADDRESS])
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    first = keys(fo.load_dataset(REVIEWED))[0]
    split, name = first.split("/")[1:]
    file = copy / "gres_annotations" / split / f"{name.split('#')[0]}.json"
    content = json.loads(file.read_bytes())
    content["text"][int(name.split("#")[1])] = "Another query."
    file.write_text(json.dumps(content))
    import_dataset("gres", copy, dataset_name)
    assert main(["review", dataset_name, "--apply", ADDRESS]) == 0
    told = capsys.readouterr().out
    assert "2 verdicts applied" in told and first in told
    assert "the phrase is not the one that was reviewed" in told


def test_what_else_is_in_the_repository_stays(root: Path, hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "README.md").write_text("their card")
    (folder / "data.bin").write_bytes(b"data")
    hub.folders[REPO] = folder
    run(["review", REVIEWED, "--publish", ADDRESS])
    assert set(hub.pushed[REPO]) == {"errata.jsonl"}
    assert hub.files(REPO)["README.md"] == b"their card"


def test_what_cannot_be_published_or_applied_is_said(
    root: Path, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address, words in (
        ("owner/errata", "write hf://datasets/OWNER/NAME"),
        (f"{ADDRESS}@v1", "leave out @v1"),
    ):
        with pytest.raises(UsageError, match=words):
            run(["review", REVIEWED, "--publish", address])
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "a.txt").write_text("a")
    hub.folders["owner/bare"] = tmp_path / "bare"
    with pytest.raises(StateError, match=r"owner/bare has no errata\.jsonl"):
        run(["review", REVIEWED, "--apply", "hf://datasets/owner/bare"])
    with pytest.raises(StateError, match="there is no dataset owner/none"):
        run(["review", REVIEWED, "--apply", "hf://datasets/owner/none"])
    (tmp_path / "bare" / "errata.jsonl").write_text("{broken\n")
    with pytest.raises(UsageError, match=r"errata\.jsonl line 1: .*nothing was applied"):
        run(["review", REVIEWED, "--apply", "hf://datasets/owner/bare"])
    monkeypatch.setenv("HF_TOKEN", "reader")
    with pytest.raises(StateError, match="HF_TOKEN"):
        run(["review", REVIEWED, "--publish", ADDRESS])
