"""FiftyOne's dataset zoo, fed with an archive of this repository over loopback."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import fiftyone as fo
import fiftyone.zoo as foz
import pytest

from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers import fields, store
from pairlens.importers.dataset_types import TYPES
from pairlens.importers.errors import LayoutError
from pairlens.importers.ingest import import_dataset
from tests.layouts import PUBLISHED
from tests.mongo.exporting import data_files, files
from tests.mongo.kept_files import elsewhere
from tests.mongo.reviewing import documents

NAME = "pairlens-formats"

PATTERNS = ("*.yml", "importers/**/*.py", "importers/**/*.yml", "fiftyone_plugin/*.py")
"""As much of the repository as has two files of metadata in it, of which one is the zoo's."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def archive_url(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An archive as a forge makes it: one folder around everything."""
    folder = tmp_path_factory.mktemp("forge")
    with zipfile.ZipFile(folder / "main.zip", "w") as archive:
        for pattern in PATTERNS:
            for file in repo_root.glob(pattern):
                archive.write(file, Path("pairlens-main") / file.relative_to(repo_root))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/main.zip"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def zoo_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo of the test's own."""
    monkeypatch.setattr(fo.config, "dataset_zoo_dir", str(tmp_path / "zoo"))
    return tmp_path / "zoo"


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("published")
    return {name: layout.make(folder / name) for name, layout in PUBLISHED.items()}


def test_without_pairlens_it_says_what_to_do(
    repo_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _copied_alone(repo_root)
    monkeypatch.setitem(sys.modules, "pairlens.importers.dataset_types", None)
    with pytest.raises(ImportError, match=r"read by PairLens.*pip install \./pairlens"):
        source.download_and_prepare("zoo", root="somewhere")
    with pytest.raises(ImportError, match="read by PairLens"):
        source.load_dataset(None, "zoo", root="somewhere")


def _copied_alone(repo_root: Path) -> ModuleType:
    """The module as FiftyOne loads it: under a name of its own."""
    file = repo_root / "importers" / "zoo" / "__init__.py"
    spec = importlib.util.spec_from_file_location("zoo_datasets_pairlens", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_asked_for_wrongly_is_refused(
    archive_url: str, roots: dict[str, Path], dataset_name: str
) -> None:
    for kind, options, words in (
        (ValueError, {}, "root is missing"),
        (
            ValueError,
            {"root": str(roots["gres"]), "dataset_format": "nope"},
            "known: auto, .* gres, ",
        ),
        (LayoutError, {"root": str(roots["gres"]), "dataset_format": "rsteller"}, "like gres"),
        (ValueError, {"root": str(roots["gres"]), "split": "dev"}, "Invalid split 'dev'"),
    ):
        with pytest.raises(kind, match=words):
            foz.load_zoo_dataset(
                archive_url, dataset_name=dataset_name, drop_existing_dataset=True, **options
            )


@pytest.mark.parametrize("format_name", list(PUBLISHED))
def test_each_format_is_loaded_whole(
    archive_url: str, roots: dict[str, Path], dataset_name: str, format_name: str, tmp_path: Path
) -> None:
    root = roots[format_name]
    loaded: Any = foz.load_zoo_dataset(
        archive_url, dataset_format=format_name, root=str(root), dataset_name=dataset_name
    )
    import_dataset(format_name, root, f"{dataset_name}-imported")
    ours = documents(fo.load_dataset(f"{dataset_name}-imported"))
    assert documents(loaded).keys() == ours.keys()
    texts = (fields.PHRASE, fields.CAPTION, fields.IMAGE_ID, "tags")
    for key, document in documents(loaded).items():
        assert [document.get(t) for t in texts] == [ours[key].get(t) for t in texts]
    export_dataset(loaded, format_name, tmp_path / "out", select="all")
    assert data_files(tmp_path / "out") == files(root)


def test_splits_options_and_a_second_load(
    archive_url: str, roots: dict[str, Path], dataset_name: str, zoo_dir: Path, tmp_path: Path
) -> None:
    options: dict[str, Any] = {
        "root": str(roots["gres"]),
        "media_dir": str(tmp_path / "media"),
        "dataset_name": dataset_name,
    }
    loaded: Any = foz.load_zoo_dataset(archive_url, splits=["val", "test"], **options)
    assert set(loaded.count_sample_tags()) == {"val", "test"}
    assert not loaded.persistent
    assert all(
        p.startswith(str(tmp_path / "media")) for p in loaded.values("segmentation.mask_path")
    )
    assert {file.name for file in (zoo_dir / NAME).iterdir()} >= {
        "__init__.py",
        "fiftyone.yml",
    }
    assert foz.load_zoo_dataset(NAME, split="train", **options) is loaded  # by that name
    loaded.delete()
    again: Any = foz.load_zoo_dataset(NAME, split="train", max_samples=2, **options)
    assert again.count_sample_tags() == {"train": 2}


_AT_HOME = """
import sys
from pathlib import Path
import fiftyone as fo, fiftyone.zoo as foz
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.kept_files import held, media
url, root = sys.argv[1:]
assert fo.config.dataset_zoo_dir == fo.config.default_dataset_dir == str(Path.home() / "fiftyone")
archive = Path.home() / "published.zip"
for name, source in (("pairlens", root), ("unpacked", archive)):
    import_dataset("refsegrs", source, name)
    dataset = fo.load_dataset(name)
    predict(dataset, predictor="cues", field_name="p")
# What is unpacked may itself be a zoo dataset that somebody packed.
folder = Path(dataset.info["pairlens"]["path"])
assert (folder / "info.json").is_file()
before = [held(fo.load_dataset(name)) for name in ("pairlens", "unpacked")]
loaded = foz.load_zoo_dataset(url, dataset_format="refsegrs", root=root)
theirs = held(loaded)
foz.load_zoo_dataset(
    url, dataset_format="refsegrs", root=root, dataset_name="again", overwrite=True
)
assert held(loaded) == theirs
for name, (where, _) in foz.list_downloaded_zoo_datasets().items():
    print(name, where)
    foz.delete_zoo_dataset(name)
for name in ("pairlens", "pairlens-formats", ".pairlens"):
    try:
        foz.delete_zoo_dataset(name)
    except ValueError:
        pass
assert [held(fo.load_dataset(name)) for name in ("pairlens", "unpacked")] == before
assert held(loaded) == theirs
done = import_dataset("refsegrs", root, "pairlens", ImportOptions(resume=True))
assert (done.added, done.samples) == (0, 8), done
"""


def test_nothing_of_the_zoo_reaches_masks_in_an_ordinary_home(
    archive_url: str, roots: dict[str, Path], tmp_path: Path, dataset_name: str
) -> None:
    packed = shutil.copytree(roots["refsegrs"], tmp_path / "packed")
    info = {"name": "somebody-s", "zoo_dataset": "fiftyone.zoo.datasets.base.QuickstartDataset"}
    (packed / "info.json").write_text(json.dumps(info))
    shutil.make_archive(str(tmp_path / "published"), "zip", packed)
    folders = dict.fromkeys(n for n in os.environ if n.startswith("FIFTYONE_") and "_DIR" in n)
    told = elsewhere(
        _AT_HOME,
        archive_url,
        str(roots["refsegrs"]),
        HOME=str(tmp_path),
        FIFTYONE_DATABASE_NAME=f"{dataset_name}-home",
        FIFTYONE_CONFIG_PATH=None,
        **folders,
    )
    assert f"{NAME} {tmp_path / 'fiftyone' / NAME}" in told.splitlines()
    assert "somebody-s" not in told


def test_what_was_skipped_in_each_split_is_listed_together(
    roots: dict[str, Path], dataset_name: str, tmp_path: Path
) -> None:
    root = PUBLISHED["gres"].make(tmp_path / "published")
    for split in ("train", "test"):
        next((root / "gres_annotations" / split).glob("*.json")).write_text("{")
    dataset = fo.Dataset(dataset_name)
    for split in ("train", "test"):
        dataset.add_dir(dataset_dir=str(root), dataset_type=TYPES["gres"], splits=(split,))
    facts = store.info(dataset)
    assert [entry["source"].split("/")[1] for entry in facts["skipped"]] == ["train", "test"]
    assert facts["skipped_total"] == 2
    listed = (Path(facts["media_dir"]) / "skipped.jsonl").read_text().splitlines()
    assert len(listed) == 2
