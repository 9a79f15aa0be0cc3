"""The decisions file: a cleaning without the data.

One JSON object a line, sorted by key::

    {"key": "gres/train/lisat_gres_000000000009#1", "verdict": "fix", "reviewer": "ann",
     "time": "2025-03-01T09:30:00.000Z", "note": "wrong corner", "phrase": "the edited query",
     "mask": null, "phrase_sha256": "...", "mask_sha256": "..."}

``phrase`` is ``null`` where the phrase was left as published, and ``mask`` where the mask was;
a mended mask is ``{"size": [height, width], "counts": "...", "sha256": "..."}``, its target in
COCO's compressed RLE. The hashes are those of the *published* phrase (SHA-256 of its utf-8)
and of the *published* mask's size and pixels (:func:`importers.mask_digest.digest`): whoever has
another copy of the dataset can apply the file, and a line that was written about something
else is found out.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, BinaryIO

from fiftyone_plugin.curation import review_fields
from fiftyone_plugin.curation.applying import apply
from fiftyone_plugin.curation.review_fields import VERDICTS, Stored
from importers import fo_internals
from importers.errors import MaskError, StateError, UsageError
from importers.fields import (
    KEY,
    ORIGINAL_PHRASE,
    REVIEW_NOTE,
    REVIEWED_AT,
    REVIEWER,
    TARGET,
    VERDICT,
)
from importers.files import write_atomic
from importers.masks import load_stored
from importers.rle import encode_rle

__all__ = ["apply", "dump", "write_lines"]


def dump(dataset: Any, path: Path | str) -> int:
    """Writes all verdicts of a dataset to a decisions file, whole or not at all.

    Returns:
        the number of lines
    """
    buffer = io.BytesIO()
    count = write_lines(dataset, buffer)
    try:
        write_atomic(Path(path), buffer.getvalue())
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror})") from error
    return count


def write_lines(dataset: Any, stream: BinaryIO) -> int:
    """Writes all verdicts of a dataset to a stream, sorted by key.

    Returns:
        the number of lines
    """
    review_fields.check_pairs(dataset)
    found = fo_internals.collection(dataset).find(
        {VERDICT: {"$in": list(VERDICTS)}}, review_fields.projection(), sort=[(KEY, 1)]
    )
    count = 0
    for document in found.allow_disk_use(True):
        # Escaped to ASCII: no phrase can hold what some reader takes for a line end.
        stream.write(json.dumps(_line(Stored(document))).encode() + b"\n")
        count += 1
    return count


def _line(stored: Stored) -> dict[str, Any]:
    state = stored.state
    return {
        "key": stored.key,
        "verdict": state[VERDICT],
        "reviewer": state[REVIEWER],
        "time": review_fields.text_of(state[REVIEWED_AT]),
        "note": state[REVIEW_NOTE],
        "phrase": None if state[ORIGINAL_PHRASE] is None else state[stored.text_field],
        "mask": _mask(stored) if stored.mended else None,
        "phrase_sha256": review_fields.text_digest(stored.published_phrase),
        "mask_sha256": stored.mask_digest,
    }


def _mask(stored: Stored) -> dict[str, Any]:
    """The mask as it is; what is *ignore* in it comes from the published one."""
    try:
        pixels = load_stored(stored.mask_path)
    except MaskError as error:
        raise StateError(f"the mended mask of {stored.key!r} cannot be read: {error}") from error
    return {**encode_rle(pixels == TARGET), "sha256": stored.mask_now}
