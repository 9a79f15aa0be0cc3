"""What tests of files share: the bytes behind every label, and a predictor of many answers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.predictors.base import Prediction, Query
from pairlens.importers.fields import INFO, KEY
from tests import warm

ROOT = Path(__file__).parents[2]


class Rows:
    """A predictor whose masks differ from run to run: one row more in each."""

    def __init__(self, rows: int) -> None:
        self._rows = rows

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction]:
        for query in batch:
            width, height = query.image_size
            mask = np.zeros((height, width), np.uint8)
            mask[: self._rows] = 1
            yield mask


def held(dataset: Any) -> dict[tuple[str, str], bytes]:
    """The bytes of every file that a sample names, by key and path within the document."""
    found: dict[tuple[str, str], bytes] = {}
    for document in dataset._sample_collection.find():
        for where, path in _paths(document, ""):
            file = Path(path)
            found[document[KEY], where] = file.read_bytes() if file.is_file() else b"gone"
    assert found and b"gone" not in found.values()
    return found


def _paths(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _paths(inner, f"{where}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _paths(inner, f"{where}.{number}")
    elif isinstance(value, str) and value.startswith("/"):
        yield where, value


def media(dataset: Any) -> Path:
    return Path(dataset.info[INFO]["media_dir"])


def elsewhere(code: str, *args: str, **environment: str | None) -> str:
    """Runs Python with other settings, ``None`` for none, and gives what it prints."""
    settings = {**os.environ, "FIFTYONE_DATABASE_VALIDATION": "false", **environment}
    given = {name: value for name, value in settings.items() if value is not None}
    done = warm.run("-c", code, *args, environment=given)
    assert done.returncode == 0, done.stderr
    return done.stdout
