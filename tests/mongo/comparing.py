"""What of samples and of files is compared, between two imports or before and after an export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pairlens.importers import fields

OWN = {"_id", "_dataset_id", "_rand", "created_at", "last_modified_at"}
"""What differs between any two samples."""

PLACES = {"filepath", "rendition", "mask_path"}
TEXT_DIGEST = "text_digest"
NUMBERS = {"file", "index"}
"""Where records stand, which is elsewhere once others are left out."""

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


def said(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What samples say by their keys, whenever and wherever they were imported."""
    return {key: without(document, OWN | PLACES) for key, document in found.items()}


def in_part(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """As :func:`said`, without what depends on the samples that are there besides."""
    return {key: without(d, {fields.IMAGE_ID}) for key, d in said(found).items()}


def essences(found: dict[str, dict[str, Any]]) -> list[str]:
    """What is said of each image, in no order: a pair's number changes with those before it.

    The digest of a published text changes when its edit is what is published.
    """
    moved = OWN | PLACES | NUMBERS | REVIEWED | {fields.IMAGE_ID, fields.KEY, "answer", TEXT_DIGEST}
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


def parts(data: bytes) -> list[bytes]:
    """What a file is made of: blocks of an archive, else bytes."""
    size = 512 if data[257:262] == b"ustar" else 1
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    return [block for block in blocks if size == 1 or block.strip(b"\0")]


def is_cut_from(left: list[bytes], source: list[bytes]) -> bool:
    """Whether ``left`` is the source with something taken out."""
    rest = iter(source)
    return len(left) < len(source) and all(part in rest for part in left)
