"""Take the labels of a dataset that is there already for pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.adoption.checking import mask_fields, text_fields
from pairlens.fiftyone_plugin.operators.base import PairOperator
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import Option
from pairlens.importers.errors import StateError


class AdoptDataset(PairOperator):
    """``pairlens adopt`` in the App."""

    step = steps.adopt_dataset
    title = "adopt dataset"
    icon = "playlist_add_check"
    risk = types.RiskLevel.HIGH

    def options(self, ctx: Any) -> dict[str, Option]:
        """With the dataset's fields of texts and masks."""
        options, masks = super().options(ctx), mask_fields(ctx.dataset)
        if not masks:
            raise StateError("The dataset has no segmentation, detections or polylines.")
        mask = ctx.params.get("mask") or masks[0]
        return options | {
            "mask": replace(options["mask"], choices=masks, preset=masks[0]),
            "phrase": replace(options["phrase"], choices=text_fields(ctx.dataset, mask)),
        }

    def after(self, ctx: Any, report: Report) -> Iterator[Any]:
        """Opens the copy, where one was made."""
        if report.data["dataset"] != ctx.dataset.name:
            yield ctx.ops.open_dataset(report.data["dataset"])
