"""A short form of ``make torture``, and that it finds what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture import run as torture

pytestmark = pytest.mark.slow


def test_twenty_seconds_find_nothing() -> None:
    outcome = torture.run(20, seed=2026)
    assert outcome.findings == []
    assert outcome.inputs > 2


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("raise KeyError('broken')", "KeyError: 'broken'"),
        ("held = bytes(1_100_000_000)", "took 1,"),
        ("(path.parent / 'more').write_text('x')", "changed"),
        ("os._exit(1)", "it hung, or died"),
    ],
)
def test_what_must_not_happen_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, told: str
) -> None:
    reader = tmp_path / "planted.py"
    reader.write_text(
        "import os\n"
        "from tests.torture import reading\n"
        f"def planted(path, work):\n    {program}\n    yield ''\n"
        "reading._READERS.update(dict.fromkeys(reading._READERS, planted))\n"
        "reading.main()\n"
    )
    monkeypatch.setattr(torture, "READER", [str(reader)])
    outcome = torture.run(60, seed=1, only=0)
    assert len(outcome.findings) == 1
    assert "TORTURE_SEED=1 TORTURE_ONLY=0" in outcome.findings[0]
    assert told in outcome.findings[0]
