"""RefCOCO and its kin, written back in the container they came in.

Sentences that are not exported are cut out of their refs, refs without a sentence out of the file,
and an edited text takes the place of ``sent``, ``raw`` and ``tokens``. JSON keeps every other
character; a pickle is written anew in its protocol. ``instances.json`` stays as it is, with all
images and annotations, unless a mask was mended: then the annotation of its ref gets it, as a
run-length encoding with the ``bbox`` and ``area`` of the mask. Where other refs name that
annotation, or a ref names several, the ref gets an annotation of its own instead.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from pairlens.importers.errors import LayoutError, StateError, UsageError
from pairlens.importers.formats import native_export
from pairlens.importers.formats.export_items import ExportPair, HeldMask
from pairlens.importers.formats.instances_edit import Mended, mended_instances
from pairlens.importers.formats.json_edit import (
    edit_list,
    item_spans,
    member_starts,
    replace_values,
)
from pairlens.importers.formats.native_export import SourceExporter
from pairlens.importers.formats.refer_files import (
    INSTANCES,
    Expressions,
    InstancesFile,
    RefSentence,
    annotation_ids,
    load_refs,
    named_ids,
    queries_of,
    sentences_of,
)
from pairlens.importers.formats.refer_targets import NONE, target_of

Chosen = dict[int, dict[int, ExportPair]]
"""The exported pairs by ref and sentence."""

_TEXTS = ("sent", "raw")
BESIDE = "ann_split"
"""A folder beside that of RRSIS-D's images, with a file or several of the same name for each."""


class ReferExporter(SourceExporter):
    """Writes RefCOCO; see :class:`pairlens.importers.formats.native_export.Exporter`."""

    writes_masks = True

    def write_file(self, name: str, pairs: Iterator[ExportPair]) -> None:
        """Writes a file of expressions with its annotations and images."""
        file = native_export.inside(self._root, name)
        try:
            found = load_refs(file, name)
            queries = list(queries_of(found.refs, name))
        except LayoutError as error:
            raise StateError(f"{error}: nothing was exported") from error
        held = {pair.source.index: pair for pair in pairs}
        _check_texts(name, queries, held)
        self._check_targets(file, queries, held)
        self.tally.records += len(queries)
        self.tally.not_imported += len(queries) - len(held)
        chosen: Chosen = {}
        for query in queries:
            pair = held.get(query.index)
            if pair is not None and pair.selected:
                chosen.setdefault(query.ref_number, {})[query.position] = pair
        exported = [pair for group in chosen.values() for pair in group.values()]
        cut = len(exported) < len(queries) or any(pair.edited for pair in exported)
        self.count_file(len(exported), cut or any(pair.mended for pair in exported))
        if not exported:
            return
        own_ids = self._write_instances(file, found.refs, chosen)
        if cut or own_ids:
            native_export.write(self._out, name, _rewritten(file, found, chosen, own_ids))
        else:
            native_export.copy(self._root, self._out, name)
        self._copy_images(exported)

    def _check_targets(
        self, file: Path, queries: list[RefSentence], held: dict[int, ExportPair]
    ) -> None:
        """Validates that the masks are the imported ones."""
        first = {
            q.ref_number: q for q in queries if getattr(held.get(q.index), "target_digest", "")
        }
        place = file.parent / INSTANCES
        try:
            ids = named_ids(query.ref for query in first.values())
            with closing(InstancesFile(place, *ids)) as instances:
                for query in first.values():
                    pair = held[query.index]
                    try:
                        size = instances.images[query.ref["image_id"]].size
                        target = target_of(query.ref, size, instances)
                    except (KeyError, ValueError):
                        raise native_export.changed_source(
                            pair.source.file, pair.source.index, pair.key
                        ) from None
                    pair.check_target(target)
        except OSError as error:
            name = place.relative_to(self._root).as_posix()
            raise native_export.cannot("read", name, error) from error

    def _write_instances(self, file: Path, refs: list[Any], chosen: Chosen) -> dict[int, int]:
        """Writes the annotations; gives the ids of added ones, by the number of the ref."""
        name = (file.parent / INSTANCES).relative_to(self._root).as_posix()
        masks = {number: mask for number, group in chosen.items() if (mask := _shared_mask(group))}
        if not masks:
            native_export.copy(self._root, self._out, name)
            return {}
        mended = _placed(refs, chosen, masks)
        try:
            own_ids = mended_instances(
                native_export.inside(self._root, name),
                native_export.inside(self._out, name),
                mended,
            )
        except OSError as error:
            raise native_export.cannot("written", name, error) from error
        return own_ids

    def _copy_images(self, exported: list[ExportPair]) -> None:
        """Copies images, and the files beside their folder that are named like them."""
        shown: dict[Path, set[str]] = {}
        for pair in exported:
            self.copy_image(pair.image, pair.key)
            if pair.image is not None:
                shown.setdefault(pair.image.parent.parent, set()).add(pair.image.stem)
        for folder, stems in shown.items():
            for file in sorted((folder / BESIDE).rglob("*")):
                if file.stem in stems and file.is_file():
                    name = native_export.relative_name(self._root, file)
                    native_export.copy(self._root, self._out, name)


def _placed(refs: list[Any], chosen: Chosen, masks: dict[int, HeldMask]) -> Mended:
    """Where the masks of refs go: into their annotation, if nobody else needs that as it is.

    Raises:
        UsageError: if a ref is declared to have no target
    """
    users: dict[Any, list[int]] = {}
    for number in chosen:
        for one in annotation_ids(refs[number]):
            users.setdefault(one, []).append(number)
    mended = Mended()
    for number, mask in masks.items():
        named = annotation_ids(refs[number])
        if not named or NONE in named:
            key = next(iter(chosen[number].values())).key
            raise UsageError(f"{key} is declared to have no target and can have no mask")
        alike = (masks.get(n) == mask and annotation_ids(refs[n]) == named for n in users[named[0]])
        if len(named) == 1 and all(alike):
            mended.in_place[named[0]] = mask.pixels
        else:
            mended.added[number] = named[0], mask.pixels
    return mended


def _check_texts(name: str, queries: list[RefSentence], held: dict[int, ExportPair]) -> None:
    for index, pair in held.items():
        sentence = queries[index].sentence if index < len(queries) else None
        texts = sentence if isinstance(sentence, dict) else {}
        if not any(pair.came_from(texts[one]) for one in _TEXTS if one in texts):
            raise native_export.changed_source(name, index, pair.key)


def _shared_mask(group: dict[int, ExportPair]) -> HeldMask | None:
    """The mended mask of the sentences of a ref.

    Raises:
        UsageError: if some are exported with another mask than others, or with *ignore* pixels
    """
    masks = {pair.mask: pair.key for pair in group.values()}
    if len(masks) > 1:
        one, other = list(masks.values())[:2]
        raise UsageError(
            f"{one} and {other} are sentences of one object but have different masks; mend one of "
            "them again, which mends both"
        )
    mask, key = next(iter(masks.items()))
    if mask is not None and mask.pixels.max(initial=0) > 1:
        raise UsageError(f"{key} has a mask with pixels to ignore, which annotations cannot say")
    return mask


def _rewritten(file: Path, found: Expressions, chosen: Chosen, own_ids: dict[int, int]) -> bytes:
    """The file with the chosen sentences alone."""
    if found.protocol is None:
        return _edited_text(file.read_bytes().decode(), found.refs, chosen, own_ids).encode()
    refs = [
        _edited_ref(found.refs[number], group, own_ids.get(number))
        for number, group in chosen.items()
    ]
    try:
        return pickle.dumps(refs, found.protocol)
    except RecursionError:
        raise StateError(f"{file.name} is nested too deeply to be written") from None


def _edited_ref(ref: dict[str, Any], group: dict[int, ExportPair], own: int | None) -> Any:
    """A ref with some of its sentences."""
    sentences = sentences_of(ref)
    kept = [
        sentence | _edits_of(sentence, group[position]) if group[position].edited else sentence
        for position, sentence in enumerate(sentences) if position in group
    ]  # fmt: skip
    new: dict[str, Any] = {"sentences": kept}
    ids = ref.get("sent_ids")
    if isinstance(ids, list) and len(ids) == len(sentences):
        new["sent_ids"] = [one for position, one in enumerate(ids) if position in group]
    return ref | new | ({} if own is None else {"ann_id": _like_ids(ref, own)})


def _edits_of(sentence: dict[str, Any], pair: ExportPair) -> dict[str, Any]:
    """The members of a sentence that hold its text, with another."""
    texts = {"sent": pair.phrase, "raw": pair.phrase, "tokens": pair.phrase.split()}
    return {name: text for name, text in texts.items() if name in sentence}


def _like_ids(ref: dict[str, Any], own: int) -> int | list[int]:
    return [own] if isinstance(ref["ann_id"], list) else own


def _edited_text(text: str, refs: list[Any], chosen: Chosen, own_ids: dict[int, int]) -> str:
    """The JSON with the chosen sentences alone; every other character stays."""
    start = text.index("[")
    replacements: dict[int, str] = {}
    for number, (begin, end) in enumerate(item_spans(text, start)):
        group = chosen.get(number, {})
        whole = len(group) == len(sentences_of(refs[number]))
        if group and not (
            whole and number not in own_ids and not any(p.edited for p in group.values())
        ):
            item = _edited_item(text[begin:end], refs[number], group)
            if number in own_ids:
                own = json.dumps(_like_ids(refs[number], own_ids[number]))
                item = replace_values(item, {("ann_id",): own})
            replacements[number] = item
    return edit_list(text, start, set(chosen), replacements)


def _edited_item(text: str, ref: dict[str, Any], group: dict[int, ExportPair]) -> str:
    """The JSON of a ref with some of its sentences."""
    sentences, ids = sentences_of(ref), ref.get("sent_ids")
    start = member_starts(text)["sentences"]
    edits: dict[int, str] = {}
    for position, (begin, end) in enumerate(item_spans(text, start)):
        if position in group and group[position].edited:
            values = _edits_of(sentences[position], group[position])
            edits[position] = replace_values(
                text[begin:end],
                {(n,): json.dumps(v, ensure_ascii=text.isascii()) for n, v in values.items()},
            )
    text = edit_list(text, start, set(group), edits)
    if isinstance(ids, list) and len(ids) == len(sentences):
        text = edit_list(text, member_starts(text)["sent_ids"], set(group), {})
    return text
