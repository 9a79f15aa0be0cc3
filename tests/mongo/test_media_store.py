"""Media with copies in an object store: moto's S3 over HTTP, a real database, two caches."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from threading import Event
from typing import Any

import fiftyone as fo
import numpy as np
import pytest

from pairlens.fiftyone_plugin import inventory_reports
from pairlens.fiftyone_plugin.cli import main, run
from pairlens.fiftyone_plugin.curation import verdicts
from pairlens.fiftyone_plugin.curation.file_check import check_files
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers import store
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.masks import load_stored
from pairlens.importers.media_folders import media_dir
from pairlens.importers.rle import encode_rle
from tests.mongo import processes
from tests.object_store import BUCKET, ObjectStore


@pytest.fixture(scope="module")
def gres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "GRES", images=5, size=64).root


@pytest.fixture()
def address(objects: ObjectStore, tmp_path: Path) -> str:
    return f"s3://{BUCKET}/{tmp_path.name}"


def here(name: str) -> dict[str, bytes]:
    """The masks that samples name, by their paths in the media folder."""
    dataset: Any = fo.load_dataset(name)
    folder = media_dir(dataset)
    paths = ("segmentation", "p", "original_mask")
    named = {
        Path(label["mask_path"])
        for document in store.stream(dataset, paths)
        for field, label in document.items()
        if field != "_id" and label
    }
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in named}


def there(objects: ObjectStore, name: str, address: str) -> dict[str, bytes]:
    """The copies, by the same paths."""
    prefix = f"{address.removeprefix(f's3://{BUCKET}/')}/{media_dir(fo.load_dataset(name)).name}/"
    return {key.removeprefix(prefix): data for key, data in objects.keys(prefix).items()}


def on_another_machine(tmp_path: Path) -> None:
    """Puts the cache away: the other machine has none yet."""
    (tmp_path / "cache").rename(tmp_path / f"cache-{len([*tmp_path.iterdir()])}")


def imported(gres: Path | str, name: str, address: str, **options: Any) -> Any:
    import_dataset("gres", gres, name, ImportOptions(media_dir=address, **options))
    return fo.load_dataset(name)


def told(capsys: pytest.CaptureFixture[str], code: int, *command: str) -> str:
    capsys.readouterr()
    assert main([*command]) == code
    return capsys.readouterr().err.splitlines()[-1]  # after a line of progress


def test_media_are_here_and_their_copies_are_made_once(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path
) -> None:
    dataset = imported(gres, dataset_name, f"{address}/")
    assert here(dataset_name) == there(objects, dataset_name, address) != {}
    assert media_dir(dataset).is_relative_to(tmp_path / "cache")
    imported(gres, dataset_name, address, resume=True)
    predict(dataset, predictor="cues", field_name="p")
    predict(dataset, predictor="cues", field_name="p", resume=True)
    run(["sync", dataset_name])
    assert here(dataset_name) == there(objects, dataset_name, address)
    assert any(name.startswith("predictions/p-") for name in here(dataset_name))
    assert sorted(objects.written) == sorted(set(objects.written)) and not objects.read
    others = set(objects.keys(f"{tmp_path.name}/")) - set(objects.written)
    assert not others, "nothing but what was written, and what says whose it is"
    assert f"{tmp_path.name}/.pairlens" in objects.written


def test_another_machine_fetches_what_it_lacks_once(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path
) -> None:
    objects.put_folder(gres, f"{tmp_path.name}-source")
    import_dataset("gres", f"{address}-source", dataset_name, ImportOptions(media_dir=address))
    predict(fo.load_dataset(dataset_name), predictor="cues", field_name="p")
    before = here(dataset_name)
    on_another_machine(tmp_path)
    seen = check_files(dataset_name)
    assert seen.gone == seen.samples
    [line] = inventory_reports.of_file_checks([seen])
    assert f"run pairlens sync {dataset_name}, which fetches what lacks" in line
    objects.read.clear()
    assert run(["sync", dataset_name])["gone"] == 0
    assert here(dataset_name) == before and check_files(dataset_name).gone == 0
    masks = [key for key in objects.read if key.endswith(".png")]
    assert len(masks) == len(set(masks)) == len(before)
    read = len(objects.read)
    run(["sync", dataset_name])
    assert len(objects.read) == read


def test_what_was_made_elsewhere_is_not_made_again(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path
) -> None:
    dataset = imported(gres, dataset_name, address)
    predict(dataset, predictor="cues", field_name="p")
    before = here(dataset_name)
    on_another_machine(tmp_path)
    done = predict(dataset, predictor="cues", field_name="p", resume=True)
    assert (done.predicted, done.notes) == (0, [])
    assert here(dataset_name) == before
    on_another_machine(tmp_path)
    again = import_dataset("gres", gres, dataset_name, ImportOptions(resume=True))
    assert not any("restored" in note for note in again.notes) and again.added == 0
    assert here(dataset_name) == before == there(objects, dataset_name, address)


def test_names_that_differ_in_case_alone_are_two_files(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path
) -> None:
    dataset = imported(gres, dataset_name, address)
    first = Path(dataset.first().segmentation.mask_path)
    other = first.with_name(first.name.upper())
    other.write_bytes(b"another")
    _shows(dataset, other)
    assert run(["sync", dataset_name])["exchanged"]["sent"] == 1
    assert run(["sync", dataset_name])["exchanged"]["sent"] == 0
    before = here(dataset_name)
    assert f"masks/{other.name}" in before
    on_another_machine(tmp_path)
    run(["sync", dataset_name])
    assert here(dataset_name) == before


def _shows(dataset: Any, file: Path) -> None:
    """Makes the last sample show a mask."""
    last = dataset.last()
    last.segmentation.mask_path = str(file)
    last.save()


def test_what_lies_elsewhere_too_is_fetched_whatever_else_fails(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    objects.put_folder(gres, f"{tmp_path.name}-source")
    dataset = imported(f"{address}-source", dataset_name, address)
    before = here(dataset_name)
    on_another_machine(tmp_path)
    own = media_dir(dataset) / "masks" / "own.png"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"made here")
    dataset.add_sample_field("theirs", fo.StringField)
    dataset.set_values("theirs", [str(own)] * len(dataset))
    objects.refusal = lambda method, key: (
        "403 AccessDenied" if method == "PUT" or "-source" in key else ""
    )
    line = told(capsys, 1, "sync", dataset_name)
    assert f"{own.name} cannot be written (AccessDenied)" in line
    assert here(dataset_name) == before, "though nothing can be sent, and the source is away"
    objects.refusal = lambda method, key: ""
    assert run(["sync", dataset_name])["exchanged"]["sent"] == 1


def test_a_machine_without_images_accuses_none(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    objects.put_folder(gres, f"{tmp_path.name}-source")
    dataset = imported(f"{address}-source", dataset_name, address)
    on_another_machine(tmp_path)
    line = told(capsys, 1, "flag", dataset_name)
    assert "is on this machine" in line and f"pairlens sync {dataset_name}" in line
    assert not any(dataset.values("findings")) and not any(dataset.values("image_stats"))
    run(["sync", dataset_name])
    gone = Path(dataset.first().filepath)
    gone.unlink()
    first = run(["flag", dataset_name])
    assert "image_unreadable" not in first["findings"]
    (note,) = [note for note in first["notes"] if str(gone) in note]
    assert note.startswith("1 image is not on this machine") and "pairlens sync" in note
    assert run(["flag", dataset_name])["notes"].count(note) == 1, "as long as it is away"
    gone.write_bytes(b"no image")
    again = run(["flag", dataset_name])
    assert again["findings"]["image_unreadable"] > 0, "here, and broken"
    assert note not in again["notes"]


def test_an_object_that_goes_away_while_it_is_fetched_is_told(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    imported(gres, dataset_name, address)
    masks = [key for key in objects.keys(tmp_path.name) if key.endswith(".png")]
    on_another_machine(tmp_path)
    objects.before[masks[0]] = lambda: objects.client.delete_object(Bucket=BUCKET, Key=masks[0])
    assert f"{masks[0]} changed while it was fetched" in told(capsys, 1, "sync", dataset_name)


def test_files_that_cannot_be_had_or_are_damaged_are_named(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    dataset = imported(gres, dataset_name, address)
    mask = Path(dataset.first().segmentation.mask_path)
    whole = mask.read_bytes()
    mask.write_bytes(b"")
    assert main(["sync", dataset_name]) == 0
    assert f"such as {mask}; delete the one that is damaged" in capsys.readouterr().out
    mask.write_bytes(whole)
    later = time.time() + 60  # the clock here is ahead
    os.utime(mask, (later, later))
    objects.read.clear()
    assert run(["sync", dataset_name])["exchanged"]["differing"] == 0 and not objects.read
    mask.write_bytes(whole[:-20] + bytes(20))
    os.utime(mask, (later, later))
    assert run(["sync", dataset_name])["exchanged"]["differs"] == str(mask)
    mask.unlink()
    run(["sync", dataset_name])
    assert mask.read_bytes() == whole
    predict(dataset, predictor="cues", field_name="p")
    prediction = dataset.exists("p").first().p.mask_path
    key = f"{tmp_path.name}/{Path(prediction).relative_to(media_dir(dataset).parent)}"
    objects.client.delete_object(Bucket=BUCKET, Key=key)
    on_another_machine(tmp_path)
    assert main(["sync", dataset_name]) == 1
    said = capsys.readouterr().out
    assert f"1 files are neither here nor there, such as {prediction}" in said
    assert "are here." not in said


_KILLED = """
import os, signal, sys
from pairlens.fiftyone_plugin import cli
from pairlens.importers import media_store, object_cache
object_cache.AT_ONCE = 1
real, count = media_store.put, int(sys.argv.pop())
def put(*given):
    global count
    count -= 1
    if count < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(*given)
media_store.put = put
sys.exit(cli.main(sys.argv[1:]))
"""


def test_an_import_that_was_killed_goes_on(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str
) -> None:
    command = ["import", "gres", str(gres), "--name", dataset_name, "--media-dir", address]
    process = processes.start(_KILLED, *command, "2")
    assert processes.ended(process)[0] == -signal.SIGKILL
    assert 0 < len(there(objects, dataset_name, address)) < len(here(dataset_name))
    run([*command, "--resume"])
    assert here(dataset_name) == there(objects, dataset_name, address)
    imported(gres, f"{dataset_name}-whole", address)
    assert here(f"{dataset_name}-whole") == here(dataset_name)


def test_ctrl_c_waits_for_no_store(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path
) -> None:
    imported(gres, dataset_name, address)
    before = here(dataset_name)
    on_another_machine(tmp_path)
    asked, answered = Event(), Event()

    def refusal(method: str, key: str) -> str:
        if method == "GET" and key.endswith(".png"):
            asked.set()
            answered.wait(60)
        return ""

    objects.refusal = refusal
    process = processes.command("sync", dataset_name)
    assert asked.wait(60)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    code, said = processes.ended(process)
    assert (code, time.monotonic() - began < 20) == (1, True), said
    assert "Interrupted. What was done is kept" in said
    answered.set()
    objects.refusal = lambda method, key: ""
    run(["sync", dataset_name])
    assert here(dataset_name) == before and not [*tmp_path.rglob("*.partial")]


def test_a_store_that_cannot_be_written_is_told_before_anything_is_made(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    command = ["import", "gres", str(gres), "--name", dataset_name, "--media-dir"]
    line = told(capsys, 1, *command, "s3://no-such-bucket/media")
    assert "there is no such bucket" in line
    objects.refusal = lambda method, key: "403 AccessDenied" if method == "PUT" else ""
    line = told(capsys, 1, *command, address)
    assert "cannot be written (AccessDenied); give a key that may" in line
    assert "is no address of a folder" in told(capsys, 2, *command, "s3://key:secret@bucket/x")
    assert not fo.dataset_exists(dataset_name) and not objects.keys(address.rpartition("/")[2])
    with pytest.raises(UsageError, match="give it as text"):
        imported(gres, dataset_name, Path(address))  # type: ignore[arg-type]


def test_media_do_not_go_among_published_files(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str
) -> None:
    beside = f"{address}/GRES-media"
    objects.put_folder(gres, f"{address.rpartition('/')[2]}/GRES")
    for inside in (f"{address}/GRES", f"{address}/GRES/media"):
        with pytest.raises(UsageError, match="among the published files; give an address beside"):
            imported(f"{address}/GRES", dataset_name, inside)
    with pytest.raises(UsageError, match="among the published files"):
        imported(f"{address}/GRES/pairs.csv", dataset_name, f"{address}/GRES/media")
    imported(f"{address}/GRES", dataset_name, beside)
    with pytest.raises(UsageError, match="among the published files"):
        run(["relocate", dataset_name, "--media-dir", f"{address}/GRES/media"])
    assert here(dataset_name) == there(objects, dataset_name, beside)
    imported(f"{address}/GRES", dataset_name, beside, resume=True)


def test_a_network_that_goes_away_loses_nothing(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def refusal(method: str, key: str) -> str:
        return "403 AccessDenied" if method == "PUT" and len(objects.written) > 2 else ""

    objects.refusal = refusal
    command = ["import", "gres", str(gres), "--name", dataset_name, "--media-dir", address]
    line = told(capsys, 1, *command)
    assert "cannot be written (AccessDenied)" in line
    assert 0 < len(there(objects, dataset_name, address)) < len(here(dataset_name))
    objects.refusal = lambda method, key: ""
    run(["sync", dataset_name])
    assert here(dataset_name) == there(objects, dataset_name, address)
    assert len(objects.written) == len(set(objects.written))


def test_a_bucket_that_is_gone_is_told_where_nothing_is_here(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    dataset = imported(gres, dataset_name, address)
    on_another_machine(tmp_path)
    store.update_info(dataset, media_store="s3://bucket-that-was/media")
    assert "(there is no such bucket); make it" in told(capsys, 1, "sync", dataset_name)


def test_a_folder_that_a_killed_process_did_not_mark_is_taken(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path
) -> None:
    dataset = imported(gres, dataset_name, address)
    before, folder = here(dataset_name), media_dir(dataset)
    on_another_machine(tmp_path)
    (folder / "masks").mkdir(parents=True)
    assert run(["sync", dataset_name])["gone"] == 0
    assert here(dataset_name) == before and (folder / ".pairlens").is_file()


def test_a_mask_of_a_review_is_sent_and_a_store_that_is_away_holds_nobody_up(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str
) -> None:
    dataset = imported(gres, dataset_name, address)
    keys = [sample["key"] for sample in dataset.limit(2)]

    def mend(key: str, corner: int) -> str:
        pixels = load_stored(Path(dataset.one(fo.ViewField("key") == key).segmentation.mask_path))
        target = np.zeros_like(pixels)
        target[:corner, :corner] = 1
        rle = encode_rle(target)
        verdicts.judge(dataset, key, "fix", painted={"size": rle["size"], "counts": rle["counts"]})
        path = dataset.one(fo.ViewField("key") == key).segmentation.mask_path
        return Path(path).relative_to(media_dir(dataset)).as_posix()

    assert mend(keys[0], 7) in there(objects, dataset_name, address)
    objects.refusal = lambda method, key: "403 AccessDenied" if method == "PUT" else ""
    with pytest.warns(UserWarning, match="pairlens sync .* sends it later"):
        name = mend(keys[1], 9)
    assert name in here(dataset_name) and name not in there(objects, dataset_name, address)
    objects.refusal = lambda method, key: ""
    run(["review", dataset_name, "--set", keys[1], "keep"])
    run(["sync", dataset_name])
    assert here(dataset_name).items() <= there(objects, dataset_name, address).items()


def test_datasets_at_one_address_do_not_meet(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path
) -> None:
    dataset = imported(gres, dataset_name, address)
    first = media_dir(dataset).name
    imported(gres, dataset_name, address, overwrite=True)
    dataset = fo.load_dataset(dataset_name)
    assert media_dir(dataset).name != first
    assert here(dataset_name) == there(objects, dataset_name, address)
    clone: Any = dataset.clone(f"{dataset_name}-clone", persistent=True)
    predict(clone, predictor="cues", field_name="p")
    own = there(objects, clone.name, address)
    assert own and all(name.startswith("predictions/") for name in own)
    assert media_dir(clone) != media_dir(dataset)
    on_another_machine(tmp_path)
    assert run(["sync", clone.name])["gone"] == 0
    masks = {Path(label.mask_path) for label in clone.values("segmentation")}
    assert all(file.is_file() for file in masks)
    delete_dataset(clone.name)
    assert here(dataset_name) == there(objects, dataset_name, address)


def test_a_folder_becomes_a_store_and_a_store_a_folder(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path
) -> None:
    import_dataset("gres", gres, dataset_name, ImportOptions(media_dir=tmp_path / "media"))
    predict(fo.load_dataset(dataset_name), predictor="cues", field_name="p")
    before = here(dataset_name)
    again = ImportOptions(media_dir=address, resume=True)
    with pytest.raises(StateError, match=f"pairlens relocate {dataset_name} --media-dir {address}"):
        import_dataset("gres", gres, dataset_name, again)
    done = run(["relocate", dataset_name, "--media-dir", address])
    assert (done["gone"], done["exchanged"]["sent"]) == (0, len(before))
    assert here(dataset_name) == before == there(objects, dataset_name, address)
    assert not (tmp_path / "media").exists()
    on_another_machine(tmp_path)
    run(["relocate", dataset_name, "--media-dir", f"{address}-other"])
    assert here(dataset_name) == before == there(objects, dataset_name, f"{address}-other")
    folder = media_dir(fo.load_dataset(dataset_name))
    shutil.copytree(folder, tmp_path / "own")
    shutil.rmtree(folder)
    done = run(["relocate", dataset_name, "--media-dir", str(tmp_path / "own")])
    assert (done["gone"], done["exchanged"]["store"]) == (0, "")
    assert here(dataset_name) == before
    assert run(["info", dataset_name])["store"] == ""


def test_a_cache_of_another_path_is_told_and_gone_over_to(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    imported(gres, dataset_name, address)
    before, there_before = here(dataset_name), there(objects, dataset_name, address)
    monkeypatch.setenv("PAIRLENS_CACHE", str(tmp_path / "cache of all"))
    (tmp_path / "cache").rename(tmp_path / "on the other machine")
    (tmp_path / "cache").write_text("no folder can be made here")
    line = told(capsys, 1, "sync", dataset_name)
    assert "it was made there on another machine; make that path writable here" in line
    (tmp_path / "cache").unlink()
    (tmp_path / "on the other machine").rename(tmp_path / "cache")
    run(["relocate", dataset_name, "--media-dir", address])
    assert media_dir(fo.load_dataset(dataset_name)).parent == tmp_path / "cache of all" / "media"
    assert here(dataset_name) == before == there_before == there(objects, dataset_name, address)


def test_what_is_not_on_this_machine_keeps_its_path(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path
) -> None:
    import_dataset("gres", gres, dataset_name, ImportOptions(media_dir=tmp_path / "media"))
    paths = fo.load_dataset(dataset_name).values("segmentation.mask_path")
    before = here(dataset_name)
    (tmp_path / "media").rename(tmp_path / "on the other machine")
    done = run(["relocate", dataset_name, "--media-dir", address])
    assert (done["gone"], done["moved"], done["example"]) == (11, 0, paths[0])
    assert fo.load_dataset(dataset_name).values("segmentation.mask_path") == paths
    (tmp_path / "on the other machine").rename(tmp_path / "media")
    assert run(["relocate", dataset_name, "--media-dir", address])["gone"] == 0
    assert here(dataset_name) == before == there(objects, dataset_name, address)


def test_a_dataset_that_is_replaced_keeps_its_store(
    objects: ObjectStore, gres: Path, address: str, dataset_name: str, tmp_path: Path
) -> None:
    imported(gres, dataset_name, address)
    import_dataset("gres", gres, dataset_name, ImportOptions(overwrite=True))
    assert here(dataset_name) == there(objects, dataset_name, address) != {}
    own = ImportOptions(overwrite=True, media_dir=tmp_path / "own")
    import_dataset("gres", gres, dataset_name, own)
    assert run(["info", dataset_name])["store"] == ""


def test_a_url_of_a_folder_is_the_folder(gres: Path, dataset_name: str, tmp_path: Path) -> None:
    command = ["import", "gres", str(gres), "--name", dataset_name, "--media-dir"]
    run([*command, f"file://{tmp_path}/my%20masks"])
    assert [*(tmp_path / "my masks").rglob("*.png")] and check_files(dataset_name).gone == 0
