"""Which pair of a later release is which pair of an earlier one, and what changed of it.

A release may move a pair to another split, or put a query before others and so change the numbers
behind: keys alone would then tell of changes where there are none. So equal content counts first.
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
"""What can have changed, and how it is told."""

OF_CONTENT: tuple[Change, ...] = ("text", "mask", "image", "other")
"""Changes after which a decision is about something else."""


class Entry(NamedTuple):
    """A sample of a release, as it was published.

    Attributes:
        key: of the sample
        split: that it is in
        text: a digest of its query, captions or turns
        mask: a digest of its mask, ``""`` where there is none
        image: a digest of its image's file, ``""`` where that is not there
        other: a digest of boxes, place, date and whether there is a target
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
        """What a look at it would see."""
        return self.text, self.mask, self.image, self.other

    @property
    def bare_key(self) -> str:
        """The key without the split: ``gres//lisat_gres_000000000009#1``."""
        form, _, rest = self.key.partition("/")
        return f"{form}/{rest.partition('/')[2]}"


class Pairing(NamedTuple):
    """A sample of both releases, or of one; what changed of it."""

    old: Entry | None
    new: Entry | None

    @property
    def changed(self) -> list[Change]:
        """What is different; of a sample that only one of them has, nothing.

        Images are compared where both are there, since many datasets are imported without.
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
        """Whether what was decided of the earlier one is true of the later one."""
        same = not set(self.changed) & set(OF_CONTENT)
        return self.old is not None and self.new is not None and same


def pair_up(old: Sequence[Entry], new: Sequence[Entry]) -> list[Pairing]:
    """Pairs the samples of two releases.

    Those of one key and content are the same; then those whose content only one of each has; then
    those of one key; then those of one key in different splits.

    Args:
        old, new: in any order, keys once each

    Returns:
        each sample once, those of ``new`` in its order, then those that are in ``old`` alone
    """
    found: dict[str, Entry] = {}
    left, rest = list(old), list(new)
    for mark in (_whole, _content, _key, _bare_key):
        matched = _unique(left, rest, mark)
        found |= matched
        gone = {entry.key for entry in matched.values()}
        left = [entry for entry in left if entry.key not in gone]
        rest = [entry for entry in rest if entry.key not in matched]
    both = [Pairing(found.get(entry.key), entry) for entry in new]
    return [*both, *(Pairing(entry, None) for entry in left)]


def _whole(entry: Entry) -> Hashable:
    return (entry.key, *entry.content)


def _content(entry: Entry) -> Hashable:
    """Nothing where there is neither mask nor image: a text alone stands in many places."""
    return entry.content if entry.mask or entry.image else None


def _key(entry: Entry) -> Hashable:
    return entry.key


def _bare_key(entry: Entry) -> Hashable:
    return entry.bare_key


def _unique(
    old: Sequence[Entry], new: Sequence[Entry], mark: Callable[[Entry], Hashable]
) -> dict[str, Entry]:
    """By key of the new ones: the old one of the same mark, where one of each has it."""
    marked = [(mark(entry), entry) for entry in old]
    counts, news = Counter(m for m, _ in marked), Counter(map(mark, new))
    by_mark = {m: entry for m, entry in marked if counts[m] == 1 and m is not None}
    return {
        entry.key: by_mark[m] for entry in new if (m := mark(entry)) in by_mark and news[m] == 1
    }
