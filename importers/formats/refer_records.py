"""Reads RefCOCO and its kin: a pair for each sentence, with the mask of the annotations of its ref.

A mask is what ``refer.py`` and ``grefer.py`` draw of ``segmentation``; ``bbox`` and ``area`` are
not read, for RRSIS-D gives corners in the one and something else than the mask's area in the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pairlens.importers.choices import one_of
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import (
    LayoutError,
    OnError,
    OnNote,
    RecordError,
    UsageError,
    ignore_note,
    raise_error,
)
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.instruction_files import split_word
from pairlens.importers.formats.refer_files import (
    INSTANCES,
    ImageEntry,
    InstancesFile,
    RefSentence,
    is_id,
    load_refs,
    named_ids,
    queries_of,
    refs_files,
    sentences_of,
    split_by,
)
from pairlens.importers.formats.refer_targets import shown_id, target_of
from pairlens.importers.image_lookup import clean_path, find_file
from pairlens.importers.list_items import REST
from pairlens.importers.reading import ReadParam
from pairlens.importers.records import Pair, Source, Target, make_key, phrase_fault
from pairlens.importers.source_files import reason_of

_IMAGES = (
    "images/mscoco/images/train2014", "images/train2014", "train2014", "images/rrsisd/JPEGImages",
    "images/rsdata/JPEGImages", "images/saiapr_tc-12", "images/JPEGImages", "JPEGImages", "images",
)  # fmt: skip
"""Where images are, relative to the root: the loaders' places first."""

Text = Literal["sent", "raw"]


PARAMS = (
    ReadParam("dataset", "the folder of expressions that is read, where the root has several"),
    ReadParam(
        "split_by",
        "whose splits are read where there are several files of expressions: unc, umd, google",
    ),
    ReadParam(
        "text",
        "which text of a sentence is the query: sent (without it, where there is one), or raw",
        one_of("sent", "raw"),
    ),
)


def chosen_refs(
    folders: list[Path],
    dataset: str | None = None,
    by: str | None = None,
    on_note: OnNote = ignore_note,
) -> Path:
    """The file of expressions that is read.

    Args:
        folders: those that hold expressions
        dataset: the name of one of them
        by: who made the splits
        on_note: takes what was decided

    Raises:
        UsageError: if nothing says which of several it is, or there is none of the names given
    """
    names = [folder.name for folder in folders]
    if dataset is None and len(folders) > 1:
        raise UsageError(f"there are {', '.join(names)}; name one with --param dataset={names[0]}")
    found = [folder for folder in folders if dataset in (None, folder.name)]
    if not found:
        raise UsageError(f"there is no folder {dataset!r} of expressions; there is {names[0]}")
    files = {split_by(file): file for file in refs_files(found[0])}
    if by is not None and by not in files:
        raise UsageError(
            f"there are no splits by {by!r} in {found[0].name}; give {', '.join(files)}"
        )
    if by is None and len(files) > 1:
        first, second, *_ = files
        rule = f"splits are those by {first}, of {', '.join(files)}"
        on_note(Decision(rule, "split_by", override=f"split_by={second}"))
    return next(iter(files.values())) if by is None else files[by]


def read_pairs(
    name: str,
    root: Path,
    file: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
    text: Text | None = None,
) -> Iterator[Pair]:
    """Yields the pairs, split by split and image by image in the order of the file.

    Args:
        name: of the format
        root: the dataset's folder
        file: of the expressions
        splits: which to read
        on_error: takes broken records
        on_note: receives remarks on the files
        text: which text of a sentence is the query; ``None`` for ``sent`` where there is one

    Raises:
        LayoutError: if a file cannot be read
    """
    source = file.relative_to(root).as_posix()
    refs = load_refs(file, source).refs
    for number, ref in enumerate(refs):
        if not sentences_of(ref):
            on_error(RecordError(f"{source}: ref {number}", "has no list 'sentences'"))
    folders = [folder for folder in map(root.joinpath, _IMAGES) if folder.is_dir()]
    if not folders:
        beside = file.parent.name
        on_note(f"there is no folder of images; give the folder that has images/ and {beside}/")
    with closing(_instances(root, file, refs, on_error, on_note)) as instances:
        reader = _Reader(name, source, [*folders, root], instances, text)
        yield from reader.pairs(queries_of(refs, source), splits, on_error)


def _instances(
    root: Path, file: Path, refs: list[Any], on_error: OnError, on_note: OnNote
) -> InstancesFile:
    place = file.parent / INSTANCES
    name = place.relative_to(root).as_posix()
    try:
        found = InstancesFile(place, *named_ids(ref for ref in refs if sentences_of(ref)))
    except OSError as error:
        raise LayoutError(
            f"{name} cannot be read ({reason_of(error)}); the masks of {file.name} are in it"
        ) from error
    if found.fault:
        on_error(RecordError(name, found.fault))
    for what, doubled in (("annotations", found.doubled), ("images", found.same)):
        if doubled:
            on_note(
                f"{name}: {len(doubled):,} {what} have the id of another, {shown_id(doubled[0])} "
                "the first; the last of each counts"
            )
    if found.has_rest:
        on_note(f"{name}: {REST}")
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a query belongs."""

    split: str
    subsets: tuple[str, ...]
    image_id: str
    image_name: str


class _Reader:
    """Makes pairs of queries.

    Args:
        name: of the format
        source: the file of expressions, relative to the root
        folders: where images are
        instances: the images and annotations
        text: which text of a sentence is the query
    """

    def __init__(
        self,
        name: str,
        source: str,
        folders: list[Path],
        instances: InstancesFile,
        text: Text | None,
    ) -> None:
        self._name = name
        self._source = source
        self._folders = folders
        self._instances = instances
        self._text = text
        self._image_ids: dict[str, str] = {}
        self._last: tuple[int, Target] | None = None

    def pairs(
        self, queries: Iterator[RefSentence], splits: Collection[str], on_error: OnError
    ) -> Iterator[Pair]:
        """The pairs of the queries, those of an image together."""
        groups: dict[str, dict[str, list[tuple[RefSentence, _Place]]]] = {
            split: {} for split in SPLITS
        }
        for query in queries:
            split = ""
            try:
                split = _split(query.ref)
                place = self._place(query, split)
            except ValueError as error:
                if not split or split in splits:
                    on_error(RecordError(str(Source(self._source, query.index)), str(error)))
            else:  # of all splits: what an image is called depends on no setting
                groups[split].setdefault(place.image_id, []).append((query, place))
        for split in SPLITS:
            for group in groups[split].values() if split in splits else ():
                yield from self._of_image(group, on_error)

    def _of_image(
        self, group: list[tuple[RefSentence, _Place]], on_error: OnError
    ) -> Iterator[Pair]:
        folders, name = self._folders, group[0][1].image_name
        image = next((f for f in (find_file(folder, name) for folder in folders) if f), None)
        for number, (query, place) in enumerate(group):
            source = Source(self._source, query.index)
            try:
                phrase = self._phrase(query.sentence)
                target = self._target(query)
            except ValueError as error:
                on_error(RecordError(str(source), str(error)))
                continue
            yield Pair(
                key=make_key(self._name, place.split, place.image_id, number),
                image_id=place.image_id,
                split=place.split,
                phrase=phrase,
                image=image,
                image_name=name,
                target=target,
                source=source,
                subsets=place.subsets,
            )

    def _place(self, query: RefSentence, split: str) -> _Place:
        """Where a query belongs.

        Raises:
            ValueError: with the reason, if nothing says it
        """
        entry = self._entry(query.ref)
        if entry.name is None:
            raise ValueError(f"image {query.ref.get('image_id')} has no 'file_name'")
        try:
            image_name = clean_path(entry.name)
        except ValueError as error:
            raise ValueError(f"the image name {entry.name[:80]!r} {error}") from error
        stem = image_name.rpartition(".")[0] or image_name
        # Two files of one stem are two images, of which the second keeps its suffix.
        first = self._image_ids.setdefault(stem, image_name)
        image_id = stem if first == image_name else image_name
        published = str(query.ref["split"])
        subsets = (published,) if published != split else ()
        return _Place(split, subsets, image_id, image_name)

    def _entry(self, ref: dict[str, Any]) -> ImageEntry:
        number = ref.get("image_id")
        if not is_id(number):
            raise ValueError("the ref has no 'image_id'")
        if number not in self._instances.images:
            raise ValueError(f"image {shown_id(number)} is not in {INSTANCES}")
        return self._instances.images[number]

    def _phrase(self, sentence: Any) -> str:
        texts = sentence if isinstance(sentence, dict) else {}
        name = self._text or ("sent" if "sent" in texts else "raw")
        if name not in texts:
            raise ValueError(f"the sentence has no {name!r}")
        if fault := phrase_fault(texts[name]):
            raise ValueError(fault)
        return texts[name]

    def _target(self, query: RefSentence) -> Target:
        """The target of a ref, which its sentences share."""
        if self._last is None or self._last[0] != query.ref_number:
            size = self._entry(query.ref).size
            self._last = query.ref_number, target_of(query.ref, size, self._instances)
        return self._last[1]


def _split(ref: dict[str, Any]) -> str:
    published = ref.get("split")
    split = split_word(published) if isinstance(published, str) else None
    if isinstance(published, str) and published.startswith("test"):
        split = "test"  # whatever its parts are called
    if split is None:
        raise ValueError(f"the split is {str(published)[:40]!r}, none of train, val and test")
    return split
