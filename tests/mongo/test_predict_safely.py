"""Predictions that are replaced, collide with others, or whose files are gone: none gets lost."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.predictors.consensus import consensus
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers.errors import StateError
from pairlens.importers.masks import load_stored
from tests.database import free_port
from tests.mongo.curating import load
from tests.mongo.curating import predict as given_masks
from tests.mongo.processes import ended, start
from tests.mongo.reviewing import documents


@pytest.fixture
def dataset(dataset_name: str, tmp_path: Path) -> Any:
    return load("gres", make_gres(tmp_path / "gres", images=4, size=64).root, dataset_name)


def masks(dataset: Any, field: str) -> dict[str, bytes]:
    """The bytes of the stored masks, by key; all of them are files that can be read."""
    paths = {
        key: Path(document[field]["mask_path"])
        for key, document in documents(dataset).items()
        if document.get(field)
    }
    for path in paths.values():
        load_stored(path)
    return {key: path.read_bytes() for key, path in paths.items()}


def folders(dataset: Any) -> list[str]:
    return sorted(p.name for p in Path(dataset.info["pairlens"]["media_dir"]).glob("*/m*"))


# -------------------------------------------------------------------------------- must not


def test_where_the_server_is_down_the_old_masks_stay(
    dataset: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    predict(dataset, predictor="cues", field_name="m")
    before, there = documents(dataset), folders(dataset)
    files = masks(dataset, "m")
    url = f"url=http://127.0.0.1:{free_port()}/predict"
    given = ["predict", dataset.name, "--predictor", "http", "--field", "m", "--overwrite"]
    assert main([*given, "--param", url]) == 1
    told = capsys.readouterr().out
    assert "Every prediction failed." in told and "field 'm' is left as it was" in told
    assert (documents(dataset), masks(dataset, "m"), folders(dataset)) == (before, files, there)
    again = predict(dataset, predictor="cues", field_name="m", resume=True)
    assert again.predicted == 0


def test_a_consensus_that_fails_leaves_the_old_one(dataset: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        given_masks(dataset, tmp_path / name, name)
    consensus(dataset, sources=["a", "b"], field_name="m")
    before, files = documents(dataset), masks(dataset, "m")
    shutil.rmtree(tmp_path / "a")
    done = consensus(dataset, sources=["a", "b"], field_name="m", overwrite=True)
    assert (done.agreed, done.failed) == (0, len(files))
    assert (documents(dataset), masks(dataset, "m")) == (before, files)


def test_where_all_files_are_gone_nothing_is_forgotten(dataset: Any, tmp_path: Path) -> None:
    """As where the disk with the masks is not mounted."""
    predict(dataset, predictor="cues", field_name="m")
    before = documents(dataset)
    folder = Path(next(iter(before.values()))["m"]["mask_path"]).parent
    folder.rename(tmp_path / "aside")
    with pytest.raises(StateError, match=r"no mask of field 'm' is where it was.*--overwrite"):
        predict(dataset, predictor="cues", field_name="m", resume=True)
    assert documents(dataset) == before


_LOST = "leases.held = lambda *args, **options: nullcontext()"
"""A lease that was lost, so that another process takes one on the same."""

_AT_ONCE = """
from pairlens.fiftyone_plugin.predictors.mask_fields import MaskField
opened = MaskField.open
def wait(*args, **options):
    print("opens", flush=True)
    sys.stdin.readline()
    return opened(*args, **options)
MaskField.open = wait
"""

_PREDICTS = """
import sys
import fiftyone as fo
from pairlens.fiftyone_plugin.predictors import runner
from pairlens.fiftyone_plugin.predictors.runner import predict
from contextlib import nullcontext
from pairlens.importers import leases
LEASES
real, waited = runner.store_batch, []
def store_batch(*args):
    changes = real(*args)
    if not waited:
        waited.append(True)
        print("predicted", flush=True)
        sys.stdin.readline()
    return changes
runner.store_batch = store_batch
options = {name: True for name in sys.argv[2:]}
predict(fo.load_dataset(sys.argv[1]), predictor="cues", field_name="m", batch_size=2, **options)
"""


@pytest.mark.parametrize("first", ["", "resume", "overwrite"])
def test_a_run_whose_field_is_made_anew_ends_and_leaves_nothing_in_it(
    dataset: Any, first: str
) -> None:
    if first:
        predict(dataset, predictor="cues", field_name="m", limit=2)
    other = start(_PREDICTS.replace("LEASES", _LOST), dataset.name, *([first] if first else []))
    assert other.stdout is not None and other.stdout.readline() == "predicted\n"
    dataset.reload()
    done = predict(dataset, predictor="cues", field_name="m", overwrite=True)
    assert done.predicted == len(documents(dataset))
    code, told = ended(other)
    if first == "overwrite":  # it had not begun to replace the field, and does so now
        assert code == 0
    else:
        assert code == 1
        assert "StateError: field 'm' was deleted or made anew by another run" in told
    dataset.reload()
    assert len(masks(dataset, "m")) == done.predicted
    paths = {Path(d["m"]["mask_path"]).parent for d in documents(dataset).values()}
    assert len(paths) == 1


def test_two_runs_into_two_fields_both_have_their_recipe(dataset: Any) -> None:
    code = _PREDICTS.replace('"m"', "sys.argv[2]").replace("sys.argv[2:]}", "sys.argv[3:]}")
    code = code.replace("LEASES", _AT_ONCE)
    both = [start(code, dataset.name, name) for name in ("mine", "theirs")]
    for word in ("opens", "predicted"):
        for process in both:
            assert process.stdout.readline() == f"{word}\n"
        for process in both:
            process.stdin.write("\n")
            process.stdin.flush()
    assert [ended(process)[0] for process in both] == [0, 0]
    dataset.reload()
    for name in ("mine", "theirs"):
        assert len(masks(dataset, name)) == len(documents(dataset))
        again = predict(dataset, predictor="cues", field_name=name, resume=True)
        assert again.predicted == 0


# ------------------------------------------------------------------------------------ must


def test_resuming_predicts_again_what_lost_its_file(dataset: Any) -> None:
    predict(dataset, predictor="cues", field_name="m")
    before = masks(dataset, "m")
    lost = sorted(before)[:3]
    for key in lost:
        Path(documents(dataset)[key]["m"]["mask_path"]).unlink(missing_ok=True)
    gone = [k for k, d in documents(dataset).items() if not Path(d["m"]["mask_path"]).is_file()]
    done = predict(dataset, predictor="cues", field_name="m", resume=True)
    assert done.predicted == len(gone) >= len(lost)
    assert any("whose files were gone" in note for note in done.notes)
    assert masks(dataset, "m") == before


def test_a_consensus_is_resumed_likewise(dataset: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        given_masks(dataset, tmp_path / name, name)
    consensus(dataset, sources=["a", "b"], field_name="m")
    before = masks(dataset, "m")
    Path(documents(dataset)[min(before)]["m"]["mask_path"]).unlink()
    assert consensus(dataset, sources=["a", "b"], field_name="m", resume=True).agreed >= 1
    assert masks(dataset, "m") == before
