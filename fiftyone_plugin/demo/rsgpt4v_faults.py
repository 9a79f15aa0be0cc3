"""Faults for the RS-GPT4V layout; a unit is an image, named by its key.

Written are training files that are lists, and evaluation files with a record a line.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from numpy.random import Generator

from fiftyone_plugin.checks import Sample
from fiftyone_plugin.demo.faults import DAMAGERS, IMPORT, Attempt, Damage
from fiftyone_plugin.demo.instruction_layouts import Record, caption_record, messages_of
from fiftyone_plugin.demo.text_faults import TextDamager, turns_of
from importers.formats.llava import is_caption
from importers.records import Caption, Source, Turn, make_image_key


class RSGPT4VDamager(TextDamager):
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
    )

    def own(self) -> dict[str, Attempt]:
        """Faults of the files."""
        return {
            "image_missing": self._image_missing,
            "duplicate_image": self._duplicate_image,
            "split_leak": self._split_leak,
            "broken_record": self._broken_record,
        }

    def write(self, before: Sample, after: Sample) -> bool:
        """Writes the turns of an image into the records that they came from."""
        turns = after.turns if after.turns != before.turns else _retold(before, after)
        if turns is None:
            return False
        changed = {turn.source for turn in {*turns} ^ {*before.turns}}
        for source in sorted(changed, key=str):
            self._store(source, [turn for turn in turns if turn.source == source])
        return True

    def _store(self, source: Source, turns: Sequence[Turn]) -> None:
        records = FileRecords(self._root / source.file)
        record = records.get(source.index)
        if "conversations" in record:
            said = [(turn.question, turn.answers) for turn in turns]
            record["conversations"] = messages_of(said)
            records.put(source.index, record)
        else:
            first, *more = (_asked(record, turn) for turn in turns)
            records.put(source.index, first)
            for other in more:
                del other["question_id"]
                records.append(other)
        records.save()

    def _picture(self, unit: str) -> Path | None:
        image = self.images()[unit].image
        return image if isinstance(image, Path) else None

    def _image_missing(self, unit: str, rng: Generator) -> Damage | None:
        picture = self._picture(unit)
        if picture is None:
            return None
        picture.unlink()
        return Damage((unit,), "the image file was removed")

    def _duplicate_image(self, unit: str, rng: Generator) -> Damage | None:
        picture, image = self._picture(unit), self.images()[unit]
        if picture is None:
            return None
        copy = picture.with_stem(f"{picture.stem}_copy")
        name = str(PurePosixPath(image.image_id).with_name(copy.name))
        if copy.exists() or not self._tell(image.split, name, image.captions):
            return None
        shutil.copyfile(picture, copy)
        new = make_image_key(self.format, image.split, name)
        return Damage((unit, new), f"{unit} stands again as {new}", (new,))

    def _split_leak(self, unit: str, rng: Generator) -> Damage | None:
        image = self.images()[unit]
        other = "train" if image.split == "test" else "test"
        new = make_image_key(self.format, other, image.image_id)
        if new in self.images() or not self._tell(other, image.image_id, image.captions):
            return None
        return Damage((unit, new), f"a record of {other} names {unit} as well", (new,))

    def _tell(self, split: str, name: str, captions: Sequence[Caption]) -> bool:
        """Has a split's file of captions tell those of an image that the split lacked."""
        file = next((t.source.file for t in self._turns(split) if _captions(t)), "")
        if not file or not captions:
            return False
        records = FileRecords(self._root / file)
        records.append(caption_record(name, [c.text for c in captions], listed=records.lines))
        records.save()
        return True

    def _turns(self, split: str) -> Iterator[Turn]:
        for image in self.images().values():
            if image.split == split:
                yield from turns_of(image)

    def _broken_record(self, unit: str, rng: Generator) -> Damage | None:
        # Not the first: the image stays, as others of its records are whole.
        for source in list(dict.fromkeys(t.source for t in turns_of(self.images()[unit])))[1:]:
            records = FileRecords(self._root / source.file)
            if records.lines:
                records.cut(source.index, rng.uniform(0.3, 0.7))
                records.save()
                note = f"line {source.index + 1} of {source.file} was cut short"
                return Damage((unit,), note, check=IMPORT, source=str(source))
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

    def get(self, index: int) -> Record:
        """A record that is whole."""
        return json.loads(self._all[index]) if self.lines else self._all[index]

    def put(self, index: int, record: Record) -> None:
        """Puts another record in the place of one."""
        self._all[index] = json.dumps(record) if self.lines else record

    def append(self, record: Record) -> None:
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


def _asked(record: Record, turn: Turn) -> Record:
    """An evaluation record with what a turn asks and is answered."""
    one = len(turn.answers) == 1 and not isinstance(record["answer"], list)
    answer = turn.answers[0] if one else list(turn.answers)
    return record | {"text": turn.question, "answer": answer}


def _captions(turn: Turn) -> bool:
    return is_caption(turn.question, turn.category, len(turn.answers) > 1)


def _retold(before: Sample, after: Sample) -> list[Turn] | None:
    """The turns of an image, whose captions are others now.

    ``None`` if there is one more than training records can hold: they have one answer each.
    """
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


DAMAGERS.add("rsgpt4v", RSGPT4VDamager)
