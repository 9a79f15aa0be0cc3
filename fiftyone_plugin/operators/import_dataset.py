"""Import published files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.operators.base import PairOperator
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import Option
from pairlens.importers.formats import FORMATS


class ImportDataset(PairOperator):
    """``pairlens import`` in the App."""

    step = steps.import_dataset
    title = "import"
    icon = "cloud_download"
    risk = types.RiskLevel.HIGH

    def options(self, ctx: Any) -> dict[str, Option]:
        """With the settings of the chosen format."""
        options, name = super().options(ctx), ctx.params.get("format")
        params = FORMATS[name].all_params if isinstance(name, str) and name in FORMATS else ()
        labels = {param.name: param.about for param in params}
        return options | {"settings": replace(options["settings"], choices=lambda: labels)}

    def after(self, ctx: Any, report: Report) -> Iterator[Any]:
        """Opens the dataset."""
        yield ctx.ops.open_dataset(report.data["dataset"])
