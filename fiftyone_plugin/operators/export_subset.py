"""Write the selected pairs in the dataset's own layout."""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from fiftyone_plugin import reports
from fiftyone_plugin.exporters.runner import export_dataset
from fiftyone_plugin.operators.base import PairOperator, Work, choice, required
from importers import store


class ExportSubset(PairOperator):
    """``pairlens export`` in the App."""

    operator_name = "export_subset"
    title = "export subset"
    about = "Writes the selected pairs to a new folder, in the published layout"
    icon = "save_alt"
    risk = types.RiskLevel.HIGH

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields."""
        selections = {
            "kept": "Kept: verdict keep or fix",
            "clean": "Clean: not dropped, no open error",
            "all": "All pairs",
        }
        selections |= {f"tag:{t}": f"Tagged {t}" for t in ctx.dataset.distinct("tags")}
        selections |= {f"view:{v}": f"Saved view {v}" for v in ctx.dataset.list_saved_views()}
        choice(inputs, "select", selections, default="clean", label="Which pairs")
        inputs.str("out", required=True, label="New folder")

    def work(self, ctx: Any) -> Work:
        """Exports."""
        params, dataset = ctx.params, ctx.dataset
        out = required(params, "out")
        select = params.get("select") or "kept"
        format_name = params.get("format") or store.info(dataset).get("format", "")
        return lambda progress: reports.of_export(
            export_dataset(dataset, format_name, out, select=select, progress=progress)
        )
