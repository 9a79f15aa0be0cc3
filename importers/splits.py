"""The split of a sample: a field of its own. ``tags`` are the user's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairlens.importers import fields
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.instruction_files import SPLIT_WORDS


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
    tags = map(spelled, document.get("tags") or ())
    return next((tag for tag in tags if tag in SPLITS), "")


def spelled(name: str) -> str:
    """The name of a split as keys, fields and tags have it: ``val`` for ``Validation``.

    Names that are no word for one of the published splits stay as they are.
    """
    return SPLIT_WORDS.get(name.strip().casefold(), name.strip())


def split_of_key(key: str) -> str:
    """The split that a record was published in, which its key names."""
    return key.split("/")[1] if key.count("/") > 1 else ""
