"""Pickles of plain containers: what they hold, and that nothing else is followed."""

from __future__ import annotations

import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.importers import plain_pickle
from pairlens.importers.plain_pickle import load_plain

VALUE = [{"a": [1, -2, 10**30, 0.5], "b": ("x", None, True), "c": "ü😀", "d": {}, 5: b"\xff"}]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_of_every_protocol(protocol: int) -> None:
    value = VALUE if protocol > 2 else [{k: v for k, v in VALUE[0].items() if k != 5}]
    assert load_plain(pickle.dumps(value, protocol)) == (value, protocol)


def test_texts_of_python_2_are_utf_8() -> None:
    assert load_plain(b"\x80\x02]q\x00U\x05caf\xc3\xa9a.") == (["caf\xe9"], 2)
    assert load_plain(b"(lp0\nS'cafe'\np1\naVcaf\\u00e9\np2\na.") == (["cafe", "caf\xe9"], 0)


class Running:
    """Writes a file when it is unpickled the usual way."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.file),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_run(tmp_path: Path, protocol: int) -> None:
    data = pickle.dumps([{"sentences": Running(tmp_path / "ran")}], protocol)
    with pytest.raises(ValueError, match=r"holds more than lists, dicts, texts and numbers"):
        load_plain(data)
    assert not (tmp_path / "ran").exists()


def test_the_function_is_named() -> None:
    with pytest.raises(ValueError, match=r"\(posix.system\), and nothing that a file names is run"):
        load_plain(b"cposix\nsystem\n(S'true'\ntR.")


@pytest.mark.parametrize(
    "value",
    [np.int64(3), np.zeros(2), OrderedDict(), {1, 2}, complex(1, 2), bytearray(b"a"), Path("a")],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_plain_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="save it as JSON"):
        load_plain(pickle.dumps([value]))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no pickle at all", id="text"),
        pytest.param(pickle.dumps(VALUE)[:-5], id="cut"),
        pytest.param(b"\x80\x02]r" + struct.pack("<I", 2**31) + b".", id="number of 2,147,483,648"),
        pytest.param(b"(lp99999999999\n.", id="text number"),
        pytest.param(b"\x80\x04X\xff\xff\xff\xffab.", id="text longer than the file"),
        pytest.param(b"\x80\x02}]K\x01s.", id="a list as a key"),
        pytest.param(b"\x80\x02]h\x05.", id="a number that is not given"),
        pytest.param(b"I" + b"9" * 5000 + b"\n.", id="5,000 digits"),
        pytest.param(b"\x80\x02P1\n.", id="persistent id"),
    ],
)
def test_what_is_broken_is_told_in_a_sentence(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(is no pickle that can be read \(|holds more than)"):
        load_plain(data)


def test_lists_in_lists_take_no_stack() -> None:
    value, _ = load_plain(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")
    assert len(value) == 1


def test_what_takes_too_much_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_pickle, "MAX_MEMORY", 1 << 20)
    with pytest.raises(ValueError, match="would take over 1 MB of memory"):
        load_plain(b"\x80\x02](" + b"}" * 100_000 + b"e.")
