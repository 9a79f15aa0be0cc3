"""RefSegRS under other names: forks, RISBench's records, the copy on the hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.importers.errors import LayoutError, StateError
from pairlens.importers.formats import FORMATS, find_format, refsegrs
from pairlens.importers.formats.export_items import ExportPair
from pairlens.importers.masks import encode_png
from pairlens.importers.prepare import MediaPlace, PreparedPair, prepare
from pairlens.importers.records import Encoded, NoTarget, Pair, Raster
from pairlens.importers.rle import encode_rle

MASK = np.zeros((8, 10), np.uint8)
MASK[2:5, 3:9] = 1


def read(root: Path, **options: Any) -> tuple[list[Pair], list[str], list[str]]:
    errors: list[Any] = []
    notes: list[str] = []
    pairs = list(refsegrs.read(root, on_error=errors.append, on_note=notes.append, **options))
    return pairs, [str(e) for e in errors], notes


def exported(pair: Pair, phrase: str | None = None, *, selected: bool = True) -> ExportPair:
    assert not pair.image or isinstance(pair.image, Path)
    return ExportPair(
        key=pair.key,
        source=pair.source,
        image=pair.image,
        has_mask=True,
        published=pair.phrase,
        phrase=pair.phrase if phrase is None else phrase,
        selected=selected,
    )


def export(root: Path, out: Path, pairs: list[ExportPair]) -> Any:
    out.mkdir()
    exporter = FORMATS["refsegrs"].exporter(root, out)
    exporter.write_file(pairs[0].source.file, iter(pairs))
    exporter.finish()
    return exporter


def files(root: Path) -> dict[str, bytes]:
    return {f.relative_to(root).as_posix(): f.read_bytes() for f in root.rglob("*") if f.is_file()}


def fork(root: Path, images: str, masks: str, listed: str, suffix: str = ".tif") -> Path:
    for folder in (images, masks):
        (root / folder).mkdir(parents=True)
        (root / folder / f"7{suffix}").write_bytes(b"not decoded here")
    (root / listed).write_text("7 paved road\n9 car\n")
    return root


@pytest.mark.parametrize(
    ("images", "masks", "listed", "suffix"),
    [
        ("images2", "masks2", "output_phrase_val3.txt", ".tif"),
        ("images", "masks", "output_phrase_val.txt", ".tiff"),
        ("img_rgb", "mask", "output_phrase_val.txt", ".png"),
    ],
    ids=["fork", "other suffix", "RISBench"],
)
def test_forks_are_read_and_written_under_their_names(
    tmp_path: Path, images: str, masks: str, listed: str, suffix: str
) -> None:
    root = fork(tmp_path / "source", images, masks, listed, suffix)
    assert find_format("auto", root).name == "refsegrs"
    pairs, errors, _ = read(root)
    assert errors == []
    assert [(p.key, p.phrase) for p in pairs] == [
        ("refsegrs/val/7#0", "paved road"),
        ("refsegrs/val/9#0", "car"),
    ]
    assert (pairs[0].image, pairs[1].image) == (root / images / f"7{suffix}", None)
    assert pairs[0].target == Raster(root / masks / f"7{suffix}")
    export(root, tmp_path / "out", [exported(pairs[0]), exported(pairs[1], selected=False)])
    assert files(tmp_path / "out") == {**files(root), listed: b"7 paved road\n"}


def test_the_list_of_the_plain_name_comes_before_a_forks(tmp_path: Path) -> None:
    root = fork(tmp_path, "images", "masks", "output_phrase_val3.txt")
    (root / "output_phrase_val.txt").write_text("7 roof\n")
    assert [p.phrase for p in read(root)[0]] == ["roof"]


def record(**other: Any) -> dict[str, Any]:
    members = {
        "split": "test",
        "image_id": "test_1_0.png",
        "sent": "the ship",
        "file_name": "test_1_0.png",
        "segmentation": encode_rle(MASK),
    }
    return members | other


def records(root: Path, *lines: Any) -> Path:
    root.mkdir(exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (root / "risbench_test.jsonl").write_text("".join(f"{text}\n" for text in texts))
    return root


def test_records_hold_their_masks(tmp_path: Path) -> None:
    other = record(sent="no ship", segmentation=None)
    root = records(tmp_path, record(), "", other, record(split="val"))
    (root / "img_rgb").mkdir()
    (root / "img_rgb" / "test_1_0.png").write_bytes(encode_png(MASK))
    assert find_format("auto", root).name == "refsegrs"
    pairs, errors, _ = read(root, splits=("test",))
    assert errors == []
    assert [(p.key, p.phrase, p.source.index) for p in pairs] == [
        ("refsegrs/test/test_1_0.png#0", "the ship", 0),
        ("refsegrs/test/test_1_0.png#1", "no ship", 2),
    ]
    assert isinstance(pairs[0].target, Encoded) and isinstance(pairs[1].target, NoTarget)
    [made, _] = prepare(tuple(pairs), MediaPlace(tmp_path / "media", placeholders=False))
    assert isinstance(made, PreparedPair)
    assert (made.stats.area, made.stats.box) == (18, (3, 2, 6, 3))


def test_a_second_image_of_an_id_is_another_image(tmp_path: Path) -> None:
    same = record(image_id="7", sent="a ship")
    other = record(image_id="7", file_name="other.png", sent="a car")
    pairs, errors, _ = read(records(tmp_path, same, other, same | {"sent": "the ship"}))
    assert not errors
    assert [(p.image_id, p.image_name, p.phrase) for p in pairs] == [
        ("7", "test_1_0.png", "a ship"),
        ("other.png", "other.png", "a car"),
        ("7", "test_1_0.png", "the ship"),
    ]
    assert [p.key.partition("#")[2] for p in pairs] == ["0", "0", "1"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("{", "it is no JSON", id="cut"),
        pytest.param("[" * 5000, "it is nested too deeply", id="deep nesting"),
        pytest.param("[]", "it is no object", id="list"),
        pytest.param(record(sent=7), "'sent' is no text", id="wrong type"),
        pytest.param(record(sent="\ud800"), "'sent' is no text", id="half a character"),
        pytest.param(record(split="dev"), "no split 'dev'", id="unknown split"),
        pytest.param(record(file_name="../x.png"), "cannot be the name of an image", id="path"),
        pytest.param(record(image_id="a/b"), "cannot be the name of an image", id="id"),
        pytest.param(record(sent="x" * 70_000), "longer than 65,536 characters", id="long"),
        pytest.param("x" * (1 << 23), "the line is longer than 4,194,304 bytes", id="huge"),
    ],
)
def test_a_broken_record_is_named_and_the_rest_read(
    tmp_path: Path, line: Any, message: str
) -> None:
    pairs, errors, _ = read(records(tmp_path, record(), line, record()))
    assert len(pairs) == 2
    assert len(errors) == 1
    assert errors[0].startswith("risbench_test.jsonl[1]") and message in errors[0]


@pytest.mark.parametrize(
    "segmentation",
    [
        "text",
        [],
        {},
        {"size": [8, 10]},
        {"size": [8, 10], "counts": 5},
        {"size": [8, 10], "counts": "?"},
        {"size": [100_000, 100_000], "counts": "a"},
        {"size": [8, "10"], "counts": [80]},
        {"size": [8, 10], "counts": [[80]]},
        {"size": {"h": 8}, "counts": [80]},
    ],
)
def test_a_broken_mask_is_a_pair_without_one(tmp_path: Path, segmentation: Any) -> None:
    pairs, errors, _ = read(records(tmp_path, record(), record(segmentation=segmentation)))
    assert (len(pairs), errors) == (2, [])
    [made] = prepare((pairs[1],), MediaPlace(tmp_path / "media", placeholders=True))
    assert isinstance(made, PreparedPair)
    assert made.mask_path is None and made.stats.error


def test_records_come_out_as_they_went_in(tmp_path: Path) -> None:
    odd = json.dumps(record(), indent=None, separators=(" ,", " : "))
    root = records(tmp_path / "in", odd, record(sent="a"), "{broken", record(sent="b"))
    pairs, _, _ = read(root)
    exporter = export(
        root,
        tmp_path / "out",
        [exported(pairs[0]), exported(pairs[1], selected=False), exported(pairs[2], 'ü "b"')],
    )
    written = (tmp_path / "out" / "risbench_test.jsonl").read_bytes().splitlines()
    assert written[0].decode() == odd and len(written) == 2
    assert json.loads(written[1]) == record(sent='ü "b"')
    assert (exporter.tally.records, exporter.tally.not_imported) == (4, 1)
    (root / "risbench_test.jsonl").write_text(json.dumps(record(sent="other")) + "\n")
    with pytest.raises(StateError, match="is not what was imported"):
        export(root, tmp_path / "again", [exported(pairs[0])])


def test_the_real_records(shared_data: Path, tmp_path: Path) -> None:
    pairs, errors, _ = read(shared_data / "risbench")
    assert (len(pairs), errors) == (6, [])
    for pair in pairs:
        [made] = prepare((pair,), MediaPlace(tmp_path, placeholders=True))
        assert isinstance(made, PreparedPair) and made.stats.area > 50


def sample(number: int, **other: Any) -> dict[str, Any]:
    members = {
        "filepath": f"data/{number}.tif",
        "tags": ["train"],
        "segmentation": {"mask_path": f"fields/segmentation/{number}.tif"},
        "phrase": f"road {number}",
    }
    return members | other


def hub_copy(root: Path, *samples: Any) -> Path:
    for folder in ("data", "fields/segmentation"):
        (root / folder).mkdir(parents=True)
        for number in range(3):
            (root / folder / f"{number}.tif").write_bytes(b"II*\0")
    (root / "samples.json").write_text(json.dumps({"samples": samples}, indent=1))
    (root / "metadata.json").write_text("{}")
    return root


def test_the_copy_on_the_hub_is_read_and_written(tmp_path: Path) -> None:
    validation = sample(2, tags=["validation", "x"], segmentation=None)
    root = hub_copy(tmp_path / "in", sample(0), sample(1), validation)
    assert find_format("auto", root).name == "refsegrs"
    pairs, errors, _ = read(root)
    assert errors == []
    assert [(p.key, p.phrase) for p in pairs] == [
        ("refsegrs/train/0#0", "road 0"),
        ("refsegrs/train/1#0", "road 1"),
        ("refsegrs/val/2#0", "road 2"),
    ]
    assert pairs[0].target == Raster(root / "fields/segmentation/0.tif")
    assert isinstance(pairs[2].target, NoTarget)
    export(root, tmp_path / "whole", [exported(p) for p in pairs])
    assert files(tmp_path / "whole") == {
        name: data for name, data in files(root).items() if name != "fields/segmentation/2.tif"
    }
    chosen = [exported(pairs[0], "path"), exported(pairs[1], selected=False), exported(pairs[2])]
    export(root, tmp_path / "out", chosen)
    left = json.loads((tmp_path / "out" / "samples.json").read_bytes())
    assert left == {"samples": [sample(0, phrase="path"), validation]}
    assert "data/1.tif" not in files(tmp_path / "out")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        pytest.param(7, "it is no object", id="wrong type"),
        pytest.param(sample(1, tags=[]), "'tags' name 0 splits", id="no split"),
        pytest.param(sample(1, tags=["train", "test"]), "'tags' name 2 splits", id="two splits"),
        pytest.param(sample(1, phrase=None), "the query is NoneType, not a text", id="no phrase"),
        pytest.param(sample(1, filepath="../x.tif"), "no path in the dataset's", id="leads out"),
        pytest.param(sample(1, filepath="/x.tif"), "no path in the dataset's", id="absolute"),
        pytest.param(
            sample(1, segmentation={"mask_path": "a/../../x"}), "no path in the", id="mask"
        ),
        pytest.param(sample(1, segmentation={}), "no path in the", id="no mask path"),
    ],
)
def test_a_broken_sample_is_named_and_the_rest_read(
    tmp_path: Path, broken: Any, message: str
) -> None:
    pairs, errors, _ = read(hub_copy(tmp_path, sample(0), broken, sample(2)))
    assert [p.image_id for p in pairs] == ["0", "2"]
    assert len(errors) == 1
    assert errors[0].startswith("samples.json[1]") and message in errors[0]


def test_images_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    root = hub_copy(tmp_path / "in", sample(0), sample(0, filepath="data/b/0.tif"), sample(0))
    (root / "data/b").mkdir()
    (root / "data/b/0.tif").write_bytes(b"II*\0\0")
    pairs, errors, _ = read(root)
    assert errors == []
    assert [(p.key, p.image_id, p.image) for p in pairs] == [
        ("refsegrs/train/0#0", "0", root / "data/0.tif"),
        ("refsegrs/train/data/b/0.tif#0", "data/b/0.tif", root / "data/b/0.tif"),
        ("refsegrs/train/0#1", "0", root / "data/0.tif"),
    ]


def test_names_in_another_case_are_found_in_the_copy_on_the_hub(tmp_path: Path) -> None:
    named = sample(
        0, filepath="data/0.TIF", segmentation={"mask_path": "fields/segmentation/0.TIFF"}
    )
    root = hub_copy(tmp_path / "in", named)
    (pair,), errors, _ = read(root)
    assert (errors, pair.image) == ([], root / "data/0.tif")
    assert pair.target == Raster(root / "fields/segmentation/0.tif")
    export(root, tmp_path / "out", [exported(pair)])
    assert {"data/0.tif", "fields/segmentation/0.tif"} <= files(tmp_path / "out").keys()


@pytest.mark.parametrize("text", ["", "[]", '{"samples": 7}', "[" * 10_000, "\0"])
def test_samples_that_cannot_be_read_at_all(tmp_path: Path, text: str) -> None:
    root = hub_copy(tmp_path)
    (root / "samples.json").write_text(text)
    with pytest.raises(
        LayoutError, match=r"samples\.json (is no JSON|is nested too deep|holds no list)"
    ):
        read(root)
