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


PLANTED = """
import os
from itertools import count
from tests.torture import reading

calls = count()


def planted(path, work):
    call = next(calls)
    if call == 0:
        raise KeyError("broken")
    if call == 1:
        held = bytearray(b"x") * 1_100_000_000
    if call == 2:
        (path.parent / "more").write_text("x")
    if call == 3:
        yield "x" * 5000
    if call == 4:
        os._exit(1)
    yield ""


reading._READERS.update(dict.fromkeys(reading._READERS, planted))
reading.main()
"""


def test_what_must_not_happen_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted.py").write_text(PLANTED)
    monkeypatch.setattr(torture, "READER", [str(tmp_path / "planted.py")])
    outcome = torture.run(300, seed=1, numbers=range(5))
    expected = ["KeyError: 'broken'", "took 1,", "changed ", "5,000 characters", "it hung, or died"]
    assert len(outcome.findings) == len(expected)
    for number, (told, found) in enumerate(zip(expected, outcome.findings, strict=True)):
        assert found.startswith(f"TORTURE_SEED=1 TORTURE_ONLY={number}: ") and told in found
