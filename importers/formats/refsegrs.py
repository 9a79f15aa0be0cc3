"""RefSegRS, referring segmentation: the original release, its forks, its kin and its hub copy.

=========================  ===================================================================
folder of TIFFs and lists  the release, its forks and RISBench: :mod:`.refsegrs_lists`
FiftyOne dataset           ``Voxel51/RegSegRS`` on the hub: :mod:`.refsegrs_hub`
records with masks         RISBench as jsonl with COCO RLE: :mod:`.refsegrs_records`
=========================  ===================================================================

The release has a copy of the image for each line, so a scene has several ids; an import gives
them one ``image_id``, by content.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np

from pairlens.importers.choices import auto_or_one_of
from pairlens.importers.errors import OnError, OnNote, ignore_note, raise_error
from pairlens.importers.formats import refsegrs_hub, refsegrs_lists, refsegrs_records
from pairlens.importers.formats.base import FORMATS, SPLITS, Format, FormatFault, ReadParam
from pairlens.importers.formats.example_files import image_bytes, picture, put, target
from pairlens.importers.formats.native_export import Exporter
from pairlens.importers.formats.refsegrs_export import (
    HubExporter,
    RecordsExporter,
    RefSegRSExporter,
)
from pairlens.importers.formats.refsegrs_lists import (
    ENCODINGS,
    MAX_LINE_BYTES,
    NAME,
    parse_line,
    phrase_list,
)
from pairlens.importers.mask_values import MaskValues
from pairlens.importers.reading import MASK_VALUES
from pairlens.importers.records import Pair, Raster

__all__ = ["MAX_LINE_BYTES", "NAME", "count", "detect", "parse_line", "phrase_list",
           "read", "variant"]  # fmt: skip


ENCODING = ReadParam(
    "encoding",
    f"of phrase lists: {', '.join(ENCODINGS)}; without it, auto: decided line by line",
    auto_or_one_of(*ENCODINGS),
)


def variant(root: Path) -> ModuleType | None:
    """The module that reads the folder, or ``None`` if it is no RefSegRS."""
    for module in (refsegrs_lists, refsegrs_hub, refsegrs_records):
        if module.detect(root):
            return module
    return None


def detect(root: Path) -> bool:
    """Whether the folder holds one of the layouts."""
    return variant(root) is not None


def count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """The number of records, which equals that of images, for progress."""
    module = variant(root)
    return module.count(root, splits) if module else 0


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
    mask_values: MaskValues | None = None,
    encoding: str | None = None,
) -> Iterator[Pair]:
    """Yields the pairs, split by split or in the order of the records.

    Args:
        root: the dataset's folder
        splits: the splits to read
        on_error: receives broken records
        on_note: receives notes on the files
        mask_values: the values of masks that are the target; ``None`` to decide for each mask
        encoding: encoding of phrase lists; ``None`` to decide for each line
    """
    module = variant(root)
    if module is None:
        return
    own = {"encoding": encoding} if module is refsegrs_lists else {}
    for pair in module.read(root, splits, on_error, on_note, **own):
        if mask_values is not None and isinstance(pair.target, Raster):
            pair = replace(pair, target=Raster(pair.target.path, mask_values))
        yield pair


def wanted(names: Sequence[str], splits: Collection[str], limit: int | None) -> list[str]:
    """The files of a repository without the phrase lists of other splits.

    Only the lists tell which images belong to a split.
    """
    others = tuple(f"output_phrase_{split}" for split in SPLITS if split not in splits)
    return [name for name in names if not name.rpartition("/")[2].startswith(others or ("\0",))]


def exporter(root: Path, out: Path) -> Exporter:
    """The exporter for the layout that the source has."""
    layout = variant(root)
    if layout is refsegrs_hub:
        return HubExporter(root, out)
    return RecordsExporter(root, out) if layout is refsegrs_records else RefSegRSExporter(root, out)


def example(root: Path) -> Path:
    """Writes eight pairs, those of a split over one image and mask, as the release has them."""
    number = 0
    for scene, (split, phrases) in enumerate(_EXAMPLE.items()):
        lines = []
        for phrase in phrases:
            number += 1
            put(root / "images" / f"{number}.tif", image_bytes(picture(scene), "TIFF"))
            put(root / "masks" / f"{number}.tif", image_bytes(target() * np.uint8(255), "TIFF"))
            lines.append(f"{number} {phrase}\n")
        put(root / f"output_phrase_{split}.txt", "".join(lines))
    return root


_EXAMPLE = {
    "train": ("red house", "house on the left", "only building", "large house", "roof"),
    "val": ("house near the center",),
    "test": ("bright building", "square building"),
}


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        title="RefSegRS",
        about="RefSegRS and RISBench: images and masks with phrase lists, or records",
        layout="images/, masks/ and output_phrase_{train,val,test}.txt",
        docs="[RefSegRS](docs/formats/refsegrs.md): `images/<id>.tif`, `masks/<id>.tif`, "
        "`output_phrase_{train,val,test}.txt`; its forks, FiftyOne's copy on the hub, "
        "RISBench",
        detect=detect,
        count=count,
        read=read,
        params=(MASK_VALUES, ENCODING),
        wanted=wanted,
        scenes=True,
        no_target="a mask that is `null`, in its copy on the hub and RISBench's records",
        exporter=exporter,
        writes="RefSegRS and RISBench: images and masks in the layout they came in",
        licence="cc-by-4.0",
        example=example,
        faults=(
            FormatFault(
                "an image is not there",
                lambda root: (root / "images/6.tif").unlink(),
                "output_phrase_val.txt[0]: the image 6.tif is not there",
            ),
        ),
    ),
)
