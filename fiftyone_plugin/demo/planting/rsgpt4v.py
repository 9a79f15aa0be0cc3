"""Faults in RS-GPT4V; a unit is an image, named by its key.

Written are training files that are lists, and evaluation files with a record a line.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from numpy.random import Generator

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.demo.instruction_layouts import (
    JSONRecord,
    caption_record,
    messages_of,
    with_roles,
)
from pairlens.fiftyone_plugin.demo.planting.base import (
    IMPORT,
    LAYOUTS,
    Attempt,
    FileDamage,
    Layout,
    sample_of,
)
from pairlens.fiftyone_plugin.faults import Damage, LoadedSample, Unit
from pairlens.importers.formats.llava import is_caption
from pairlens.importers.records import Source, Turn, make_image_key


class RSGPT4VLayout(Layout):
    """Damages records and images under a root."""

    format = "rsgpt4v"
    carried = (
        "empty_caption",
        "duplicate_caption",
        "truncated_caption",
        "prompt_leak",
        "turn_order",
        "missing_image_token",
        "empty_answer",
        "box_unparsable",
        "box_out_of_range",
        "answer_conflict",
        "denied_presence",
        "answer_form",
        "refused_answer",
        "image_missing",
        "duplicate_image",
        "split_leak",
    )

    def own(self) -> dict[str, Attempt]:
        """Faults of records."""
        return {"broken_record": self._broken_record}

    def write(self, unit: str, before: Unit, damage: Damage) -> dict[str, str] | None:
        """Writes the turns of an image into the records that they came from, or a copy of it."""
        (one,), (after, *added) = before, damage.samples
        if added:
            return self._write_copy(one, added[0])
        if after.image_missing:
            if one.sample.image_missing:
                return None
            Path(one.image_path).unlink()
            return {}
        turns = _turns_after(one.sample, after)
        if turns is None:
            return None
        changed = {turn.source for turn in {*turns} ^ {*one.sample.turns}}
        for source in sorted(changed, key=str):
            self._store(source, [turn for turn in turns if turn.source == source])
        return {}

    def _store(self, source: Source, turns: Sequence[Turn]) -> None:
        records = FileRecords(self._root / source.file)
        record = records.get(source.index)
        said = [(turn.question, turn.answers) for turn in turns]
        if "conversations" in record:
            records.put(source.index, record | {"conversations": messages_of(said)})
        elif "messages" in record:
            records.put(source.index, record | {"messages": with_roles(messages_of(said))})
        else:
            first, *more = (_asked(record, turn) for turn in turns)
            records.put(source.index, first)
            for other in more:
                del other["question_id"]
                records.append(other)
        records.save()

    def _write_copy(self, one: LoadedSample, new: Sample) -> dict[str, str] | None:
        """Adds a record with an image's captions to a split: of the same image file in another
        split, of a copy of the file in its own.
        """
        name, image = one.sample.image_id, Path(one.image_path)
        copy = image.with_stem(f"{image.stem}_copy")
        if new.split == one.sample.split:
            name = str(PurePosixPath(name).with_name(copy.name))
        key = make_image_key(self.format, new.split, name)
        turns = (turn for (record,) in self.units().values() if record.split == new.split
                 for turn in sample_of(record).turns)  # fmt: skip
        file = next((turn.source.file for turn in turns if _captions(turn)), "")
        if key in self.units() or not file or not new.captions:
            return None
        if new.split == one.sample.split:
            shutil.copyfile(image, copy)
        records = FileRecords(self._root / file)
        texts = [caption.text for caption in new.captions]
        records.append(self._caption_record(name, texts, listed=records.lines))
        records.save()
        return {new.key: key}

    def _caption_record(self, image: str, texts: Sequence[str], *, listed: bool) -> JSONRecord:
        return caption_record(image, texts, listed=listed)

    def _broken_record(self, unit: str, rng: Generator) -> FileDamage | None:
        sources = dict.fromkeys(turn.source for turn in sample_of(self.units()[unit][0]).turns)
        # Not the first: the image stays, as others of its records are whole.
        for source in list(sources)[1:]:
            records = FileRecords(self._root / source.file)
            if records.lines:
                records.cut(source.index, rng.uniform(0.3, 0.7))
                records.save()
                self.forget()
                note = f"line {source.index + 1} of {source.file} is cut short"
                return FileDamage((unit,), note, IMPORT, source=str(source))
        return None


class FileRecords:
    """The records of a file, each as text where it stands on a line of its own.

    Attributes:
        lines: whether they do
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        text = path.read_text("utf-8")
        self.lines = path.suffix == ".jsonl"
        self._all: list[Any] = text.splitlines() if self.lines else json.loads(text)

    def get(self, index: int) -> JSONRecord:
        """A record that is whole."""
        return json.loads(self._all[index]) if self.lines else self._all[index]

    def put(self, index: int, record: JSONRecord) -> None:
        """Puts another record in the place of one."""
        self._all[index] = json.dumps(record) if self.lines else record

    def append(self, record: JSONRecord) -> None:
        """Puts a record at the end, under the next number."""
        number = len(self._all)
        numbered = {"question_id": number} if self.lines else {"id": str(number)}
        self._all.append(None)
        self.put(number, numbered | record)

    def cut(self, index: int, share: float) -> None:
        """Leaves no more than a share of a record's line."""
        line = self._all[index]
        self._all[index] = line[: int(len(line) * share)]

    def save(self) -> None:
        """Writes the file."""
        if self.lines:
            text = "".join(f"{line}\n" for line in self._all)
        else:
            text = json.dumps(self._all, indent=1)
        self._path.write_bytes(text.encode())


def _asked(record: JSONRecord, turn: Turn) -> JSONRecord:
    """An evaluation record with what a turn asks and is answered."""
    one = len(turn.answers) == 1 and not isinstance(record["answer"], list)
    answer = turn.answers[0] if one else list(turn.answers)
    return record | {"text": turn.question, "answer": answer}


def _captions(turn: Turn) -> bool:
    return is_caption(turn.question, turn.category, len(turn.answers) > 1)


def _turns_after(before: Sample, after: Sample) -> Sequence[Turn] | None:
    """The changed turns of an image, or its turns with the changed captions in them.

    ``None`` if there is one more caption than training records can hold: they have one each.
    """
    if after.turns != before.turns:
        return after.turns
    texts = [caption.text for caption in after.captions]
    turns, last = list(before.turns), None
    for number, turn in enumerate(turns):
        if _captions(turn):
            count = len(turn.answers)
            turns[number] = replace(turn, answers=tuple(texts[:count]))
            texts, last = texts[count:], number
    if texts and (last is None or not turns[last].category):
        return None
    if texts and last is not None:
        turns[last] = replace(turns[last], answers=(*turns[last].answers, *texts))
    return turns


LAYOUTS.add(RSGPT4VLayout.format, RSGPT4VLayout)
