"""Exports VRSBench in its published layout.

An annotation is copied if all of it is exported unchanged. Otherwise objects that are not selected
are cut out, and edited texts replace the published ones; every other byte stays. Captions and
questions stay with the objects of their image. An annotation without selected objects is left out,
and so is its image. The lists of records are written accordingly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pairlens.importers.errors import RecordError, StateError, UsageError
from pairlens.importers.formats import native_export
from pairlens.importers.formats.export_items import ExportPair, ExportTurn
from pairlens.importers.formats.instruction_export import InstructionExporter, text_changes
from pairlens.importers.formats.instruction_files import find_files
from pairlens.importers.formats.json_edit import (
    cut,
    edit_list,
    edit_members,
    item_spans,
    member_starts,
    members,
    replace_values,
    with_items,
)
from pairlens.importers.formats.message_parts import JsonPath
from pairlens.importers.formats.native_export import Edit
from pairlens.importers.formats.vrsbench_files import (
    ANNOTATIONS,
    QUESTIONS,
    SENTENCE,
    image_name,
    load_annotation,
    read_target,
    sentence_of,
    turns_of,
)
from pairlens.importers.formats.vrsbench_lists import KeptParts, compared, write_list


def is_annotation(name: str) -> bool:
    """Whether a source file, by its name below the root, is the annotation of one image."""
    return name.rpartition("/")[0].rpartition("/")[2].casefold().startswith(ANNOTATIONS)


class VRSBenchExporter(InstructionExporter):
    """Writes VRSBench; see :class:`pairlens.importers.formats.native_export.Exporter`."""

    def __init__(self, root: Path, out: Path) -> None:
        super().__init__(root, out)
        self._kept: dict[str, KeptParts] = {}  # by image name

    def write_file(self, name: str, items: Iterator[Any], /) -> None:
        """Writes one annotation or one file of records, and the images."""
        if not is_annotation(name):
            super().write_file(name, items)
            return
        try:
            content, encoding = load_annotation(native_export.inside(self._root, name), name)
        except RecordError as error:
            raise StateError(f"{error}: nothing was exported") from error
        held = list(items)
        is_pair = isinstance(held[0], ExportPair)
        write = self._write_objects if is_pair else self._write_turns
        kept = KeptParts()
        text = write(name, content, held, encoding, kept)
        if text is None:
            self.tally.files["left_out"] += 1
            return
        image = image_name(content, native_export.inside(self._root, name), name)
        self._kept[image] = kept
        if text:
            native_export.write(self._out, name, text.encode(encoding))
        else:
            native_export.copy(self._root, self._out, name)
        self.tally.files["rewritten" if text else "copied"] += 1
        first = next(item for item in held if item.selected)
        self.copy_image(first.image, first.key)

    def finish(self) -> None:
        """Writes the lists of records that were made from the annotations."""
        if not self._kept:
            return
        for file in find_files(self._root):
            if file.usable and not is_annotation(file.name):
                self.count_file(*write_list(file, self._out, self._kept))

    def _write_objects(
        self,
        name: str,
        content: dict[str, Any],
        pairs: list[ExportPair],
        encoding: str,
        kept: KeptParts,
    ) -> str | None:
        """The text to write, ``""`` for an unchanged file, ``None`` to leave the file out."""
        entries = content.get("objects") or []
        for pair in pairs:
            _check_object(name, entries, pair)
        asked = {number for number, entry in enumerate(entries) if _has_sentence(entry)}
        self.tally.records += len(asked)
        self.tally.not_imported += len(asked) - len(pairs)
        chosen = {pair.source.index: pair for pair in pairs if pair.selected}
        edits = {index: pair.phrase for index, pair in chosen.items() if pair.edited}
        if not chosen:
            return None
        kept.whole = len(chosen) == len(asked)
        kept.sentences = {compared(entries[n][SENTENCE]) for n in chosen}
        kept.edits = {entries[n][SENTENCE]: sentence for n, sentence in edits.items()}
        if len(chosen) == len(asked) and not edits:
            return ""
        keep = [n for n in range(len(entries)) if n in chosen or n not in asked]
        return _with_objects(self._text(name, encoding), keep, edits)

    def _write_turns(
        self,
        name: str,
        content: dict[str, Any],
        turns: list[ExportTurn],
        encoding: str,
        kept: KeptParts,
    ) -> str | None:
        published = list(turns_of(content))
        self.tally.records += 1
        held = [turn for turn in turns if not turn.added]
        if [turn.position for turn in held] != list(range(len(published))) or not all(
            turn.came_from([text.question, *text.answers])
            for turn, (text, _) in zip(held, published, strict=True)
        ):
            raise native_export.changed_source(name, 0, turns[0].key)
        if not turns[0].selected:
            return None
        values: dict[JsonPath, str] = {}
        gone: list[JsonPath] = []
        for turn, (text, category) in zip(held, published, strict=True):
            if turn.removed:
                gone.append(text.answers_at[0])
                kept.gone.add(("" if category == "caption" else text.question, text.answers[0]))
                for removed_text in (*[text.question] * (category != "caption"), *text.answers):
                    self.tally.on_edit(Edit(turn.key, turn.source, removed_text, None))
                continue
            answer = turn.written(text.answers)[0]
            if category == "caption":
                kept.edits |= {text.answers[0]: answer} if answer != text.answers[0] else {}
            elif (turn.question, answer) != (text.question, text.answers[0]):
                kept.answers[text.question, text.answers[0]] = turn.question, answer
            for place, before, after in text_changes(text, turn):
                if place is not None and after is not None:
                    values[place] = after
                self.tally.on_edit(Edit(turn.key, turn.source, before, after))
        added = [turn for turn in turns if turn.added]
        for turn in added:
            for added_text in (turn.question, *turn.answers):
                self.tally.on_edit(Edit(turn.key, turn.source, None, added_text))
        if not values and not gone and not added:
            return ""
        text = self._text(name, encoding)
        plain = text.isascii() or encoding != "utf-8"
        new = {place: json.dumps(value, ensure_ascii=plain) for place, value in values.items()}
        return _with_turns(replace_values(text, new), content, gone, added, plain)

    def _text(self, name: str, encoding: str) -> str:
        return native_export.inside(self._root, name).read_bytes().decode(encoding)


def _with_turns(
    text: str,
    content: Mapping[str, Any],
    gone: Sequence[JsonPath],
    added: Sequence[ExportTurn],
    plain: bool,
) -> str:
    """An annotation without some turns, and with added ones after its questions.

    Args:
        text: the JSON of the annotation
        content: its members
        gone: places of the answers of removed turns
        added: turns to add
        plain: whether the text is written in ASCII
    """
    asked = content.get(QUESTIONS) or []
    left_out = {place[1] for place in gone if len(place) > 1}
    if left_out or added:
        if QUESTIONS not in content:
            text = text.rstrip()[:-1].rstrip() + f', "{QUESTIONS}": []}}'
        start = member_starts(text)[QUESTIONS]
        entries = [
            {"ques_id": number, "question": turn.question, "type": "", "answer": turn.answers[0]}
            for number, turn in enumerate(added, len(asked))
        ]
        items = [json.dumps(entry, ensure_ascii=plain) for entry in entries]
        text, spans = with_items(text, start, item_spans(text, start), items)
        text = cut(text, start, spans, set(range(len(spans))) - left_out, {})
    if any(len(place) == 1 for place in gone):  # the caption
        names = [name for name, _, _ in members(text)]
        text = edit_members(text, [n for n, name in enumerate(names) if name != "caption"], {})
    return text


def _has_sentence(entry: Any) -> bool:
    """Whether an object is a record, broken or not; others stay unchanged."""
    try:
        return sentence_of(entry) is not None
    except ValueError:
        return True


def _check_object(name: str, entries: list[Any], pair: ExportPair) -> None:
    """Validates that an object is the imported one."""
    index = pair.source.index
    try:
        same = index < len(entries) and pair.came_from(sentence_of(entries[index]))
        if same:
            pair.check_target(read_target(entries[index]))
    except ValueError:
        same = False
    if not same:
        raise native_export.changed_source(name, index, pair.key)
    if pair.edited and not pair.phrase.strip():
        raise UsageError(f"{pair.key}: its phrase is empty; write one, or leave the pair out")


def _with_objects(text: str, keep: list[int], edits: Mapping[int, str]) -> str:
    """An annotation with some of its objects, some of them with another sentence."""
    start = member_starts(text)["objects"]
    spans = item_spans(text, start)
    replacements: dict[int, str] = {}
    for number, sentence in edits.items():
        begin, end = spans[number]
        value = json.dumps(sentence, ensure_ascii=text.isascii())
        replacements[number] = replace_values(text[begin:end], {(SENTENCE,): value})
    return edit_list(text, start, set(keep), replacements)
