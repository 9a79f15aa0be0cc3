"""Entries in, image by image out, in the order in which images first came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.image_index import Entry, open_index


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abcd"))))
def test_groups_are_in_the_order_of_their_first_entry(rows: list[tuple[int, str]]):
    entries = [Entry(part, image, 0, i, 10 * i, 5) for i, (part, image) in enumerate(rows)]
    expected: dict[tuple[int, str], list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.part):
        expected.setdefault((entry.part, entry.image), []).append(entry)
    with open_index() as index:
        index.fill(entries)
        assert [list(group) for group in index.by_image()] == list(expected.values())


def test_a_group_need_not_be_read_to_its_end():
    entries = [Entry(0, image, 0, i, 0, 0) for i, image in enumerate("abab")]
    with open_index() as index:
        index.fill(entries)
        assert [next(group).number for group in index.by_image()] == [0, 1]


def test_ids_that_several_records_share():
    ids = [(0, 7), (0, 7), (0, -(1 << 63)), (1, 7), (1, None), (1, None), (1, 8), (1, 8), (1, 8)]
    entries = [Entry(0, "a", file, i, 0, 0, id) for i, (file, id) in enumerate(ids)]
    with open_index() as index:
        index.fill(entries)
        assert list(index.double_ids()) == [(0, 1, 0), (1, 1, 6)]
