"""Tables as people have them: one small dataset in every notation that is read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pairlens.importers.formats.example_files import TARGET, image_bytes, picture, put, target
from pairlens.importers.rle import encode_rle

Rows = list[dict[str, Any]]

SPLIT = ("train", "train", "val", "test")


def rows_of(mask: Callable[[int], Any] | None = None) -> Rows:
    """A row for each of two queries of four images: image, mask and phrase."""
    return [
        {
            "image": f"images/{number}.png",
            "mask": f"masks/{number}.png" if mask is None else mask(number),
            "phrase": phrase,
            "split": split,
            "note": 'a; b, "c"\td|',
        }
        for number, split in enumerate(SPLIT)
        for phrase in (f"house {number}", f'the "red" house, no; {number} | \u00e9')
    ]


def write_files(root: Path, *, masks: bool = True) -> None:
    """Writes the images, and the masks, that the rows name."""
    for number in range(len(SPLIT)):
        put(root / "images" / f"{number}.png", image_bytes(picture(number), "PNG"))
        if masks:
            put(root / "masks" / f"{number}.png", image_bytes(target() * np.uint8(255), "PNG"))


def csv_of(rows: Sequence[Mapping[str, Any]], delimiter: str = ",", end: str = "\n") -> str:
    """Rows as Python's own writer writes them."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def rle(_: int) -> dict[str, Any]:
    """The mask as COCO's compressed RLE."""
    return encode_rle(target())


def runs(_: int) -> dict[str, Any]:
    """The mask as COCO's RLE of numbers."""
    return encode_rle(target(), compressed=False)


def outline(_: int) -> list[list[float]]:
    """The mask as COCO's polygons; its last pixels are drawn as the outline."""
    (left, top), _, (right, bottom), _ = TARGET
    right, bottom = right - 1, bottom - 1
    return [[left, top, right, top, right, bottom, left, bottom]]


def corners(_: int) -> list[int]:
    """The mask as a box of two corners, the second one beyond its last pixel."""
    (left, top), _, (right, bottom), _ = TARGET
    return [int(n) for n in (left, top, right, bottom)]


def sides(_: int) -> list[int]:
    """The mask as a box of a corner and two sides."""
    left, top, right, bottom = corners(0)
    return [left, top, right - left, bottom - top]


def talk(number: int, who: str = "from", what: str = "value") -> list[dict[str, str]]:
    """A conversation about an image."""
    names = ("human", "gpt") if who == "from" else ("user", "assistant")
    texts = (f"<image>\nHow many houses? {number}", "One.", "Which colour?", "Red, \u00e9.")
    return [{who: names[n % 2], what: text} for n, text in enumerate(texts)]


def talks(**names: str) -> Rows:
    """A row for each image, with its conversation."""
    return [
        {"picture": f"images/{n}.png", "chat": talk(n, **names), "split": split}
        for n, split in enumerate(SPLIT)
    ]


def captions() -> Rows:
    """A row for each image, with two captions."""
    return [
        {"file": f"images/{n}.png", "captions": [f"a house {n}", f"red, {n}"], "split": split}
        for n, split in enumerate(SPLIT)
    ]


def spread(rows: Rows) -> Rows:
    """Rows with a column for each number of a box."""
    names = ("xmin", "ymin", "xmax", "ymax")
    corner = dict(zip(names, corners(0), strict=True))
    return [{k: v for k, v in row.items() if k != "mask"} | corner for row in rows]


def numbered(row: dict[str, Any]) -> dict[str, Any]:
    """A row of captions with a column for each, and one that is empty."""
    first, second = row["captions"]
    rest = {k: v for k, v in row.items() if k != "captions"}
    return {**rest, "raw": first, "raw_1": "", "raw_2": second}


def karpathy() -> Rows:
    """A row for each image as RSICD, RSITMD, UCM- and Sydney-captions have it."""
    return [
        {
            "filename": row["file"],
            "imgid": n,
            "sentids": [5 * n + k for k in range(5)],
            "sentences": [
                {"tokens": text.split(), "raw": text, "imgid": n, "sentid": 5 * n + k}
                for k, text in enumerate(row["captions"])
            ],
            "split": row["split"],
        }
        for n, row in enumerate(captions())
    ]


def dumped(rows: Rows, dump: Callable[[Any], str] = json.dumps) -> Rows:
    """Rows whose lists and objects are texts, as a CSV has them."""
    return [
        {k: dump(v) if isinstance(v, list | dict) else v for k, v in row.items()} for row in rows
    ]


def lines(rows: Rows) -> str:
    """Rows as JSON, one a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_parquet(path: Path, rows: Rows, group: int = 3) -> None:
    """Rows as Parquet, in several row groups."""
    import pyarrow as pa
    import pyarrow.parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    pa.parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=group)


def inline(rows: Rows) -> Rows:
    """Rows with image and mask in the cells, as the ``datasets`` library stores them."""
    masked = image_bytes(target() * np.uint8(255), "PNG")
    return [
        row
        | {
            "image": {
                "bytes": image_bytes(picture(int(Path(row["image"]).stem)), "PNG"),
                "path": "image.png",
            },
            "mask": {"bytes": masked, "path": None},
        }
        for row in rows
    ]


def written(name: str, text: Callable[[], str], *, masks: bool = True) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        write_files(root, masks=masks)
        put(root / name, text())
        return root

    return make


def parquet(name: str, rows: Rows, *, files: bool = True) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        if files:
            write_files(root, masks="mask" in rows[0])
        write_parquet(root / name, rows)
        return root

    return make


def several(root: Path) -> Path:
    """A table for each split, as the ``datasets`` library finds them."""
    write_files(root)
    for split in ("train", "val", "test"):
        rows = [row for row in rows_of() if row["split"] == split]
        text = csv_of([{k: v for k, v in row.items() if k != "split"} for row in rows])
        put(root / f"{split.replace('val', 'validation')}.csv", text)
    return root


def gathered(rows: Rows) -> Rows:
    """A row for each image, with the queries and the masks in lists."""
    made: dict[str, dict[str, Any]] = {}
    for row in rows:
        lists = {"phrases": [], "masks": []}
        one = made.setdefault(row["image"], {"image": row["image"], "split": row["split"]} | lists)
        one["phrases"].append(row["phrase"])
        one["masks"].append(row["mask"])
    return [*made.values()]


def nested(rows: Rows) -> Rows:
    """The same with these lists in an object, beside one more, as the hub has objects."""
    return [
        {
            "image": row["image"],
            "objects": {
                "bbox": row["masks"],
                "captions": row["phrases"],
                "category": [f"c{n}" for n, _ in enumerate(row["masks"])],
            },
            "split": row["split"],
        }
        for row in gathered(rows)
    ]


def listed(rows: Rows) -> Rows:
    """A row for each image, with an object for each query."""
    return [
        {
            "image": row["image"],
            "objects": [
                {"bbox": mask, "phrase": phrase, "area": 5}
                for mask, phrase in zip(row["masks"], row["phrases"], strict=True)
            ],
            "split": row["split"],
        }
        for row in gathered(rows)
    ]


PAIRS: dict[str, Callable[[Path], Path]] = {
    "csv": written("pairs.csv", lambda: csv_of(rows_of())),
    "csv of a spreadsheet": written("pairs.csv", lambda: "\ufeff" + csv_of(rows_of(), ";", "\r\n")),
    "csv without a last line end": written("pairs.csv", lambda: csv_of(rows_of()).rstrip("\n")),
    "tsv": written("pairs.tsv", lambda: csv_of(rows_of(), "\t")),
    "pipes": written("pairs.csv", lambda: csv_of(rows_of(), "|")),
    "json": written("pairs.json", lambda: json.dumps(rows_of(), indent=2)),
    "json under a key": written(
        "pairs.json", lambda: json.dumps({"version": 1, "rows": rows_of()}, indent=1)
    ),
    "json in one line": written("pairs.json", lambda: json.dumps({"rows": rows_of()})),
    "json lines": written("pairs.jsonl", lambda: lines(rows_of())),
    "parquet": parquet("pairs.parquet", rows_of()),
    "parquet with images": parquet("train-00000-of-00001.parquet", inline(rows_of()), files=False),
    "a table for each split": several,
    "rle": written("p.jsonl", lambda: lines(rows_of(rle)), masks=False),
    "rle of numbers": written("p.jsonl", lambda: lines(rows_of(runs)), masks=False),
    "rle as text": written("p.csv", lambda: csv_of(dumped(rows_of(rle))), masks=False),
    "rle as Python prints it": written(
        "p.csv", lambda: csv_of(dumped(rows_of(rle), repr)), masks=False
    ),
    "bare runs": written(
        "p.csv",
        lambda: csv_of(rows_of(lambda n: rle(n)["counts"])),
        masks=False,
    ),
    "csv that tells its separator": written(
        "pairs.csv", lambda: "\ufeffsep=;\r\n" + csv_of(rows_of(), ";", "\r\n")
    ),
    "polygons": written("p.csv", lambda: csv_of(dumped(rows_of(outline))), masks=False),
    "boxes of corners": written("p.csv", lambda: csv_of(dumped(rows_of(corners))), masks=False),
    "boxes in objects": written(
        "p.jsonl",
        lambda: lines(rows_of(lambda n: [{"bbox_2d": corners(n)}])),
        masks=False,
    ),
    "rle of several objects": written(
        "p.jsonl",
        lambda: lines(rows_of(lambda n: [rle(n), rle(n)])),
        masks=False,
    ),
    "annotations of coco": written(
        "p.jsonl",
        lambda: lines(rows_of(lambda n: {"bbox": sides(n), "segmentation": rle(n)})),
        masks=False,
    ),
    "boxes in four columns": written("p.csv", lambda: csv_of(spread(rows_of())), masks=False),
    "boxes in objects beside others": written(
        "p.jsonl",
        lambda: lines([{**row, "mask": {"box": row["mask"]}} for row in rows_of(corners)]),
        masks=False,
    ),
    "files in lists": written("p.jsonl", lambda: lines(gathered(rows_of()))),
    "files in lists as text": written("p.csv", lambda: csv_of(dumped(gathered(rows_of())))),
    "rle in lists": written("p.jsonl", lambda: lines(gathered(rows_of(rle))), masks=False),
    "boxes in lists of parquet": parquet("p.parquet", gathered(rows_of(corners))),
    "boxes in lists of objects": written(
        "p.jsonl", lambda: lines(nested(rows_of(corners))), masks=False
    ),
    "boxes beside their texts": written(
        "p.jsonl", lambda: lines(listed(rows_of(corners))), masks=False
    ),
    "boxes beside their texts in structs": parquet("p.parquet", listed(rows_of(corners))),
    "boxes in lists of structs": parquet("p.parquet", nested(rows_of(corners))),
    "pixels": written(
        "p.jsonl",
        lambda: lines(rows_of(lambda _: target().astype(bool).tolist())),
        masks=False,
    ),
}


def asked() -> Rows:
    """A row for each image, with a question and its answer."""
    return [
        {"image": f"images/{n}.png", "Question": f"How many houses? {n}", "Answer": "One, \u00e9.",
         "type": "count", "split": split}
        for n, split in enumerate(SPLIT)
    ]  # fmt: skip


ASKED: dict[str, Callable[[Path], Path]] = {
    "questions and answers": written("q.csv", lambda: csv_of(asked()), masks=False),
    "questions and answers of parquet": parquet("q.parquet", asked()),
}
"""Tables of a question and its answer in columns of their own."""


def asked_by_image(root: Path) -> Path:
    """Lists of questions under the names of their images, as EarthVQA has them."""
    write_files(root, masks=False)
    lists = {
        Path(row["image"]).name: [{k: row[k] for k in ("type", "Question", "Answer")}] * 2
        for row in asked()
    }
    put(root / "Train_QA.json", json.dumps(lists))
    return root


ASKED["questions under the names of images"] = asked_by_image

TEXTS: dict[str, Callable[[Path], Path]] = {
    "captions": written("c.csv", lambda: csv_of(dumped(captions())),
                        masks=False),
    "captions in columns": written(
        "c.csv", lambda: csv_of([numbered(row) for row in captions()]), masks=False
    ),
    "captions in columns of parquet": parquet("c.parquet", [numbered(r) for r in captions()]),
    "captions in parquet": parquet("c.parquet", captions()),
    "captions in objects": written(
        "c.json", lambda: json.dumps({"images": karpathy(), "dataset": "rsicd"}), masks=False
    ),
    "captions in objects in parquet": parquet("c.parquet", karpathy()),
    "captions in objects as text": written(
        "c.csv", lambda: csv_of(dumped(karpathy(), repr)), masks=False
    ),
    "conversations": written("t.json", lambda: json.dumps({"data": talks()}), masks=False),
    "conversations of a chat": parquet("t.parquet", talks(who="role", what="content")),
    "conversations in cells": written(
        "t.csv", lambda: csv_of(dumped(talks())), masks=False
    ),
    "conversations as Python prints them": written(
        "t.csv", lambda: csv_of(dumped(talks(), repr)), masks=False
    ),
}  # fmt: skip

NOTATIONS = PAIRS | ASKED | TEXTS
"""Tables of pairs and of texts, by what they are."""
