"""Import and export."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin import reports
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import IF_THERE, Option, Settings, Texts, Watch, step
from pairlens.importers.errors import UsageError
from pairlens.importers.formats import FORMATS, SPLITS
from pairlens.importers.parallel import ENGINES


def _formats() -> dict[str, str]:
    return {"auto": "Find out"} | {one.name: one.about for one in FORMATS.values()}


@step(
    "import",
    "Import published files into a FiftyOne dataset.",
    Option("format_name", "layout of the files", default="auto", param="format", positional=True,
           metavar="FORMAT", choices=_formats),
    Option("params", "setting of the format; see: pairlens formats", Settings, param="settings",
           flag="--param", metavar="K=V"),
    Option("root", "a folder, .zip, .tar or hf://datasets/OWNER/NAME", required=True,
           positional=True, metavar="ROOT", label="Where it lies"),
    Option("name", "name of the FiftyOne dataset; --explain needs none"),
    Option("splits", "import only this split", Texts, SPLITS, flag="--split", metavar="S",
           choices=SPLITS,
           label="Splits (all if empty)"),
    Option("placeholders", "stand-ins for missing images, instead of skipping their records",
           bool, False),
    Option("limit", "stop after K records", int, metavar="K", least=1),
    IF_THERE,
    Option("keep_verdicts", "with --overwrite: take over verdicts whose key, phrase and mask are "
           "the same", bool, False),
    Option("explain", "say what would be decided, from the first 100 records; import nothing",
           bool, False, in_form=False),
    Option("media_dir", "folder for masks and renditions", Path, metavar="DIR", in_form=False),
    Option("strict", "stop at the first broken record", bool, False, in_form=False),
    Option("follow_links", "read what links lead to outside of ROOT", bool, False),
    Option("engine", "what runs the decoding", default="threads", metavar="E",
           choices=ENGINES, in_form=False),
    Option("workers", "workers of the engine", int, metavar="W", in_form=False),
    operator="import_dataset",
    unit="images",
)  # fmt: skip
def import_dataset(
    watch: Watch,
    *,
    format_name: str,
    root: str,
    name: str | None,
    params: Settings | None,
    explain: bool,
    keep_verdicts: bool,
    **options: Any,
) -> Report:
    """Imports published files into a dataset."""
    from pairlens.importers.options import ImportOptions

    if keep_verdicts and not options["overwrite"]:
        raise UsageError("--keep-verdicts belongs to --overwrite")
    chosen = ImportOptions(**options, params=params or {})
    if explain:
        from pairlens.importers.explain import explain as explain_import

        return reports.of_explain(explain_import(format_name, root, chosen))
    if name is None:
        raise UsageError("give the dataset a name: --name N")
    from pairlens.fiftyone_plugin.curation.decisions import carry_over
    from pairlens.importers.ingest import import_dataset

    carry = partial(carry_over, keep=keep_verdicts)
    done = import_dataset(format_name, root, name, chosen, watch.progress, carry)
    return reports.of_import(done, chosen.placeholders)


@step(
    "relocate",
    "Say where a dataset's files are now, after they were moved or it was read from an export.",
    Option("source", "its published files: a folder, .zip, .tar or hf://datasets/OWNER/NAME",
           metavar="DIR", label="Published files"),
    Option("media_dir", "its masks and renditions, or a new folder for them", Path, metavar="DIR",
           label="Masks and renditions"),
    operator="relocate_dataset",
    unit="files",
)  # fmt: skip
def relocate_dataset(
    samples: Any, watch: Watch, *, source: str | None, media_dir: Path | None
) -> Report:
    """Points a dataset at the folders in which its files are now."""
    from pairlens.importers import fo_internals
    from pairlens.importers.datasets import unpacked_place
    from pairlens.importers.moving import relocate

    dataset = fo_internals.dataset_of(samples)
    place = unpacked_place(dataset.name, media_dir)
    return reports.of_relocate(relocate(dataset, source, media_dir, place, watch.progress))


@step(
    "export",
    "Write what is selected in the dataset's own layout, or another.",
    Option("format_name", "layout to write: the dataset's own, fiftyone, coco or hf",
           required=True, param="format", metavar="FORMAT"),
    Option("select", "kept, clean, quiet, all, tag:T or view:V", default="kept", metavar="S",
           label="Which of them"),
    Option("out", "a folder that does not exist", Path, required=True, metavar="DIR",
           label="New folder"),
    Option("repo", "push it to the hub as well", metavar="OWNER/NAME", in_form=False),
    operator="export_subset",
)  # fmt: skip
def export_dataset(
    samples: Any, watch: Watch, *, format_name: str, out: Path, select: str, repo: str | None
) -> Report:
    """Exports the selected samples of a dataset."""
    from pairlens.fiftyone_plugin.exporters.runner import export_dataset
    from pairlens.importers import hub

    done = export_dataset(samples, format_name, out, select=select, progress=watch.progress)
    if repo:
        done["pushed"] = hub.push(Path(done["out"]), repo)
    return reports.of_export(done)
