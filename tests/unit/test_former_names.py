"""Classes under the names that databases of version 0.1.0 hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# Without the editable install and the checkout, under whose names the modules would be found.
ALONE = """
import sys
sys.meta_path = [f for f in sys.meta_path if "editable" not in getattr(f, "__module__", "")]
import eta.core.utils as etau
import pairlens.fiftyone_plugin
"""

OPENS = """
config = etau.get_class("fiftyone_plugin.metrics.evaluation.PairLensEvaluationConfig")
results = etau.get_class("fiftyone_plugin.metrics.evaluation_results.PairLensResults")
from pairlens.fiftyone_plugin.metrics import evaluation, evaluation_results
assert config is evaluation.PairLensEvaluationConfig
assert results is evaluation_results.PairLensResults
"""

THEIRS = """
import fiftyone_plugin
assert fiftyone_plugin.MINE == 1
"""

REFUSED = """
try:
    etau.get_class("fiftyone_plugin.metrics.evaluation.PairLensEvaluationConfig")
except ImportError as error:
    assert "fiftyone_plugin" in str(error)
"""


@pytest.mark.parametrize(
    ("theirs", "code"),
    [
        (False, OPENS),
        (True, THEIRS),
        (True, THEIRS + REFUSED + THEIRS),
    ],
    ids=["stored names open", "another's stays", "another's comes first"],
)
def test_stored_names(tmp_path: Path, repo_root: Path, theirs: bool, code: str) -> None:
    if theirs:
        (tmp_path / "fiftyone_plugin.py").write_text("MINE = 1\n")
    done = subprocess.run(
        [sys.executable, "-c", ALONE + code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(repo_root / "fiftyone_plugin" / "names")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
