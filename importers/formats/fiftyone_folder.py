"""A FiftyOneDataset that PairLens exported: a FiftyOne dataset on disk with keys.

::

    samples.json                  {"samples": [{"key", "filepath", "split", "phrase", ...}]}
    data/                         images
    fields/segmentation/          masks, 0 background, 1 target, 255 ignore
    metadata.json, fiftyone.yml

The published texts and masks come back, or what a review made of them. Findings, verdicts and
predictions do not: ``decisions.jsonl`` beside them has the verdicts, and ``fo.Dataset.from_dir``
reads all of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bson import json_util
from bson.errors import BSONError

from pairlens.importers.bounded_json import is_number
from pairlens.importers.errors import (
    LayoutError,
    OnError,
    OnNote,
    ignore_note,
    raise_error,
    shown,
)
from pairlens.importers.fields import TARGET_BOX
from pairlens.importers.formats.base import FORMATS, SPLITS, Format, FormatFault, Settled
from pairlens.importers.formats.example_files import (
    IMAGE_SPLITS,
    image_bytes,
    picture,
    put,
    target,
)
from pairlens.importers.formats.own_records import (
    WRITTEN,
    Found,
    ListRows,
    Members,
    Place,
    Rows,
    answers_of,
    box_of,
    caption_of,
    key_of,
    listed,
    name_in,
    records_of,
    target_box_of,
    text_of,
    whole,
)
from pairlens.importers.formats.refsegrs_hub import SAMPLES, file_of, first_sample, inside
from pairlens.importers.formats.table_rows import TableRow
from pairlens.importers.records import (
    Box,
    CaptionedImage,
    Footprint,
    Instruction,
    Kind,
    NoTarget,
    Pair,
    Raster,
    Record,
    Source,
    Target,
    Turn,
    phrase_fault,
)

NAME = "fiftyone"
_METADATA = "metadata.json"
_DATES = json_util.JSONOptions(tz_aware=False)


def detect(root: Path) -> bool:
    """Whether the folder holds samples with keys of PairLens."""
    first = first_sample(root)
    return (root / _METADATA).is_file() and first is not None and {"key", "image_id"} <= {*first}


def _kind(root: Path) -> Kind:
    first = first_sample(root)
    if first is None or "key" not in first:
        raise LayoutError(f"{root} does not hold {FORMATS[NAME].layout}")
    if "phrase" in first:
        return "pairs"
    return "instructions" if "conversations" in first else "captions"


def settle(root: Path, given: Mapping[str, str]) -> Settled:
    """The format with the kind of the samples."""
    kind = _kind(root)
    with ExitStack() as stack:
        rows = ListRows(root / SAMPLES, SAMPLES, "samples", stack, ignore_note)
        boxes = kind == "pairs" and rows.names_boxes()
    return Settled(replace(FORMATS[NAME], kind=kind, box_targets=boxes), dict(given))


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
) -> Iterator[Record]:
    """Yields the records, images by split and first sample.

    Args:
        root: the folder with ``samples.json``
        splits: which to read
        on_error: takes broken samples
        on_note: takes what does not come back
    """
    make = partial(_MAKERS[_kind(root)], root)
    on_note(
        "texts and masks are read; pairlens review --apply decisions.jsonl brings the verdicts, "
        "and fo.Dataset.from_dir reads findings and predictions as well"
    )
    with ExitStack() as stack:
        rows = ListRows(root / SAMPLES, SAMPLES, "samples", stack, on_note)
        yield from records_of([rows], _place, make, splits, on_error)


def _place(rows: Rows, row: TableRow) -> Place:
    split = row.cells.get("split")
    if split not in SPLITS:
        raise ValueError(f"its 'split' is {str(split)[:40]!r}, none of {', '.join(SPLITS)}")
    return Place(str(split), name_in(row.cells, "image_id"), key_of(row.cells))


def _common(root: Path, found: Found) -> dict[str, Any]:
    """What records of all kinds have."""
    sample = found.row.cells
    image = inside(sample.get("filepath"), "filepath")
    source = sample.get("source")
    named = source.get("image_name") if isinstance(source, dict) else None
    return {
        "key": key_of(sample),
        "image_id": found.image,
        "split": found.split,
        # The file of an image that was missing is a placeholder.
        "image": None if sample.get("image_missing") else file_of(root / image),
        "image_name": text_of(named) if named else image.name,
        "source": found.source,
    }


def _pair(root: Path, found: Found) -> Pair:
    phrase = found.row.cells.get("phrase")
    if fault := phrase_fault(phrase):
        raise ValueError(fault)
    target = _target(root, found.row.cells)
    label = found.row.cells.get(TARGET_BOX)
    bounds = label.get("bounding_box") if isinstance(label, dict) else None
    box = target_box_of({TARGET_BOX: bounds})
    return Pair(**_common(root, found), phrase=str(phrase), target=target, box=box)


def _target(root: Path, sample: Members) -> Target:
    if sample.get("no_target") is True:
        return NoTarget()
    segmentation = sample.get("segmentation")
    if not isinstance(segmentation, dict):
        raise ValueError("it has no 'segmentation', and does not say that there is no target")
    mask = root / inside(segmentation.get("mask_path"), "mask_path")
    return Raster(file_of(mask) or mask, WRITTEN)


def _captioned(root: Path, found: Found) -> CaptionedImage:
    sample = found.row.cells
    return CaptionedImage(
        **_common(root, found),
        captions=tuple(map(caption_of, listed(sample, "captions"))),
        footprint=_footprint(sample.get("location")),
        captured=_day(sample.get("capture_date")),
    )


def _day(value: Any) -> date | None:
    """The day of a time; those before 1970 are written as a number."""
    if value is None:
        return None
    try:
        found = json_util.loads(json.dumps(value), json_options=_DATES)
    except (BSONError, ArithmeticError, IndexError, TypeError, ValueError):  # of odd ones
        found = None
    if not isinstance(found, datetime):
        raise ValueError(f"its 'capture_date' is no date ({shown(str(value), 80)})")
    return found.date()


def _footprint(location: Any) -> Footprint | None:
    """The box around an outline."""
    if location is None:
        return None
    try:
        (ring,) = location["polygon"]["coordinates"]
        xs, ys = zip(*ring, strict=True)
    except (KeyError, TypeError, ValueError):
        raise ValueError("its 'location' has no outline") from None
    if not all(map(is_number, (*xs, *ys))):
        raise ValueError("its 'location' has an outline of other things than numbers")
    return Footprint(min(xs), min(ys), max(xs), max(ys))


def _instruction(root: Path, found: Found) -> Instruction:
    sample = found.row.cells
    turns = map(partial(_turn, found.source), listed(sample, "conversations"))
    return Instruction(
        **_common(root, found),
        turns=tuple(turns),
        captions=tuple(map(caption_of, listed(sample, "captions"))),
        boxes=(*_upright(sample), *_rotated(sample)),
    )


def _turn(source: Source, turn: Members) -> Turn:
    return Turn(
        text_of(turn.get("question")),
        answers_of(turn),
        text_of(turn.get("category") or ""),
        source,
        whole(turn, "turn") or 0,
    )


def _upright(sample: Members) -> Iterator[Box]:
    return map(box_of, listed(sample.get("boxes") or {}, "detections"))


def _rotated(sample: Members) -> Iterator[Box]:
    for one in listed(sample.get("rotated_boxes") or {}, "polylines"):
        try:
            (ring,) = one["points"]
            corners = tuple((float(x), float(y)) for x, y in ring)
            xs, ys = zip(*corners, strict=True)
        except (KeyError, TypeError, ValueError):
            raise ValueError("a rotated box has not four corners") from None
        around = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
        yield replace(box_of({**one, "bounding_box": around}), corners=corners)


_MAKERS = {"pairs": _pair, "captions": _captioned, "instructions": _instruction}


def example(root: Path) -> Path:
    """Writes two queries for each of six images."""
    samples: list[Members] = []
    for number, split in enumerate(IMAGE_SPLITS):
        put(root / "data" / f"{number}.png", image_bytes(picture(number), "PNG"))
        for place, phrase in enumerate((f"house {number}", f"the red house on plot {number}")):
            mask = f"fields/segmentation/{number}-{place}.png"
            put(root / mask, image_bytes(target(), "PNG"))
            samples.append(
                {"key": f"gres/{split}/{number}#{place}", "image_id": f"{number}", "split": split,
                 "filepath": f"data/{number}.png", "image_missing": False, "phrase": phrase,
                 "no_target": False, "segmentation": {"_cls": "Segmentation", "mask_path": mask}}
            )  # fmt: skip
    put(root / SAMPLES, json.dumps({"samples": samples}))
    put(root / _METADATA, json.dumps({"name": "example"}))
    return root


def _spoil(root: Path, **members: Any) -> None:
    """Changes the first sample of the example."""
    content = json.loads((root / SAMPLES).read_bytes())
    content["samples"][0] |= members
    put(root / SAMPLES, json.dumps(content))


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        title="FiftyOne Export",
        about="What PairLens exports as a FiftyOne dataset on disk, with keys",
        layout="samples.json whose samples have keys of PairLens, beside metadata.json, data/ and "
        "fields/ (labels of any other are made pairs by pairlens adopt, after fo.Dataset.from_dir)",
        docs="[what PairLens exports as `fiftyone`](docs/formats/own-exports.md): `samples.json` "
        "with keys, `data/` and `fields/`",
        detect=detect,
        settle=settle,
        own_keys=True,
        count=lambda root, splits=SPLITS: 0,  # not known without reading
        read=read,
        no_target="`no_target`",
        boxes="in `boxes` and `rotated_boxes`",
        example=example,
        faults=(
            FormatFault(
                "a path leads out",
                partial(_spoil, filepath="../0.png"),
                "samples.json[0]: filepath '../0.png' is no path in the dataset's folder",
            ),
            FormatFault(
                "a sample has no mask",
                partial(_spoil, segmentation=None),
                "samples.json[0]: it has no 'segmentation', and does not say that there is no "
                "target",
            ),
        ),
    ),
)
