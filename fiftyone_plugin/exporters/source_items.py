"""Reads the samples of a dataset for an export, in the order of the published files, streaming."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from fiftyone_plugin.exporters.selections import ORDER, Choice
from importers import fo_internals, store, working_set
from importers.fields import (
    CAPTION,
    CAPTIONS,
    CONVERSATIONS,
    FINDINGS,
    IMAGE_MISSING,
    KEY,
    MASK_STATS,
    ORIGINAL_MASK,
    ORIGINAL_PHRASE,
    PHRASE,
    REVIEW_NOTE,
    REVIEWER,
    SEGMENTATION,
    SOURCE,
    SPLIT,
    VERDICT,
)
from importers.formats.base import Kind
from importers.formats.native_export import ExportItem, ExportPair, ExportText, ExportTurn
from importers.records import Source
from importers.store import Document

_COMMON = (
    "filepath", "tags", KEY, SPLIT, ORIGINAL_PHRASE, IMAGE_MISSING, VERDICT, REVIEWER,
    REVIEW_NOTE, f"{SOURCE}.file", f"{SOURCE}.index",
    *(f"{FINDINGS}.classifications.{name}" for name in ("label", "severity", "score", "note")),
)  # fmt: skip
_OF_KIND: dict[Kind, tuple[str, ...]] = {
    "pairs": (
        PHRASE,
        f"{MASK_STATS}.digest",
        f"{ORIGINAL_MASK}.digest",
        f"{SEGMENTATION}.mask_path",
    ),
    "captions": (CAPTION, f"{CAPTIONS}.text"),
    "instructions": (CAPTION,),
}

OnSample = Callable[[Document, bool, ExportPair | None], None]
"""Called once with each sample's document, whether it is selected and, of pairs, its item."""


def documents(dataset: Any, kind: Kind, more: Collection[str] = ()) -> Iterator[Document]:
    """Yields the samples that PairLens imported in the order of the published files.

    Args:
        dataset: what is exported
        kind: of its records
        more: paths to read besides those that selections and manifests need
    """
    wanted = {*_COMMON, *_OF_KIND[kind], *more}
    # A field and a part of it cannot both be asked for.
    names = sorted(name for name in wanted if name.rpartition(".")[0] not in wanted)
    return store.stream(dataset, names, order=ORDER)


def items_by_file(
    dataset: Any, kind: Kind, choice: Choice, on_sample: OnSample
) -> Iterator[tuple[str, Iterator[ExportItem]]]:
    """Yields the source files by name, each with its items by rising index.

    Args:
        dataset: what is exported
        kind: of its records
        choice: which samples are selected
        on_sample: called with every sample
    """
    if kind == "instructions":
        return _turns_by_file(dataset, choice, on_sample)
    return _samples_by_file(dataset, kind, choice, on_sample)


def _samples_by_file(
    dataset: Any, kind: Kind, choice: Choice, on_sample: OnSample
) -> Iterator[tuple[str, Iterator[ExportItem]]]:
    def items(group: Iterator[Document]) -> Iterator[ExportItem]:
        for document in group:
            selected = choice(document)
            pair = export_pair(document, selected) if kind == "pairs" else None
            on_sample(document, selected, pair)
            yield pair or _export_text(document, selected)

    found = documents(dataset, kind)
    for name, group in groupby(found, lambda document: document[SOURCE]["file"]):
        yield name, items(group)


def _image_of(document: Document) -> Path | None:
    """The published or extracted image, or ``None`` where there was none."""
    return None if document.get(IMAGE_MISSING) else Path(document["filepath"])


def export_pair(document: Document, selected: bool) -> ExportPair:
    """A sample of segmentation data as exporters see it."""
    phrase, original = document.get(PHRASE) or "", document.get(ORIGINAL_PHRASE)
    digest = document.get(MASK_STATS) or {}
    mask = (document.get(SEGMENTATION) or {}).get("mask_path")
    return ExportPair(
        key=document[KEY],
        source=Source(document[SOURCE]["file"], document[SOURCE]["index"]),
        image=_image_of(document),
        has_mask=bool((document.get(ORIGINAL_MASK) or digest).get("digest")),
        published=phrase if original is None else original,
        phrase=phrase,
        selected=selected,
        mask=Path(mask) if document.get(ORIGINAL_MASK) and mask else None,
    )


def _export_text(document: Document, selected: bool) -> ExportText:
    """A sample of caption data as exporters see it."""
    captions = [caption.get("text") or "" for caption in document.get(CAPTIONS) or ()]
    return ExportText(
        key=document[KEY],
        source=Source(document[SOURCE]["file"], document[SOURCE]["index"]),
        image=_image_of(document),
        captions=_with_edit(captions, document),
        selected=selected,
    )


def _with_edit(texts: list[str], document: Document) -> tuple[str, ...]:
    """The texts, the first that the review's edited caption came from replaced by it."""
    original, caption = document.get(ORIGINAL_PHRASE), document.get(CAPTION)
    if original is not None and caption is not None and original in texts:
        texts[texts.index(original)] = caption
    return tuple(texts)


def _turns_by_file(
    dataset: Any, choice: Choice, on_sample: OnSample
) -> Iterator[tuple[str, Iterator[ExportTurn]]]:
    """Turns lie in the order of the files, not of the samples, so these are gone through first.

    Of every sample that is left out, or whose caption was edited, something is held in memory.
    """
    left_out, edited = set(), {}
    for document in documents(dataset, "instructions"):
        selected = choice(document)
        on_sample(document, selected, None)
        if not selected:
            left_out.add(document["_id"])
        elif document.get(ORIGINAL_PHRASE) is not None:
            edited[document["_id"]] = document
    turns = _turns(dataset)
    for name, group in groupby(turns, lambda document: document[CONVERSATIONS].get("file")):
        yield str(name), (_turn(d, d["_id"] not in left_out, edited) for d in group)


def _turns(dataset: Any) -> Iterator[Document]:
    wanted = (KEY, "filepath", IMAGE_MISSING, CONVERSATIONS)
    order = {f"{CONVERSATIONS}.{name}": 1 for name in ("file", "index", "turn")}
    pipeline = [
        *working_set.pipeline(dataset),
        {"$project": dict.fromkeys(wanted, 1)},
        {"$unwind": f"${CONVERSATIONS}"},
        {"$sort": order},
    ]
    return iter(fo_internals.collection(dataset).aggregate(pipeline, allowDiskUse=True))


def _turn(document: Document, selected: bool, edited: dict[Any, Document]) -> ExportTurn:
    turn = document[CONVERSATIONS]
    answers = tuple(turn.get("answers") or ())
    # Of one answer there are two copies; a curator edits the one that the App shows.
    if len(answers) == 1 and turn.get("answer") is not None:
        answers = (turn["answer"],)
    if document["_id"] in edited:
        before, answers = answers, _with_edit(list(answers), edited[document["_id"]])
        if answers != before:
            del edited[document["_id"]]  # the caption is one text of one turn
    return ExportTurn(
        key=document[KEY],
        source=Source(turn["file"], turn["index"]),
        position=turn["turn"],
        image=_image_of(document),
        question=turn.get("question") or "",
        answers=answers,
        selected=selected,
    )
