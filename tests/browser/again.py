"""A browser test that failed runs once more before it counts as failed, and the run says so.

FiftyOne's server has time limits that a busy machine misses; what fails twice is broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def repeat(items: Iterable[pytest.Item], folder: Path = FOLDER) -> None:
    """Has the tests of a folder repeated once where they fail."""
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))
