"""Import published files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone.operators.types as types

from fiftyone_plugin import reports
from fiftyone_plugin.operators.base import AGAIN, PairOperator, Work, choice, required, text
from importers.formats import FORMATS, SPLITS
from importers.ingest import ImportOptions, import_dataset

_ROOT = "a folder, a .zip or .tar file, or hf://datasets/OWNER/NAME"


class ImportDataset(PairOperator):
    """``pairlens import`` in the App."""

    operator_name = "import_dataset"
    title = "import"
    about = "Imports published pairs, captions or conversations into a dataset"
    icon = "cloud_download"
    risk = types.RiskLevel.HIGH
    needs_dataset = False

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields, those of the chosen format among them."""
        formats = {"auto": "Find out"} | {f.name: f.about for f in FORMATS.values()}
        choice(inputs, "format", formats, default="auto", label="Format")
        _add_settings(inputs, ctx.params.get("format"))
        inputs.str("root", required=True, label="Where it lies", description=_ROOT)
        inputs.str("name", required=True, label="Name", description="of the FiftyOne dataset")
        splits = types.AutocompleteView(allow_user_input=False, allow_duplicates=False)
        for split in SPLITS:
            splits.add_choice(split, label=split)
        inputs.list("splits", types.String(), label="Splits (all if empty)", view=splits)
        inputs.bool(
            "placeholders",
            default=False,
            label="Placeholders",
            description="stand-ins for missing images, instead of skipping their records",
        )
        inputs.int("limit", min=1, label="Limit", description="stop after so many records")
        choice(inputs, "again", AGAIN, default="new", label="If the dataset exists")

    def work(self, ctx: Any) -> Work:
        """Imports."""
        params = ctx.params
        name = required(params, "name")
        media_dir = text(params.get("media_dir"))
        options = ImportOptions(
            splits=tuple(params.get("splits") or SPLITS),
            limit=params.get("limit"),
            placeholders=bool(params.get("placeholders")),
            media_dir=Path(media_dir) if media_dir else None,
            resume=params.get("again") == "resume",
            overwrite=params.get("again") == "overwrite",
            strict=bool(params.get("strict")),
            params={k: v for k, v in (params.get("settings") or {}).items() if text(v)},
        )
        arguments = (params.get("format") or "auto", required(params, "root"), name, options)
        return lambda progress: reports.of_import(
            import_dataset(*arguments, progress), options.placeholders
        )

    def after(self, ctx: Any, report: reports.Report) -> Iterator[Any]:
        """Opens the dataset."""
        yield ctx.ops.open_dataset(report.data["dataset"])


def _add_settings(inputs: types.Object, name: Any) -> None:
    """Adds what the reader of a format can be told; nothing as long as none is chosen."""
    params = FORMATS[name].params if isinstance(name, str) and name in FORMATS else ()
    if not params:
        return
    settings = types.Object()
    for param in params:
        settings.str(param.name, label=param.name, description=param.about)
    inputs.define_property("settings", settings, label="Settings")
