"""What the tests of RS-GPT4V and PreGRES share: records, files of them, and reading them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pairlens.importers.formats import FORMATS
from pairlens.importers.records import Instruction

QUESTION = "<image>\nHow many ships?"
Read = tuple[list[Instruction], list[str], list[str]]


def trained(image: Any = "a.jpg", *texts: str, **fields: Any) -> dict[str, Any]:
    """A training record; texts are questions and answers in turn."""
    said = [
        {"from": ("human", "gpt")[i % 2], "value": text}
        for i, text in enumerate(texts or (QUESTION, "Two."))
    ]
    return {"id": "1", "image": image, "conversations": said} | fields


def evaluated(image: Any = "a.jpg", **fields: Any) -> dict[str, Any]:
    """An evaluation record."""
    record = {"question_id": 0, "image": image, "text": "How many ships?", "answer": "2"}
    return record | {"category": "count"} | fields


def put(root: Path, name: str, records: Iterable[Any] | bytes) -> Path:
    """Writes a file of records: lines where its name ends in ``.jsonl``, else a list."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(records, bytes):
        path.write_bytes(records)
    elif name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    else:
        path.write_text(json.dumps(list(records)), "utf-8")
    return path


def put_image(root: Path, name: str, size: tuple[int, int] = (8, 6)) -> Path:
    from PIL import Image

    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (9, 99, 9)).save(path)
    return path


def read(root: Path, form: str = "rsgpt4v", **options: Any) -> Read:
    """The records, the errors and the notes."""
    errors: list[str] = []
    notes: list[str] = []
    found = FORMATS[form].read(
        root, on_error=lambda e: errors.append(str(e)), on_note=notes.append, **options
    )
    return [r for r in found if isinstance(r, Instruction)], errors, notes


def talk(record: Instruction) -> list[tuple[str, tuple[str, ...]]]:
    return [(turn.question, turn.answers) for turn in record.turns]
