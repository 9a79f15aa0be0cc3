"""Images with captions and conversations for the tests of checks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from fiftyone_plugin.checks import Sample
from importers.formats import FORMATS
from importers.records import Caption, Source, Turn


def captioned(*captions: str | tuple[str, int | None], key: str = "rsteller/train/1") -> Sample:
    """An image with captions, each a text or a text and its task."""
    told = [(c, None) if isinstance(c, str) else c for c in captions]
    _, split, image_id = key.split("/", 2)
    return Sample(key, image_id, split, "", captions=tuple(Caption(*each) for each in told))


def revised(source: str, *revisions: str, task: int = 1) -> Sample:
    """An image with a description and its revisions."""
    return captioned((source, task), *((revision, 3) for revision in revisions))


def talk(*said: str, key: str = "rsgpt4v/train/1", file: str = "a.json", index: int = 0,
         category: str = "", **changes: Any) -> Sample:  # fmt: skip
    """An image with one record: questions and answers in turn, ``-`` for none of the kind."""
    turns = []
    for number in range(0, len(said), 2):
        question, answer = said[number], said[number + 1]
        turns.append(
            Turn(
                "" if question == "-" else question,
                () if answer == "-" else (answer,),
                category,
                Source(file, index),
                number // 2,
            )
        )
    _, split, image_id = key.split("/", 2)
    return Sample(key, image_id, split, "", turns=tuple(turns), **changes)


def joined(*samples: Sample) -> Sample:
    """One image with the turns of several."""
    return replace(samples[0], turns=tuple(turn for s in samples for turn in s.turns))


def published(format: str, root: Path) -> list[Sample]:
    """The images of a folder, as the checks see them."""
    records: list[Any] = list(FORMATS[format].read(root))
    return [
        Sample(r.key, r.image_id, r.split, "", captions=r.captions, turns=getattr(r, "turns", ()))
        for r in records
    ]


def annotated(file: Path) -> Sample:
    """The image of one annotation of RSTeller."""
    said = json.loads(file.read_text("utf-8"))["annotations"]
    return captioned(*((one["text"], one["task"]) for one in said))
