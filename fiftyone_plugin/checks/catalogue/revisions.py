"""Captions that revise another and contradict it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.captions import DESCRIPTIONS, REVISION
from pairlens.fiftyone_plugin.checks.examples import captioned
from pairlens.fiftyone_plugin.checks.statements import MANY, Spot, Statements, statements
from pairlens.fiftyone_plugin.checks.texts import Remark, caption_place, worst
from pairlens.fiftyone_plugin.language.taxonomy import unlike
from pairlens.importers.fields import CAPTIONS
from pairlens.importers.records import Caption

MIDDLES = 0.4
"""How far the middles of two places lie apart that exclude each other, in image sides."""

OVERLAP = 0.25
"""How much of a side such places may share for all that."""


@check(
    "revision_drift",
    severity="warning",
    needs=(CAPTIONS,),
    about="A revision contradicts the caption that it revises in place, number or object.",
    kinds=("captions",),
    topic="Captions",
    fires=captioned(
        ("Trees at the top of the image.", 1), ("Trees at the bottom of the image.", 3)
    ),
    silent=captioned(("Trees at the top of the image.", 1), ("At the top stand trees.", 3)),
)
def revision_drift(
    batch: Batch, *, tolerance: float = 0.1, max_share: float = 0.12
) -> Iterator[Issue]:
    """Compares RSTeller's task 3 with task 1 or 2 of the same image.

    A revision may omit and add statements, but not contradict. If an image has several
    descriptions, only a revision that contradicts all of them is reported.

    Args:
        batch: images with their captions
        tolerance: largest difference of two lengths or areas, as a share of the larger
        max_share: largest difference of two shares of the image
    """
    for key, captions in zip(batch.keys, batch.captions, strict=True):
        found = list(drifts(captions, tolerance=tolerance, max_share=max_share))
        yield from worst(key, [remark for _, remark in found]) if found else ()


def drifts(
    captions: Sequence[Caption], *, tolerance: float = 0.1, max_share: float = 0.12
) -> Iterator[tuple[int, Remark]]:
    """Yields the revisions that contradict their descriptions: number from 1, and drift."""
    revisions = [(n, c) for n, c in enumerate(captions, 1) if c.task == REVISION]
    if not revisions:
        return
    sources = [
        (n, c, statements(c.text)) for n, c in enumerate(captions, 1) if c.task in DESCRIPTIONS
    ]
    for number, revision in revisions if sources else ():
        revised = statements(revision.text)
        clashes: list[tuple[Drift, int, Caption]] = []
        for n, source, original in sources:
            drift = _drift(original, revised, tolerance, max_share)
            if drift is None:
                break
            clashes.append((drift, n, source))
        else:
            (score, theirs, own), n, source = max(clashes, key=lambda clash: clash[0][0])
            places = caption_place(n, source), caption_place(number, revision)
            yield number, Remark(score, f"{places[0]} says {theirs}, {places[1]} {own}")


Drift = tuple[float, str, str]
"""A score, what the source says, what the revision says."""


def _drift(
    source: Statements, revision: Statements, tolerance: float, max_share: float
) -> Drift | None:
    found = [
        _of_place(source, revision),
        *_of_counts(source, revision),
        _of_measure(source, revision, tolerance),
        _of_share(source, revision, max_share),
        _of_object(source, revision),
    ]
    return min((drift for drift in found if drift is not None), default=None)


def _of_place(source: Statements, revision: Statements) -> Drift | None:
    """The one place of a class, or the one place that there is in either."""
    for name, here in source.where.items():
        there = revision.where.get(name)
        if there is not None and _apart(here, there):
            return 0.15, f"{name} is at the {here.name}", f"at the {there.name}"
    if len(source.spots) == len(revision.spots) == 1:
        here, there = source.spots[0], revision.spots[0]
        if _apart(here, there):
            return 0.3, repr(here.name), repr(there.name)
    return None


def _apart(a: Spot, b: Spot) -> bool:
    if a.region == b.region:  # as most often
        return False
    axes = (
        ((a.region.x0, a.region.x1), (b.region.x0, b.region.x1)),
        ((a.region.y0, a.region.y1), (b.region.y0, b.region.y1)),
    )
    return any(
        abs(sum(one) - sum(other)) / 2 >= MIDDLES - 1e-9
        and min(one[1], other[1]) - max(one[0], other[0]) <= OVERLAP
        for one, other in axes
    )


def _of_counts(source: Statements, revision: Statements) -> Iterator[Drift]:
    # Of a class with the same numbers in both none drifts, whatever article it has.
    for name in source.counts | revision.counts if source.counts != revision.counts else ():
        ours, theirs = _counted(source, name), _counted(revision, name)
        if ours is None or theirs is None or ours == theirs:
            continue
        exact = MANY not in (ours, theirs)
        by_article = name not in source.counts or name not in revision.counts
        if exact or (1 in (ours, theirs) and not by_article):
            yield 0.35 if by_article else 0.2, f"{_number_text(ours)} {name}", _number_text(theirs)


def _counted(revised: Statements, name: str) -> int | None:
    """The number of a class if there is only one; "a" counts as 1 if there is no number."""
    numbers = revised.counts.get(name)
    if not numbers:
        return 1 if name in revised.articles else None
    return next(iter(numbers)) if len(numbers) == 1 and name not in revised.articles else None


def _number_text(number: int) -> str:
    return "several" if number == MANY else str(number)


def _of_measure(source: Statements, revision: Statements, tolerance: float) -> Drift | None:
    for unit, measured in source.measures.items():
        if len(measured) == len(revision.measures.get(unit, ())) == 1:
            (here,), (there,) = measured, revision.measures[unit]
            if abs(here - there) > tolerance * max(here, there):
                return 0.2, f"{here:g} {unit}", f"{there:g}"
    return None


def _of_share(source: Statements, revision: Statements, max_share: float) -> Drift | None:
    if len(source.shares) == len(revision.shares) == 1:
        (here,), (there,) = source.shares, revision.shares
        if abs(here - there) > max_share:
            text = f"{here:.0%} of the image".replace("%", " %")
            return 0.3, text, f"{there:.0%}".replace("%", " %")
    return None


def _of_object(source: Statements, revision: Statements) -> Drift | None:
    """Captions with no class in common, or of which neither has the first class of the other."""
    if not source.classes or not revision.classes:
        return None
    first, other = source.classes[0], revision.classes[0]
    if first in revision.classes or other in source.classes:  # as most often
        return None
    if any(unlike(first, name) < 1 for name in revision.classes):
        return None
    if any(unlike(other, name) < 1 for name in source.classes):
        return None
    common = any(unlike(a, b) < 1 for a in source.classes for b in revision.classes)
    return 0.45 if common else 0.3, repr(first), f"nothing of the kind, but {other!r}"
