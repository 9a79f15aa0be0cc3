"""The split of a sample: a field of its own. ``tags`` are the user's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairlens.importers import fields
from pairlens.importers.formats.base import SPLITS


def split_of(document: Mapping[str, Any]) -> str:
    """The split of a sample's document; ``""`` where it has none.

    It stands in the field ``split``. A sample without that has the split of its key, and one
    without a key, which PairLens did not import, that of the tag that names one.
    """
    if split := document.get(fields.SPLIT):
        return str(split)
    key = document.get(fields.KEY)
    if isinstance(key, str) and key.count("/") > 1:
        return split_of_key(key)
    return next((tag for tag in document.get("tags") or () if tag in SPLITS), "")


def split_of_key(key: str) -> str:
    """The split that a record was published in, which its key names."""
    return key.split("/")[1] if key.count("/") > 1 else ""
