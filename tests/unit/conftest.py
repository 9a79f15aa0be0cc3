"""What tests of several files share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout
from pairlens.fiftyone_plugin.predictors import secrets

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests are left out of the coverage, which makes them slower by half."""
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker("no_cover")


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without tokens, proxies or certificate authorities of the user's."""
    for name in (*secrets.NAMES, *_BUNDLES, *_PROXIES, *(n.upper() for n in _PROXIES)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    """A JPEG of 8x6 pixels."""
    path = tmp_path / "chip of mine.jpg"
    pixels = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def copy_of(made: dict[str, GeneratedLayout], tmp_path: Path) -> Callable[..., Path]:
    """Copies one of the layouts that a file of tests has ``made``, for a test to damage."""

    def copy(format: str, name: str = "copy") -> Path:
        return Path(shutil.copytree(made[format].root, tmp_path / name))

    return copy
