"""What of samples and of files is compared, between two imports or before and after an export."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.curation import text_units
from pairlens.importers import fields

OWN = {"_id", "_dataset_id", "_rand", "created_at", "last_modified_at"}
"""What differs between any two samples."""

_PICKLE = b"\x80"

PLACES = {"filepath", "rendition", "mask_path"}
TEXT_DIGEST = "text_digest"
NUMBERS = {"file", "index"}
"""Where records stand, which is elsewhere once others are left out."""

EDITED = {fields.TEXT_EDITS, text_units.PUBLISHED, text_units.NUMBER}
"""What tells of edits of single texts."""

REVIEWED = {
    fields.VERDICT, fields.REVIEWER, fields.REVIEWED_AT, fields.REVIEW_NOTE, fields.ORIGINAL_PHRASE
}  # fmt: skip


def without(value: Any, names: set[str]) -> Any:
    """A document without some members, at any depth."""
    if isinstance(value, list):
        return [without(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: without(item, names) for name, item in value.items() if name not in names}


def contents(dataset: Any) -> list[Any]:
    """All samples by key; of files their names and bytes, wherever they are."""
    documents = dataset._sample_collection.find().sort(fields.KEY, 1)
    return [with_bytes(without(document, OWN)) for document in documents]


def with_bytes(value: Any) -> Any:
    """A stored value with names and digests of files for their paths."""
    if isinstance(value, dict):
        return {name: with_bytes(item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_bytes(item) for item in value]
    if isinstance(value, str) and value.startswith("/"):
        return Path(value).name, hashlib.sha256(Path(value).read_bytes()).hexdigest()
    return value


def said(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What samples say by their keys, whenever and wherever they were imported."""
    return {key: without(document, OWN | PLACES) for key, document in found.items()}


def in_part(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """As :func:`said`, without what depends on the samples that are there besides."""
    return {key: without(d, {fields.IMAGE_ID}) for key, d in said(found).items()}


def essences(found: dict[str, dict[str, Any]]) -> list[str]:
    """What is said of each image, in no order: a pair's number changes with those before it.

    The digest of a published text changes when its edit is what is published, and what was
    published before is known no more.
    """
    moved = OWN | PLACES | NUMBERS | REVIEWED | EDITED
    moved |= {fields.IMAGE_ID, fields.KEY, "answer", TEXT_DIGEST}
    return sorted(
        json.dumps([key.partition("#")[0], without(as_edited(document), moved)], default=str)
        for key, document in found.items()
    )


def as_edited(document: dict[str, Any]) -> dict[str, Any]:
    """A sample whose edited caption stands in all places where the published one stood."""
    old, new = document.get(fields.ORIGINAL_PHRASE), document.get(fields.CAPTION)
    text = json.dumps(without(document, OWN), default=str)
    return json.loads(text.replace(json.dumps(old), json.dumps(new)) if old and new else text)


def replaced_once(data: bytes, old: bytes, new: bytes) -> Iterator[bytes]:
    """The data with any one of the places of ``old`` overwritten."""
    at = data.find(old)
    while at >= 0:
        yield data[:at] + new + data[at + len(old) :]
        at = data.find(old, at + 1)


def only_case_changed(before: bytes, after: bytes, old: str, new: str) -> bool:
    """Whether all that differs is letters of one object, whose copies of a text are now others."""
    changed = list(_changed_objects(_value(before), _value(after)))
    return len(changed) == 1 and all(
        _lowered(one) == _lowered(other) and old in one.values() and new in other.values()
        for one, other in changed
    )


def _lowered(value: Any) -> str:
    return json.dumps(value).lower()


def _changed_objects(one: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    """The innermost objects that differ."""
    keys = range(len(one)) if isinstance(one, list) else one
    pairs = [(one[key], other[key]) for key in keys if one[key] != other[key]]
    inner = [p for p in pairs if isinstance(p[0], dict) or _holds_objects(p[0])]
    if pairs and len(inner) < len(pairs):
        yield one, other
    for pair in inner:
        yield from _changed_objects(*pair)


def _holds_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _value(data: bytes) -> Any:
    return pickle.loads(data) if data.startswith(_PICKLE) else json.loads(data)


def parts(data: bytes) -> list[bytes]:
    """What a file is made of: blocks of an archive, else bytes; of a pickle, those of its JSON."""
    if data.startswith(_PICKLE):
        data = json.dumps(pickle.loads(data)).encode()
    size = 512 if data[257:262] == b"ustar" else 1
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    return [block for block in blocks if size == 1 or block.strip(b"\0")]


def is_cut_from(left: list[bytes], source: list[bytes]) -> bool:
    """Whether ``left`` is the source with something taken out."""
    rest = iter(source)
    return len(left) < len(source) and all(part in rest for part in left)


def is_renumbered(left: bytes, source: bytes) -> bool:
    """Whether both are lists of numbers, rising, and the left one is no longer.

    DIOR-RSVG's lists number objects over all annotations, so that each that is left out changes the
    numbers of those behind it.
    """
    lists = [data.split() for data in (left, source)]
    if not all(word.isdigit() for words in lists for word in words):
        return False
    numbers = [list(map(int, words)) for words in lists]
    return all(one == sorted(one) for one in numbers) and len(numbers[0]) <= len(numbers[1])
