"""Makes the formats of questions and answers, which differ in names and signs alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

from pairlens.importers.box_scale import ScaleSetting
from pairlens.importers.errors import OnError, OnNote, ignore_note, raise_error
from pairlens.importers.formats.base import FORMATS, SPLITS, Format, FormatFault, Settled
from pairlens.importers.formats.instruction_boxes import BOXES
from pairlens.importers.formats.instruction_export import InstructionExporter
from pairlens.importers.formats.instruction_files import find_files, split_in_name
from pairlens.importers.formats.instruction_splits import SPLIT_FROM
from pairlens.importers.formats.instructions import read_instructions
from pairlens.importers.formats.llava import parse
from pairlens.importers.formats.record_signs import named_around
from pairlens.importers.image_folders import IMAGE_ROOT, Named, find_image_folder, named_folder
from pairlens.importers.image_lookup import ImageLookup
from pairlens.importers.json_stream import read_items
from pairlens.importers.reading import MASK_FRAME, ORIENTATION, MaskFrame, Orientation
from pairlens.importers.records import Instruction
from pairlens.importers.rotated_boxes import ANGLES, Turning
from pairlens.importers.source_files import open_source

_LOOKED_AT = 16
"""Records of a file by which the folder of their images is found."""


def instruction_format(
    name: str,
    *,
    title: str,
    about: str,
    layout: str,
    docs: str,
    writes: str,
    example: Callable[[Path], Path],
    faults: tuple[FormatFault, ...],
    takes_unsigned: bool = False,
    image_folders: Sequence[str] = (),
    parts: Callable[[Path], list[Path]] | None = None,
) -> Format:
    """A format of questions and answers in JSON files.

    Args:
        name, title, about, layout, docs, writes, example, faults: as in
            :class:`pairlens.importers.formats.base.Format`
        takes_unsigned: whether training records without signs of a format belong to it; other
            formats read them if they are named
        image_folders: as in :func:`read_instructions`
        parts: as in :class:`pairlens.importers.formats.base.Format`
    """

    def detect(root: Path) -> bool:
        return name in signs_of(root) or (takes_unsigned and _is_unsigned(root))

    def takes(root: Path) -> bool:
        return name in signs_of(root) or _is_unsigned(root)

    def read(
        root: Path,
        *,
        splits: Collection[str] = SPLITS,
        on_error: OnError = raise_error,
        on_note: OnNote = ignore_note,
        boxes: ScaleSetting = None,
        angles: Turning | None = None,
        orientation: Orientation = "upright",
        mask_frame: MaskFrame = "auto",
        split_from: str = "records",
        image_root: str = "",
    ) -> Iterator[Instruction]:
        folders = (*image_folders, image_root) if image_root else image_folders
        return read_instructions(
            name,
            root,
            splits=splits,
            on_error=on_error,
            on_note=on_note,
            boxes=boxes,
            angles=angles,
            orientation=orientation,
            mask_frame=mask_frame,
            image_folders=folders,
            split_from=split_from,
        )

    return Format(
        name=name,
        title=title,
        about=about,
        layout=layout,
        docs=docs,
        detect=detect,
        count=_unknown_count,
        read=read,
        kind="instructions",
        params=(IMAGE_ROOT, BOXES, ANGLES, SPLIT_FROM),
        wants=(ORIENTATION, MASK_FRAME),
        takes=takes,
        settle=partial(_settle, name, image_folders),
        wanted=wanted,
        parts=parts,
        boxes="in the texts",
        exporter=InstructionExporter,
        writes=writes,
        example=example,
        faults=faults,
    )


def _settle(name: str, folders: Sequence[str], root: Path, given: Mapping[str, str]) -> Settled:
    """Completes the folder that images lie in, where it was not given and is found."""
    if text := given.get(IMAGE_ROOT.name):
        found = named_folder(IMAGE_ROOT.name, text, root)
    elif IMAGE_ROOT.name in given:
        found = ""
    else:
        lookup = ImageLookup(root, ("images", *folders))
        found = find_image_folder(root, lookup, _first_images(root))
    params = dict(given) | ({IMAGE_ROOT.name: found} if found else {})
    return Settled(FORMATS[name], params, params != dict(given))


def signs_of(root: Path) -> set[str]:
    """The formats that the files of a folder, or else its name, show; empty if none do."""
    files = [file for file in find_files(root) if file.usable]
    signs = {file.sign for file in files} or set()
    return signs - {""} or ({named_around(root)} - {""} if files else set())


def _first_images(root: Path) -> Iterator[Named]:
    """The images of the first records of each file."""
    for file in find_files(root):
        if not file.usable:
            continue
        with suppress(OSError), open_source(file.path) as stream:
            for item in islice(read_items(stream, file.form), _LOOKED_AT):
                with suppress(ValueError):
                    yield Named((parse(item.load()).image,), file.name)


def _is_unsigned(root: Path) -> bool:
    return not signs_of(root) and any(file.trained for file in find_files(root))


def _unknown_count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """Returns 0, since the number of images is known only after reading all records."""
    return 0


def wanted(names: Sequence[str], splits: Collection[str], limit: int | None) -> list[str]:
    """The files of a repository but for those named for another split."""
    return [name for name in names if split_in_name(name) in (None, *splits)]
