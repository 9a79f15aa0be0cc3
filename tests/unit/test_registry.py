"""Registries refuse doubles and name what they know; errors cross process borders."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from pairlens.importers import errors
from pairlens.importers.registry import Registry


def test_things_come_back_in_their_order():
    things: Registry[int] = Registry("number")
    assert (list(things), len(things), things.values()) == ([], 0, [])
    assert [things.add(name, value) for name, value in (("b", 2), ("a", 1))] == [2, 1]
    assert (list(things), len(things), things.values(), things["a"]) == (["b", "a"], 2, [2, 1], 1)


def test_a_name_is_given_once():
    things: Registry[int] = Registry("number")
    things.add("one", 1)
    with pytest.raises(ValueError, match="a number named 'one' is already registered"):
        things.add("one", 1)
    assert things.values() == [1]


@pytest.mark.parametrize(
    ("known", "told"), [((), "there are none"), (("b", "a"), "known: a, b")], ids=["none", "two"]
)
def test_an_unknown_name_lists_the_known(known: tuple[str, ...], told: str):
    things: Registry[str] = Registry("number")
    for name in known:
        things.add(name, name)
    with pytest.raises(errors.UnknownName) as raised:
        things["One"]
    assert str(raised.value) == f"there is no number 'One'; {told}"
    assert raised.value.__suppress_context__


def test_a_record_error_pickles():
    error = pickle.loads(pickle.dumps(errors.RecordError("a.json[3]", "is broken")))
    assert (error.source, error.reason, str(error)) == (
        "a.json[3]", "is broken", "a.json[3]: is broken",
    )  # fmt: skip
    with pytest.raises(errors.RecordError, match="is broken"):
        errors.raise_error(error)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, with one that has entry points."""
    info = tmp_path / "elsewhere-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[pairlens.numbers]\nbroken = elsewhere_broken\nsound = elsewhere_sound\n"
    )
    (tmp_path / "elsewhere_broken.py").write_text("1 / 0")
    (tmp_path / "elsewhere_sound.py").write_text(
        "from tests.unit import test_registry\ntest_registry.NUMBERS[-1].add('three', 3)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


NUMBERS: list[Registry[int]] = []


def test_nothing_of_other_packages_is_imported_before_it_is_asked_for(elsewhere: Path):
    things: Registry[int] = Registry("number", "pairlens.numbers")
    things.add("one", 1)
    assert "elsewhere_sound" not in sys.modules


def test_other_packages_add_things_and_a_broken_one_costs_only_its_own(elsewhere: Path):
    things: Registry[int] = Registry("number", "pairlens.numbers")
    NUMBERS.append(things)
    things.add("one", 1)
    with pytest.warns(UserWarning, match="the numbers of elsewhere_broken"):
        assert things["three"] == 3
    assert list(things) == ["one", "three"]
    assert things.broken == {"broken": "ZeroDivisionError: division by zero"}
