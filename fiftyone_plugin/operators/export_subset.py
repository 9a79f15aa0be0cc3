"""Write the selected samples in the dataset's own layout, or for another tool."""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from fiftyone_plugin import reports
from fiftyone_plugin.exporters import CONVERTERS
from fiftyone_plugin.exporters.runner import export_dataset
from fiftyone_plugin.operators.base import PairOperator, Work, choice, required, text
from importers import store
from importers.formats import FORMATS


class ExportSubset(PairOperator):
    """``pairlens export`` in the App."""

    operator_name = "export_subset"
    title = "export subset"
    about = "Writes the selected samples to a new folder, as published or for another tool"
    icon = "save_alt"
    risk = types.RiskLevel.HIGH

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields."""
        own = _own_format(ctx.dataset)
        native = [f for f in FORMATS.values() if f.name == own and f.exporter]
        formats = {f.name: f.writes for f in native}
        formats |= {f.name: f.about for f in CONVERTERS.values()}
        choice(inputs, "format", formats, default=own, label="Format")
        selections = {
            "kept": "Kept: verdict keep or fix",
            "clean": "Clean: not dropped, no open error",
            "all": "All",
        }
        selections |= {f"tag:{t}": f"Tagged {t}" for t in ctx.dataset.distinct("tags")}
        selections |= {f"view:{v}": f"Saved view {v}" for v in ctx.dataset.list_saved_views()}
        choice(inputs, "select", selections, default="clean", label="Which of them")
        inputs.str("out", required=True, label="New folder")

    def work(self, ctx: Any) -> Work:
        """Exports."""
        params, dataset = ctx.params, ctx.dataset
        out = required(params, "out")
        select = params.get("select") or "kept"
        format_name = text(params.get("format")) or _own_format(dataset)
        return lambda progress: reports.of_export(
            export_dataset(dataset, format_name, out, select=select, progress=progress)
        )


def _own_format(dataset: Any) -> str:
    return store.info(dataset).get("format", "")
