"""Broken inputs of every format; docs/formats/faults.md lists their messages."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pairlens.importers.formats import FORMATS
from tests.unit.hostile_files import png, tiff
from tests.unit.tars import jpeg, sample, tar

Spoil = Callable[[Path], object]
KINDS = (
    "missing file", "truncated file", "wrong type", "wrong encoding", "empty file",
    "duplicate id", "unknown field", "absurd size", "deep nesting", "name that is no text",
)  # fmt: skip
TITLES = {
    "gres": "GRES",
    "refsegrs": "RefSegRS",
    "refsegrs-hub": "RefSegRS, the copy on the hub",
    "risbench-records": "RISBench, records",
    "rsteller": "RSTeller",
    "rsgpt4v": "RS-GPT4V",
    "pregres": "PreGRES",
    "geochat": "GeoChat",
    "llava": "LLaVA and similar formats",
    "vrsbench": "VRSBench",
    "dior_rsvg": "DIOR-RSVG",
    "refcoco": "RefCOCO and RRSIS-D",
    "earthreason": "EarthReason",
    "refdior": "RefDIOR",
    "table": "Tables",
}
"""What a layout is called on the page."""


@dataclass(frozen=True)
class Fault:
    """A broken input.

    Attributes:
        layout: the layout that it breaks, one of ``tests.layouts``
        kind: one of :data:`KINDS`
        about: description of the fault, for people
        spoil: breaks a valid folder
    """

    layout: str
    kind: str
    about: str
    spoil: Spoil

    def __str__(self) -> str:
        return f"{self.layout}: {self.about}"


def _declared(name: str, kind: str) -> Fault:
    """The first fault that a format declares beside its example."""
    fault = FORMATS[name].faults[0]
    return Fault(name, kind, fault.about, fault.spoil)


def _removed(name: str) -> Spoil:
    return lambda root: (root / name).unlink()


def _written(name: str, data: bytes | str) -> Spoil:
    content = data.encode() if isinstance(data, str) else data
    return lambda root: (root / name).write_bytes(content)


def _copied(name: str, to: str) -> Spoil:
    return lambda root: (root / to).write_bytes((root / name).read_bytes())


def _cut(name: str, size: int) -> Spoil:
    return lambda root: os.truncate(root / name, size)


def _with(name: str, **members: object) -> Spoil:
    """Sets members of the object that a JSON file holds."""

    def spoil(root: Path) -> None:
        content = json.loads((root / name).read_bytes())
        (root / name).write_text(json.dumps(content | members))

    return spoil


def _encoded(name: str, encoding: str) -> Spoil:
    return lambda root: (root / name).write_bytes((root / name).read_text().encode(encoding))


def _line(name: str, number: int, line: bytes) -> Spoil:
    """Replaces a line."""

    def spoil(root: Path) -> None:
        lines = (root / name).read_bytes().splitlines(keepends=True)
        (root / name).write_bytes(b"".join([*lines[:number], line, *lines[number + 1 :]]))

    return spoil


def _line_with(name: str, number: int, **members: object) -> Spoil:
    """Sets members of the object on one line."""

    def spoil(root: Path) -> None:
        lines = (root / name).read_text().splitlines(keepends=True)
        lines[number] = json.dumps(json.loads(lines[number]) | members) + "\n"
        (root / name).write_text("".join(lines))

    return spoil


def _replaced(name: str, old: str, new: str) -> Spoil:
    """Replaces the first occurrence of a text."""
    return lambda root: (root / name).write_text((root / name).read_text().replace(old, new, 1))


def _doubled_line(name: str, number: int) -> Spoil:
    def spoil(root: Path) -> None:
        lines = (root / name).read_bytes().splitlines(keepends=True)
        (root / name).write_bytes(b"".join([*lines, lines[number]]))

    return spoil


def _item(name: str, number: int, change: Callable[[dict], object]) -> Spoil:
    """Replaces a record of a list, or of the samples in an object."""

    def spoil(root: Path) -> None:
        content = json.loads((root / name).read_bytes())
        items = content["samples"] if isinstance(content, dict) else content
        items[number] = change(items[number])
        (root / name).write_text(json.dumps(content))

    return spoil


def _ref(number: int, change: Callable[[dict], object]) -> Spoil:
    """Changes a ref in place."""

    def spoil(root: Path) -> None:
        refs = pickle.loads((root / REFS).read_bytes())
        change(refs[number])
        (root / REFS).write_bytes(pickle.dumps(refs))

    return spoil


def _annotation(**members: object) -> Spoil:
    """Sets members of the first annotation."""

    def spoil(root: Path) -> None:
        content = json.loads((root / INSTANCES).read_bytes())
        content["annotations"][0] |= members
        (root / INSTANCES).write_text(json.dumps(content))

    return spoil


def _image_name(name: str) -> Spoil:
    def spoil(root: Path) -> None:
        content = json.loads((root / INSTANCES).read_bytes())
        content["images"][0]["file_name"] = name
        (root / INSTANCES).write_text(json.dumps(content))

    return spoil


def _doubled_annotation(root: Path) -> None:
    content = json.loads((root / INSTANCES).read_bytes())
    content["annotations"].append(content["annotations"][0])
    (root / INSTANCES).write_text(json.dumps(content))


def _more_cells(root: Path) -> None:
    """Adds a column to a table."""
    lines = (root / CSV).read_text().splitlines()
    (root / CSV).write_text("".join(f"{line},licence\n" for line in lines))


def _odd_name(folder: str, suffix: bytes, data: bytes) -> Spoil:
    def spoil(root: Path) -> None:
        with open(os.fsencode(root / folder) + b"/\xff" + suffix, "wb") as stream:
            stream.write(data)

    return spoil


def _sparse(name: str, size: int) -> Spoil:
    def spoil(root: Path) -> None:
        (root / name).unlink()
        with open(root / name, "wb") as stream:
            stream.truncate(size)

    return spoil


def _shard(*members: tuple[str, bytes]) -> Spoil:
    return _written("val-000000.tar", tar(members))


JSON = "gres_annotations/val/lisat_gres_000000000004.json"
JPG = "gres_images/val/lisat_gres_000000000004.jpg"
SHAPES = b'{"text": ["a"], "shapes": []}'
DEEP = b"[" * 200_000
LIST = "output_phrase_val.txt"
LINES = "risbench.jsonl"
SHARD = "val-000000.tar"
TRAIN = "RS-GPT4V_train.json"
VQA = "VQA.jsonl"
LISTED = "pregres_captions.json"
VRS = "Annotations_val/P0004_0001.json"
VOC = "Annotations/00004.xml"
HUGE = 100_000
REFS, INSTANCES = "refcoco/refs(unc).p", "refcoco/instances.json"
QUESTIONS, LABEL = "val/QAs/00003.json", "val/labels/00003.png"
PHRASES = "phrase_txts/val.json"
CSV = "pairs.csv"

FAULTS = (
    _declared("gres", "missing file"),
    Fault("gres", "missing file", "an annotation that the id list names",
          _removed(JSON.replace("val", "train").replace("4.json", "1.json"))),
    Fault("gres", "missing file", "the id list is not there",
          _removed("gres_annotations/val/val.txt")),
    Fault("gres", "truncated file", "an annotation is cut", _cut(JSON, 40)),
    Fault("gres", "truncated file", "an image is cut in its header", _cut(JPG, 10)),
    Fault("gres", "wrong type", "`text` is a text", _with(JSON, text="a car")),
    Fault("gres", "wrong type", "a query is a number", _with(JSON, text=[7])),
    Fault("gres", "wrong type", "a shape is null", _with(JSON, shapes=[None])),
    Fault("gres", "wrong type", "a list for an object", _written(JSON, "[]")),
    Fault("gres", "wrong encoding", "an annotation in UTF-16", _encoded(JSON, "utf-16")),
    Fault("gres", "wrong encoding", "bytes of no encoding",
          _written(JSON, b'{"text": ["\x81"]}')),
    Fault("gres", "empty file", "an annotation", _written(JSON, b"")),
    Fault("gres", "empty file", "an image", _written(JPG, b"")),
    Fault("gres", "duplicate id", "ids that stand twice in a list, as published",
          lambda root: None),
    Fault("gres", "unknown field", "more members than are read", _with(JSON, licence="none")),
    Fault("gres", "absurd size", "an annotation of 400 MB", _sparse(JSON, 400 << 20)),
    Fault("gres", "absurd size", "an image that claims 100,000 pixels a side",
          _written(JPG, png(HUGE, HUGE))),
    Fault("gres", "absurd size", "a query of 70,000 characters",
          _with(JSON, text=["x" * 70_000])),
    Fault("gres", "deep nesting", "200,000 lists in each other", _written(JSON, DEEP)),
    Fault("gres", "name that is no text", "an annotation of such a name",
          _odd_name("gres_annotations/val", b".json", SHAPES)),
    Fault("gres", "name that is no text", "an image name that leads elsewhere",
          _with(JSON, shapes=[{"label": "a", "points": [], "image_name": "../a.jpg"}])),

    _declared("refsegrs", "missing file"),
    Fault("refsegrs", "missing file", "a mask is not there", _removed("masks/6.tif")),
    Fault("refsegrs", "missing file", "a list is not there", _removed(LIST)),
    Fault("refsegrs", "truncated file", "an image is cut", _cut("images/6.tif", 3000)),
    Fault("refsegrs", "truncated file", "a mask is cut", _cut("masks/6.tif", 300)),
    Fault("refsegrs", "wrong type", "a line without an id", _line(LIST, 0, b"paved road\n")),
    Fault("refsegrs", "wrong type", "a mask of colours", _copied("images/6.tif", "masks/6.tif")),
    Fault("refsegrs", "wrong encoding", "a list in UTF-16", _encoded(LIST, "utf-16")),
    Fault("refsegrs", "empty file", "a list", _written(LIST, b"")),
    Fault("refsegrs", "empty file", "an image", _written("images/6.tif", b"")),
    Fault("refsegrs", "empty file", "a mask", _written("masks/6.tif", b"")),
    Fault("refsegrs", "duplicate id", "an id on two lines: numbered `#0`, `#1`",
          _doubled_line("output_phrase_train.txt", 0)),
    Fault("refsegrs", "unknown field", "files besides", _written("images/0.tif", b"")),
    Fault("refsegrs", "absurd size", "a line of 70,000 bytes",
          _line(LIST, 0, b"6 " + b"x" * 70_000 + b"\n")),
    Fault("refsegrs", "absurd size", "a mask that claims 100,000 pixels a side",
          _written("masks/6.tif", tiff(HUGE, HUGE))),
    Fault("refsegrs", "name that is no text", "an id that leads elsewhere",
          _line(LIST, 0, b"../6 road\n")),

    Fault("refsegrs-hub", "missing file", "a mask is not there",
          _removed("fields/segmentation/6.tif")),
    Fault("refsegrs-hub", "truncated file", "`samples.json` is cut", _cut("samples.json", 99)),
    Fault("refsegrs-hub", "wrong type", "a sample that is a number",
          _item("samples.json", 5, lambda sample: 7)),
    Fault("refsegrs-hub", "wrong type", "no split among the tags",
          _item("samples.json", 5, lambda sample: sample | {"tags": []})),
    Fault("refsegrs-hub", "wrong encoding", "`samples.json` with bytes of no encoding",
          _written("samples.json", b'{"samples": "\xff"}')),
    Fault("refsegrs-hub", "empty file", "`samples.json`", _written("samples.json", b"")),
    Fault("refsegrs-hub", "unknown field", "more members than are read",
          _item("samples.json", 5, lambda sample: sample | {"uniqueness": 0.5})),
    Fault("refsegrs-hub", "absurd size", "`samples.json` of 300 MB",
          _sparse("samples.json", 300 << 20)),
    Fault("refsegrs-hub", "deep nesting", "200,000 lists in each other",
          _written("samples.json", DEEP)),
    Fault("refsegrs-hub", "name that is no text", "a path that leads elsewhere",
          _item("samples.json", 5, lambda sample: sample | {"filepath": "../6.tif"})),

    Fault("risbench-records", "missing file", "an image is not there",
          _removed("img_rgb/val_6.png")),
    Fault("risbench-records", "truncated file", "the last line is cut",
          lambda root: os.truncate(root / LINES, (root / LINES).stat().st_size - 20)),
    Fault("risbench-records", "wrong type", "`sent` is a number",
          _line_with(LINES, 5, sent=7)),
    Fault("risbench-records", "wrong type", "a split that there is not",
          _line_with(LINES, 5, split="dev")),
    Fault("risbench-records", "wrong type", "runs that do not fill the mask",
          _line_with(LINES, 5, segmentation={"size": [64, 64], "counts": [7]})),
    Fault("risbench-records", "wrong encoding", "a line with bytes of no encoding",
          _line(LINES, 5, b'{"split": "\xff"}\n')),
    Fault("risbench-records", "empty file", "the only file of records",
          _written(LINES, b"")),
    Fault("risbench-records", "duplicate id", "an image on two lines: numbered `#0`, `#1`",
          _doubled_line(LINES, 5)),
    Fault("risbench-records", "unknown field", "more members than are read",
          _line_with(LINES, 5, licence="none")),
    Fault("risbench-records", "absurd size", "a mask that claims 100,000 pixels a side",
          _line_with(LINES, 5, segmentation={"size": [HUGE, HUGE], "counts": "a"})),
    Fault("risbench-records", "deep nesting", "200,000 lists in each other",
          _line(LINES, 5, DEEP + b"\n")),
    Fault("risbench-records", "name that is no text", "a file name that leads elsewhere",
          _line_with(LINES, 5, file_name="../6.png")),

    Fault("rsteller", "missing file", "an image without annotation",
          _shard(("1.jpg", jpeg()))),
    Fault("rsteller", "missing file", "an annotation without image",
          _shard(sample(1)[1])),
    Fault("rsteller", "truncated file", "a shard is cut",
          _written(SHARD, tar([("1.jpg", bytes(2000))])[:1000])),
    Fault("rsteller", "wrong type", "a shard that is none", _written(SHARD, b"text" * 999)),
    Fault("rsteller", "wrong type", "an annotation that is a list",
          _shard(("1.jpg", jpeg()), ("1.json", b"[]"))),
    Fault("rsteller", "wrong encoding", "an annotation in UTF-16",
          _shard(("1.jpg", jpeg()), ("1.json", "{}".encode("utf-16")))),
    _declared("rsteller", "empty file"),
    Fault("rsteller", "empty file", "an image", _shard(("1.jpg", b""), sample(1)[1])),
    Fault("rsteller", "duplicate id", "an image that stands twice",
          _shard(*sample(1), ("more/1.jpg", jpeg()), ("more/1.json", sample(1)[1][1]))),
    Fault("rsteller", "unknown field", "more members than are read",
          _shard(*sample(1, licence="none"))),
    Fault("rsteller", "absurd size", "an annotation over 1 MB",
          _shard(*sample(1, "x" * (2 << 20)))),
    Fault("rsteller", "deep nesting", "200,000 lists in each other",
          _shard(("1.jpg", jpeg()), ("1.json", DEEP))),
    Fault("rsteller", "name that is no text", "a member that leads elsewhere",
          _shard(*sample(1), ("../2.jpg", jpeg()))),

    _declared("rsgpt4v", "missing file"),
    Fault("rsgpt4v", "truncated file", "a list is cut", _cut(TRAIN, 2000)),
    Fault("rsgpt4v", "wrong type", "a record that is a number",
          _item(TRAIN, 0, lambda record: 7)),
    Fault("rsgpt4v", "wrong type", "a message from nobody known",
          _item(TRAIN, 0, lambda r: r | {"conversations": [{"from": "robot", "value": ""}]})),
    Fault("rsgpt4v", "wrong encoding", "a list in UTF-16", _encoded(TRAIN, "utf-16")),
    Fault("rsgpt4v", "empty file", "a file of lines", _written(VQA, b"")),
    Fault("rsgpt4v", "duplicate id", "ids that name several records",
          _item(TRAIN, 1, lambda record: record | {"id": "0"})),
    Fault("rsgpt4v", "unknown field", "more members than are read",
          _item(TRAIN, 0, lambda record: record | {"licence": "none"})),
    Fault("rsgpt4v", "absurd size", "a record over 1 MB",
          _line(VQA, 1, b'{"text": "' + b"x" * (2 << 20) + b'"}\n')),
    Fault("rsgpt4v", "deep nesting", "200,000 lists in each other",
          _line(VQA, 1, DEEP + b"\n")),
    Fault("rsgpt4v", "name that is no text", "a path that leads elsewhere",
          _item(TRAIN, 0, lambda record: record | {"image": "../1.tif"})),
    Fault("rsgpt4v", "name that is no text", "a file of such a name",
          _odd_name(".", b".json", b'[{"image": "a.jpg", "conversations": []}]')),

    _declared("pregres", "missing file"),
    Fault("pregres", "truncated file", "a list is cut", _cut(LISTED, 700)),
    Fault("pregres", "empty file", "a list", _written(LISTED, b"")),

    _declared("geochat", "missing file"),
    Fault("geochat", "wrong type", "an image that is a number",
          _line_with("referring.jsonl", 0, image_id=7)),
    Fault("geochat", "wrong type", "a ground truth that is an object",
          _line_with("referring.jsonl", 0, ground_truth={})),
    Fault("geochat", "truncated file", "a list is cut", _cut("GeoChat_Instruct.json", 700)),
    Fault("geochat", "empty file", "a file of lines", _written("referring.jsonl", b"")),

    _declared("llava", "missing file"),
    Fault("llava", "wrong type", "several images",
          _item("chats.json", 0, lambda record: record | {"images": ["1.jpg", "2.jpg"]})),
    Fault("llava", "wrong type", "messages that are a text",
          _item("chats.json", 0, lambda record: record | {"messages": "text"})),
    Fault("llava", "truncated file", "a list is cut", _cut("chats.json", 700)),
    Fault("llava", "empty file", "a list", _written("chats.json", b"")),

    _declared("vrsbench", "missing file"),
    Fault("vrsbench", "truncated file", "an annotation is cut", _cut(VRS, 60)),
    Fault("vrsbench", "wrong type", "objects that are a text", _with(VRS, objects="text")),
    Fault("vrsbench", "wrong type", "an object without corners",
          _with(VRS, objects=[{"referring_sentence": "The house."}])),
    Fault("vrsbench", "wrong type", "corners in pixels",
          _with(VRS, objects=[{"referring_sentence": "The house.", "obj_corner": [9] * 8}])),
    Fault("vrsbench", "wrong encoding", "an annotation in UTF-16", _encoded(VRS, "utf-16")),
    Fault("vrsbench", "empty file", "an annotation", _written(VRS, b"")),
    Fault("vrsbench", "duplicate id", "two annotations of an image",
          _copied(VRS, "Annotations_val/P0004_0002.json")),
    Fault("vrsbench", "unknown field", "more members than are read", _with(VRS, licence="none")),
    Fault("vrsbench", "absurd size", "an annotation of 400 MB", _cut(VRS, 400 << 20)),
    Fault("vrsbench", "deep nesting", "200,000 lists in each other", _written(VRS, DEEP)),
    Fault("vrsbench", "name that is no text", "an image name that leads elsewhere",
          _with(VRS, image="../a.png")),

    _declared("dior_rsvg", "missing file"),
    Fault("dior_rsvg", "missing file", "an annotation that is gone", _removed(VOC)),
    Fault("dior_rsvg", "truncated file", "an annotation is cut", _cut(VOC, 700)),
    Fault("dior_rsvg", "wrong type", "an object without a box",
          _replaced(VOC, "<xmin>8</xmin>", "")),
    Fault("dior_rsvg", "wrong type", "a number that is none", _replaced(VOC, "<xmin>8", "<xmin>a")),
    Fault("dior_rsvg", "wrong type", "a list of names", _written("val.txt", "00003\n00003.jpg\n")),
    Fault("dior_rsvg", "wrong type", "a document type", _replaced(VOC, "<annotation>",
          '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><annotation>')),
    Fault("dior_rsvg", "wrong encoding", "an annotation in UTF-16", _encoded(VOC, "utf-16")),
    Fault("dior_rsvg", "empty file", "an annotation", _written(VOC, b"")),
    Fault("dior_rsvg", "duplicate id", "a number in two lists", _written("val.txt", "0\n4\n")),
    Fault("dior_rsvg", "unknown field", "more members than are read",
          _replaced(VOC, "<segmented>", "<licence>none</licence><segmented>")),
    Fault("dior_rsvg", "absurd size", "an annotation of 400 MB", _cut(VOC, 400 << 20)),
    Fault("dior_rsvg", "deep nesting", "200,000 elements in each other",
          _written(VOC, b"<a>" * 200_000)),
    Fault("dior_rsvg", "name that is no text", "an image name that leads elsewhere",
          _replaced(VOC, "00004.jpg", "../a.jpg")),

    _declared("refcoco", "missing file"),
    Fault("refcoco", "missing file", "the annotations are not there", _removed(INSTANCES)),
    Fault("refcoco", "truncated file", "a pickle is cut", _cut(REFS, 200)),
    Fault("refcoco", "truncated file", "the annotations are cut before all of them",
          _cut(INSTANCES, 100)),
    Fault("refcoco", "wrong type", "a pickle that runs something",
          _written(REFS, b"cposix\nsystem\n(S'true'\ntR.")),
    Fault("refcoco", "wrong type", "a pickle of an object", _written(REFS, pickle.dumps({}))),
    Fault("refcoco", "wrong type", "a ref without `ann_id`",
          _ref(0, lambda ref: ref.pop("ann_id"))),
    Fault("refcoco", "wrong type", "`no_target` beside an annotation",
          _ref(0, lambda ref: ref.update(no_target=True))),
    Fault("refcoco", "wrong type", "an annotation without a mask", _annotation(segmentation=[])),
    Fault("refcoco", "wrong type", "a box for a polygon", _annotation(segmentation=[[1, 2, 3, 4]])),
    Fault("refcoco", "wrong type", "runs that do not fill the mask",
          _annotation(segmentation=[{"size": [64, 64], "counts": [7]}])),
    Fault("refcoco", "wrong encoding", "annotations in UTF-16", _encoded(INSTANCES, "utf-16")),
    Fault("refcoco", "empty file", "the pickle", _written(REFS, b"")),
    Fault("refcoco", "duplicate id", "an annotation that stands twice", _doubled_annotation),
    Fault("refcoco", "unknown field", "more members than are read",
          _ref(0, lambda ref: ref.update(licence="none"))),
    Fault("refcoco", "absurd size", "a mask that claims 100,000 pixels a side",
          _annotation(segmentation=[{"size": [HUGE, HUGE], "counts": "a"}])),
    Fault("refcoco", "absurd size", "a pickle that numbers a value 2,000,000,000",
          _written(REFS, b"\x80\x02]r\x00\x94\x35\x77.")),
    Fault("refcoco", "deep nesting", "200,000 lists in each other",
          _written(INSTANCES, b'{"images": ' + DEEP)),
    Fault("refcoco", "name that is no text", "an image name that leads elsewhere",
          _image_name("../a.jpg")),

    _declared("earthreason", "missing file"),
    Fault("earthreason", "missing file", "an image is not there",
          _removed("val/images/00003.jpg")),
    Fault("earthreason", "truncated file", "a file of questions is cut", _cut(QUESTIONS, 30)),
    Fault("earthreason", "truncated file", "a label is cut", _cut(LABEL, 60)),
    Fault("earthreason", "wrong type", "a file without `answer`",
          _written(QUESTIONS, '{"questions": ["Where is it?"]}')),
    Fault("earthreason", "wrong type", "no answer beside a label that marks something",
          _with(QUESTIONS, answer=[])),
    Fault("earthreason", "wrong type", "a question is a number", _with(QUESTIONS, questions=[7])),
    Fault("earthreason", "wrong encoding", "questions in UTF-16", _encoded(QUESTIONS, "utf-16")),
    Fault("earthreason", "empty file", "a label", _written(LABEL, b"")),
    Fault("earthreason", "duplicate id", "two images of one name",
          _copied("val/images/00003.jpg", "val/images/00003.png")),
    Fault("earthreason", "unknown field", "more members than are read",
          _with(QUESTIONS, licence="none")),
    Fault("earthreason", "absurd size", "a label that claims 100,000 pixels a side",
          _written(LABEL, png(HUGE, HUGE))),
    Fault("earthreason", "deep nesting", "200,000 lists in each other", _written(QUESTIONS, DEEP)),
    Fault("earthreason", "name that is no text", "questions of such a name",
          _odd_name("val/QAs", b".json", b"{}")),

    _declared("refdior", "missing file"),
    Fault("refdior", "missing file", "a mask is not there", _removed("masks/00004.png")),
    Fault("refdior", "truncated file", "phrases are cut", _cut(PHRASES, 20)),
    Fault("refdior", "wrong type", "an id without `sentences`", _with(PHRASES, **{"00004": {}})),
    Fault("refdior", "wrong type", "a list for an object", _written(PHRASES, "[]")),
    Fault("refdior", "wrong encoding", "phrases in UTF-16", _encoded(PHRASES, "utf-16")),
    Fault("refdior", "empty file", "phrases", _written(PHRASES, b"")),
    Fault("refdior", "duplicate id", "an id that stands twice: its sentences are numbered on",
          _written(PHRASES, '{"00004": {"sentences": ["a"]}, "00004": {"sentences": ["b"]}}')),
    Fault("refdior", "unknown field", "more members than are read",
          _with("phrase_txts/test.json", **{"00005": {"sentences": ["only building"], "a": 1}})),
    Fault("refdior", "absurd size", "a mask that claims 100,000 pixels a side",
          _written("masks/00004.png", png(HUGE, HUGE))),
    Fault("refdior", "deep nesting", "200,000 lists in each other", _written(PHRASES, DEEP)),
    Fault("refdior", "name that is no text", "an id that leads elsewhere",
          _with(PHRASES, **{"../a": {"sentences": ["a"]}})),

    _declared("table", "missing file"),
    Fault("table", "missing file", "a mask is gone", _removed("masks/0.png")),
    Fault("table", "truncated file", "the last row is cut",
          lambda root: os.truncate(root / CSV, (root / CSV).stat().st_size - 20)),
    Fault("table", "truncated file", "a mask is cut", _cut("masks/0.png", 60)),
    Fault("table", "wrong type", "a row of two cells", _line(CSV, 1, b"images/0.png,house\n")),
    Fault("table", "wrong type", "a mask that is a number",
          _line(CSV, 1, b"images/0.png,7,house 0,train\n")),
    Fault("table", "wrong type", "a polygon of half a point",
          _line(CSV, 1, b'images/0.png,"[[1, 2, 3, 4, 5, 6, 7]]",house 0,train\n')),
    Fault("table", "wrong type", "an empty mask that no column declares",
          _line(CSV, 1, b"images/0.png,,house 0,train\n")),
    Fault("table", "wrong type", "a split that there is not",
          _line(CSV, 1, b"images/0.png,masks/0.png,house 0,fold 3\n")),
    Fault("table", "wrong encoding", "a table in UTF-16", _encoded(CSV, "utf-16")),
    Fault("table", "wrong encoding", "a row with bytes of no encoding",
          _line(CSV, 1, b"images/0.png,masks/0.png,\xff,train\n")),
    Fault("table", "empty file", "a table", _written(CSV, b"")),
    Fault("table", "empty file", "a mask", _written("masks/0.png", b"")),
    Fault("table", "duplicate id", "a row that stands twice: numbered by rows",
          _doubled_line(CSV, 2)),
    Fault("table", "unknown field", "more columns than are read", _more_cells),
    Fault("table", "absurd size", "a mask that claims 100,000 pixels a side",
          _written("masks/0.png", png(HUGE, HUGE))),
    Fault("table", "absurd size", "a query of 70,000 characters",
          _line(CSV, 1, b"images/0.png,masks/0.png," + b"x" * 70_000 + b",train\n")),
    Fault("table", "deep nesting", "200,000 lists in each other",
          _line(CSV, 1, b"images/0.png," + DEEP + b",house 0,train\n")),
    Fault("table", "name that is no text", "a path that leads elsewhere",
          _line(CSV, 1, b"../0.png,masks/0.png,house 0,train\n")),
)  # fmt: skip
