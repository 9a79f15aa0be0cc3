"""Generated layouts: files as published, read by a reader of our own and by an independent one."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout, make_refsegrs, split_names
from pairlens.importers.formats import FORMATS
from tests.unit.demo_readers import MAKERS, READERS, SIZE, files_of, read_refsegrs


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, GeneratedLayout]:
    folder = tmp_path_factory.mktemp("layouts")
    return {name: make(folder / name, 40, seed=1, size=SIZE) for name, make in MAKERS.items()}


class TestLayouts:
    @pytest.mark.parametrize("format", MAKERS)
    def test_an_independent_reader_meets_the_keys(self, made, format):
        records = READERS[format](made[format].root)
        assert set(records) == set(made[format].keys)
        assert len(set(made[format].keys)) == len(made[format].keys)
        assert all(r.image and r.phrase and r.mask.any() for r in records.values())

    @pytest.mark.parametrize("format", MAKERS)
    def test_our_importer_reads_the_same(self, made, format):
        records = READERS[format](made[format].root)
        pairs = list(FORMATS[format].read(made[format].root))
        assert [pair.key for pair in pairs] == list(made[format].keys)
        assert all(pair.phrase == records[pair.key].phrase for pair in pairs)

    @pytest.mark.parametrize("format", MAKERS)
    def test_no_scene_is_in_two_splits(self, made, format):
        splits = defaultdict(set)
        for record in READERS[format](made[format].root).values():
            splits[record.image].add(record.split)
        assert all(len(found) == 1 for found in splits.values())
        assert set.union(*splits.values()) == {"train", "val", "test"}

    @pytest.mark.parametrize("format", MAKERS)
    def test_a_seed_is_a_dataset(self, tmp_path, format):
        for name, seed in (("a", 5), ("b", 5), ("c", 6)):
            MAKERS[format](tmp_path / name, 6, seed=seed, size=128)
        a, b, c = (files_of(tmp_path / name) for name in "abc")
        assert a == b
        assert not set(a.values()) & {data for n, data in c.items() if "image" in n}

    def test_gres_files_are_written_as_published(self, made):
        root = made["gres"].root
        for split, queries in (("train", 3), ("val", 1), ("test", 1)):
            files = list((root / "gres_annotations" / split).glob("*.json"))
            listed = (root / "gres_annotations" / split / f"{split}.txt").read_text().split("\n")
            assert Counter(listed) == {file.stem: 2 for file in files}
            for file in files:
                content = json.loads(file.read_text())
                (shape,) = content["shapes"]
                assert file.read_text() == json.dumps(content, indent=4)
                assert len(content["text"]) == queries
                assert shape["image_name"] == f"{file.stem}.jpg"
                assert shape["points"][0] == shape["points"][-1]
                assert all(isinstance(value, float) for point in shape["points"] for value in point)

    def test_gres_has_the_published_keys_of_a_file(self, made, shared_data):
        def shape_of(value):
            if isinstance(value, dict):
                return {key: shape_of(inner) for key, inner in value.items()}
            return [shape_of(value[0])] if isinstance(value, list) else type(value).__name__

        ours = next((made["gres"].root / "gres_annotations/train").glob("*.json"))
        real = next((shared_data / "gres/gres_annotations/train").glob("*.json"))
        assert shape_of(json.loads(ours.read_text())) == shape_of(json.loads(real.read_text()))

    def test_tiffs_are_tagged_as_the_published_pairs(self, tmp_path, shared_data):
        make_refsegrs(tmp_path, 1)
        for folder in ("images", "masks"):
            ours, real = (r / folder / "1.tif" for r in (tmp_path, shared_data / "refsegrs"))
            with Image.open(ours) as mine, Image.open(real) as theirs:
                assert (mine.mode, mine.size) == (theirs.mode, theirs.size)
                assert dict(mine.tag_v2) == dict(theirs.tag_v2)
            assert ours.stat().st_size == real.stat().st_size

    @pytest.mark.parametrize("foreground", [1, 255])
    def test_mask_values(self, tmp_path, foreground):
        make_refsegrs(tmp_path, 3, size=128, foreground=foreground)
        for record in read_refsegrs(tmp_path).values():
            assert set(np.unique(record.mask)) == {0, foreground}

    @pytest.mark.parametrize("count", [0, 1, 2, 3, 12, 100])
    def test_splits(self, count):
        shares = Counter(split_names(count))
        assert shares.total() == count
        assert len(shares) == (3 if count >= 3 else bool(count))
        assert count < 12 or 0.55 < shares["train"] / count < 0.65
