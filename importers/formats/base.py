"""Formats: detection, reading and export of published layouts.

One module declares a format and adds it to :data:`FORMATS`. All modules of this package are
imported, and those of other packages through the entry points ``pairlens.formats``.
``docs/formats/adding.md`` has an example.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairlens.importers.decisions import Decision
from pairlens.importers.errors import LayoutError, PairLensError, UnknownName, UsageError
from pairlens.importers.formats.native_export import Exporter
from pairlens.importers.packed_files import packed_name, packed_named
from pairlens.importers.reading import PARAMS, Reading, ReadParam, reading_of
from pairlens.importers.records import Kind, Record
from pairlens.importers.registry import Registry

SPLITS = ("train", "val", "test")

_SAMPLES: dict[Kind, str] = {
    "pairs": "a query and its mask",
    "captions": "an image with its captions and its place",
    "instructions": "an image with its conversations, captions and boxes",
}


def samples_of_kind(kind: Kind) -> str:
    """The plural noun for samples of a kind of records."""
    return "pairs" if kind == "pairs" else "images"


Read = Callable[..., Iterator[Record]]
"""A reader: cheap, streaming, one record at a time, nothing decoded.

It is called as ``read(root, splits=, on_error=, on_note=, **params)`` and yields the records
of one image one after the other. ``splits`` are some of :data:`SPLITS`; ``on_error`` takes
what is wrong with one record, ``on_note`` what is worth knowing of the whole; ``params`` are
the format's own, by the names that it declares.
"""


@dataclass(frozen=True)
class FormatFault:
    """A broken input and what an import of it reports, for contract tests.

    Attributes:
        about: description of the damage
        spoil: damages the dataset that :attr:`Format.example` wrote at a root
        reported: a line among the notes, skipped records and mask errors; in an error that ends the
            import, ``ROOT`` stands for the root
    """

    about: str
    spoil: Callable[[Path], object]
    reported: str


@dataclass(frozen=True)
class Settled:
    """How one source is read in a format.

    Attributes:
        format: the format, with the kind of the source's records
        params: all parameters of its reader and its exporter, as text
        guessed: whether some of them were guessed from the source
        decisions: decisions about the source as a whole
    """

    format: Format
    params: dict[str, str]
    guessed: bool = False
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True)
class Format:
    """A published layout.

    Attributes:
        name: name on the command line, and the first part of every key
        title: name that its publishers use
        about: one sentence for users
        layout: the folder tree that ``detect`` expects, for error messages
        docs: the layout for the table in docs/formats/index.md, in Markdown, with links from the
            root of the repository
        detect: whether a folder looks like this format, from file names and little reading
        count: the number of images that ``read`` would yield, for progress
        read: the reader
        kind: kind of its records
        params: parameters of the reader; :attr:`all_params` adds those of every format
        wants: the names of parameters of every format that the reader takes as well
        threads: whether threads are the default engine; for images that take less than a
            millisecond, mostly in Python, threads are slower than one process
        box_targets: whether the targets are boxes and scored as boxes
        scenes: whether an image can have several ids, so that it gets one ``image_id`` by content
        wanted: selects the files of a repository, by names relative to its root, that are needed to
            read some splits or the first records of them; ``None`` for all files
        parts: lists the archives of a published folder that are unpacked side by side to make the
            folder that ``detect`` expects; empty if nothing needs unpacking
        own_keys: whether its records contain the keys that they were exported with; otherwise a key
            begins with the name of the format, the split and the image
        takes: whether a root can be read if the format is named; by default, if it is detected
        settle: completes parameters, given as text, from the source at a root, for a format whose
            kind or columns depend on them
        exporter: makes the exporter of this layout from the source's root and the target folder;
            ``None`` for formats that are only read
        writes: one sentence for users about the exporter's output
        no_target: how its files declare an empty target, for the table in docs/your-own-data.md;
            ``""`` if they cannot
        boxes: where its boxes are, for the same table
        example: writes a small valid dataset to a new folder and returns the root to import, for
            contract tests
        faults: errors that broken datasets report, for contract tests
        licence: the licence that its publishers state, as an id of the hub; ``""`` for none or
            several
        packed: whether it reads archives without unpacking, or reports them itself
        images: the command that makes the images of a format that is published without
    """

    name: str
    title: str
    about: str
    layout: str
    docs: str
    detect: Callable[[Path], bool]
    count: Callable[[Path, Collection[str]], int]
    read: Read
    kind: Kind = "pairs"
    params: tuple[ReadParam, ...] = ()
    wants: tuple[str, ...] = ()
    threads: bool = True
    box_targets: bool = False
    scenes: bool = False
    own_keys: bool = False
    wanted: Callable[[Sequence[str], Collection[str], int | None], list[str]] | None = None
    parts: Callable[[Path], list[Path]] | None = None
    takes: Callable[[Path], bool] | None = None
    settle: Callable[[Path, Mapping[str, str]], Settled] | None = None
    exporter: Callable[[Path, Path], Exporter] | None = None
    writes: str = ""
    no_target: str = ""
    boxes: str = ""
    example: Callable[[Path], Path] | None = None
    faults: tuple[FormatFault, ...] = ()
    licence: str = ""
    packed: bool = False
    images: str = ""

    def unread(self, root: Path) -> Iterator[str]:
        """Yields a note on archives in a folder that are not read."""
        if not self.packed and (names := packed_named(root)):
            yield (
                f"archives in the source are not read: {names}; where files of theirs are missing, "
                "unpack all of it yourself, and give the folder"
            )

    @property
    def docs_row(self) -> str:
        """The row of the table of formats."""
        return f"| `{self.name}` | {self.docs} | {_SAMPLES[self.kind]} |"

    @property
    def samples(self) -> str:
        """The plural noun for its samples."""
        return samples_of_kind(self.kind)

    @property
    def all_params(self) -> tuple[ReadParam, ...]:
        """Its parameters, and those of every format."""
        return (*self.params, *PARAMS)

    def holds(self, root: Path) -> bool:
        """Whether a root can be read in this format if the format is named."""
        return (self.takes or self.detect)(root)

    def settled(self, root: Path, given: Mapping[str, str]) -> Settled:
        """The format and all its parameters for a source.

        Args:
            root: the root of the source
            given: parameters as text

        Raises:
            UsageError: as :meth:`parsed`, or if a missing parameter cannot be guessed
            LayoutError: if the source is broken
        """
        self._parsed(given)
        return self.settle(root, given) if self.settle else Settled(self, dict(given))

    def parsed(self, given: Mapping[str, str]) -> dict[str, Any]:
        """The reader's keyword arguments for parameters given as text.

        Raises:
            UsageError: for an unknown parameter or an invalid value
        """
        own = {*self.wants, *(param.name for param in self.params)}
        return {name: value for name, value in self._parsed(given).items() if name in own}

    def reading(self, given: Mapping[str, str]) -> Reading:
        """The parameters of every format among parameters given as text.

        Raises:
            UsageError: as :meth:`parsed`
        """
        return reading_of(self._parsed(given))

    def _parsed(self, given: Mapping[str, str]) -> dict[str, Any]:
        known = {param.name: param for param in self.all_params}
        values: dict[str, Any] = {}
        for name, text in given.items():
            if name not in known:
                raise UnknownName(f"parameter of {self.name}", name, known)
            try:
                values[name] = known[name].parse(text)
            except ValueError as error:
                raise UsageError(f"{self.name}: {name}={text!r} cannot be used: {error}") from error
        return values


FORMATS: Registry[Format] = Registry("format", "pairlens.formats")


def _is_one_file(root: Path) -> bool:
    return root.suffix == ".tar" or any(f.detect(root) for f in FORMATS.values())


_OWN = "; your own images and masks need a table, such as a CSV"


def find_format(name: str, root: Path) -> Format:
    """The format of that name, or the detected one for ``auto``.

    Raises:
        UsageError: for an unknown name or a missing root
        LayoutError: if the folder has another layout, or ``auto`` detects none or several formats
    """
    # An unknown name is reported first.
    chosen = FORMATS[name] if name != "auto" else None
    holds = chosen is not None and chosen.holds(root)
    one_file = root.is_file() and (_is_one_file(root) or bool(_nearly(root)))
    if not holds and not root.is_dir() and not one_file:
        if root.is_file() and packed_name(root.name):
            raise UsageError(
                f"{root} is an archive that is not unpacked here; unpack it, and give the folder"
            )
        raise UsageError(
            f"{root} is not a folder, a .tar file or a table; give the folder that the dataset "
            "lies in"
        )
    if chosen is not None and holds:
        return chosen
    # All formats are tried only if necessary, since some read many files.
    found = [f for f in FORMATS.values() if f is not chosen and f.detect(root)]
    if chosen is not None:
        also = f". It looks like {found[0].name}." if found else _packed(root) or "."
        raise LayoutError(f"{root} does not hold {name}: expected {chosen.layout}{also}")
    # The texts of an export can look like the conversations of another layout; its keys cannot.
    found = [f for f in found if f.own_keys] or found
    if len(found) != 1:
        what = " and ".join(f.name for f in found) if found else "no known format"
        hint = "" if found else _nearly(root) or _packed(root) or _OWN
        raise LayoutError(f"{root} looks like {what}; name the format: {', '.join(FORMATS)}{hint}")
    return found[0]


def _packed(root: Path) -> str:
    """The end of the error message for a root with archives and no known format."""
    if root.is_file():
        return "; of a .tar, shards of samples are read: unpack it, and give the folder"
    if names := packed_named(root):
        return f"; archives in it are not unpacked ({names}): unpack all, and give the folder"
    return ""


def _nearly(root: Path) -> str:
    """The end of the error message for a root that a format reads only if it is named."""
    for one in FORMATS.values():
        if one.takes is not None and one.takes(root):
            try:
                one.settled(root, {})
            except PairLensError as error:
                return f"; as {one.name}: {error}"
    return ""


def in_split_folders(names: Sequence[str], splits: Collection[str], limit: int | None) -> list[str]:
    """``wanted`` of a format with a folder a split: the files of the splits, or of none."""
    others = {split for split in SPLITS if split not in splits}
    return [name for name in names if not others & set(name.split("/")[:-1])]
