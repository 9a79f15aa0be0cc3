"""Steps that import, adopt, relocate and export datasets."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin import reports
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.engines import ENGINE
from pairlens.fiftyone_plugin.steps.step import (
    IF_THERE,
    MediaPlace,
    Option,
    Settings,
    Texts,
    Watch,
    step,
)
from pairlens.importers.errors import UsageError
from pairlens.importers.formats import FORMATS, SPLITS
from pairlens.importers.gres_chips import LEAST_AGREEMENT

_INSTANCES = {
    "auto": "Each query is about the instance of its number where every sample has as many",
    "each": "Each query is about the instance of its number",
    "all": "Each query is about all instances together",
}


def _formats() -> dict[str, str]:
    return {"auto": "Find out"} | {one.name: one.about for one in FORMATS.values()}


@step(
    "import",
    "Import published files into a FiftyOne dataset.",
    Option("format_name", "layout of the files; auto detects it", default="auto", param="format",
           positional=True, metavar="FORMAT", choices=_formats),
    Option("params", "setting of the format; see: pairlens formats", Settings, param="settings",
           flag="--param", metavar="NAME=VALUE"),
    Option("root", "a folder, table, .zip, .tar, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, "
           "hf://datasets/OWNER/NAME or the URL of that page",
           required=True, positional=True, metavar="ROOT", label="Where it lies", path=True),
    Option("name", "name of the FiftyOne dataset; --explain needs none"),
    Option("splits", "import only this split", Texts, SPLITS, flag="--split", metavar="SPLIT",
           choices=SPLITS,
           label="Splits (all if empty)"),
    Option("placeholders", "import pairs whose image is missing, with a drawn stand-in; "
           "without it they are skipped", bool, False),
    Option("limit", "stop after this many records", int, metavar="COUNT", least=1),
    IF_THERE,
    Option("keep_verdicts", "with --overwrite: take over verdicts whose key, phrase and mask are "
           "the same", bool, False),
    Option("explain", "import nothing; show how the first 100 records would be read",
           bool, False, in_form=False),
    Option("media_dir", "folder for masks and PNG renditions; s3://BUCKET/PREFIX for copies there",
           MediaPlace, metavar="DIR", in_form=False),
    Option("strict", "stop at the first broken record", bool, False, in_form=False),
    Option("follow_links", "follow links that lead out of ROOT", bool, False),
    *ENGINE,
    operator="import_dataset",
    unit="images",
    examples=(
        "import auto GRES --name gres --placeholders",
        "import table pairs.csv --name mine --param mask=segmentation",
        "import auto hf://datasets/OWNER/NAME --name theirs --explain",
        "import gres s3://BUCKET/GRES --name gres --split val",
    ),
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
        raise UsageError("give the dataset a name: --name NAME")
    from pairlens.fiftyone_plugin.curation.decisions import carry_over
    from pairlens.importers.ingest import import_dataset

    carry = partial(carry_over, keep=keep_verdicts)
    done = import_dataset(format_name, root, name, chosen, watch.progress, carry)
    return reports.of_import(done, chosen.placeholders)


@step(
    "adopt",
    "Make pairs of the labels of an existing FiftyOne dataset.",
    Option("phrase", "field of the queries: texts, classifications, or an attribute of the "
           "instances, such as gt.text", required=True, metavar="FIELD", label="Queries"),
    Option("mask", "field of the masks: a segmentation, detections or polylines", required=True,
           metavar="FIELD", label="Masks"),
    Option("name", "name of a copy to adopt; without it the dataset itself is changed",
           label="Name of a copy"),
    Option("split", "field of the split; by default split, or the tags", metavar="FIELD"),
    Option("instances", "which instances a query is about, where an image has several",
           default="auto", metavar="WHICH", choices=lambda: _INSTANCES),
    Option("mask_values", "values of masks that are the target: auto, nonzero, >N, 1,2, "
           "ignore=255, inverted", default="auto", metavar="VALUES", in_form=False),
    Option("media_dir", "folder for masks and PNG renditions; s3://BUCKET/PREFIX for copies there",
           MediaPlace, metavar="DIR", in_form=False),
    operator="adopt_dataset",
    unit="samples",
    foreign=True,
    examples=("adopt mine --phrase gt.text --mask gt --name mine-pairs",),
)  # fmt: skip
def adopt_dataset(
    samples: Any, watch: Watch, *, media_dir: MediaPlace | None, **options: Any
) -> Report:
    """Turns the samples of a dataset into pairs."""
    from pairlens.fiftyone_plugin.adoption.runner import adopt

    done = adopt(samples, given_media_dir=media_dir, **options, progress=watch.progress)
    return reports.of_adopt(done)


@step(
    "images",
    "Cut the images of GRES, which is published without them, out of xView's tiles.",
    Option("format_name", "the dataset", required=True, param="format", positional=True,
           metavar="FORMAT", choices=("gres",)),
    Option("xview", "folder of xView's training tiles", Path, required=True, metavar="DIR"),
    Option("geojson", "xView_train.geojson", Path, required=True, metavar="FILE"),
    Option("annotations", "folder of GRES", Path, required=True, metavar="GRES"),
    Option("out", "where to put gres_images; the folder of GRES, for an import", Path,
           required=True, metavar="DIR"),
    Option("jobs", "tiles that are decoded at once; by default one for each core", int,
           metavar="COUNT", least=1),
    Option("least", "share of the masks that must lie on a box of xView", float, LEAST_AGREEMENT,
           flag="--least-agreement", metavar="SHARE"),
    Option("overwrite", "replace images that are there and were cut otherwise", bool, False),
    unit="images",
    examples=(
        "images gres --xview train_images --geojson xView_train.geojson --annotations GRES "
        "--out GRES",
    ),
)  # fmt: skip
def cut_images(
    watch: Watch, *, format_name: str, annotations: Path, xview: Path, geojson: Path, out: Path,
    **options: Any,
) -> Report:  # fmt: skip
    """Cuts the images that annotations name."""
    from pairlens.fiftyone_plugin.language.source_classes import label_fits
    from pairlens.importers.gres_images import cut_images

    done = cut_images(
        annotations, xview, geojson, out, class_fits=label_fits, progress=watch.progress, **options
    )
    return reports.of_images(done, annotations)


@step(
    "sources",
    "Store the object boxes of the source dataset (xView, DOTA, DIOR ...), for the checks.",
    Option("path", "xView's GeoJSON, a COCO file (iSAID), or a folder of .xml (DIOR, FAIR1M) or "
           ".txt (DOTA)", Path, required=True, positional=True, metavar="PATH",
           label="Boxes of the source"),
    Option("chips", "chips.jsonl of pairlens images gres, if it is not beside the images", Path,
           metavar="FILE"),
    operator="store_source_boxes",
    examples=("sources gres xView_train.geojson",),
)  # fmt: skip
def store_source_boxes(samples: Any, watch: Watch, *, path: Path, chips: Path | None) -> Report:
    """Stores the object boxes of the dataset that the images were taken from."""
    from pairlens.importers.source_store import store_source_boxes

    return reports.of_sources(store_source_boxes(samples, path, chips, watch.progress))


@step(
    "relocate",
    "Tell PairLens where a dataset's files are now, after they were moved.",
    Option("source", "its published files: a folder, .zip, .tar, s3://BUCKET/PREFIX or hf://datasets/OWNER/NAME",
           metavar="DIR", label="Published files", path=True),
    Option("media_dir", "its masks and renditions, or a new folder for them; s3://BUCKET/PREFIX "
           "keeps copies there", MediaPlace, metavar="DIR", label="Masks and renditions"),
    operator="relocate_dataset",
    unit="files",
    of_none=True,
    examples=("relocate gres --source /data/GRES",),
)  # fmt: skip
def relocate_dataset(
    samples: Any, watch: Watch, *, source: str | None, media_dir: MediaPlace | None
) -> Report:
    """Sets the new folders of a dataset's files."""
    from pairlens.importers import fo_internals
    from pairlens.importers.datasets import unpacked_place
    from pairlens.importers.relocation import relocate

    dataset = fo_internals.dataset_of(samples)
    place = unpacked_place(dataset.name, media_dir)
    return reports.of_relocate(relocate(dataset, source, media_dir, place, watch.progress))


@step(
    "sync",
    "Download the files of a dataset that this machine lacks, and upload those made here.",
    unit="files",
    examples=("sync gres",),
)
def sync_dataset(samples: Any, watch: Watch) -> Report:
    """Synchronizes this machine with the object stores of a dataset."""
    from pairlens.importers import fo_internals
    from pairlens.importers.datasets import unpacked_place
    from pairlens.importers.relocation import sync

    dataset = fo_internals.dataset_of(samples)
    return reports.of_sync(sync(dataset, unpacked_place(dataset.name), watch.progress))


@step(
    "export",
    "Write a selection in the dataset's own layout, or another.",
    Option("format_name", "layout to write: the dataset's own, fiftyone, coco, hf or table",
           required=True, param="format", metavar="FORMAT"),
    Option("select", "kept (verdict keep, or mended), clean (not dropped, no open error), quiet "
           "(no open warning either), all, tag:T or view:V", default="kept", metavar="SELECTION",
           label="Selection"),
    Option("out", "a folder that does not exist", Path, required=True, metavar="DIR",
           label="New folder"),
    Option("repo", "also push it to this dataset repository on the Hugging Face hub",
           metavar="OWNER/NAME", in_form=False),
    operator="export_subset",
    examples=(
        "export gres --format gres --select clean --out gres-cleaned",
        "export gres --format hf --select all --out gres-hf --repo OWNER/NAME",
    ),
)  # fmt: skip
def export_dataset(
    samples: Any, watch: Watch, *, format_name: str, out: Path, select: str, repo: str | None
) -> Report:
    """Exports the selected samples of a dataset."""
    from pairlens.fiftyone_plugin.exporters.runner import export_dataset
    from pairlens.importers import hub

    done = export_dataset(
        samples, format_name, out, select=select, repo=repo, progress=watch.progress
    )
    if repo:
        done["pushed"] = hub.push(Path(done["out"]), repo)
    return reports.of_export(done)
