"""An HTML page of matches, with the two samples of each side by side."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import jinja2

from pairlens.fiftyone_plugin.audit.drawing import row_of
from pairlens.fiftyone_plugin.audit.facts import DRAWN, shown_of
from pairlens.fiftyone_plugin.leaks.matching import KINDS, Kind
from pairlens.fiftyone_plugin.leaks.reading import leaks_between, texts_of
from pairlens.fiftyone_plugin.leaks.runner import LeakSummary, Occurrence, Shared
from pairlens.importers import fields, store
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.files import write_atomic

_TEXT = 300
_QUALITY = 85
_PROJECTION = (*DRAWN, fields.KEY, fields.PHRASE, f"{fields.CAPTIONS}.text",
           f"{fields.CONVERSATIONS}.answers")  # fmt: skip


class _Side(NamedTuple):
    """A sample on the page."""

    place: str
    key: str
    text: str


class _Case(NamedTuple):
    """A match on the page, with a picture of both samples as a ``data:`` URL of a JPEG."""

    leak: bool
    how: str
    sides: Sequence[_Side]
    picture: str


def write_page(summary: LeakSummary, out: Path, examples: int) -> int:
    """Writes the page, an HTML file that contains its pictures.

    Args:
        summary: the matches
        out: an ``.html`` file
        examples: maximum of examples of each kind

    Returns:
        the number of examples

    Raises:
        UsageError: for another suffix, or a negative number of examples
        StateError: if the file cannot be written
    """
    check_page(out, examples)
    sections = {kind: _cases(summary, kind, examples) for kind in KINDS}
    page = _template().render(
        summary=summary,
        kinds=KINDS,
        sections={kind: cases for kind, cases in sections.items() if cases},
        leaks_between=leaks_between,
    )
    try:
        write_atomic(out, page.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise StateError(f"the page cannot be written to {out} ({error.strerror})") from error
    return sum(map(len, sections.values()))


def check_page(out: Path, examples: int) -> None:
    """Validates the options of a page.

    Raises:
        UsageError: for another suffix, or a negative number of examples
    """
    if out.suffix.lower() not in (".html", ".htm") or examples < 0:
        raise UsageError(f"--out {out} --examples {examples}: give an .html file, and 0 or more")


def _cases(summary: LeakSummary, kind: Kind, most: int) -> list[_Case]:
    chosen = list(islice((one for one in summary.shared if one.kind == kind), most))
    occurrences = [side for one in chosen for side in (one.first, one.second)]
    docs: dict[tuple[str, str], Any] = {}
    for name in {one.dataset for one in occurrences}:
        where = {fields.KEY: {"$in": [one.key for one in occurrences if one.dataset == name]}}
        for doc in store.stream(store.load(name), _PROJECTION, where=where):
            docs[name, doc[fields.KEY]] = doc
    return [_case(one, docs) for one in chosen]


def _case(shared: Shared, docs: dict[tuple[str, str], Any]) -> _Case:
    pair = [docs[side.dataset, side.key] for side in (shared.first, shared.second)]
    row = row_of([shown_of(doc) for doc in pair])
    done, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(row, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    address = f"data:image/jpeg;base64,{b64encode(jpeg.tobytes()).decode()}" if done else ""
    sides = [_side(s, doc) for s, doc in zip((shared.first, shared.second), pair, strict=True)]
    return _Case(shared.leak, describe(shared), sides, address)


def describe(shared: Shared) -> str:
    """Describes a match, such as ``3 of 64 bits differ, mirrored left to right``."""
    if shared.bits is not None:
        return f"{shared.bits} of 64 bits differ" + (f", {shared.turned}" if shared.turned else "")
    text = KINDS[shared.kind] if shared.cosine is None else f"cosine {shared.cosine:.3f}"
    return text + (f", {shared.turned}" if shared.turned else "")


def _side(occurrence: Occurrence, doc: Any) -> _Side:
    text = next(texts_of(doc), "")
    shown = text if len(text) <= _TEXT else f"{text[:_TEXT]} ..."
    return _Side(f"{occurrence.dataset}/{occurrence.split or '(no split)'}", occurrence.key, shown)


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pairlens.fiftyone_plugin.leaks", "."),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = "{:,}".format
    return environment.get_template("page.html.jinja")
