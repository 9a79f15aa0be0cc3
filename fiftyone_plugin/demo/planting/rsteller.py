"""Faults in RSTeller, in shards; a unit is an image, named by its key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from numpy.random import Generator

from pairlens.fiftyone_plugin.checks.catalogue.captions import REVISION
from pairlens.fiftyone_plugin.demo.caption_layouts import SECOND_WRITER, append_sample, as_member
from pairlens.fiftyone_plugin.demo.planting.base import (
    IMPORT,
    LAYOUTS,
    Attempt,
    FileDamage,
    Layout,
    sample_of,
)
from pairlens.fiftyone_plugin.faults import Damage, Unit
from pairlens.importers.formats.rsteller import split_of
from pairlens.importers.formats.rsteller_shards import Shard, ShardSample, index_shard, shards
from pairlens.importers.records import Caption, make_image_key
from pairlens.importers.tar_index import Member

SHARED = 10
"""Images that get one caption; ``duplicate_caption`` reports it from there on."""

BLAND = "An aerial photograph of the land as it is seen from high above."

_STEP = 10_000
"""From a patch's id to that of its copy."""


class RSTellerLayout(Layout):
    """Damages annotations and images in shards under a root, and the shards themselves."""

    format = "rsteller"
    carried = (
        "empty_caption",
        "duplicate_caption",
        "repetitive_caption",
        "truncated_caption",
        "prompt_leak",
        "garbled_caption",
        "refused_caption",
        "leaked_box",
        "task_mix",
        "drifted_place",
        "drifted_count",
        "drifted_object",
        "duplicate_image",
        "split_leak",
    )

    def own(self) -> dict[str, Attempt]:
        """Faults of several images, and of shards."""
        return {
            "shared_caption": self._shared_caption,
            "truncated_shard": self._truncated_shard,
        }

    def _find(self, unit: str) -> tuple[Path, Shard, ShardSample[Member]]:
        """The shard that an image stands in, what is in it, and the image's members."""
        source = self.units()[unit][0].source
        path = self._root / source.file
        shard = index_shard(path)
        return path, shard, next(s for s in shard.samples if s.index == source.index)

    def write(self, unit: str, before: Unit, damage: Damage) -> dict[str, str] | None:
        """Writes the captions of an image, or a copy of it."""
        after, *added = damage.samples
        if added:
            return self._write_copy(unit, added[0].split, added[0].key)
        return {} if self._write_captions(unit, after.captions) else None

    def _write_captions(self, unit: str, captions: Sequence[Caption]) -> bool:
        path, _, sample = self._find(unit)
        if sample.json is None:
            return False
        content = json.loads(_content(path, sample.json))
        content["annotations"] = [
            {"task": c.task, "text": c.text, "annotator": c.annotator} for c in captions
        ]
        _replace(path, sample.json, json.dumps(content, indent=4).encode())
        return True

    def _write_copy(self, unit: str, split: str, key: str) -> dict[str, str] | None:
        """Copies an image with its annotation into a shard of a split, under another id."""
        path, _, sample = self._find(unit)
        whole = [p for p in shards(self._root) if split_of(self._root, p) == split]
        whole = [p for p in whole if not index_shard(p).cut]
        if not whole or sample.json is None or sample.image is None:
            return None
        taken = {record.image_id for (record, *_) in self.units().values()}
        number = int(self.units()[unit][0].image_id) + _STEP
        while str(number) in taken:
            number += _STEP
        content = json.loads(_content(path, sample.json))
        content["metadata"]["patch_id"] = number
        data = json.dumps(content, indent=4).encode()
        append_sample(whole[-1], (str(number), _content(path, sample.image), data))
        return {key: make_image_key(self.format, split, str(number))}

    def _shared_caption(self, unit: str, rng: Generator) -> FileDamage | None:
        free = [u for u in self.units() if u not in self._used and u != unit]
        if len(free) < SHARED - 1:
            return None
        others = [free[i] for i in rng.permutation(len(free))[: SHARED - 1]]
        for key in (unit, *others):
            captions = sample_of(self.units()[key][0]).captions
            self._write_captions(key, (*captions, Caption(BLAND, REVISION, SECOND_WRITER)))
            self.forget()
        note = f"{SHARED} images have one revision more: {BLAND!r}"
        return FileDamage((unit, *others), note, "duplicate_caption", tuple(others))

    def _truncated_shard(self, unit: str, rng: Generator) -> FileDamage | None:
        path, shard, sample = self._find(unit)
        image = sample.image
        if image is None or shard.cut or sample is not shard.samples[-1]:
            return None
        if sample.json is not None and sample.json.start < image.start:
            return None  # the captions would be left
        data = path.read_bytes()
        path.write_bytes(data[: image.offset + int(image.size * rng.uniform(0.2, 0.8))])
        self.forget()
        note = f"{path.name} is cut in the middle of {image.name}"
        return FileDamage((unit,), note, IMPORT, source=path.name)


def _content(path: Path, member: Member) -> bytes:
    with open(path, "rb") as stream:
        stream.seek(member.offset)
        return stream.read(member.size)


def _replace(path: Path, member: Member, content: bytes) -> None:
    """Replaces the content of a member; what stands behind it may be cut."""
    data = path.read_bytes()
    path.write_bytes(data[: member.start] + as_member(member.name, content) + data[member.end :])


LAYOUTS.add(RSTellerLayout.format, RSTellerLayout)
