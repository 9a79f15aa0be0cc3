"""Broken inputs of every format; what each is told stands in docs/formats/faults.md."""

from __future__ import annotations

import json
import os
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
}
"""What a layout is called on the page."""


@dataclass(frozen=True)
class Fault:
    """A broken input.

    Attributes:
        layout: that it is a fault of, one of ``tests.layouts``
        kind: one of :data:`KINDS`
        about: what is broken, for people
        spoil: breaks a sound folder
    """

    layout: str
    kind: str
    about: str
    spoil: Spoil

    def __str__(self) -> str:
        return f"{self.layout}: {self.about}"


def _declared(name: str, kind: str) -> Fault:
    """The fault that a format declares beside its example."""
    [fault] = FORMATS[name].faults
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
    """Puts another line in the place of one."""

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


def _doubled_line(name: str, number: int) -> Spoil:
    def spoil(root: Path) -> None:
        lines = (root / name).read_bytes().splitlines(keepends=True)
        (root / name).write_bytes(b"".join([*lines, lines[number]]))

    return spoil


def _item(name: str, number: int, change: Callable[[dict], object]) -> Spoil:
    """Puts another record in the place of one of a list, or of the samples in an object."""

    def spoil(root: Path) -> None:
        content = json.loads((root / name).read_bytes())
        items = content["samples"] if isinstance(content, dict) else content
        items[number] = change(items[number])
        (root / name).write_text(json.dumps(content))

    return spoil


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
HUGE = 100_000

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
)  # fmt: skip
