"""Asking a mask service for one pair or several, with little patience."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Query
from tests.unit.predictions import mask
from tests.unit.web import Answer, png

SECRET = "sk-quiet-0123456789"
PNG = png(mask(5))
_QUICK = {"retries": "0", "connect_timeout": "2", "read_timeout": "2", "deadline": "5"}


def queries(image: Path, count: int = 1) -> list[Query]:
    return [
        Query(f"gres/test/a#{n}", "a", "test", f"query {n}", image, image.name, (8, 6))
        for n in range(count)
    ]


def load(url: str, **params: Any) -> Any:
    return PREDICTORS["http"].load(_QUICK | {"url": url} | params, "cpu")


def ask(url: str, image: Path, **params: Any) -> Any:
    (given,) = load(url, **params).predict(queries(image))
    return given


def ok(data: bytes, kind: str = "image/png") -> Answer:
    return 200, {"Content-Type": kind}, data


def refused(url: str, image: Path, **params: Any) -> str:
    """The one sentence that a pair fails with."""
    given = ask(url, image, **params)
    assert isinstance(given, Exception), given
    assert not isinstance(given, NoPrediction)
    text = str(given)
    assert "\n" not in text and len(text) < 400
    return text
