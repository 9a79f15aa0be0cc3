"""Matches the samples of two releases, and finds their changes.

A release can move a sample to another split, or insert a query and so change the numbers of those
after it. Keys alone would then show changes where there are none, so equal content counts first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Literal, NamedTuple

Change = Literal["text", "mask", "image", "other", "split", "key"]

CHANGES: dict[Change, str] = {
    "text": "another text",
    "mask": "another mask",
    "image": "another image",
    "other": "other boxes, place, date or target",
    "split": "in another split",
    "key": "under another key",
}
"""Kinds of changes, with their descriptions."""

CONTENT_CHANGES: tuple[Change, ...] = ("text", "mask", "image", "other")
"""Changes that invalidate a decision."""


class Entry(NamedTuple):
    """A sample of a release, as it was published.

    Attributes:
        key: key of the sample
        split: split of the sample
        text: digest of its query, captions or turns
        mask: digest of its mask, ``""`` if it has none
        image: digest of its image file, ``""`` if that is missing
        other: digest of boxes, place, date and whether there is a target
        judged: whether it has a verdict
    """

    key: str
    split: str
    text: str
    mask: str
    image: str
    other: str
    judged: bool = False

    @property
    def content(self) -> tuple[str, str, str, str]:
        """The digests of the sample's content."""
        return self.text, self.mask, self.image, self.other

    @property
    def key_without_split(self) -> str:
        """The key without the split: ``gres//lisat_gres_000000000009#1``."""
        form, _, rest = self.key.partition("/")
        return f"{form}/{rest.partition('/')[2]}"


class Pairing(NamedTuple):
    """A sample of both releases, or of one of them."""

    old: Entry | None
    new: Entry | None

    @property
    def changed(self) -> list[Change]:
        """The changes of the sample; empty if only one release has it.

        Images are compared only if both exist, since many datasets are imported without them.
        """
        if self.old is None or self.new is None:
            return []
        pairs: dict[Change, tuple[str, str]] = {
            name: (getattr(self.old, name), getattr(self.new, name)) for name in CHANGES
        }
        if "" in pairs["image"]:
            del pairs["image"]
        return [name for name, (a, b) in pairs.items() if a != b]

    @property
    def holds(self) -> bool:
        """Whether a decision on the earlier sample is valid for the later one."""
        same = not set(self.changed) & set(CONTENT_CHANGES)
        return self.old is not None and self.new is not None and same


def match_samples(old: Sequence[Entry], new: Sequence[Entry]) -> list[Pairing]:
    """Matches the samples of two releases.

    Samples match by key and content; then by content, if it is unique in both; then by key; then by
    key without the split.

    Args:
        old, new: the samples, with unique keys

    Returns:
        each sample once: those of ``new`` in its order, then those that only ``old`` has
    """
    found: dict[str, Entry] = {}
    unmatched_old, unmatched_new = list(old), list(new)
    for mark in (_whole, _content, _key, _key_without_split):
        matched = _unique(unmatched_old, unmatched_new, mark)
        found |= matched
        matched_keys = {entry.key for entry in matched.values()}
        unmatched_old = [entry for entry in unmatched_old if entry.key not in matched_keys]
        unmatched_new = [entry for entry in unmatched_new if entry.key not in matched]
    pairings = [Pairing(found.get(entry.key), entry) for entry in new]
    return [*pairings, *(Pairing(entry, None) for entry in unmatched_old)]


def _whole(entry: Entry) -> Hashable:
    return (entry.key, *entry.content)


def _content(entry: Entry) -> Hashable:
    """The content; ``None`` without mask and image, since many samples have the same text."""
    return entry.content if entry.mask or entry.image else None


def _key(entry: Entry) -> Hashable:
    return entry.key


def _key_without_split(entry: Entry) -> Hashable:
    return entry.key_without_split


def _unique(
    old: Sequence[Entry], new: Sequence[Entry], mark: Callable[[Entry], Hashable]
) -> dict[str, Entry]:
    """The old sample of the same mark by the key of the new one, if the mark is unique in both."""
    marked = [(mark(entry), entry) for entry in old]
    counts, news = Counter(m for m, _ in marked), Counter(map(mark, new))
    by_mark = {m: entry for m, entry in marked if counts[m] == 1 and m is not None}
    return {
        entry.key: by_mark[m] for entry in new if (m := mark(entry)) in by_mark and news[m] == 1
    }
