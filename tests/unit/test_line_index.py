"""The lines in which a decisions file first has its keys."""

from __future__ import annotations

from pairlens.fiftyone_plugin.curation.line_index import LineIndex


def test_a_key_that_was_not_added_has_no_line() -> None:
    with LineIndex() as lines:
        lines.add("image#1", 7)
        others = ["image", "image#10", "Image#1", "image#1 ", "image#1\x00", ""]
        assert [lines.get(key) for key in others] == [None] * 6


def test_the_first_line_of_a_key_stays() -> None:
    with LineIndex() as lines:
        for number, key in enumerate(["b", "a", "\u00e9", "b", "a\x00b"], start=1):
            lines.add(key, number, f"value {number}")
        assert lines.get("b") == (1, "value 1")
        assert lines.get("a") == (2, "value 2")
        assert lines.get("\u00e9") == (3, "value 3")
        assert lines.get("e\u0301") is None
        assert lines.get("a\x00b") == (5, "value 5")


def test_keys_beyond_what_is_kept_in_memory_are_found() -> None:
    with LineIndex() as lines:
        for number in range(50_000):
            lines.add(f"{number * 7919 % 50_000:08}" + "x" * 80, number)
        assert lines.get(f"{7919:08}" + "x" * 80) == (1, "")
        assert lines.get(f"{49_999 * 7919 % 50_000:08}" + "x" * 80) == (49_999, "")
