"""Write the selected samples in the dataset's own layout, or for another tool."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.exporters import CONVERTERS
from pairlens.fiftyone_plugin.exporters.selections import count, counts
from pairlens.fiftyone_plugin.operators.base import PairOperator, text
from pairlens.fiftyone_plugin.operators.wording import in_app
from pairlens.fiftyone_plugin.steps.step import Option
from pairlens.importers import store, working_set
from pairlens.importers.errors import UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.store import kind_of

_PRESET = "clean"

_SELECTIONS = {
    "kept": "Kept: verdict keep, or fixed",
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
        formats |= {f.name: f.about for f in CONVERTERS.values() if f.name not in formats}
        kept = counts(ctx.target_view())
        selections = {name: f"{about} ({kept[name]:,})" for name, about in _SELECTIONS.items()}
        selections |= {f"tag:{t}": f"Tagged {t}" for t in ctx.dataset.distinct("tags")}
        selections |= {f"view:{v}": f"Saved view {v}" for v in ctx.dataset.list_saved_views()}
        own_format = {"choices": lambda: formats, "default": own, "required": False}
        return options | {
            "format": replace(options["format"], **own_format),
            "select": replace(options["select"], choices=lambda: selections, preset=_PRESET),
        }

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields, and how many samples are written and left out."""
        super().form(ctx, inputs)
        samples = ctx.target_view()
        try:
            written = count(samples, text(ctx.params.get("select")) or _PRESET)
        except UsageError as error:
            inputs.view("counts", types.Warning(label=in_app(str(error))))
            return
        left_out = working_set.count(samples) - written
        what = "pairs" if kind_of(samples) == "pairs" else "images"
        about = f"Writes {written:,} {what} and leaves out {left_out:,}"
        inputs.view("counts", types.Notice(label=about))
