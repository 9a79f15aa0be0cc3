"""The splits of records of questions and answers: what they say themselves, else their file."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pairlens.importers.choices import one_of
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import ignore_note, shown
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.instruction_files import TextFile, split_word
from pairlens.importers.json_items import MAX_RECORD
from pairlens.importers.json_window import CHUNK
from pairlens.importers.keyed_lists import begins_with_object, record_lists
from pairlens.importers.reading import ReadParam
from pairlens.importers.source_files import open_source

SPLIT_FROM = ReadParam(
    "split_from",
    "what tells the split of records: records (their 'split', else the key that their list stands "
    "under, else the file's name), or file (its name alone); without it, records",
    one_of("records", "file"),
    formerly="file",
)

_SPLIT_MEMBER = re.compile(rb'"split"[ \t\n\r]{0,8}:[ \t\n\r]{0,8}"([^"\\]{1,40})"')
"""The split that a record names, found without parsing it."""

_LONGEST_MEMBER = 80


def may_tell_splits(file: TextFile) -> bool:
    """Whether records of a file, or the keys that their lists stand under, may name splits.

    Raises:
        OSError: if it cannot be read
    """
    with open_source(file.path) as stream:
        rest = b""
        while piece := stream.read(CHUNK):
            if any(
                split_word(found[1].decode("latin-1"))
                for found in _SPLIT_MEMBER.finditer(rest + piece)
            ):
                return True
            rest = piece[-_LONGEST_MEMBER:]
        stream.seek(0)
        if file.form != "list" or not begins_with_object(stream):
            return False
        lists, _ = record_lists(stream, MAX_RECORD, ignore_note)
        return any(split_word(one.key) for one in lists)


@dataclass
class FileSplits:
    """The splits of the records of a file, counted.

    Attributes:
        split: of the file
        why: it is that
        own: whether records that name their split, or whose list stands under the name of one,
            are of that
    """

    split: str
    why: str
    own: bool
    _taken: Counter[str] = field(default_factory=Counter)
    _named: int = 0
    _unknown: int = 0
    _first_unknown: str = ""

    def take(self, key: str, record: Any) -> str:
        """The split of a record.

        Args:
            key: that its list stands under
            record: the record
        """
        named = self._named_by(key, record) if self.own else None
        split = named or self.split
        self._named += bool(named)
        self._taken[split] += 1
        return split

    def _named_by(self, key: str, record: Any) -> str | None:
        value = record.get("split") if isinstance(record, dict) else None
        split = split_word(value) if isinstance(value, str) else None
        if value not in (None, "") and split is None:
            self._unknown += 1
            self._first_unknown = self._first_unknown or shown(str(value), 40)
        return split or split_word(key)

    def notes(self, name: str, whole: str) -> list[str]:
        """What was decided.

        Args:
            name: of the file
            whole: how many records it has
        """
        notes: list[str] = []
        if self._named:
            parts = (f"{s} ({self._taken[s]:,})" for s in SPLITS if self._taken[s])
            rule = f"{name}: {whole}, taken as {', '.join(parts)}"
            if self._named == self._taken.total():
                rule += ", as they or their keys say"
            else:
                rule += f": as {self._named:,} or their keys say, else {self.split} ({self.why})"
            notes.append(Decision(rule, "split_from", override="split_from=file"))
        else:
            notes.append(f"{name}: {whole}, taken as {self.split} ({self.why})")
        if self._unknown:
            notes.append(
                f"{name}: of {self._unknown:,} the own split is none of {', '.join(SPLITS)}, "
                f"{self._first_unknown!r} the first"
            )
        return notes
