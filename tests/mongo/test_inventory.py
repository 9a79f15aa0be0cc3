"""What there is of datasets, and deleting it: all that was made for one, and nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.curation import inventory, sessions
from pairlens.fiftyone_plugin.curation.queue import POSITIONS, QUEUES, SESSIONS
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.inventory_reports import of_unused
from pairlens.fiftyone_plugin.steps.inventory import delete_dataset
from pairlens.fiftyone_plugin.steps.step import Watch
from pairlens.importers import fo_internals, media_folders
from pairlens.importers.dataset_types import GRESDataset
from pairlens.importers.errors import StateError

COLLECTIONS = ("pairlens.changes", "pairlens.sequences", SESSIONS, QUEUES, POSITIONS)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("inventory") / "GRES", images=3, size=64).root


@pytest.fixture
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the media of all datasets."""
    monkeypatch.setattr(fo.config, "default_dataset_dir", str(tmp_path / "fiftyone"))
    return media_folders.media_root()


@pytest.fixture
def reviewed(root: Path, media: Path, dataset_name: str) -> Any:
    """A dataset with findings, a verdict and a session."""
    cli.run(["import", "gres", str(root), "--name", dataset_name])
    cli.run(["flag", dataset_name, "--check", "tiny_mask", "--param", "tiny_mask.min_area=99999"])
    dataset = fo.load_dataset(dataset_name)
    sessions.start(dataset, name="monday", reviewer="ann")
    judge(dataset, dataset.first()["key"], "drop", reviewer="ann", session="monday")
    return dataset


def rows() -> list[list[Any]]:
    """The ids of what stands in the collections of PairLens."""
    database = fo_internals.database()
    return [sorted(map(str, database[name].distinct("_id"))) for name in COLLECTIONS]


def test_what_there_is_is_told(reviewed: Any, capsys: pytest.CaptureFixture) -> None:
    (one,) = [d for d in cli.run(["list"])["datasets"] if d["name"] == reviewed.name]
    count = len(reviewed)
    assert one.pop("media_bytes") > 0
    assert one == {"name": reviewed.name, "format": "gres", "samples": count, "flagged": count}
    cli.run(["predict", reviewed.name, "--predictor", "cues", "--field", "cues"])
    cli.run(["score", reviewed.name, "--pred", "cues", "--key", "c"])
    found = cli.run(["info", reviewed.name])
    assert found["verdicts"] == {"drop": 1} and sum(found["splits"].values()) == count
    assert (found["predictions"], found["scorings"]) == (["cues"], ["c"])
    assert (found["sessions"], found["changes"], found["persistent"]) == (1, 1, True)
    (folder,) = found["folders"]
    files = [file for file in Path(folder["path"]).rglob("*") if file.is_file()]
    assert (folder["files"], folder["used"]) == (len(files), "")
    assert cli.main(["info", reviewed.name]) == 0
    assert "drop 1" in capsys.readouterr().out


def test_nothing_is_deleted_unless_it_is_meant(
    reviewed: Any, media: Path, capsys: pytest.CaptureFixture
) -> None:
    before, files = rows(), sorted(media.rglob("*"))
    assert cli.run(["delete", reviewed.name, "--dry-run"])["deleted"] is False
    with pytest.raises(StateError, match=r"1 verdicts, .* --dump .* give --yes"):
        cli.run(["delete", reviewed.name])
    asked: list[str] = []

    def no(lines: Any) -> bool:
        asked.extend(lines)
        return False

    with pytest.raises(StateError, match="nothing was deleted"):
        delete_dataset.run(Watch(confirm=no), name=reviewed.name, dry_run=False, yes=False)
    assert asked[-1] == f"Delete all this of {reviewed.name}?" and "drop 1" in asked[0]
    assert (rows(), sorted(media.rglob("*"))) == (before, files)
    assert fo.dataset_exists(reviewed.name)


def test_a_dataset_goes_with_all_that_was_made_for_it(
    root: Path, media: Path, dataset_name: str, request: pytest.FixtureRequest
) -> None:
    before = rows()
    reviewed = request.getfixturevalue("reviewed")
    grown = [len(now) > len(then) for now, then in zip(rows(), before, strict=True)]
    assert grown == [True, True, True, True, False]  # a position is that of a panel
    cli.run(["import", "gres", str(root), "--name", f"{dataset_name}-other"])
    other = fo.load_dataset(f"{dataset_name}-other")
    judge(other, other.first()["key"], "keep", reviewer="bob")
    published = sorted(root.rglob("*"))
    assert cli.run(["delete", reviewed.name, "--yes"])["left"] == []
    assert not fo.dataset_exists(dataset_name)
    assert [folder.name for folder in media.iterdir()] == [f"{dataset_name}-other"]
    assert sorted(root.rglob("*")) == published
    assert cli.run(["info", other.name])["changes"] == 1
    assert cli.run(["delete", other.name, "--yes"])["deleted"]
    assert rows() == before and list(media.iterdir()) == []


def test_files_that_another_dataset_names_stay(reviewed: Any, media: Path) -> None:
    reviewed.clone(f"{reviewed.name}-clone", persistent=True)
    (folder,) = cli.run(["delete", reviewed.name, "--dry-run"])["folders"]
    assert "-clone' uses files in it" in folder["used"]
    (left,) = cli.run(["delete", reviewed.name, "--yes"])["left"]
    assert "-clone' uses files in it" in left
    clone = fo.load_dataset(f"{reviewed.name}-clone")
    assert all(Path(one).is_file() for one in clone.values("segmentation.mask_path"))
    assert inventory.unused() == []


def test_what_pairlens_did_not_import_is_not_deleted(dataset_name: str) -> None:
    fo.Dataset(dataset_name, persistent=True)
    with pytest.raises(StateError, match="PairLens"):
        cli.run(["delete", dataset_name, "--yes"])
    assert fo.dataset_exists(dataset_name)
    assert dataset_name not in inventory.names()


def test_media_that_nobody_uses_are_named_and_removed(
    reviewed: Any, root: Path, media: Path, dataset_name: str, tmp_path: Path
) -> None:
    packed = tmp_path / "GRES.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in root.rglob("*"):
            archive.write(file, file.relative_to(root.parent))
    cli.run(["import", "gres", str(packed), "--name", f"{dataset_name}-zip"])
    used = {Path(one["path"]) for one in cli.run(["info", reviewed.name])["folders"]}
    (media / "mine").mkdir()
    (media / "mine" / "notes.txt").touch()
    (media / "linked").symlink_to(root)
    assert inventory.unused() == []
    fo.delete_dataset(f"{dataset_name}-zip")
    named = inventory.unused()
    assert len(named) == 2 and all(one.files and one.bytes for one in named)
    told = of_unused(named, [], removed=False)
    assert str(named[0].path) in told[0] and "doctor --remove-unused" in told[-1]
    assert all(Path(one.path).is_dir() for one in named)
    assert inventory.remove(named) == []
    assert {*media.iterdir()} == used | {media / "mine", media / "linked"}
    assert (media / "mine" / "notes.txt").exists() and any(root.iterdir())


def test_a_dataset_that_would_vanish_says_so(root: Path, media: Path, dataset_name: str) -> None:
    given: Any = {"dataset_dir": str(root), "dataset_type": GRESDataset}
    with pytest.warns(UserWarning, match=r"its verdicts are deleted .* persistent=True"):
        fo.Dataset.from_dir(**given, name=dataset_name)
    fo.Dataset.from_dir(**given, name=f"{dataset_name}-kept", persistent=True)
    assert cli.run(["info", f"{dataset_name}-kept"])["persistent"] is True
