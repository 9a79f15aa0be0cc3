"""Determines the split of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairlens.importers import fields
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.instruction_files import SPLIT_WORDS


def split_of(document: Mapping[str, Any]) -> str:
    """Returns the split of a sample's document; ``""`` if it has none.

    This is the value of the field ``split``; without it the split in the sample's key; and for a
    sample without key, which PairLens did not import, the first tag that names a split.
    """
    if split := document.get(fields.SPLIT):
        return str(split)
    key = document.get(fields.KEY)
    if isinstance(key, str) and key.count("/") > 1:
        return split_of_key(key)
    tags = map(spelled, document.get("tags") or ())
    return next((tag for tag in tags if tag in SPLITS), "")


def spelled(name: str) -> str:
    """Normalizes the name of a split: ``val`` for ``Validation``; other names are unchanged."""
    return SPLIT_WORDS.get(name.strip().casefold(), name.strip())


def split_of_key(key: str) -> str:
    """Returns the split in a key; ``""`` if there is none."""
    return key.split("/")[1] if key.count("/") > 1 else ""
