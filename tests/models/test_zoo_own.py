"""FiftyOne's own models that take text, those made for a text included: a query per pair."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.predictors.base import Query

TORCHVISION = Path(sys.prefix) / "torchvision"
"""Where the set-up puts it, apart from what everything else is tested with."""

KINDS = ("grounding dino", "owl-vit", "groupvit", "yolo", "sam 3")


@pytest.fixture(scope="module")
def found(
    queries: list[Query], repo_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the program prints, which takes longer to start than to ask."""
    if not TORCHVISION.is_dir():
        pytest.skip("torchvision is not there; make setup installs it")
    asked = [part for query in queries[2:6] for part in (str(query.image), query.phrase)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.models.zoo_own", str(tmp_path_factory.mktemp("zoo")), *asked],
        env={**os.environ, "PYTHONPATH": str(TORCHVISION)},
        cwd=repo_root, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_each_pair_gets_what_a_model_made_for_its_text_gives(
    found: dict[str, Any], kind: str
) -> None:
    masks = found[kind]
    assert masks["shapes"] == [[80, 100]] * 2 + [[64, 90]] * 2
    assert len(set(masks["areas"])) > 1
    assert masks["expected"] == [True] * 4
    assert masks["alone"] == [True] * 4
    assert any(0 < area < 5000 for area in masks["areas"])


def test_what_is_told(found: dict[str, Any]) -> None:
    texts = ["a red car", "two ships"]
    assert found["told"] == {
        "chat": [f"Detect all instances of: {text}. " for text in texts],
        "framed": [f"Find {text}." for text in texts],
        "fc-clip": [[[text], [text]] for text in texts],
    }


def test_a_text_encoder_is_read_once(found: dict[str, Any]) -> None:
    made_for_a_text = 4  # FiftyOne's own, which masks are compared with
    assert len(found["text encoders"]) == 1 + made_for_a_text
