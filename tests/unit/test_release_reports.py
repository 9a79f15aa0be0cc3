"""What the report of two releases advises."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairlens.fiftyone_plugin.release_reports import of_diff
from pairlens.fiftyone_plugin.releases.comparing import ReleaseDiff


@pytest.mark.parametrize(("held", "advised"), [(0, False), (2, True)])
def test_applying_is_advised_only_if_a_decision_holds(held: int, advised: bool) -> None:
    done = ReleaseDiff({"old": 3}, {"new": 3}, decisions=3, held=held)
    text = "\n".join(of_diff(done, Path("held.jsonl"), None).lines)
    assert f"Of 3 decisions on old, {held} hold for new." in text
    assert ("pairlens review new --apply held.jsonl" in text) == advised
