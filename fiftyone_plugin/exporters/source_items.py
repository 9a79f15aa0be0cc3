"""Streams the samples of a dataset in the order of the published files, as export items."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.curation import review_fields
from pairlens.fiftyone_plugin.curation.text_units import NUMBER, REMOVED, units_of
from pairlens.fiftyone_plugin.exporters import held_masks
from pairlens.fiftyone_plugin.exporters.held_masks import HeldMasks, changed_mask, published_digest
from pairlens.fiftyone_plugin.exporters.selections import ORDER, Choice
from pairlens.importers import fo_internals, store, working_set
from pairlens.importers.digests import texts_digest
from pairlens.importers.documents import standing_caption
from pairlens.importers.errors import UsageError
from pairlens.importers.fields import (
    BOXES,
    CAPTION,
    CAPTIONS,
    CAPTURE_DATE,
    CONVERSATIONS,
    FINDINGS,
    FIXED_DIGEST,
    IMAGE_MISSING,
    KEY,
    LOCATION,
    NO_TARGET,
    ORIGINAL_PHRASE,
    PHRASE,
    REVIEW_NOTE,
    REVIEWER,
    ROTATED_BOXES,
    SOURCE,
    SPLIT,
    TARGET_DIGEST,
    TEXT_DIGEST,
    TEXT_EDITS,
    VERDICT,
)
from pairlens.importers.formats.export_items import ExportPair, ExportText, ExportTurn, HeldMask
from pairlens.importers.formats.native_export import ExportItem
from pairlens.importers.records import Caption, Kind, Source
from pairlens.importers.stored_values import Document

_COMMON_PATHS = (
    "filepath", "tags", KEY, SPLIT, ORIGINAL_PHRASE, IMAGE_MISSING, VERDICT, REVIEWER,
    REVIEW_NOTE, f"{SOURCE}.file", f"{SOURCE}.index", f"{SOURCE}.{TEXT_DIGEST}",
    f"{SOURCE}.image_name", f"{SOURCE}.{FIXED_DIGEST}", BOXES, ROTATED_BOXES, LOCATION,
    CAPTURE_DATE, NO_TARGET,
    *(f"{FINDINGS}.classifications.{name}" for name in ("label", "severity", "score", "note")),
)  # fmt: skip
_CAPTION_PARTS = (f"{CAPTIONS}.text", f"{CAPTIONS}.task")
_PATHS_OF_KIND: dict[Kind, tuple[str, ...]] = {
    "pairs": (PHRASE, f"{SOURCE}.{TARGET_DIGEST}", *held_masks.READ),
    "captions": (CAPTION, *_CAPTION_PARTS),
    "instructions": (CAPTION, *_CAPTION_PARTS),
}

OnSample = Callable[[Document, bool, ExportPair | None], None]
"""Called for each sample with its document, whether it is selected, and the item of a pair."""


def documents(dataset: Any, kind: Kind, extra_paths: Collection[str] = ()) -> Iterator[Document]:
    """Yields the samples that PairLens imported in the order of the published files.

    Args:
        dataset: the exported dataset
        kind: kind of its records
        extra_paths: paths to read besides those that selections and manifests need
    """
    wanted = {*_COMMON_PATHS, *review_fields.projection(), *_PATHS_OF_KIND[kind], *extra_paths}
    # MongoDB refuses a projection of both a field and a part of it.
    names = sorted(name for name in wanted if name.rpartition(".")[0] not in wanted)
    return store.stream(dataset, names, order=ORDER)


def items_by_file(
    dataset: Any, kind: Kind, choice: Choice, on_sample: OnSample
) -> Iterator[tuple[str, Iterator[ExportItem]]]:
    """Yields the name of each source file with its export items, in the order of the file.

    Args:
        dataset: the exported dataset
        kind: kind of its records
        choice: the predicate of the selection
        on_sample: called for every sample
    """
    if kind == "instructions":
        return _turns_by_file(dataset, choice, on_sample)
    return _samples_by_file(dataset, kind, choice, on_sample)


def _samples_by_file(
    dataset: Any, kind: Kind, choice: Choice, on_sample: OnSample
) -> Iterator[tuple[str, Iterator[ExportItem]]]:
    masks = HeldMasks()

    def items(group: Iterator[Document]) -> Iterator[ExportItem]:
        for document in group:
            selected = choice(document)
            pair = None
            if kind == "pairs":
                pair = export_pair(document, selected, masks.of(document) if selected else None)
            on_sample(document, selected, pair)
            yield pair or _export_text(document, selected)

    by_file = groupby(documents(dataset, kind), lambda document: document[SOURCE]["file"])
    for name, group in by_file:
        yield name, items(group)


def _image_of(document: Document) -> Path | None:
    """The path of the published or extracted image; ``None`` if it was missing at import."""
    return None if document.get(IMAGE_MISSING) else Path(document["filepath"])


def export_pair(document: Document, selected: bool, mask: HeldMask | None) -> ExportPair:
    """The export item of a pair.

    Args:
        document: the sample's document
        selected: whether the pair is exported
        mask: its present mask; ``None`` for pairs that are not exported

    Raises:
        UsageError: if the pair is exported and has no phrase, or its mask was removed or has
            another size
    """
    source, phrase = document[SOURCE], document.get(PHRASE)
    if selected and phrase is None:
        raise UsageError(f"{document[KEY]}: it has no phrase; give it one, or leave it out")
    return ExportPair(
        key=document[KEY],
        source=Source(source["file"], source["index"]),
        image=_image_of(document),
        has_mask=bool(selected and published_digest(document)),
        published=_published_phrase(document),
        phrase=phrase or "",
        selected=selected,
        mask=changed_mask(document, mask) if selected else None,
        text_digest=source.get(TEXT_DIGEST) or "",
        target_digest=source.get(TARGET_DIGEST) or "",
    )


def _published_phrase(document: Document) -> str | None:
    """The phrase as imported; ``None`` if no stored text matches its digest."""
    phrase, original = document.get(PHRASE) or "", document.get(ORIGINAL_PHRASE)
    imported = document[SOURCE].get(TEXT_DIGEST)
    if not imported:
        return phrase if original is None else original
    copies = (text for text in (phrase, original) if text is not None)
    return next((text for text in copies if texts_digest([text]) == imported), None)


def _export_text(document: Document, selected: bool) -> ExportText:
    """The export item of an image with captions."""
    if document.get(TEXT_EDITS):
        return _edited_text(document, selected)
    captions = _captions(document)
    return ExportText(
        key=document[KEY],
        source=Source(document[SOURCE]["file"], document[SOURCE]["index"]),
        image=_image_of(document),
        captions=tuple(caption.text for caption in captions),
        selected=selected,
        caption=document.get(CAPTION),
        standing=standing_caption(captions),
        text_digest=document[SOURCE].get(TEXT_DIGEST) or "",
    )


def _edited_text(document: Document, selected: bool) -> ExportText:
    """The export item of an image whose captions were edited in a review."""
    units = units_of(document)
    kept = [one for one in units if one.number and not one.removed]
    added = [one for one in units if not one.number]
    return ExportText(
        key=document[KEY],
        source=Source(document[SOURCE]["file"], document[SOURCE]["index"]),
        image=_image_of(document),
        captions=tuple(one.texts[0] for one in kept),
        selected=selected,
        text_digest=document[SOURCE].get(TEXT_DIGEST) or "",
        numbers=tuple(one.number for one in kept),
        removed=sum(one.removed for one in units),
        added=tuple(
            Caption(one.texts[0], one.item.get("task"), one.item.get("annotator")) for one in added
        ),
    )


def _captions(document: Document) -> list[Caption]:
    return [Caption(one.get("text") or "", one.get("task")) for one in document.get(CAPTIONS) or ()]


def _caption_edit(dataset: Any, document: Document) -> tuple[str, str] | None:
    """The caption of a conversation before and after an edit; ``None`` if it was not edited.

    Raises:
        UsageError: if a caption was edited but the answer that it copies was not
    """
    texts = [caption.text for caption in _captions(document)]
    caption, original = document.get(CAPTION), document.get(ORIGINAL_PHRASE)
    imported = document[SOURCE].get(TEXT_DIGEST)
    if texts and imported and texts_digest(texts) != imported:
        where = {"_id": document["_id"]}
        stored = next(store.stream(dataset, (f"{CONVERSATIONS}.answers",), where=where))
        answers = [text for turn in stored.get(CONVERSATIONS) or () for text in turn["answers"]]
        if lacking := [text for text in texts if text not in answers]:
            raise UsageError(
                f"{document[KEY]}: {lacking[0][:60]!r} among its captions is no answer of its "
                "conversations, which captions are copies of; edit the answer: nothing was exported"
            )
        if original is None:
            return None
    if original is None and texts:
        original = texts[standing_caption(_captions(document))]
    if caption is None or original is None or caption == original:
        return None
    return original, caption


def _turns_by_file(
    dataset: Any, choice: Choice, on_sample: OnSample
) -> Iterator[tuple[str, Iterator[ExportTurn]]]:
    """Yields the turns of conversations by source file.

    The order of turns in the files differs from that of the samples, so the samples are read first.
    Memory grows with the number of samples that are left out or have an edited caption.

    Raises:
        UsageError: if both a caption and the answer that it copies were edited
    """
    left_out: set[Any] = set()
    edited: dict[Any, tuple[str, str, str]] = {}
    for document in documents(dataset, "instructions"):
        selected = choice(document)
        on_sample(document, selected, None)
        if not selected:
            left_out.add(document["_id"])
        elif not document.get(TEXT_EDITS) and (edit := _caption_edit(dataset, document)):
            edited[document["_id"]] = document[KEY], *edit
    turns = _turns(dataset)
    for name, group in groupby(turns, lambda document: document[CONVERSATIONS].get("file")):
        yield str(name), (_turn(d, d["_id"] not in left_out, edited) for d in group)
    for key, before, _ in edited.values():
        raise UsageError(
            f"{key}: its caption was edited, and none of its answers is {before[:60]!r}, "
            "which it was: nothing was exported"
        )


def _turns(dataset: Any) -> Iterator[Document]:
    wanted = dict.fromkeys((KEY, "filepath", IMAGE_MISSING), 1)
    removed = {"$ifNull": [f"${TEXT_EDITS}.{REMOVED}", []]}
    turns = {"$concatArrays": [{"$ifNull": [f"${CONVERSATIONS}", []]}, removed]}
    order = {f"{CONVERSATIONS}.{name}": 1 for name in ("file", "index", "turn")}
    pipeline = [
        *working_set.pipeline(dataset),
        {"$project": {**wanted, CONVERSATIONS: turns}},
        {"$unwind": f"${CONVERSATIONS}"},
        {"$sort": order},
    ]
    return iter(fo_internals.collection(dataset).aggregate(pipeline, allowDiskUse=True))


def _turn(
    document: Document, selected: bool, edited: dict[Any, tuple[str, str, str]]
) -> ExportTurn:
    turn = document[CONVERSATIONS]
    answers: list[str] = list(turn.get("answers") or ())
    edit = edited.get(document["_id"])
    if edit and edit[1] in answers:
        answers[answers.index(edit[1])] = edit[2]
        del edited[document["_id"]]  # the caption is a copy of one answer
    return ExportTurn(
        key=document[KEY],
        source=Source(turn["file"], turn["index"]),
        position=turn["turn"],
        image=_image_of(document),
        question=turn.get("question") or "",
        answers=tuple(answers),
        selected=selected,
        answer=turn.get("answer"),
        text_digest=turn.get(TEXT_DIGEST) or "",
        removed=bool(turn.get(REMOVED)),
        added=turn.get(NUMBER) == 0,
    )
