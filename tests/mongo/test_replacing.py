"""An import that replaces a dataset: the old one is as it was until the new one is whole."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.curation.decisions import VERDICTS_BEFORE
from pairlens.fiftyone_plugin.curation.verdicts import Verdict, judge, set_verdicts
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.importers import ingest, store
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.curating import predict as with_prediction
from tests.mongo.processes import command, ended, start
from tests.mongo.reviewing import documents, history, keys


@pytest.fixture(scope="module")
def gres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "published", images=4, size=64).root


@pytest.fixture
def reviewed(dataset_name: str, gres: Path) -> Iterator[Any]:
    import_dataset("gres", gres, dataset_name)
    dataset: Any = fo.load_dataset(dataset_name)
    set_verdicts(dataset, [Verdict(key, "drop", note="why") for key in keys(dataset)])
    yield dataset
    if fo.dataset_exists(dataset_name):
        delete_dataset(dataset_name)


def state(name: str) -> tuple[Any, ...]:
    """All of a dataset: documents, facts, and the bytes of its files."""
    dataset: Any = fo.load_dataset(name)
    folder = Path(store.info(dataset)["media_dir"])
    files = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return documents(dataset), store.info(dataset), files


def datasets() -> list[str]:
    return sorted(map(str, fo.list_datasets()))


def unfinished() -> list[str]:
    return [name for name in datasets() if name.startswith("pairlens-")]


# -------------------------------------------------------------------------------- must not


def test_a_refused_replacement_leaves_everything(
    reviewed: Any, gres: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full, file = tmp_path / "full", tmp_path / "file"
    full.mkdir()
    (full / "thesis.docx").write_text("years of work")
    file.write_text("text")
    other = f"{reviewed.name}-other"
    import_dataset("gres", gres, other)
    theirs = store.info(fo.load_dataset(other))["media_dir"]
    before, listed = state(reviewed.name), datasets()
    wrong = {
        "is not empty": ["--media-dir", str(full)],
        "is a file": ["--media-dir", str(file)],
        "in or around the source": ["--media-dir", str(gres / "media")],
        "holds the media": ["--media-dir", theirs],
        "cannot be made": ["--media-dir", "/proc/media"],
        "--workers 0": ["--workers", "0"],
        "no engine 'steam'": ["--engine", "steam"],
        "--limit 0": ["--limit", "0"],
        "no split": ["--split", "dev"],
    }
    for words, options in wrong.items():
        given = ["import", "gres", str(gres), "--name", reviewed.name, "--overwrite", *options]
        try:
            assert main(given) != 0, options
        except SystemExit as error:  # what argparse refuses
            assert error.code == 2
        else:
            assert words in capsys.readouterr().err, options
        assert state(reviewed.name) == before, options
    assert datasets() == listed
    assert [path.name for path in full.iterdir()] == ["thesis.docx"]
    delete_dataset(other)


def test_a_failure_on_the_way_leaves_everything(
    reviewed: Any, gres: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(reviewed.name)
    folders = sorted(Path(before[1]["media_dir"]).parent.iterdir())
    monkeypatch.setattr(ingest, "join_scenes", lambda dataset: 1 / 0)
    monkeypatch.setattr(ingest.schema, "index", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        import_dataset("gres", gres, reviewed.name, ImportOptions(overwrite=True))
    assert (state(reviewed.name), unfinished()) == (before, [])
    assert sorted(Path(before[1]["media_dir"]).parent.iterdir()) == folders


def test_where_every_record_is_skipped_the_old_one_stays(
    reviewed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_gres(tmp_path / "published", images=4, size=64).root
    for image in root.glob("gres_images/*/*.jpg"):
        image.unlink()
    before = state(reviewed.name)
    given = ["import", "gres", str(root), "--name", reviewed.name, "--overwrite"]
    assert main(given) == 1
    told = capsys.readouterr().out
    assert "Nothing was imported" in told and f"dataset '{reviewed.name}' is left as it was" in told
    assert (state(reviewed.name), unfinished()) == (before, [])


_KILLED = """
import sys, time
from pairlens.importers import ingest
from pairlens.importers.ingest import ImportOptions, import_dataset
def stop(*args):
    print("stored", flush=True)
    time.sleep(60)
ingest.finish = stop
import_dataset("gres", sys.argv[1], sys.argv[2], ImportOptions(overwrite=True))
"""


def test_a_killed_replacement_leaves_everything_and_the_next_clears_it(
    reviewed: Any, dataset_name: str, gres: Path
) -> None:
    before = state(dataset_name)
    process = start(_KILLED, str(gres), dataset_name)
    assert process.stdout is not None
    assert next(line for line in process.stdout if line == "stored\n")
    [left] = unfinished()
    folder = Path(store.info(fo.load_dataset(left))["media_dir"])
    assert folder.is_dir()
    process.send_signal(signal.SIGKILL)
    assert ended(process)[0] == -signal.SIGKILL
    assert state(dataset_name) == before
    import_dataset("gres", gres, dataset_name, ImportOptions(overwrite=True))
    assert unfinished() == [] and len(documents(fo.load_dataset(dataset_name))) == len(before[0])


# ------------------------------------------------------------------------------------ must


def test_the_new_one_takes_the_name_and_the_old_ones_files_go(
    reviewed: Any, dataset_name: str, tmp_path: Path
) -> None:
    old = Path(store.info(reviewed)["media_dir"])
    root = make_refsegrs(tmp_path / "published", pairs=4, size=64).root
    done = import_dataset("refsegrs", root, dataset_name, ImportOptions(overwrite=True))
    assert (done.dataset, done.format) == (dataset_name, "refsegrs")
    new: Any = fo.load_dataset(dataset_name)
    facts = store.info(new)
    assert new.persistent and facts["complete"] and not {"replaces", "owner"} & set(facts)
    assert not old.exists() and unfinished() == []
    assert all(Path(path).is_file() for path in new.values("segmentation.mask_path"))
    assert set(new.distinct("verdict")) == set()


@pytest.mark.parametrize("inside", ["default", "given"])
def test_it_can_be_replaced_again_and_again(
    dataset_name: str, gres: Path, tmp_path: Path, inside: str
) -> None:
    media = tmp_path / "media" if inside == "given" else None
    folder = tmp_path
    for _ in range(3):
        options = ImportOptions(overwrite=True, media_dir=media)
        import_dataset("gres", gres, dataset_name, options)
        dataset: Any = fo.load_dataset(dataset_name)
        folder = Path(store.info(dataset)["media_dir"])
        assert all(Path(path).is_file() for path in dataset.values("segmentation.mask_path"))
        if media:
            assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    delete_dataset(dataset_name)
    assert not folder.exists()


def test_two_that_make_one_dataset_at_once_end_with_one_sentence_or_both(
    dataset_name: str, gres: Path
) -> None:
    given = ["import", "gres", str(gres), "--name", dataset_name]
    for more in ([], ["--overwrite"]):
        outcomes = [ended(process) for process in [command(*given, *more) for _ in range(2)]]
        assert sorted(code for code, _ in outcomes)[0] == 0
        for code, told in outcomes:
            assert "Traceback" not in told and "database does not answer" not in told
            assert code == 0 or dataset_name in told.splitlines()[-1], told
        dataset: Any = fo.load_dataset(dataset_name)
        assert len(documents(dataset)) == len(dataset.values("id")) > 0
        assert all(Path(path).is_file() for path in dataset.values("segmentation.mask_path"))
        assert unfinished() == []
    delete_dataset(dataset_name)


def test_verdicts_are_kept_where_key_phrase_and_mask_are_the_same(
    reviewed: Any, dataset_name: str, tmp_path: Path
) -> None:
    root = make_gres(tmp_path / "published", images=4, size=64).root
    changed, gone, *_ = sorted(root.glob("gres_annotations/*/*.json"))
    content = json.loads(changed.read_text())
    content["text"] = ["another query" for _ in content["text"]]
    changed.write_text(json.dumps(content))
    gone.unlink()
    before = documents(reviewed)
    others = {k for k in before if changed.stem not in k and gone.stem not in k}
    mended = min(others)
    with_prediction(reviewed, tmp_path / "model")
    judge(reviewed, mended, "fix", mask_from="model", reviewer="bob")
    before = documents(reviewed)
    given = ["import", "gres", str(root), "--name", dataset_name, "--overwrite"]
    assert main([*given, "--keep-verdicts"]) == 0
    new: Any = fo.load_dataset(dataset_name)
    after = documents(new)
    for key, document in after.items():
        expected = before[key] if key in others else {}
        for name in ("verdict", "reviewer", "reviewed_at", "review_note"):
            assert document.get(name) == expected.get(name), key
    assert after[mended]["mask_stats"]["digest"] == before[mended]["mask_stats"]["digest"]
    assert Path(after[mended]["segmentation"]["mask_path"]).is_file()
    assert {entry["dataset"] for entry in history(new)} == {dataset_name}
    # All of them are in a file, those that nothing matches too.
    file = Path(store.info(new)["media_dir"]) / VERDICTS_BEFORE
    assert {json.loads(line)["key"] for line in file.read_text().splitlines()} == set(before)


def test_without_being_asked_for_verdicts_are_in_a_file(
    reviewed: Any, dataset_name: str, gres: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = documents(reviewed)
    assert main(["import", "gres", str(gres), "--name", dataset_name, "--overwrite"]) == 0
    [told] = [line for line in capsys.readouterr().out.splitlines() if "--apply" in line]
    new: Any = fo.load_dataset(dataset_name)
    assert not new.distinct("verdict")
    assert main(shlex.split(told.partition("; pairlens ")[2].removesuffix(" takes them over"))) == 0
    assert {d["reviewed_at"] for d in documents(new).values()} == {
        d["reviewed_at"] for d in before.values()
    }


def test_keeping_verdicts_of_nothing_is_refused(gres: Path, dataset_name: str) -> None:
    given = ["import", "gres", str(gres), "--name", dataset_name, "--keep-verdicts"]
    assert main(given) == 2 and not fo.dataset_exists(dataset_name)


@pytest.mark.parametrize("what", ["zip", "rsteller"])
def test_two_that_unpack_the_same_at_once_both_finish(
    what: str, dataset_name: str, gres: Path, tmp_path: Path
) -> None:
    """A zip for two datasets, and images from shards into one dataset that both resume."""
    if what == "zip":
        root = Path(shutil.make_archive(str(tmp_path / "gres"), "zip", gres))
        names = [f"{dataset_name}-{number}" for number in range(2)]
        resume = []
    else:
        root = make_rsteller(tmp_path / "shards", images=30, size=64, per_shard=10).root
        import_dataset("rsteller", root, dataset_name, ImportOptions(limit=1))
        names, resume = [dataset_name] * 2, ["--resume"]
    both = [command("import", "auto", str(root), "--name", name, *resume) for name in names]
    outcomes = sorted(map(ended, both))
    assert outcomes[0][0] == 0, outcomes
    # Of two imports into one dataset, the second is refused while the first one runs.
    assert outcomes[1][0] == 0 or (resume and "in use by pairlens import" in outcomes[1][1])
    alone = f"{dataset_name}-alone"
    whole = import_dataset("auto", root, alone)
    for name in names:
        dataset: Any = fo.load_dataset(name)
        assert keys(dataset) == keys(fo.load_dataset(alone))
        assert len(keys(dataset)) == whole.samples
        assert all(Path(path).is_file() for path in dataset.values("filepath"))
        media = Path(store.info(dataset)["media_dir"])
        assert list(media.rglob("*.partial")) == []
    for name in {*names, alone}:
        delete_dataset(name)
