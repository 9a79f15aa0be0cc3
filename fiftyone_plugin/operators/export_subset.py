"""Write the selected samples in the dataset's own layout, or for another tool."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.exporters import CONVERTERS
from pairlens.fiftyone_plugin.operators.base import PairOperator
from pairlens.fiftyone_plugin.steps.step import Option
from pairlens.importers import store
from pairlens.importers.formats import FORMATS

_SELECTIONS = {
    "kept": "Kept: verdict keep or fix",
    "clean": "Clean: not dropped, no open error",
    "quiet": "Quiet: not dropped, no open error or warning",
    "all": "All",
}


class ExportSubset(PairOperator):
    """``pairlens export`` in the App."""

    step = steps.export_dataset
    title = "export subset"
    icon = "save_alt"
    risk = types.RiskLevel.HIGH

    def options(self, ctx: Any) -> dict[str, Option]:
        """With the formats that the dataset can be written in, its tags and its views."""
        options, own = super().options(ctx), store.info(ctx.dataset).get("format", "")
        native = [f for f in FORMATS.values() if f.name == own and f.exporter]
        formats = {f.name: f.writes for f in native}
        formats |= {f.name: f.about for f in CONVERTERS.values()}
        selections = dict(_SELECTIONS)
        selections |= {f"tag:{t}": f"Tagged {t}" for t in ctx.dataset.distinct("tags")}
        selections |= {f"view:{v}": f"Saved view {v}" for v in ctx.dataset.list_saved_views()}
        own_format = {"choices": lambda: formats, "default": own, "required": False}
        return options | {
            "format": replace(options["format"], **own_format),
            "select": replace(options["select"], choices=lambda: selections, preset="clean"),
        }
