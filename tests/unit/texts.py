"""Images with captions and conversations for the tests of checks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.checks.examples import captioned, talk
from pairlens.importers.formats import FORMATS

__all__ = ["annotated", "captioned", "joined", "published", "revised", "talk"]


def revised(source: str, *revisions: str, task: int = 1) -> Sample:
    """An image with a description and its revisions."""
    return captioned((source, task), *((revision, 3) for revision in revisions))


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
