"""The files of RefCOCO and its kin: where they are, and what is in them.

::

    refcoco/refs(unc).p              expressions; also refs(google).p, refs(umd).p, grefs(unc).json
    refcoco/instances.json           COCO's images, annotations and categories
    images/mscoco/images/train2014   the images, beside the folder of the expressions

After ``refer.py`` in lichengunc/refer and Lsan2401/RMSIN, and ``grefer.py`` in henghuiding/ReLA.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from pairlens.importers.bounded_json import load_json, read_bounded
from pairlens.importers.errors import LayoutError
from pairlens.importers.image_lookup import MAX_PATH
from pairlens.importers.list_items import ListItem, read_list_items
from pairlens.importers.named_files import files_in
from pairlens.importers.plain_pickle import load_plain
from pairlens.importers.source_files import open_source, reason_of

INSTANCES = "instances.json"
MAX_BYTES = 200 << 20
"""Of the file of expressions; the largest published one has some 60 MB."""

MAX_QUERIES = 1_000_000
"""Of a file of expressions; the largest published one has 280,000."""

SPLIT_BY = ("unc", "umd", "google")
"""Who made a partition into splits: the one that is read where there are several."""

_REFS = re.compile(r"g?refs\((\w+)\)\.(p|pkl|json)")
_SUFFIXES = ("p", "pkl", "json")
_RRSISD = frozenset({"rrsisd", "rsdata"})
_OF_RRSISD = b'"categories_id"'
_LOOKED_INTO = 1 << 20

Id = int | float | str
"""Of an image or annotation; a whole number may be written as a float, as pandas does."""


@dataclass(frozen=True, slots=True)
class Expressions:
    """The content of a file of expressions.

    Attributes:
        refs: the objects that are referred to, whatever they are yet
        protocol: of the pickle; ``None`` of JSON
    """

    refs: list[Any]
    protocol: int | None


@dataclass(frozen=True, slots=True)
class RefSentence:
    """An expression: a sentence of a ref.

    Attributes:
        index: its number in the file, from 0
        ref_number: of the ref in the file, from 0
        position: of the sentence in the ref, from 0
        ref: the object that is referred to
        sentence: its value in the file, of any type
    """

    index: int
    ref_number: int
    position: int
    ref: dict[str, Any]
    sentence: Any


def refer_folders(root: Path) -> list[Path]:
    """The folders that hold expressions: the root or some of those in it, by name."""
    places = [root, *sorted(place for place in files_in(root) if place.is_dir())]
    return [place for place in places if refs_files(place)]


def refs_files(folder: Path) -> list[Path]:
    """The files of expressions of a folder, the first of which is read unless another is asked for.

    Of two files that differ in their suffix alone, the pickle stands for both, as in ``grefer.py``.
    """
    found: dict[str, Path] = {}
    names = sorted(file.name for file in files_in(folder) if _REFS.fullmatch(file.name))
    for name in sorted(names, key=lambda name: _SUFFIXES.index(name.rpartition(".")[2])):
        found.setdefault(split_by(folder / name), folder / name)
    rank = {by: place for place, by in enumerate(SPLIT_BY)}
    return [found[by] for by in sorted(found, key=lambda by: (rank.get(by, len(rank)), by))]


def split_by(file: Path) -> str:
    """Who made the partition of a file of expressions: ``unc`` of ``refs(unc).p``."""
    match = _REFS.fullmatch(file.name)
    return match[1] if match else ""


def is_rrsisd(folder: Path) -> bool:
    """Whether a folder holds RRSIS-D, by its name or by how its annotations name a category."""
    name = re.sub(r"[^a-z0-9]", "", folder.name.lower())
    if name in _RRSISD or name.startswith(("refcoco", "grefcoco")):
        return name in _RRSISD
    try:
        with open_source(folder / INSTANCES, anywhere=True) as stream:
            head = stream.read(_LOOKED_INTO)
            stream.seek(max(stream.seek(0, 2) - _LOOKED_INTO, 0))
            return _OF_RRSISD in head or _OF_RRSISD in stream.read(_LOOKED_INTO)
    except OSError:
        return False


def load_refs(file: Path, name: str) -> Expressions:
    """Reads a file of expressions.

    Raises:
        LayoutError: if it cannot be read, or holds no list
    """
    try:
        data = read_bounded(file, MAX_BYTES)
        if file.suffix == ".json":
            data.decode()  # in no other encoding: an export edits the text
            found = Expressions(load_json(data), None)
        else:
            found = Expressions(*load_plain(data))
    except OSError as error:
        raise LayoutError(f"{name} cannot be read ({reason_of(error)})") from error
    except UnicodeDecodeError as error:
        raise LayoutError(f"{name} is not UTF-8 text (byte {error.start})") from error
    except ValueError as error:
        raise LayoutError(f"{name} {error}") from error
    if not isinstance(found.refs, list):
        raise LayoutError(f"{name} holds no list of refs")
    return found


def queries_of(refs: list[Any], name: str) -> Iterator[RefSentence]:
    """The sentences of all refs, numbered as they stand; a ref without a list of them has none.

    Raises:
        LayoutError: if there are more than any dataset has: a pickle can repeat a value
    """
    index = 0
    for number, ref in enumerate(refs):
        for position, sentence in enumerate(sentences_of(ref)):
            if index == MAX_QUERIES:
                raise LayoutError(f"{name} has over {MAX_QUERIES:,} sentences")
            yield RefSentence(index, number, position, ref, sentence)
            index += 1


def sentences_of(ref: Any) -> list[Any]:
    """The sentences of a ref, whatever they are; none where it has no list of them."""
    sentences = ref.get("sentences") if isinstance(ref, dict) else None
    return sentences if isinstance(sentences, list) else []


def annotation_ids(ref: dict[str, Any]) -> list[Any]:
    """The annotations that a ref names: one, or a list of them in gRefCOCO."""
    named = ref.get("ann_id")
    return named if isinstance(named, list) else [] if named is None else [named]


def is_id(value: Any) -> TypeGuard[Id]:
    """Whether a value can be the id of an image or an annotation."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int | str) and not isinstance(value, bool)


def named_ids(refs: Iterable[dict[str, Any]]) -> tuple[set[Id], set[Id]]:
    """The ids of the images and of the annotations that refs name."""
    images: set[Id] = set()
    annotations: set[Id] = set()
    for ref in refs:
        if is_id(image := ref.get("image_id")):
            images.add(image)
        annotations.update(one for one in annotation_ids(ref) if is_id(one))
    return images, annotations


class ImageEntry(NamedTuple):
    """What the annotations say of an image.

    Attributes:
        name: its file's name, where that is a text
        size: height and width; ``()`` where they are not given
    """

    name: str | None
    size: tuple[int, ...]


class InstancesFile:
    """The images and annotations of ``instances.json`` that are asked for.

    Annotations stay in the file, and are read from there one by one.

    Args:
        file: the file
        images: ids of images to find
        annotations: ids of annotations to find

    Attributes:
        images: the images, by id
        doubled: ids of annotations that stand in the file more than once; the last counts, as it
            does where ``refer.py`` reads it
        same: ids of images likewise
        has_rest: whether something stands behind the object, which is not read
        fault: what is wrong with the file from some place on; ``""`` where it is sound

    Raises:
        OSError: if the file cannot be read
    """

    def __init__(self, file: Path, images: Collection[Id], annotations: Collection[Id]) -> None:
        self.images: dict[Id, ImageEntry] = {}
        self.doubled: list[Id] = []
        self.same: list[Id] = []
        self.has_rest = False
        self.fault = ""
        self._places: dict[Id, tuple[int, int]] = {}
        self._stream = open_source(file)
        try:
            for item in read_list_items(self._stream, self._forget, on_rest=self._take_rest):
                self._take(item, images, annotations)
        except ValueError as error:
            self.fault = str(error)

    def _take(self, item: ListItem, images: Collection[Id], annotations: Collection[Id]) -> None:
        number = item.value.get("id") if isinstance(item.value, dict) else None
        if not is_id(number):
            return
        if item.name == "images" and number in images:
            if number in self.images:
                self.same.append(number)
            self.images[number] = _image_entry(item.value)
        elif item.name == "annotations" and number in annotations:
            if number in self._places:
                self.doubled.append(number)
            self._places[number] = item.start, item.end

    def _forget(self, name: str) -> None:
        """Forgets the list of a name, behind which another of the name stands."""
        if name == "images":
            self.images.clear()
            self.same.clear()
        elif name == "annotations":
            self._places.clear()
            self.doubled.clear()

    def _take_rest(self) -> None:
        self.has_rest = True

    def annotation(self, number: Id) -> dict[str, Any] | None:
        """The annotation of an id; ``None`` where there is none."""
        if number not in self._places:
            return None
        start, end = self._places[number]
        self._stream.seek(start)
        return load_json(self._stream.read(end - start))

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()


def _image_entry(image: dict[str, Any]) -> ImageEntry:
    name, sides = image.get("file_name"), (image.get("height"), image.get("width"))
    whole = [s for s in sides if isinstance(s, int) and not isinstance(s, bool) and s > 0]
    is_name = isinstance(name, str) and len(name) <= MAX_PATH
    return ImageEntry(name if is_name else None, tuple(whole) if len(whole) == len(sides) else ())
