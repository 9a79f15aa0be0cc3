"""Stored samples as the checks see them, read with no more of each than the checks need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from fiftyone_plugin.checks.base import PREDICTIONS, Agreement, Check, Finding, Subject
from fiftyone_plugin.checks.passes import Run, Spool, run_together
from importers import fields, store

_DIGEST = f"{fields.SOURCE}.image_digest"
_ALWAYS = (
    fields.KEY, fields.IMAGE_ID, "tags", fields.PHRASE, fields.NO_TARGET, fields.IMAGE_MISSING
)  # fmt: skip
_READ: dict[str, tuple[str, ...]] = {
    "metadata": ("metadata.width", "metadata.height"),
    fields.SOURCE: (_DIGEST,),
    PREDICTIONS: (),
}
"""What is read where a check needs more than one field, or less than the whole."""
_FINDING = tuple(
    f"{fields.FINDINGS}.classifications.{name}" for name in ("label", "severity", "score", "note")
)

Document = Mapping[str, Any]


def subject_from(doc: Document, ious: Mapping[str, str]) -> Subject:
    """A stored sample, or as much of it as was read, as the checks see it."""
    metadata = doc.get("metadata") or {}
    width, height = metadata.get("width"), metadata.get("height")
    tags = doc.get("tags")
    return Subject(
        key=doc[fields.KEY],
        image_id=doc[fields.IMAGE_ID],
        split=tags[0] if tags else "",
        phrase=doc.get(fields.PHRASE) or "",
        no_target=bool(doc.get(fields.NO_TARGET)),
        image_missing=bool(doc.get(fields.IMAGE_MISSING)),
        image_size=(width, height) if width and height else None,
        image_digest=(doc.get(fields.SOURCE) or {}).get("image_digest") or "",
        stats=store.stats_from(doc.get(fields.MASK_STATS)),
        image=store.image_stats_from(doc.get(fields.IMAGE_STATS)),
        colors=store.target_colors_from(doc.get(fields.TARGET_COLORS)),
        # A pair without a prediction has an IoU of 0 for the summary, but says nothing here.
        ious={n: doc[f] for n, f in ious.items() if doc.get(n) and doc.get(f) is not None},
        agreements={n: a for n in ious if (a := _agreement(doc, n)) is not None},
    )


def _agreement(doc: Document, consensus: str) -> Agreement | None:
    iou = doc.get(fields.agreement_field(consensus))
    area = doc.get(fields.agreed_area_field(consensus))
    return None if iou is None or area is None else Agreement(iou, area)


def projection(checks: Iterable[Check], ious: Mapping[str, str], *more: str) -> tuple[str, ...]:
    """The fields that some checks need, besides those that are short and tell of every pair."""
    wanted = {*_ALWAYS, *more}
    for one in checks:
        wanted.update(name for need in one.needs for name in _READ.get(need, (need,)))
        if PREDICTIONS in one.needs:
            # That there is a prediction, and its IoU.
            wanted.update(name for field, iou in ious.items() for name in (f"{field}._cls", iou))
            wanted.update(fields.agreement_field(field) for field in ious)
            wanted.update(fields.agreed_area_field(field) for field in ious)
    # A field and a part of it cannot both be asked for.
    return tuple(sorted(w for w in wanted if w.rpartition(".")[0] not in wanted))


def find_across(
    samples: Any, ious: Mapping[str, str], checks: Sequence[Check], run: Run
) -> list[Finding]:
    """Findings of the checks that see a whole dataset or view."""
    if not checks:
        return []
    spool = Spool(store.stream(samples, projection(checks, ious)))

    def batches() -> Iterator[list[Subject]]:
        for docs in spool.batches():
            yield [subject_from(doc, ious) for doc in docs]

    try:
        return run_together(checks, batches, run)
    finally:
        spool.close()


def images(
    samples: Any, ious: Mapping[str, str], checks: Sequence[Check]
) -> Iterator[list[Document]]:
    """The samples image by image, with their findings.

    By content where the image is there, else by name: RefSegRS gives each pair an image copy
    of its own, so names alone do not tell.
    """
    wanted = projection(checks, ious, *_FINDING, fields.QUALITY, _DIGEST)
    docs = store.stream(samples, wanted, order=(_DIGEST, fields.IMAGE_ID))
    for _, group in groupby(docs, key=image_of):
        yield list(group)


def image_of(doc: Document) -> str | tuple[str, str]:
    """What tells the image that a sample shows from others; for the order of :func:`images`."""
    digest = (doc.get(fields.SOURCE) or {}).get("image_digest")
    return digest or ((doc.get("tags") or [""])[0], doc[fields.IMAGE_ID])
