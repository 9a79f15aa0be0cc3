"""The other queries of a mask that was replaced: they have another mask, and so another version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pairlens.fiftyone_plugin.curation import review_fields
from pairlens.fiftyone_plugin.curation.log import ChangeLog
from pairlens.fiftyone_plugin.curation.panel_types import VersionMoved
from pairlens.fiftyone_plugin.curation.review_fields import ReviewedPair
from pairlens.importers.fields import SEGMENTATION


def versions_moved(dataset: Any, step: int) -> list[VersionMoved]:
    """The pairs whose mask a step replaced, with their versions before and after.

    A reviewer who saw the version before saw all but the mask, which is the reviewer's own by now.

    Args:
        dataset: that the pairs belong to
        step: the number of a step of the log
    """
    replaced = {
        change.sample_id: change.old[SEGMENTATION]
        for change in ChangeLog(dataset).changes_of(step)
        if SEGMENTATION in change.old
    }
    pairs = map(ReviewedPair.from_document, review_fields.documents(dataset, replaced))
    return [_moved(pair, (replaced[pair.sample_id] or {}).get("mask_path") or "") for pair in pairs]


def _moved(pair: ReviewedPair, path: str) -> VersionMoved:
    was = replace(pair, mask_path=path).version
    return {"sample_id": str(pair.sample_id), "was": was, "version": pair.version}
