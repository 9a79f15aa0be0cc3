"""Whatever stands in a file, the readers of pairs raise nothing but our errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.errors import LayoutError, RecordError
from pairlens.importers.formats import gres, refsegrs_hub, refsegrs_lists, refsegrs_records
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.prepare import MediaPlace, prepare
from pairlens.importers.records import Pair

pytestmark = pytest.mark.slow

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["train", "../a", "a.tif", "\ud800", "\0", "9" * 30])
)  # fmt: skip
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)


def mostly(sound: Any) -> st.SearchStrategy[Any]:
    """A sound value twice out of three times, so that what comes behind it is reached."""
    return st.sampled_from([sound, sound]) | ANY


def objects(**members: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {}, optional={name: mostly(value) for name, value in members.items()}
    )


SHAPE = objects(label="target", points=[[1, 2], [3, 4], [5, 1]], image_name="a.jpg")
ANNOTATION = st.fixed_dictionaries(
    {"text": mostly(["a car"]), "shapes": st.lists(SHAPE | ANY, max_size=3) | ANY},
    optional={"false_premise_QA": mostly([["a bus", True]])},
)
RECORD = objects(
    split="test", image_id="a", sent="a ship", file_name="a.png",
    segmentation={"size": [4, 4], "counts": [3, 5, 8]},
)  # fmt: skip
SAMPLE = objects(
    filepath="data/a.tif", tags=["val"], phrase="road",
    segmentation={"mask_path": "fields/segmentation/a.tif"},
)  # fmt: skip


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def read_gres(root: Path, data: bytes) -> list[Pair]:
    file = root / "gres_annotations" / "test" / "a.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    # Found by its content, so that a sound one has to be there.
    (file.parent / "z.json").write_bytes(b'{"text": [], "shapes": []}')
    return list(gres.read(root, on_error=told))


def read_records(root: Path, data: bytes) -> list[Pair]:
    (root / "a.jsonl").write_bytes(encoded(SOUND_RECORD) + b"\n" + data)
    return list(refsegrs_records.read(root, SPLITS, told, print))


SOUND_RECORD = {
    "split": "test", "image_id": "z", "sent": "", "file_name": "z", "segmentation": None
}  # fmt: skip


def read_hub(root: Path, data: bytes) -> list[Pair]:
    (root / "samples.json").write_bytes(data)
    return list(refsegrs_hub.read(root, SPLITS, told, print))


def read_list(root: Path, data: bytes) -> list[Pair]:
    for name in ("images", "masks"):
        (root / name).mkdir()
    (root / "output_phrase_val.txt").write_bytes(data)
    return list(refsegrs_lists.read(root, SPLITS, told, print))


def told(error: RecordError) -> None:
    str(error).encode()
    assert len(str(error)) < 400


def check(read: Callable[[Path, bytes], list[Pair]], data: bytes) -> None:
    """Reads the file, and prepares what is in it as an import does."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        try:
            pairs = read(root, data)
        except LayoutError as error:
            assert str(error)
            return
        for pair in pairs:
            pair.key.encode()
            pair.phrase.encode()
            made = prepare((pair,), MediaPlace(root / "media", placeholders=True))
            assert len(made) == 1


READERS = [read_gres, read_records, read_hub, read_list]


@pytest.mark.parametrize("read", READERS)
@given(st.binary(max_size=80))
def test_any_bytes(read: Callable[[Path, bytes], list[Pair]], data: bytes) -> None:
    check(read, data)


@given(ANNOTATION)
def test_any_annotation_of_gres(content: dict[str, Any]) -> None:
    check(read_gres, encoded(content))


@given(st.lists(RECORD, max_size=3))
def test_any_records_of_risbench(records: list[dict[str, Any]]) -> None:
    check(read_records, b"\n".join(map(encoded, records)))


@given(st.lists(SAMPLE | ANY, max_size=3), st.booleans())
def test_any_samples_of_the_hubs_copy(samples: list[Any], bare: bool) -> None:
    check(read_hub, encoded(samples if bare else {"samples": samples}))
