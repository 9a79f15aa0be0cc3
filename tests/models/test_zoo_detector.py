"""FiftyOne's own wrapper around zero-shot detectors, a query per pair."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fiftyone_plugin.predictors.base import Query

TORCHVISION = Path(sys.prefix) / "torchvision"
"""Where the set-up puts it, apart from what everything else is tested with."""


def test_a_detector_of_the_zoo(
    saved: Callable[[str], dict[str, str]], queries: list[Query], repo_root: Path
) -> None:
    if not TORCHVISION.is_dir():
        pytest.skip("torchvision is not there; make setup installs it")
    asked = [part for query in queries[:4] for part in (str(query.image), query.phrase)]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.models.zoo_detector",
            saved("groundingdino+sam2")["model"],
            *asked,
        ],
        env={**os.environ, "PYTHONPATH": str(TORCHVISION)},
        cwd=repo_root,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["shapes"] == [[80, 100]] * 4 and len(set(found["areas"])) > 1
    assert found["alone"] == [True] * 4
    assert found["expected"] == [True] * 4
