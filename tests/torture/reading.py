"""Reads inputs one after the other in a process of its own, and tells what each took.

Lines of JSON come on standard input, ``{"kind", "path", "work"}``; for each, one goes to standard
output: ``{"seconds", "megabytes", "said", "fault"}``, the last a traceback or ``""``.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson

from pairlens.fiftyone_plugin.curation.decisions import read_decisions
from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Query
from pairlens.importers.decisions import Decisions
from pairlens.importers.documents import document
from pairlens.importers.errors import PairLensError, RecordError
from pairlens.importers.formats import FORMATS, SPLITS, find_format
from pairlens.importers.prepare import MediaPlace, group_by_image, prepare
from pairlens.importers.source_files import read_within
from pairlens.importers.sources import SourceRequest, UnpackedPlace, locate
from tests.torture import inputs

SPACE = 12 << 30
"""Bytes of addresses, so that a runaway ends itself and not the machine."""

LONGEST = 1200
"""Characters of a message."""


def main() -> None:
    """Answers until the input ends."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (SPACE, SPACE))
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints, the answers stand alone
    print(json.dumps({"ready": True}), file=out, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_answer(asked)), file=out, flush=True)


def _answer(asked: dict[str, str]) -> dict[str, Any]:
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    began = time.process_time()
    fault, said = "", []
    try:
        for message in _READERS[asked["kind"]](Path(asked["path"]), Path(asked["work"])):
            said.append(message)
            _check_message(message)
    except PairLensError as error:
        said.append(str(error))
        with suppress(AssertionError):
            _check_message(str(error))
    except Exception:
        fault = traceback.format_exc()
    status = Path("/proc/self/status").read_text()
    peak = next(int(s.split()[1]) for s in status.splitlines() if s.startswith("VmHWM"))
    took = time.process_time() - began
    return {"seconds": took, "megabytes": peak >> 10, "said": said[-1:], "fault": fault}


def _check_message(message: str) -> None:
    message.encode()
    assert len(message) <= LONGEST, f"a message of {len(message):,} characters"
    assert "Traceback" not in message


def _import(root: Path, work: Path) -> Iterator[str]:
    told: list[RecordError] = []
    notes = Decisions()
    place = UnpackedPlace(work / "unpacked", "torture")
    source = locate(root, SourceRequest("auto", SPLITS, None), place, on_note=notes)
    chosen = find_format("auto", source.path)
    with suppress(OSError):  # as an import does
        chosen.count(source.path, SPLITS)
    records = chosen.read(source.path, splits=SPLITS, on_error=told.append, on_note=notes)
    media = MediaPlace(work / "media", True, boundary=source.boundary)
    for group in group_by_image(read_within(records, source.boundary)):
        try:
            made = prepare(group, media)
        except RecordError as error:
            told.append(error)
            continue
        notes.take(made)
        for prepared in made:
            try:
                bson.encode(document(prepared, bson.ObjectId(), _NOW))
            except UnicodeError as error:  # as an import does, which the database refuses this
                told.append(RecordError(str(prepared.record.source), str(error)))
            _check_inside(prepared.image.filepath, root, work)
        yield from (str(error) for error in told)
        told.clear()
    yield from (str(error) for error in told)
    yield from notes.notes
    yield from notes.lines()


def _check_inside(file: Path, root: Path, work: Path) -> None:
    real = os.path.realpath(file)
    assert real.startswith((os.path.realpath(root), os.path.realpath(work))), f"{file} leads out"


def _results(root: Path, work: Path) -> Iterator[str]:
    image = work / "a.jpg"
    image.write_bytes(inputs.image())
    queries = [
        Query(key, "a", "test", f"query {number}", image, "a.jpg", inputs.SIZE)
        for number, key in enumerate(inputs.KEYS)
    ]
    predictor = PREDICTORS["results"].load({"path": str(root)}, "cpu")
    for given in predictor.predict(queries):
        if isinstance(given, Exception):
            if not isinstance(given, PairLensError | NoPrediction):
                raise given
            yield str(given)
    yield from predictor.unused()  # type: ignore[attr-defined]
    yield from predictor.notes()  # type: ignore[attr-defined]


def _decisions(root: Path, work: Path) -> Iterator[str]:
    for number, decision in read_decisions(root / "decisions.jsonl"):
        yield f"{number} {decision.verdict}"


_NOW = datetime(2025, 1, 1, tzinfo=UTC)
_READERS = {
    inputs.IMPORT: _import,
    inputs.ZIP: _import,
    inputs.RESULTS: _results,
    inputs.DECISIONS: _decisions,
}

if __name__ == "__main__":
    FORMATS["gres"]
    main()
