"""Lists all findings of samples, worst first, and writes them to a file."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from pairlens.fiftyone_plugin.checks.base import SEVERITIES
from pairlens.fiftyone_plugin.checks.finding import LABEL_VALUES, LABELS
from pairlens.importers import fields, fo_internals, working_set
from pairlens.importers.errors import StateError
from pairlens.importers.files import replace_whole

IN_MEMORY = 32 << 20
"""Bytes up to which what comes later waits in memory."""


def write_findings(samples: Any, out: Path) -> int:
    """Writes all findings of the samples as JSON Lines, worst first.

    The database sorts them, so that a million take no memory here. The file appears when it
    is whole.

    Returns:
        the number written
    """
    count = 0

    def write_lines(stream: IO[bytes]) -> None:
        nonlocal count
        for line in ranked(samples):
            stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            count += 1

    try:
        replace_whole(out, write_lines)
    except OSError as error:
        raise StateError(f"findings cannot be written to {out} ({error.strerror})") from error
    return count


def ranked(samples: Any, *, where: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Yields the findings of samples, worst first: what a line of ``findings.jsonl`` holds.

    By score, then severity, then key. Of a group the worst comes in its place, the others behind
    all groups.

    Args:
        samples: a dataset or view
        where: what the finding must be, such as ``{"label": "tiny_mask"}``
    """
    pipeline = [
        *working_set.pipeline(samples),
        {"$project": {fields.KEY: 1, fields.PHRASE: 1, fields.CAPTION: 1, LABELS: 1}},
        {"$unwind": f"${LABELS}"},
        {"$match": {f"{LABELS}.{name}": value for name, value in (where or {}).items()}},
        {"$addFields": {"rank": {"$indexOfArray": [list(SEVERITIES), f"${LABELS}.severity"]}}},
        {"$sort": {f"{LABELS}.score": 1, "rank": 1, fields.KEY: 1, f"{LABELS}.label": 1}},
    ]
    groups: set[str] = set()
    with SpooledTemporaryFile(max_size=IN_MEMORY) as others:
        for line in _lines(samples, pipeline):
            if line["group"] in groups:
                pickle.dump(line, others)
                continue
            if line["group"]:
                groups.add(line["group"])
            yield line
        end = others.tell()
        others.seek(0)
        while others.tell() < end:
            yield pickle.load(others)


def _lines(samples: Any, pipeline: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for doc in fo_internals.collection(samples).aggregate(pipeline, allowDiskUse=True):
        one = doc[fields.FINDINGS]["classifications"]
        phrase = doc.get(fields.PHRASE, doc.get(fields.CAPTION))
        line = {"key": doc[fields.KEY], "phrase": phrase, "check": one["label"]}
        yield line | {name: one.get(name) for name in LABEL_VALUES[1:]}
