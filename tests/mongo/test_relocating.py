"""Datasets whose files are elsewhere now: read from an export, moved, of an older version."""

from __future__ import annotations

import shutil
import signal
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest
from fiftyone.operators.executor import ExecutionContext, Executor

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.curation import verdicts
from pairlens.fiftyone_plugin.operators.relocate_dataset import RelocateDataset
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests import stored_before, warm
from tests.layouts import PUBLISHED
from tests.mongo.exporting import data_files, files
from tests.mongo.kept_files import held, media
from tests.mongo.reviewing import documents

ROUGHLY: dict[str, Any] = {"predictor": "cues", "params": {"segments": 50}}
"""A predictor that takes a tenth of the time: which masks it gives is nothing to these tests."""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("published")
    return {name: layout.make(folder / name) for name, layout in PUBLISHED.items()}


def run(*args: object) -> dict[str, Any]:
    return cli.run([str(one) for one in args])


# --------------------------------------------------------------------- read from an export


@pytest.mark.parametrize("format_name", list(PUBLISHED))
def test_an_export_read_back_goes_on_as_what_it_was(
    sources: dict[str, Path], format_name: str, dataset_name: str, tmp_path: Path
) -> None:
    source = sources[format_name]
    import_dataset(format_name, source, dataset_name)
    original, pairs = fo.load_dataset(dataset_name), FORMATS[format_name].kind == "pairs"
    if pairs:
        predict(original, field_name="p", **ROUGHLY)
    run("export", dataset_name, "--format", "fiftyone", "--select", "all", "--out", tmp_path / "e")
    before = held(original), files(tmp_path / "e")
    name = f"{dataset_name}-back"
    back: Any = fo.Dataset.from_dir(
        dataset_dir=str(tmp_path / "e"), dataset_type=fo.types.FiftyOneDataset, name=name
    )
    back.persistent = True
    run("flag", name)
    for number, target in enumerate(("fiftyone", "coco", "hf")):
        out = tmp_path / f"again-{number}"
        done = run("export", name, "--format", target, "--select", "all", "--out", out)
        assert done["exported"] == len(back) == len(original)
    if pairs:
        predict(back, field_name="q", **ROUGHLY)
        predict(back, field_name="p", resume=True, **ROUGHLY)
        run("score", name, "--pred", "q", "--key", "q")
    native = ("export", name, "--format", format_name, "--select", "all", "--out")
    with pytest.raises(StateError, match=r"does not say where .* pairlens relocate"):
        run(*native, tmp_path / "native")
    run("relocate", name, "--source", source)
    run(*native, tmp_path / "native")
    assert data_files(tmp_path / "native") == files(source)
    again = run("import", format_name, source, "--name", name, "--resume")
    assert (again["added"], again["samples"]) == (0, len(original))
    assert (held(original), files(tmp_path / "e")) == before
    delete_dataset(name)
    assert (held(original), files(tmp_path / "e")) == before


def test_an_import_resumes_what_was_read_back_in_part(
    sources: dict[str, Path], dataset_name: str, tmp_path: Path
) -> None:
    import_dataset("gres", sources["gres"], dataset_name)
    original: Any = fo.load_dataset(dataset_name)
    original.limit(5).tag_samples("some")
    run("export", dataset_name, "--format", "fiftyone", "--select", "tag:some",
        "--out", tmp_path / "e")  # fmt: skip
    name = f"{dataset_name}-back"
    back: Any = fo.Dataset.from_dir(
        dataset_dir=str(tmp_path / "e"), dataset_type=fo.types.FiftyOneDataset, name=name
    )
    assert len(back) == 5
    done = run("import", "gres", sources["gres"], "--name", name, "--resume")
    assert (done["added"], done["samples"]) == (len(original) - 5, len(original))
    assert documents(back).keys() == documents(original).keys()


@pytest.mark.parametrize("format_name", list(PUBLISHED))
def test_an_export_that_is_gone_is_replaced_by_the_published_files(
    sources: dict[str, Path], format_name: str, dataset_name: str, tmp_path: Path
) -> None:
    source = sources[format_name]
    import_dataset(format_name, source, dataset_name)
    original: Any = fo.load_dataset(dataset_name)
    kind: Any = fo.types.FiftyOneDataset
    run("export", dataset_name, "--format", "fiftyone", "--select", "all", "--out", tmp_path / "e")
    back: Any = fo.Dataset.from_dir(str(tmp_path / "e"), kind, name=f"{dataset_name}-back")
    shutil.rmtree(tmp_path / "e")
    run("relocate", back.name, "--source", source)
    run("import", format_name, source, "--name", back.name, "--resume")
    back.reload()
    by_key = {key: data for key, data in held(original).items() if "filepath" not in key[1]}
    assert {key: data for key, data in held(back).items() if "filepath" not in key[1]} == by_key
    assert sorted(held(back).values()) == sorted(held(original).values())


# -------------------------------------------------------------------------------- moved


@pytest.mark.parametrize("format_name", list(PUBLISHED))
def test_moved_folders_are_found_again(
    sources: dict[str, Path], format_name: str, dataset_name: str, tmp_path: Path
) -> None:
    root = tmp_path / "published"
    shutil.copytree(sources[format_name], root) if sources[format_name].is_dir() else shutil.copy(
        sources[format_name], root
    )
    import_dataset(format_name, root, dataset_name, ImportOptions(media_dir=tmp_path / "media"))
    dataset: Any = fo.load_dataset(dataset_name)
    before, keys = held(dataset), documents(dataset).keys()
    mended = FORMATS[format_name].kind == "pairs"
    if mended:
        predict(dataset, field_name="p", **ROUGHLY)
        key = dataset.exists("p").first()["key"]
        verdicts.judge(dataset, key, "fix", mask_from="p")
        dataset.delete_sample_field("p")
    now = held(dataset)
    shutil.move(root, tmp_path / "elsewhere")
    shutil.move(tmp_path / "media", tmp_path / "masks")
    with pytest.raises(UsageError, match="is not a folder"):
        run("import", format_name, root, "--name", dataset_name, "--resume")
    done = run("relocate", dataset_name, "--source", tmp_path / "elsewhere",
               "--media-dir", tmp_path / "masks")  # fmt: skip
    assert done["gone"] == 0
    dataset.reload()
    assert held(dataset) == now
    assert not any(str(root) in str(d) for d in documents(dataset).values())
    resumed = run("import", format_name, tmp_path / "elsewhere", "--name", dataset_name, "--resume")
    assert (resumed["added"], documents(dataset).keys()) == (0, keys)
    if mended:
        run("review", dataset_name, "--undo")
        assert held(dataset) == before
    run("export", dataset_name, "--format", format_name, "--select", "all",
        "--out", tmp_path / "native")  # fmt: skip
    assert data_files(tmp_path / "native") == files(sources[format_name])


def test_deleted_masks_come_back_into_a_new_folder(
    sources: dict[str, Path], dataset_name: str, tmp_path: Path
) -> None:
    import_dataset("gres", sources["gres"], dataset_name)
    dataset: Any = fo.load_dataset(dataset_name)
    before = held(dataset)
    shutil.rmtree(media(dataset))
    done = run("relocate", dataset_name, "--media-dir", tmp_path / "new")
    assert (done["moved"], done["gone"]) == (0, len(dataset))
    run("import", "gres", sources["gres"], "--name", dataset_name, "--resume")
    dataset.reload()
    assert held(dataset) == before
    assert all(str(tmp_path / "new") in p for p in dataset.values("segmentation.mask_path"))


def test_a_clone_is_relocated_alone(
    sources: dict[str, Path], dataset_name: str, tmp_path: Path
) -> None:
    import_dataset("gres", sources["gres"], dataset_name)
    dataset: Any = fo.load_dataset(dataset_name)
    clone = dataset.clone(f"{dataset_name}-clone", persistent=True)
    before = held(dataset)
    params = {"media_dir": str(tmp_path / "own")}
    context = ExecutionContext(
        request_params={"dataset_name": clone.name, "params": params}, executor=Executor()
    )
    deque(RelocateDataset().execute(context), maxlen=0)
    assert held(dataset) == held(clone) == before
    assert media(dataset) != media(clone) == tmp_path / "own"


def test_what_cannot_be_its_own_is_refused(
    sources: dict[str, Path], dataset_name: str, tmp_path: Path
) -> None:
    for name in (dataset_name, f"{dataset_name}-other"):
        import_dataset("gres", sources["gres"], name)
    dataset: Any = fo.load_dataset(dataset_name)
    before = documents(dataset), dict(dataset.info)
    half = shutil.copytree(sources["gres"], tmp_path / "half")
    next(half.glob("gres_annotations/train/*.json")).unlink()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.docx").write_text("years of work")
    other = media(fo.load_dataset(f"{dataset_name}-other"))
    wrong: list[tuple[type[Exception], str, tuple[object, ...]]] = [
        (UsageError, "give --source DIR", ()),
        (StateError, r"1 of the \d+ files that .* not in", ("--source", half)),
        (UsageError, "is not a folder", ("--source", tmp_path / "absent")),
        (StateError, "not empty", ("--media-dir", tmp_path / "thesis")),
        (StateError, "holds the media of dataset", ("--media-dir", other)),
        (UsageError, "in or around the source", ("--media-dir", sources["gres"] / "m")),
    ]
    for kind, words, options in wrong:
        with pytest.raises(kind, match=words):
            run("relocate", dataset_name, *options)
    dataset.reload()
    assert (documents(dataset), dict(dataset.info)) == before


# --------------------------------------------------------------------- of an older version


@pytest.fixture
def old(tmp_path: Path, mongo: str) -> Iterator[Path]:
    """The folder of an old version's files, with its documents in the tests' database."""
    database = fo.core.odm.get_db_conn()
    fo.list_datasets()  # FiftyOne makes its collections
    stored_before.restore(database, tmp_path)
    yield tmp_path
    for name in fo.list_datasets(glob_patt="before-*"):
        fo.delete_dataset(name)
    stored_before.remove(database)


_KILLED = """
import os, signal, sys
from pairlens.importers import store
from pairlens.fiftyone_plugin import cli
store.BATCH = 2
real = store.update
def update(dataset, changes):
    real(dataset, changes)
    os.kill(os.getpid(), signal.SIGKILL)
store.update = update
cli.run(["review", sys.argv[1], "--status"])
"""


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("format_name", stored_before.FORMATS)
def test_files_of_an_older_version_get_a_folder_of_their_own(
    old: Path, format_name: str, killed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    name = stored_before.name_of(format_name)
    dataset: Any = fo.load_dataset(name)
    folder = media(dataset)
    before, on_disk = held(dataset), files(folder)
    copy = dataset.clone(f"{name}-copy")
    if killed:
        done = warm.run("-c", _KILLED, name)
        assert done.returncode == -signal.SIGKILL
        assert held(dataset) == before
    assert cli.main(["review", name, "--status"]) == 0
    assert f"{folder} is left" in "".join(capsys.readouterr())
    dataset.reload()
    assert held(dataset) == held(copy) == before
    assert files(folder) == on_disk
    assert media(dataset) != folder
    assert not any(f"{folder}/" in str(d) for d in documents(dataset).values())
    assert cli.main(["review", name, "--status"]) == 0
    assert "is left" not in "".join(capsys.readouterr())
    shutil.rmtree(folder)
    assert held(dataset) == before


def test_an_old_prediction_is_replaced_and_another_dataset_keeps_it(old: Path) -> None:
    name = stored_before.name_of("gres")
    dataset: Any = fo.load_dataset(name)
    copy = dataset.clone(f"{name}-copy", persistent=True)
    before = held(copy)
    dataset.name = f"{name}-renamed"
    run("predict", dataset.name, "--predictor", "cues", "--field", "cues", "--overwrite")
    run("predict", copy.name, "--predictor", "cues", "--field", "cues", "--resume")
    assert held(copy) == before
    assert not (media(dataset) / "predictions" / "cues").exists()
    told = delete_dataset(copy.name)
    assert told == []
