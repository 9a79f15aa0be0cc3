"""RefCOCO, gRefCOCO and RRSIS-D: read as their loaders read, written so that they read it."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.importers.errors import LayoutError, StateError, UsageError
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.formats.refer_format import sentence
from pairlens.importers.prepare import MediaPlace, PreparedPair, prepare
from pairlens.importers.records import NoTarget, Pair
from pairlens.importers.rle import encode_rle
from tests.unit import exporting_pairs
from tests.unit.exporting_pairs import example_of, export_pairs, read_all
from tests.unit.refer_reading import Refer

POLYGON = [8.0, 12.0, 40.5, 12.25, 40.0, 44.0, 7.5, 43.9]
OTHER = [50.0, 50.0, 60.0, 50.0, 60.0, 62.0]
MASK = np.zeros((64, 64), np.uint8)
MASK[5:9, 40:60] = 1


def example(tmp_path: Path, name: str = "refcoco") -> Path:
    return example_of(name, tmp_path)


def refs_of(root: Path) -> list[dict[str, Any]]:
    return pickle.loads((root / "refcoco/refs(unc).p").read_bytes())


def put_refs(root: Path, refs: object, name: str = "refs(unc).p") -> None:
    data = json.dumps(refs).encode() if name.endswith(".json") else pickle.dumps(refs, 2)
    for file in (root / "refcoco").glob("*refs(*"):
        file.unlink()
    (root / "refcoco" / name).write_bytes(data)


def change(root: Path, what: Callable[[dict[str, Any]], object], number: int = 0) -> None:
    """Changes a ref in place."""
    refs = refs_of(root)
    what(refs[number])
    put_refs(root, refs)


def annotate(root: Path, **members: object) -> None:
    """Changes the first annotation; ``None`` removes a member."""
    file = root / "refcoco" / "instances.json"
    content = json.loads(file.read_bytes())
    changed = content["annotations"][0] | members
    content["annotations"][0] = {k: v for k, v in changed.items() if v is not None}
    file.write_text(json.dumps(content))


def read(root: Path, name: str = "refcoco", **params: Any) -> tuple[list[Pair], list[str], list]:
    return read_all(name, root, **params)


def masks_of(pairs: list[Pair], folder: Path) -> dict[int, np.ndarray]:
    """The masks as they are stored, by the number of the sentence."""
    numbers = {pair.key: pair.source.index for pair in pairs}
    found = exporting_pairs.masks_of(pairs, folder)
    return {numbers[key]: mask for key, mask in found.items()}


def export(
    root: Path, out: Path, pairs: list[Pair], *, drop: Iterable[int] = (), **said: Any
) -> Path:
    """Exports pairs; what is said of one is said by the number of its sentence."""
    keys = {pair.source.index: pair.key for pair in pairs}
    by_key = {name: {keys[n]: v for n, v in of.items()} for name, of in said.items()}
    return export_pairs(root, out, pairs, drop=[keys[n] for n in drop], **by_key)


# ------------------------------------------------------------------------------- reading

SEGMENTATIONS = {
    "a polygon": [POLYGON],
    "polygons that overlap": [POLYGON, [v + 3 for v in POLYGON], OTHER],
    "a list of an RLE": [encode_rle(MASK)],
    "an RLE": encode_rle(MASK),
    "an uncompressed RLE": encode_rle(MASK, compressed=False),
    "a list of an uncompressed RLE": [encode_rle(MASK, compressed=False)],
}


@pytest.mark.parametrize("found", SEGMENTATIONS.values(), ids=SEGMENTATIONS)
def test_masks_are_those_of_the_loader(found: Any, tmp_path: Path) -> None:
    root = example(tmp_path)
    annotate(root, segmentation=found, bbox=[0, 0, 1, 1], area=1e9)
    pairs, errors, _ = read(root)
    theirs = Refer(root / "refcoco")
    assert not errors and [pair.phrase for pair in pairs] == theirs.sentences()
    ours = masks_of(pairs, tmp_path / "media")
    assert np.array_equal(ours[0], ours[1])  # two sentences of a ref
    assert np.array_equal(ours[0], theirs.mask(theirs.refs[0])) and ours[0].any()
    assert np.array_equal(ours[8], theirs.mask(theirs.refs[5]))


def test_sentences_of_a_ref_are_pairs_of_one_target(tmp_path: Path) -> None:
    pairs, _, _ = read(example(tmp_path))
    assert [pair.key for pair in pairs[:3]] == [
        "refcoco/train/COCO_train2014_000000000001#0",
        "refcoco/train/COCO_train2014_000000000001#1",
        "refcoco/train/COCO_train2014_000000000002#0",
    ]
    assert pairs[0].target is pairs[1].target
    assert [str(pair.source) for pair in pairs] == [f"refcoco/refs(unc).p[{n}]" for n in range(9)]
    tests = {(pair.split, pair.subsets) for pair in pairs[6:]}
    assert tests == {("val", ()), ("test", ("testA",))}


def test_refs_of_an_image_come_together_in_any_order_of_the_file(tmp_path: Path) -> None:
    root = example(tmp_path)
    refs = refs_of(root)
    for ref in refs[:3]:
        ref["image_id"] = 1
    put_refs(root, [refs[0], refs[3], refs[2], refs[5], refs[1]])
    file = root / "refcoco" / "instances.json"
    content = json.loads(file.read_bytes())
    for one in content["annotations"][:3]:
        one["image_id"] = 1
    file.write_text(json.dumps(content))
    pairs, errors, _ = read(root)
    assert not errors
    assert [pair.source.index for pair in pairs] == [0, 1, 3, 4, 6, 7, 2, 5]
    assert len({pair.key for pair in pairs}) == 8


def with_two(ref: dict[str, Any]) -> None:
    ref |= {"ann_id": [101, 102], "image_id": 1}


def test_several_annotations_are_one_target_without_crowds(tmp_path: Path) -> None:
    root = example(tmp_path)
    change(root, with_two)
    file = root / "refcoco" / "instances.json"
    content = json.loads(file.read_bytes())
    crowd = {"iscrowd": 1, "segmentation": encode_rle(MASK, compressed=False), "image_id": 1}
    content["annotations"][0]["segmentation"] = [OTHER]
    content["annotations"][1] |= {"image_id": 1}
    content["annotations"].append(content["annotations"][0] | crowd | {"id": 999})
    file.write_text(json.dumps(content))
    change(root, lambda ref: ref.update(ann_id=[101, 102, 999]))
    theirs = Refer(root / "refcoco")
    put_refs(root, theirs.refs[:1])
    pairs, errors, _ = read(root)
    ours = masks_of(pairs, tmp_path / "media")[0]
    assert not errors and np.array_equal(ours, theirs.mask(theirs.refs[0]))
    assert ours[55, 57] and ours[20, 20] and not ours[6, 50]


NO_TARGET = {
    "-1": {"ann_id": -1},
    "[-1]": {"ann_id": [-1]},
    "[-1] and declared": {"ann_id": [-1], "no_target": True},
    "an empty list and declared": {"ann_id": [], "no_target": True},
}


@pytest.mark.parametrize("members", NO_TARGET.values(), ids=NO_TARGET)
def test_what_is_declared_to_have_no_target(members: dict, tmp_path: Path) -> None:
    root = example(tmp_path)
    change(root, lambda ref: ref.update(members))
    pairs, errors, _ = read(root)
    assert not errors
    assert [pair.no_target for pair in pairs] == [True] * 2 + [False] * 7


def without(name: str) -> Callable[[dict], object]:
    return lambda ref: ref.pop(name)


def setting(**members: object) -> Callable[[dict], object]:
    return lambda ref: ref.update(members)


BROKEN: list[tuple[Callable[[dict], object], str]] = [
    (without("ann_id"), "the ref has no 'ann_id'; a query without a target has -1"),
    (setting(ann_id=None), "the ref has no 'ann_id'; a query without a target has -1"),
    (setting(ann_id=[]), "the ref has no 'ann_id'; a query without a target has -1"),
    (setting(no_target=True), "'no_target' is true, but its annotations are [101]"),
    (setting(ann_id=-1, no_target=False), "'no_target' is false, but its annotations are [-1]"),
    (setting(ann_id=[101, -1]), "it names -1, but its annotations are [101, -1]"),
    (setting(no_target="no"), "'no_target' is neither true nor false"),
    (setting(ann_id=7), "annotation 7 is not in instances.json"),
    (setting(ann_id={"id": 101}), "annotation {'id': 101} is not in instances.json"),
    (setting(ann_id="101"), "annotation '101' is not in instances.json"),
    (setting(ann_id=102), "annotation 102 is of another image, 2"),
    (setting(image_id=77), "image 77 is not in instances.json"),
    (without("image_id"), "the ref has no 'image_id'"),
    (setting(split="minival"), "the split is 'minival', none of train, val and test"),
    (without("split"), "the split is 'None', none of train, val and test"),
]


@pytest.mark.parametrize(("spoil", "reason"), BROKEN, ids=[reason for _, reason in BROKEN])
def test_a_broken_ref_costs_its_sentences(
    spoil: Callable[[dict], object], reason: str, tmp_path: Path
) -> None:
    root = example(tmp_path)
    change(root, spoil)
    pairs, errors, _ = read(root)
    assert errors == [f"refcoco/refs(unc).p[{n}]: {reason}" for n in (0, 1)]
    assert len(pairs) == 7


NO_MASKS = {
    "absent": (None, "annotation 101 has no 'segmentation'"),
    "empty": ([], "annotation 101 has no 'segmentation'"),
    "a text": ("abc", "annotation 101 has no 'segmentation'"),
    "numbers alone": (POLYGON, "annotation 101 has a polygon that is no list of numbers"),
    "a box": ([[1, 2, 3, 4]], "annotation 101 has a polygon of 4 numbers; it takes x and y of"),
    "an odd number": ([POLYGON[:7]], "annotation 101 has a polygon of 7 numbers; it takes x and y"),
    "endless": ([[10**400] * 6], "annotation 101 has a coordinate that no image has"),
}


@pytest.mark.parametrize(("found", "reason"), NO_MASKS.values(), ids=NO_MASKS)
def test_an_annotation_without_a_mask_is_no_declaration(
    found: object, reason: str, tmp_path: Path
) -> None:
    root = example(tmp_path)
    annotate(root, segmentation=found)
    pairs, errors, _ = read(root)
    assert len(pairs) == 7 and not any(pair.no_target for pair in pairs)
    assert [error.partition(": ")[2].startswith(reason) for error in errors] == [True, True]


def test_an_rle_that_cannot_be_decoded_is_told_by_the_import(tmp_path: Path) -> None:
    root = example(tmp_path)
    annotate(root, segmentation=[{"size": [64, 64], "counts": [1, 2, [3]]}])
    pairs, errors, _ = read(root)
    one = prepare(tuple(pairs[:1]), MediaPlace(tmp_path / "media", placeholders=True))[0]
    assert not errors and isinstance(one, PreparedPair)
    assert one.stats.error == "the RLE has no counts, or more than pixels"


SENTENCES = {
    "no text": (setting(sentences=[{"sent_id": 1}, 7]), ["no 'raw'", "no 'raw'"]),
    "a number": (setting(sentences=[{"sent": 5}]), ["the query is int, not a text"]),
    "none": (setting(sentences=[]), ["has no list 'sentences'"]),
    "no list": (setting(sentences={"a": 1}), ["has no list 'sentences'"]),
}


@pytest.mark.parametrize(("spoil", "reasons"), SENTENCES.values(), ids=SENTENCES)
def test_broken_sentences(spoil: Callable, reasons: list[str], tmp_path: Path) -> None:
    root = example(tmp_path)
    change(root, spoil)
    pairs, errors, _ = read(root)
    assert len(pairs) == 7
    assert [reason in error for reason, error in zip(reasons, errors, strict=True)] == [
        True for _ in reasons
    ]


def test_which_text_is_the_query_can_be_set(tmp_path: Path) -> None:
    root = example(tmp_path)
    change(root, lambda ref: ref["sentences"][0].update(raw="The RED house!"))
    assert read(root)[0][0].phrase == "the red house"
    raw, _, _ = read(root, text="raw")
    assert raw[0].phrase == "The RED house!"
    out = export(root, tmp_path / "out", raw, edit={0: "a hut"})
    found = refs_of(out)[0]["sentences"][0]
    assert (found["sent"], found["raw"], found["tokens"]) == ("a hut", "a hut", ["a", "hut"])


# ------------------------------------------------------------------------- which is read


def test_splits_by_several_are_read_once_and_that_is_told(tmp_path: Path) -> None:
    root = example(tmp_path)
    google = [ref | {"split": "val"} for ref in refs_of(root)]
    (root / "refcoco" / "refs(google).p").write_bytes(pickle.dumps(google))
    pairs, _, notes = read(root)
    assert len(pairs) == 9 and {pair.split for pair in pairs} == {"train", "val", "test"}
    (told,) = notes
    assert (str(told), told.override) == ("splits are those by unc, of unc, google",
                                          "split_by=google")  # fmt: skip
    pairs, _, notes = read(root, split_by="google")
    assert {pair.split for pair in pairs} == {"val"} and not notes
    with pytest.raises(UsageError, match="no splits by 'umd' in refcoco; give unc, google"):
        read(root, split_by="umd")


def test_of_several_datasets_one_is_to_be_named(tmp_path: Path) -> None:
    root = example(tmp_path)
    (root / "refcoco").rename(root / "refcoco+")
    FORMATS["refcoco"].example(root)  # type: ignore[misc]
    with pytest.raises(UsageError, match=r"are refcoco, refcoco\+; name one with --param dataset="):
        read(root)
    pairs, _, _ = read(root, dataset="refcoco+")
    assert pairs[0].source.file == "refcoco+/refs(unc).p"
    with pytest.raises(UsageError, match="no folder 'refclef'"):
        read(root, dataset="refclef")
    assert find_format("auto", root).name == "refcoco"


def test_images_that_lie_around_the_folder_are_told_of(tmp_path: Path) -> None:
    root = example(tmp_path)
    pairs, errors, notes = read(root / "refcoco")
    assert not errors and {pair.image for pair in pairs} == {None}
    assert notes == ["there is no folder of images; give the folder that has images/ and refcoco/"]


def test_a_folder_of_both_is_asked_about(tmp_path: Path) -> None:
    FORMATS["rrsisd"].example(example(tmp_path))  # type: ignore[misc]
    with pytest.raises(LayoutError, match="looks like refcoco and rrsisd"):
        find_format("auto", tmp_path / "published")
    assert len(read(tmp_path / "published", "rrsisd")[0]) == 6
    assert len(read(tmp_path / "published")[0]) == 9


@pytest.mark.parametrize("name", ["RRSIS-D", "data"])
def test_rrsisd_is_known_by_its_name_or_its_annotations(name: str, tmp_path: Path) -> None:
    root = example(tmp_path, "rrsisd")
    (root / "rrsisd").rename(root / name)
    assert find_format("auto", root).name == "rrsisd"
    assert len(read(root, "rrsisd")[0]) == 6
    assert find_format("auto", root / name).name == "rrsisd"


def test_a_pickle_that_runs_something_is_refused_in_a_sentence(tmp_path: Path) -> None:
    class Running:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "ran"),)

    root = example(tmp_path)
    put_refs(root, [*refs_of(root), Running()])
    with pytest.raises(LayoutError, match=r"^refcoco/refs\(unc\).p holds more than lists, dicts"):
        read(root)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "instances.json").unlink(), "instances.json cannot be read"),
        (lambda folder: (folder / "refs(unc).p").write_bytes(b""), "is no pickle that can be read"),
        (lambda folder: (folder / "refs(unc).p").write_bytes(pickle.dumps({})), "holds no list"),
    ],
)
def test_files_that_cannot_be_read_end_it(
    spoil: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    root = example(tmp_path)
    spoil(root / "refcoco")
    with pytest.raises(LayoutError, match=f"^refcoco/.*{words}"):
        read(root)


def test_annotations_that_are_cut_short_cost_what_is_lost(tmp_path: Path) -> None:
    root = example(tmp_path)
    file = root / "refcoco" / "instances.json"
    at = file.read_bytes().index(b'"id": 105')
    os.truncate(file, at)
    pairs, errors, _ = read(root)
    assert len(pairs) == 7 and len(errors) == 3
    assert errors[0].startswith("refcoco/instances.json: is no JSON object of lists (line 1: ")
    assert errors[1:] == [
        f"refcoco/refs(unc).p[{n}]: annotation {n + 98} is not in instances.json" for n in (7, 8)
    ]


def test_of_annotations_with_one_id_the_last_counts_as_in_the_loader(tmp_path: Path) -> None:
    root = example(tmp_path)
    file = root / "refcoco" / "instances.json"
    content = json.loads(file.read_bytes())
    content["annotations"].append(content["annotations"][0] | {"segmentation": [OTHER]})
    file.write_text(json.dumps(content))
    pairs, _, notes = read(root)
    theirs = Refer(root / "refcoco")
    ours = masks_of(pairs[:1], tmp_path / "media")[0]
    assert np.array_equal(ours, theirs.mask(theirs.refs[0]))
    assert notes == ["refcoco/instances.json: 1 annotations have the id of another, 101 the first; "
                     "the last of each counts"]  # fmt: skip


# ------------------------------------------------------------------------------- writing

CONTAINERS = ("refs(unc).p", "grefs(unc).json")


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_is_dropped_and_edited_is_what_the_loader_reads(name: str, tmp_path: Path) -> None:
    root = example(tmp_path)
    put_refs(root, refs_of(root), name)
    pairs, _, _ = read(root)
    out = export(root, tmp_path / "out", pairs, drop=(1, 2, 3, 6), edit={0: 'a caf\xe9 "x"'})
    before, after = Refer(root / "refcoco"), Refer(out / "refcoco")
    assert after.sentences() == ["a caf\xe9 \"x\"", "the red house", "only building",
                                 "bright roof", "bright roof"]  # fmt: skip
    assert [ref["ref_id"] for ref in after.refs] == [1, 3, 5, 6]
    kept = {"sentences", "sent_ids"}
    for ref in after.refs:
        old = before.refs[ref["ref_id"] - 1]
        assert {k: v for k, v in ref.items() if k not in kept} == {
            k: v for k, v in old.items() if k not in kept
        }
        assert np.array_equal(after.mask(ref), before.mask(old))
    for file in ("refcoco/instances.json", "images/mscoco/images/train2014"):
        assert (out / file).exists()
    assert (out / "refcoco/instances.json").read_bytes() == (
        root / "refcoco/instances.json"
    ).read_bytes()
    assert len(list(out.rglob("*.jpg"))) == 4


def test_json_keeps_every_other_character(tmp_path: Path) -> None:
    root = example(tmp_path)
    put_refs(root, [], "grefs(unc).json")
    items = [json.dumps(ref, separators=(" ,", " :")) for ref in example_refs()]
    text = "\ufeff[\n" + " ,\n".join(items) + "\n]\r\n"
    file = root / "refcoco" / "grefs(unc).json"
    file.write_text(text, newline="")
    pairs, _, _ = read(root)
    out = export(root, tmp_path / "out", pairs, drop=(2, 3), edit={0: "a hut"})
    old, new = (
        '"sent" :"the red house" ,"raw" :"the red house" ,"tokens" :["the" ,"red" ,"house"]',
        ('"sent" :"a hut" ,"raw" :"a hut" ,"tokens" :["a", "hut"]'),
    )
    items[0] = items[0].replace(old, new)
    assert new in items[0]
    expected = "\ufeff[\n" + " ,\n".join([items[0], *items[2:]]) + "\n]\r\n"
    assert (out / "refcoco/grefs(unc).json").read_bytes().decode() == expected


def example_refs() -> list[dict[str, Any]]:
    texts = [["the red house", "only building"]] * 3 + [["bright roof"]] * 3
    return [
        {"ref_id": n, "ann_id": [101 + n], "image_id": 1 + n, "split": "train",
         "sent_ids": [10 * n + i for i in range(len(said))],
         "sentences": [sentence(text, 10 * n + i) for i, text in enumerate(said)]}
        for n, said in enumerate(texts)
    ]  # fmt: skip


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_pickle_keeps_its_protocol(protocol: int, tmp_path: Path) -> None:
    root = example(tmp_path)
    file = root / "refcoco/refs(unc).p"
    file.write_bytes(pickle.dumps(refs_of(root), protocol))
    pairs, _, _ = read(root)
    export(root, tmp_path / "same", pairs)
    assert (tmp_path / "same/refcoco/refs(unc).p").read_bytes() == file.read_bytes()
    out = export(root, tmp_path / "out", pairs, drop=(0, 1))
    assert (out / "refcoco/refs(unc).p").read_bytes() == pickle.dumps(refs_of(root)[1:], protocol)


@pytest.mark.parametrize("name", ["refcoco", "rrsisd"])
def test_a_mended_mask_is_what_the_loader_draws(name: str, tmp_path: Path) -> None:
    root = example(tmp_path, name)
    pairs, _, _ = read(root, name)
    numbers = {p.source.index for p in pairs if p.image_id == pairs[0].image_id}
    out = export(root, tmp_path / "out", pairs, mend=dict.fromkeys(numbers, MASK))
    before, after = Refer(root / name), Refer(out / name)
    assert np.array_equal(after.mask(after.refs[0]), MASK)
    one = after.annotations[after.refs[0]["ann_id"]]
    box = [40, 5, 20, 4] if name == "refcoco" else [40, 5, 60, 9]
    assert (one["bbox"], one["area"]) == (box, 80)
    assert after.annotations.keys() == before.annotations.keys()
    file = f"{name}/refs(unc).p"
    assert (out / file).read_bytes() == (root / file).read_bytes()
    for number in list(before.annotations)[2:]:
        assert after.annotations[number] == before.annotations[number]
    again, _, _ = read(out, name)
    assert np.array_equal(masks_of(again, tmp_path / "media")[0], MASK)


def test_of_annotations_that_stand_twice_the_last_are_mended(tmp_path: Path) -> None:
    root = example(tmp_path)
    file = root / "refcoco" / "instances.json"
    lists = json.loads(file.read_bytes())
    first = json.dumps(lists["annotations"]).replace("segmentation", "bbox")
    file.write_text(f'{{"annotations": {first}, {json.dumps(lists)[1:]}')
    pairs, errors, _ = read(root)
    numbers = {p.source.index for p in pairs if p.image_id == pairs[0].image_id}
    out = export(root, tmp_path / "out", pairs, mend=dict.fromkeys(numbers, MASK))
    after = Refer(out / "refcoco")
    assert not errors and np.array_equal(after.mask(after.refs[0]), MASK)
    assert first in (out / "refcoco" / "instances.json").read_text()


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_shared_annotation_stays_for_the_others(name: str, tmp_path: Path) -> None:
    root = example(tmp_path)
    refs = refs_of(root)[:2]
    refs[1] |= {"ann_id": [101, 102], "image_id": 1}
    put_refs(root, refs, name)
    file = root / "refcoco" / "instances.json"
    content = json.loads(file.read_bytes())
    content["annotations"][1]["image_id"] = 1
    file.write_text(json.dumps(content))
    pairs, errors, _ = read(root)
    out = export(root, tmp_path / "out", pairs, mend=dict.fromkeys((2, 3), MASK))
    before, after = Refer(root / "refcoco"), Refer(out / "refcoco")
    assert not errors and after.refs[1]["ann_id"] == [107]
    assert np.array_equal(after.mask(after.refs[1]), MASK)
    assert np.array_equal(after.mask(after.refs[0]), before.mask(before.refs[0]))
    both = export(root, tmp_path / "one", pairs, mend=dict.fromkeys((0, 1), MASK))
    after = Refer(both / "refcoco")
    assert after.refs[0]["ann_id"] == 107 and np.array_equal(after.mask(after.refs[0]), MASK)
    assert np.array_equal(after.mask(after.refs[1]), before.mask(before.refs[1]))


def test_masks_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    root = example(tmp_path)
    change(root, setting(ann_id=-1))
    pairs, _, _ = read(root)
    assert isinstance(pairs[0].target, NoTarget)
    for number, (mend, words) in enumerate(
        [
            ({0: MASK, 1: MASK}, "is declared to have no target and can have no mask"),
            ({2: MASK}, "are sentences of one object but have different masks"),
            ({7: MASK * np.uint8(255)}, "pixels to ignore, which annotations cannot say"),
        ]
    ):
        with pytest.raises(UsageError, match=words):
            export(root, tmp_path / str(number), pairs, mend=mend)


def test_a_source_that_has_changed_is_refused(tmp_path: Path) -> None:
    root = example(tmp_path)
    pairs, _, _ = read(root)
    annotate(root, segmentation=[OTHER])
    with pytest.raises(StateError, match=r"the mask in .* is not the one that was imported"):
        export(root, tmp_path / "mask", pairs)
    other = [replace(pair, phrase="another") for pair in pairs]
    with pytest.raises(StateError, match="record 0 is not what was imported"):
        export(root, tmp_path / "text", other)


def test_files_beside_the_images_of_rrsisd_go_with_them(tmp_path: Path) -> None:
    root = example(tmp_path, "rrsisd")
    folder = root / "images/rrsisd/ann_split/train"
    folder.mkdir(parents=True)
    for number in (1, 2):
        (folder / f"0000{number}.xml").write_text(f"<annotation>{number}</annotation>")
    out = export(root, tmp_path / "out", read(root, "rrsisd")[0], drop=(0,))
    assert [file.name for file in out.rglob("*.xml")] == ["00002.xml"]


def instances(root: Path) -> dict[str, Any]:
    return json.loads((root / "refcoco/instances.json").read_bytes())


def test_ids_that_were_written_as_floats_are_those_of_whole_numbers(tmp_path: Path):
    root = example(tmp_path)
    whole, _, _ = read(root)
    refs = [
        ref | {"image_id": float(ref["image_id"]), "ann_id": float(ref["ann_id"])}
        for ref in refs_of(root)
    ]
    put_refs(root, refs)
    found, errors, _ = read(root)
    assert found == whole and not errors
    change(root, lambda ref: ref.update(ann_id=101.5))
    _, errors, _ = read(root)
    assert "annotation 101.5 is not in instances.json" in errors[0]


@pytest.mark.parametrize("behind", [b" \n", b"\0" * 5000, b'{"annotations": []}'])
def test_what_stands_behind_the_annotations_is_told(tmp_path: Path, behind: bytes):
    root = example(tmp_path)
    whole, _, _ = read(root)
    with (root / "refcoco/instances.json").open("ab") as stream:
        stream.write(behind)
    found, errors, notes = read(root)
    assert found == whole and not errors
    told = "refcoco/instances.json: what stands behind the end of its object is not read"
    assert (told in notes) == bool(behind.strip())


def test_of_two_images_of_one_id_the_last_counts_and_is_told(tmp_path: Path):
    root = example(tmp_path)
    content = instances(root)
    first, other = content["images"][:2]
    content["images"].append(other | {"id": first["id"]})
    (root / "refcoco/instances.json").write_text(json.dumps(content))
    found, _, notes = read(root)
    assert {pair.image_name for pair in found if pair.source.index == 0} == {other["file_name"]}
    told = f"1 images have the id of another, {first['id']} the first; the last of each counts"
    assert f"refcoco/instances.json: {told}" in notes
