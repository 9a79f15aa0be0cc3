"""Compares an export with the dataset that it was made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.curation.texts import VerdictKind
from pairlens.importers import fields, store
from pairlens.importers.formats import FORMATS
from pairlens.importers.records import CaptionedImage, Pair, Record

Content = tuple[str, str, tuple[Any, ...]]
"""Split, published id, and the texts of a sample."""


def export_matches(dataset: Any, format: str, root: Path) -> bool:
    """Whether a folder holds the kept samples of a dataset: the same texts on the same images."""
    return Counter(map(_of_record, FORMATS[format].read(root))) == Counter(_kept(dataset))


def _of_record(record: Record) -> Content:
    # Indexes move up where a query before was dropped, so a key is no name for a pair here.
    if isinstance(record, Pair):
        return record.split, record.image_id, (record.phrase,)
    if isinstance(record, CaptionedImage):
        said = tuple((c.text, c.task, c.annotator) for c in record.captions)
        return record.split, record.image_id, said
    turns = tuple((t.question, t.answers, t.category) for t in record.turns)
    return record.split, record.image_id, turns


def _kept(dataset: Any) -> Iterable[Content]:
    wanted = (fields.KEY, fields.PHRASE, fields.CAPTIONS, fields.CONVERSATIONS)
    there = [name for name in wanted if dataset.has_field(name)]
    for doc in store.stream(dataset, there, where={fields.VERDICT: VerdictKind.KEEP.value}):
        yield (*_published_as(doc[fields.KEY]), _of_document(doc))


def _of_document(doc: dict[str, Any]) -> tuple[Any, ...]:
    if fields.CONVERSATIONS in doc:
        turns = doc[fields.CONVERSATIONS] or ()
        return tuple((t["question"], tuple(t["answers"]), t["category"]) for t in turns)
    if fields.CAPTIONS in doc:
        captions = doc[fields.CAPTIONS] or ()
        return tuple((c["text"], c["task"], c["annotator"]) for c in captions)
    return (doc[fields.PHRASE],)


def _published_as(key: str) -> tuple[str, str]:
    """Split and published id: the dataset gives equal images one ``image_id``."""
    _, split, name = key.split("/", 2)
    return split, name.rpartition("#")[0] or name
