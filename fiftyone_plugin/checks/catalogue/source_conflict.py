"""The class that a query names, against that of the source's box under the mask."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.source_boxes import conflicting
from pairlens.fiftyone_plugin.language.source_classes import class_of_label
from pairlens.fiftyone_plugin.language.taxonomy import unlike
from pairlens.importers import fields
from pairlens.importers.source_boxes import SourceBox

_UNDER = (0.45, 0.475, 0.1, 0.05)
"""Of the mask of the examples, in fractions of the image."""


@check(
    "source_conflict",
    severity="warning",
    needs=("phrase", "mask_stats", fields.SOURCE_BOXES),
    about="The query names another class than the box of the image's source under the mask.",
    topic="Query against mask",
    fires=example(phrase="the red car", source_boxes=(SourceBox("Storage Tank", _UNDER),)),
    silent=example(phrase="the red car", source_boxes=(SourceBox("Small Car", _UNDER),)),
)
def source_conflict(batch: Batch) -> Iterator[Issue]:
    """Compares classes by name, synonym and kind: "truck" agrees with ``Trailer`` and "vehicle".

    A box counts from an IoU of 0.5 with the mask's box on, and if no box from 0.3 on is of the
    query's class, or of one that is not known. Classes that are of one kind are info.
    """
    boxed = batch.judged & (batch.area > 0) & batch.present(fields.SOURCE_BOXES)
    for sample in batch.where(boxed & batch.query_where(lambda query: query.classes)):
        query = batch.query(batch.row_of[sample.key])
        under = conflicting(sample, query)
        if under is None:
            continue
        far = min(unlike(class_of_label(under.box.label), said) for said in query.classes)
        said = " and ".join(repr(name) for name in query.classes)
        note = (
            f"query says {said}; the mask lies on a box of {under.box.label!r} of the source "
            f"(box IoU {under.iou:.2f})"
        )
        yield Issue(sample.key, 0.15 if far == 1 else 0.4, note, None if far == 1 else "info")
