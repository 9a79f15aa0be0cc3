"""Registries refuse doubles and name what they know; errors cross process borders."""

from __future__ import annotations

import pickle

import pytest

from importers import errors
from importers.registry import Registry


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


@pytest.mark.parametrize("known", [(), ("b", "a")], ids=["none", "two"])
def test_an_unknown_name_lists_the_known(known: tuple[str, ...]):
    things: Registry[str] = Registry("number")
    for name in known:
        things.add(name, name)
    with pytest.raises(errors.UnknownName) as raised:
        things["One"]
    assert str(raised.value) == f"there is no number 'One'; known: {', '.join(sorted(known))}"
    assert raised.value.__suppress_context__


def test_a_record_error_pickles():
    error = pickle.loads(pickle.dumps(errors.RecordError("a.json[3]", "is broken")))
    assert (error.source, error.reason, str(error)) == (
        "a.json[3]", "is broken", "a.json[3]: is broken",
    )  # fmt: skip
    with pytest.raises(errors.RecordError, match="is broken"):
        errors.raise_error(error)
