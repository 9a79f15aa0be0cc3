"""Sources that lie, trap and damage: a record is named and skipped, and the import goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.exporters.converters import CONVERTERS
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.options import ImportSummary
from pairlens.importers.skip_log import SkipLog
from tests import warm
from tests.layouts import LAYOUTS
from tests.unit.tars import jpeg

HUB = "refsegrs-hub"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a small dataset of a layout."""
    made = {layout.id: layout.make for layout in LAYOUTS}
    return lambda name: made[name](tmp_path / "source")


def imported(root: Path, name: str, **options: Any) -> ImportSummary:
    return import_dataset("auto", root, name, ImportOptions(**options))


def reasons(done: ImportSummary) -> list[str]:
    return [f"{entry['source']}: {entry['reason']}" for entry in done.skipped]


# ------------------------------------------------------------------------------ records


def change_sample(root: Path, **members: object) -> None:
    file = root / "samples.json"
    content = json.loads(file.read_bytes())
    content["samples"][2] |= members
    file.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"filepath": "/".join(["x" * 100] * 60)}, "is no path in the dataset's folder"),
        ({"segmentation": {"mask_path": "y/" * 3000}}, "is no path in the dataset's folder"),
        ({"phrase": "x" * 17_000_000}, "the query is longer than 65,536 characters"),
        ({"phrase": "half \ud800"}, "half a character"),
        ({"filepath": "data/\udcff.tif"}, "is no path in the dataset's folder"),
    ],
    ids=["filepath", "mask", "phrase", "half", "name"],
)
def test_a_record_that_cannot_be_is_skipped_and_named(
    source: Callable[[str], Path], dataset_name: str, members: dict[str, object], reason: str
) -> None:
    root = source(HUB)
    change_sample(root, **members)
    done = imported(root, dataset_name)
    assert (done.samples, done.skipped_total) == (7, 1)
    (told,) = reasons(done)
    assert told.startswith("samples.json[2]: ") and reason in told and len(told) < 400


@pytest.mark.parametrize("text", ["half \ud800", "x" * 17_000_000], ids=["half", "long"])
def test_what_no_database_stores_is_skipped_whatever_the_format(
    source: Callable[[str], Path], dataset_name: str, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """The last line of defence, for formats that do not look at what they read."""
    from dataclasses import replace

    read = FORMATS["gres"].read

    def careless(*args: Any, **options: Any) -> Any:
        for number, record in enumerate(read(*args, **options)):
            yield replace(record, phrase=text) if number == 3 else record

    monkeypatch.setitem(FORMATS._things, "gres", replace(FORMATS["gres"], read=careless))
    root = source("gres")
    expected = sum(1 for _ in read(root))
    done = imported(root, dataset_name)
    assert (done.samples, done.added, done.skipped_total) == (expected - 1, expected - 1, 1)
    assert ".json[" in reasons(done)[0]
    with pytest.raises(Exception, match=r"\.json\["):
        imported(root, f"{dataset_name}-strict", strict=True)


@pytest.mark.parametrize("layout", ["gres", "refsegrs", "rsteller-folders", "rsgpt4v", "pregres"])
def test_names_that_are_no_text_end_no_import(
    source: Callable[[str], Path], dataset_name: str, layout: str
) -> None:
    root = source(layout)
    whole = sum(1 for _ in FORMATS[PUBLISHED_FORMAT[layout]].read(root))
    for folder, _, files in list(os.walk(os.fsencode(root))):
        for some in {Path(os.fsdecode(name)).suffix: os.fsdecode(name) for name in files}.values():
            file = Path(os.fsdecode(folder)) / some
            odd = os.fsdecode(b"bad\xff" + file.suffix.encode())
            (file.parent / odd).write_bytes(file.read_bytes())
    done = imported(root, dataset_name)
    assert done.samples == whole
    json.dumps(fo.load_dataset(dataset_name).info["pairlens"]).encode()


PUBLISHED_FORMAT = {
    "gres": "gres", "refsegrs": "refsegrs", "rsteller-folders": "rsteller", "rsgpt4v": "rsgpt4v",
    "pregres": "pregres",
}  # fmt: skip


def test_a_root_whose_name_is_no_text_is_refused(
    source: Callable[[str], Path], dataset_name: str
) -> None:
    root = source("gres")
    odd = Path(os.fsdecode(os.fsencode(root.parent) + b"/\xff"))
    root.rename(odd)
    with pytest.raises(UsageError, match="no name in UTF-8"):
        imported(odd, dataset_name)
    assert not fo.dataset_exists(dataset_name)


# -------------------------------------------------------------------- links, pipes, devices


IMAGE = {
    "gres": "gres_images/*/*.jpg", "refsegrs": "images/*.tif", HUB: "data/*.tif",
    "risbench-records": "img_rgb/*.png", "rsteller-folders": "*/*.jpg",
    "rsgpt4v": "scenes/imgs/*.tif", "pregres": "**/*.jpg",
}  # fmt: skip


@pytest.mark.parametrize("layout", IMAGE)
def test_a_link_out_of_the_folder_is_read_and_exported_only_where_that_is_allowed(
    source: Callable[[str], Path], dataset_name: str, tmp_path: Path, layout: str
) -> None:
    root = source(layout)
    image = sorted(root.glob(IMAGE[layout]))[0]
    outside = tmp_path / "outside"
    image.rename(outside)
    image.symlink_to(outside)
    done = imported(root, dataset_name)
    told = reasons(done)
    assert told and all("leads out of the dataset's folder; --follow-links" in t for t in told)
    followed = f"{dataset_name}-followed"
    assert imported(root, followed, follow_links=True).skipped == []
    dataset = fo.load_dataset(followed)
    export_dataset(dataset, done.format, tmp_path / "with", select="all")
    assert (tmp_path / "with" / image.relative_to(root)).read_bytes() == outside.read_bytes()


@pytest.mark.parametrize(
    ("layout", "file"),
    [
        ("gres", "gres_annotations/val/*.json"),
        ("refsegrs", "masks/*.tif"),
        ("refsegrs", "output_phrase_val.txt"),
        ("risbench-records", "*.jsonl"),
        ("rsteller", "*.tar"),
        ("rsteller-folders", "*/*.json"),
        ("rsgpt4v", "VQA.jsonl"),
        ("pregres", "*.json"),
    ],
)
def test_a_linked_annotation_is_named_too(
    source: Callable[[str], Path], dataset_name: str, tmp_path: Path, layout: str, file: str
) -> None:
    root = source(layout)
    linked = sorted(root.glob(file))[0]
    linked.rename(tmp_path / "outside")
    linked.symlink_to(tmp_path / "outside")
    done = imported(root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    faults = dataset.values("mask_stats.error") if dataset.has_field("mask_stats.error") else []
    told = [*reasons(done), *(fault for fault in faults if fault)]
    assert any("leads out of the dataset's folder" in line for line in told), told


@pytest.mark.parametrize("layout", ["gres", *CONVERTERS])
def test_what_changes_into_a_link_later_is_not_exported(
    source: Callable[[str], Path], dataset_name: str, tmp_path: Path, layout: str
) -> None:
    root = source("gres")
    imported(root, dataset_name)
    image = sorted(root.glob("gres_images/*/*.jpg"))[0]
    image.unlink()
    image.symlink_to("/etc/passwd")
    with pytest.raises(StateError, match=r"leads out of the dataset's folder"):
        export_dataset(fo.load_dataset(dataset_name), layout, tmp_path / "out", select="all")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_copy_takes_no_label_out_of_the_folder(
    source: Callable[[str], Path], dataset_name: str, tmp_path: Path, kind: str
) -> None:
    root = source("gres")
    imported(root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    mask = root / "own.png"
    mask.write_bytes(Path(dataset.first().segmentation.mask_path).read_bytes())
    first = dataset.first()
    first["own"] = fo.Segmentation(mask_path=str(mask))
    first.save()
    export_dataset(dataset, "fiftyone", tmp_path / "before", select="all")
    mask.unlink()
    mask.symlink_to("/etc/passwd") if kind == "link" else os.mkfifo(mask)
    with pytest.raises(StateError, match=r"own\.png cannot be copied"):
        export_dataset(dataset, "fiftyone", tmp_path / "out", select="all")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("layout", IMAGE)
def test_pipes_and_devices_are_not_waited_for(
    source: Callable[[str], Path], dataset_name: str, tmp_path: Path, layout: str
) -> None:
    root = source(layout)
    image = sorted(root.glob(IMAGE[layout]))[0]
    image.unlink()
    image.symlink_to("/dev/zero")
    for folder in {image.parent, root, *(f.parent for f in root.rglob("*.json"))}:
        for suffix in ("json", "jsonl", "txt", "tar", "jpg", "tif"):
            os.mkfifo(folder / f"0-pipe.{suffix}")
    done = warm.run("-m", "pairlens.fiftyone_plugin.cli", "import", "auto", str(root), "--json",
                    "--name", dataset_name, "--follow-links", timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["samples"] > 0
    told = " ".join(entry["reason"] for entry in summary["skipped"])
    assert "Traceback" not in done.stderr and ("no regular file" in told or "not there" in told)


# ----------------------------------------------------------------------------- archives


def zipped(root: Path, to: Path, **more: bytes) -> Path:
    with zipfile.ZipFile(to, "w") as made:
        for file in sorted(f for f in root.rglob("*") if f.is_file()):
            made.write(file, file.relative_to(root).as_posix())
        for name, data in more.items():
            made.writestr(name, data)
    return to


def test_an_archive_with_marks_of_its_own_is_read_whole(
    source: Callable[[str], Path], dataset_name: str, tmp_path: Path
) -> None:
    root = source("refsegrs")
    marks = {".unpacked": b"", ".pairlens": b"somebody", "content/.unpacked": b""}
    made = zipped(root, tmp_path / "a.zip", **marks)
    media = tmp_path / "media" / "own"
    first = imported(made, dataset_name, media_dir=media)
    again = imported(made, dataset_name, resume=True)
    assert (first.samples, again.samples, again.added) == (8, 8, 0)
    owners = [f.read_text() for f in (tmp_path / "media").glob("*/.pairlens")]
    assert owners and "somebody" not in owners


def test_a_damaged_member_costs_its_record_alone(
    source: Callable[[str], Path], dataset_name: str, tmp_path: Path
) -> None:
    made = zipped(source("refsegrs"), tmp_path / "a.zip", **{"images/3.tif/x": b"1"})
    data = bytearray(made.read_bytes())
    data[data.index(b"images/2.tif") + 300] ^= 255
    made.write_bytes(data)
    done = imported(made, dataset_name)
    assert done.samples == 7 and len(done.skipped) == 1
    notes = [note for note in done.notes if "is left out" in note]
    assert any("'images/2.tif' is left out: it is damaged" in note for note in notes)
    assert any("a file has the name of a folder" in note for note in notes)


# ------------------------------------------------------------------------- lists and texts


def test_a_list_cut_in_its_last_line_is_told(
    source: Callable[[str], Path], dataset_name: str
) -> None:
    file = source("refsegrs") / "output_phrase_val.txt"
    file.write_bytes(file.read_bytes()[:-4])
    notes = imported(file.parent, dataset_name).notes
    assert any("the last line has no end; the list may have been cut" in note for note in notes)


def test_a_list_that_cannot_be_read_leaves_the_others(
    source: Callable[[str], Path], dataset_name: str
) -> None:
    root = source("refsegrs")
    (root / "output_phrase_val.txt").unlink()
    (root / "output_phrase_val.txt").symlink_to("/proc/self/mem")  # whose first byte is none
    done = imported(root, dataset_name, follow_links=True)
    assert 0 < done.samples < 8
    assert reasons(done) == ["output_phrase_val.txt: cannot be read (Input/output error)"]


def test_an_export_of_images_with_texts_alone_is_read_again(
    dataset_name: str, tmp_path: Path
) -> None:
    root = tmp_path / "published"
    root.mkdir()
    for name in ("1.jpg", "2.jpg"):
        (root / name).write_bytes(jpeg())
    (root / "1.txt").write_text("A field.\n")
    annotation = {"metadata": {"patch_id": 2}, "annotations": [{"text": "A road."}]}
    (root / "2.json").write_text(json.dumps(annotation))
    imported(root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    dataset.match(fo.ViewField("image_id") == "1").tag_samples("lone")
    export_dataset(dataset, "rsteller", tmp_path / "out", select="tag:lone")
    done = imported(tmp_path / "out", f"{dataset_name}-again")
    assert (done.format, done.samples, done.skipped) == ("rsteller", 1, [])


# ---------------------------------------------------------------------------- disk, errors


_LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
from pairlens.fiftyone_plugin.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_disk_that_takes_no_more_is_one_sentence(
    source: Callable[[str], Path], dataset_name: str, tmp_path: Path
) -> None:
    root = source("refsegrs")
    command = [sys.executable, "-c", _LIMITED, "import", "refsegrs", str(root), "--name",
               dataset_name, "--media-dir", str(tmp_path / "media")]  # fmt: skip
    done = subprocess.run(command, cwd=REPOSITORY, env=os.environ, capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if line.startswith("pairlens: ")]
    assert done.returncode == 1
    assert said == [f"pairlens: cannot write to {tmp_path / 'media'} (File too large)"]


@pytest.mark.parametrize("folder", ["/proc/pairlens", "/dev/null/x", "x" * 5000, "a/" * 3000])
def test_a_media_folder_that_cannot_be_made_is_one_sentence(
    source: Callable[[str], Path],
    dataset_name: str,
    capsys: pytest.CaptureFixture[str],
    folder: str,
) -> None:
    root = str(source("gres"))
    assert main(["import", "gres", root, "--name", dataset_name, "--media-dir", folder]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("pairlens: ") and "cannot be" in said and len(said) < 600
    assert not fo.dataset_exists(dataset_name)


def test_skipped_records_that_cannot_be_written_are_one_sentence() -> None:
    log = SkipLog(Path("/proc/pairlens/skipped.jsonl"), strict=False)
    with pytest.raises(StateError, match=r"cannot write to /proc/pairlens \(No such file"):
        log.close()


@pytest.mark.parametrize(
    "name", ["", "  ", "a\0b", "\ud800", "x" * 3000, "../x", "a/b", ".", "ü x"]
)
def test_odd_names_of_datasets(
    source: Callable[[str], Path], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code = main(["import", "gres", str(source("gres")), "--name", name, "--limit", "1"])
    said = capsys.readouterr().err
    if code:
        lines = [line for line in said.splitlines() if line.startswith("pairlens: ")]
        assert code in (1, 2) and len(lines) == 1 and len(lines[0]) < 1200, said
        assert "--verbose" not in lines[0]
    else:
        fo.delete_dataset(name)


def test_a_decision_of_two_megabytes_is_not_printed_whole(
    source: Callable[[str], Path],
    dataset_name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    imported(source("gres"), dataset_name)
    lines = [{"key": "k", "verdict": "x" * 1_900_000}, {"key": "k", "verdict": ["y" * 1_900_000]}]
    for number, line in enumerate(lines):
        file = tmp_path / f"{number}.jsonl"
        file.write_text(json.dumps(line) + "\n")
        assert main(["review", dataset_name, "--apply", str(file)]) in (1, 2)
    said = capsys.readouterr().err
    assert "there is no verdict" in said and "nothing was applied" in said
    assert len(said) < 5000
