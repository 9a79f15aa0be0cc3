"""Import and export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fiftyone_plugin import reports
from fiftyone_plugin.reports import Report
from fiftyone_plugin.steps.step import Again, Option, Settings, Watch, step
from importers.formats import FORMATS, SPLITS
from importers.parallel import ENGINES, Engine


def _formats() -> dict[str, str]:
    return {"auto": "Find out"} | {one.name: one.about for one in FORMATS.values()}


@step("import", "Import published files into a FiftyOne dataset.", unit="images")
def import_dataset(
    watch: Watch,
    *,
    format: Annotated[
        str, Option("layout of the files", positional=True, metavar="FORMAT", choices=_formats)
    ] = "auto",
    settings: Annotated[
        Settings | None,
        Option("setting of the format; see: pairlens formats", flag="--param", metavar="K=V"),
    ] = None,
    root: Annotated[
        str,
        Option(
            "a folder, .zip, .tar or hf://datasets/OWNER/NAME",
            "Where it lies",
            positional=True,
            metavar="ROOT",
        ),
    ],
    name: Annotated[str, Option("name of the FiftyOne dataset")],
    splits: Annotated[
        tuple[str, ...],
        Option("only this split", "Splits (all if empty)", flag="--split", choices=SPLITS),
    ] = SPLITS,
    placeholders: Annotated[
        bool, Option("stand-ins for missing images, instead of skipping their records")
    ] = False,
    limit: Annotated[int | None, Option("stop after K records", metavar="K", least=1)] = None,
    again: Again = "new",
    media_dir: Annotated[
        Path | None, Option("folder for masks and renditions", metavar="DIR", in_form=False)
    ] = None,
    strict: Annotated[bool, Option("stop at the first broken record", in_form=False)] = False,
    engine: Annotated[
        Engine, Option("runs the decoding", choices=ENGINES, in_form=False)
    ] = "threads",
    workers: Annotated[
        int | None, Option("workers of the engine", metavar="W", in_form=False)
    ] = None,
) -> Report:
    """Imports."""
    from importers.ingest import ImportOptions, import_dataset

    options = ImportOptions(
        splits=splits,
        limit=limit,
        placeholders=placeholders,
        media_dir=media_dir,
        resume=again == "resume",
        overwrite=again == "overwrite",
        strict=strict,
        engine=engine,
        workers=workers,
        params=settings or {},
    )
    return reports.of_import(
        import_dataset(format, root, name, options, watch.progress), placeholders
    )


@step("export", "Write what is selected in the dataset's own layout, or another.")
def export_dataset(
    samples: Any,
    watch: Watch,
    *,
    format: Annotated[
        str, Option("layout to write: the dataset's own, fiftyone, coco or hf", metavar="FORMAT")
    ],
    select: Annotated[
        str, Option("kept, clean, all, tag:T or view:V", "Which of them", metavar="S")
    ] = "kept",
    out: Annotated[Path, Option("a folder that does not exist", "New folder", metavar="DIR")],
    repo: Annotated[
        str | None, Option("push it to the hub as well", metavar="OWNER/NAME", in_form=False)
    ] = None,
) -> Report:
    """Exports."""
    from fiftyone_plugin.exporters.runner import export_dataset
    from importers import hub

    done = export_dataset(samples, format, out, select=select, progress=watch.progress)
    if repo:
        done["pushed"] = hub.push(Path(done["out"]), repo)
    return reports.of_export(done)
