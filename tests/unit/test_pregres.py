"""PreGRES: the reader of RS-GPT4V under another name, for files whose names nobody knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairlens.fiftyone_plugin.demo.instruction_layouts import make_pregres
from pairlens.importers.errors import LayoutError, RecordError
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.records import Caption, Source
from tests.unit.instructions import evaluated, put, put_image, read, talk, trained


def test_evaluation_records_are_not_of_it(tmp_path: Path):
    put(tmp_path, "a.jsonl", [evaluated()])
    assert not FORMATS["pregres"].detect(tmp_path)
    with pytest.raises(LayoutError, match=r"does not hold pregres.*It looks like rsgpt4v"):
        find_format("pregres", tmp_path)


def test_an_archive_or_nothing_is_not_it(tmp_path: Path):
    (tmp_path / "a.tar").write_bytes(b"")
    assert not FORMATS["pregres"].detect(tmp_path / "a.tar")
    assert not FORMATS["pregres"].detect(tmp_path / "absent")


def test_files_of_any_names_and_both_forms_are_read(tmp_path: Path):
    image = put_image(tmp_path, "images/nwpu/1.jpg")
    put(tmp_path, "one.json", [trained("nwpu/1.jpg", "Write a caption.", "A ship.")])
    put(tmp_path, "deep/er/two.jsonl", [trained("x.jpg"), trained("nwpu/1.jpg", "q", "a")])
    found, errors, notes = read(tmp_path, "pregres")
    assert errors == []
    assert [r.key for r in found] == ["pregres/train/x.jpg", "pregres/train/nwpu/1.jpg"]
    assert talk(found[1]) == [("q", ("a",)), ("Write a caption.", ("A ship.",))]
    assert (found[1].image, found[1].captions) == (image, (Caption("A ship."),))
    assert found[1].source == Source("deep/er/two.jsonl", 1)
    assert notes[:2] == [
        "deep/er/two.jsonl: 2 records, taken as train (records for training)",
        "one.json: 1 record, taken as train (records for training)",
    ]


def test_a_broken_record_stops_a_strict_reader(tmp_path: Path):
    put(tmp_path, "one.json", [trained("../a.jpg"), trained()])
    with pytest.raises(RecordError, match=r"^one.json\[0\]: .* leads out of the dataset's folder"):
        list(FORMATS["pregres"].read(tmp_path))


def test_a_generated_layout_is_read_as_made(tmp_path: Path):
    made = make_pregres(tmp_path, images=4, size=96)
    assert find_format("auto", tmp_path).name == "pregres"
    found, errors, _ = read(tmp_path, "pregres")
    assert [r.key for r in found] == list(made.keys)
    assert errors == []
    assert all(r.image is not None and r.captions and len(r.turns) > 3 for r in found)


def test_a_seed_is_a_dataset(tmp_path: Path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        make_pregres(tmp_path / name, 3, seed=seed, size=96)
    a, b, c = ([p.read_bytes() for p in sorted((tmp_path / n).rglob("*.j*"))] for n in "abc")
    assert a == b
    assert not set(a) & set(c)
