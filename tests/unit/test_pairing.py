"""Which pair of a later release is which of an earlier one."""

from __future__ import annotations

from pairlens.fiftyone_plugin.releases.pairing import Entry, match_samples


def entry(key: str, text: str = "t", mask: str = "m", image: str = "i", split: str = "") -> Entry:
    return Entry(key, split or key.split("/")[1], text, mask, image, "")


def told(old: list[Entry], new: list[Entry]) -> dict[tuple[str, str], list[str]]:
    return {
        (one.old.key if one.old else "", one.new.key if one.new else ""): list(one.changed)
        for one in match_samples(old, new)
    }


def test_the_same_release_has_no_changes_whatever_its_order() -> None:
    some = [entry(f"gres/train/{n}#0", text=f"t{n % 2}") for n in range(5)]
    assert set(map(tuple, told(some, some[::-1]).values())) == {()}
    assert all(one.holds for one in match_samples(some, some[::-1]))


def test_a_query_that_was_put_before_others_is_added_and_the_others_are_what_they_were() -> None:
    old = [entry("gres/train/a#0", "one"), entry("gres/train/a#1", "two")]
    new = [
        entry("gres/train/a#0", "zero"),
        entry("gres/train/a#1", "one"),
        entry("gres/train/a#2", "two"),
    ]
    assert told(old, new) == {
        ("", "gres/train/a#0"): [],
        ("gres/train/a#0", "gres/train/a#1"): ["key"],
        ("gres/train/a#1", "gres/train/a#2"): ["key"],
    }


def test_what_changed_moved_went_and_came() -> None:
    old = [
        entry("gres/train/a#0", "one", "m1", "i1"),
        entry("gres/train/b#0", "two", "m2", "i2"),
        entry("gres/train/c#0", "three", "m3", "i3"),
        entry("gres/train/d#0", "four", "m4", "i4"),
    ]
    new = [
        entry("gres/train/a#0", "other", "m1", "i1"),
        entry("gres/test/b#0", "two", "m2", "i2"),
        entry("gres/test/c#0", "three", "m9", "i3"),
        entry("gres/val/e#0", "five", "m5", "i5"),
    ]
    assert told(old, new) == {
        ("gres/train/a#0", "gres/train/a#0"): ["text"],
        ("gres/train/b#0", "gres/test/b#0"): ["split", "key"],
        ("gres/train/c#0", "gres/test/c#0"): ["mask", "split", "key"],
        ("", "gres/val/e#0"): [],
        ("gres/train/d#0", ""): [],
    }
    held = [one.old.key for one in match_samples(old, new) if one.holds and one.old]
    assert held == ["gres/train/b#0"]


def test_an_image_that_is_not_there_is_no_change() -> None:
    old, new = [entry("gres/train/a#0", image="")], [entry("gres/train/a#0", image="i")]
    assert told(old, new) == {("gres/train/a#0", "gres/train/a#0"): []}


def test_a_text_alone_pairs_nothing() -> None:
    old = [entry("x/train/a#0", mask="", image="")]
    assert told(old, [entry("x/train/b#0", mask="", image="")]) == {
        ("", "x/train/b#0"): [],
        ("x/train/a#0", ""): [],
    }
