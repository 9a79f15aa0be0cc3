"""Faults for the RSTeller layout, in shards; a unit is an image, named by its key."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from numpy.random import Generator

from fiftyone_plugin.checks import Sample as CheckedSample
from fiftyone_plugin.checks.catalogue.captions import REVISION
from fiftyone_plugin.demo.caption_layouts import SECOND_WRITER, append_sample, as_member
from fiftyone_plugin.demo.faults import DAMAGERS, IMPORT, Attempt, Damage
from fiftyone_plugin.demo.text_faults import TextDamager, subject_of
from importers.formats.base import SPLITS
from importers.formats.rsteller import split_of
from importers.formats.rsteller_shards import Sample, Shard, index_shard, shards
from importers.records import Caption, make_image_key
from importers.tar_index import Member

SHARED = 10
"""Images that get one caption; ``duplicate_caption`` speaks up from there on."""

BLAND = "An aerial photograph of the land as it is seen from high above."

_STEP = 10_000
"""From a patch's id to that of its copy."""


class RSTellerDamager(TextDamager):
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
    )

    def own(self) -> dict[str, Attempt]:
        """Faults of several images, and of shards."""
        return {
            "shared_caption": self._shared_caption,
            "duplicate_image": self._duplicate_image,
            "split_leak": self._split_leak,
            "truncated_shard": self._truncated_shard,
        }

    def _find(self, unit: str) -> tuple[Path, Shard, Sample[Member]]:
        """The shard that an image stands in, what is in it, and the image's two members."""
        source = self.images()[unit].source
        path = self._root / source.file
        shard = index_shard(path)
        return path, shard, next(s for s in shard.samples if s.index == source.index)

    def write(self, before: CheckedSample, after: CheckedSample) -> bool:
        """Puts another annotation in the place of an image's."""
        path, _, sample = self._find(before.key)
        if sample.json is None:
            return False
        content = json.loads(_content(path, sample.json))
        content["annotations"] = [
            {"task": c.task, "text": c.text, "annotator": c.annotator} for c in after.captions
        ]
        _replace(path, sample.json, json.dumps(content, indent=4).encode())
        return True

    def _shared_caption(self, unit: str, rng: Generator) -> Damage | None:
        free = [u for u in self.images() if u not in self._used and u != unit]
        if len(free) < SHARED - 1:
            return None
        others = [free[i] for i in rng.permutation(len(free))[: SHARED - 1]]
        for key in (unit, *others):
            before = subject_of(self.images()[key])
            bland = Caption(BLAND, REVISION, SECOND_WRITER)
            self.write(before, replace(before, captions=(*before.captions, bland)))
        note = f"{SHARED} images got one revision more: {BLAND!r}"
        return Damage((unit, *others), note, tuple(others), check="duplicate_caption")

    def _duplicate_image(self, unit: str, rng: Generator) -> Damage | None:
        return self._stand_again(unit, self.images()[unit].split)

    def _split_leak(self, unit: str, rng: Generator) -> Damage | None:
        here = self.images()[unit].split
        return self._stand_again(unit, str(rng.choice([s for s in SPLITS if s != here])))

    def _stand_again(self, unit: str, split: str) -> Damage | None:
        """Copies an image with its annotation into a shard of a split, under another id."""
        path, _, sample = self._find(unit)
        whole = [p for p in shards(self._root) if split_of(self._root, p) == split]
        whole = [p for p in whole if not index_shard(p).cut]
        if not whole or sample.json is None or sample.image is None:
            return None
        images = self.images()
        number = int(images[unit].image_id) + _STEP
        while any(image.image_id == str(number) for image in images.values()):
            number += _STEP
        content = json.loads(_content(path, sample.json))
        content["metadata"]["patch_id"] = number
        data = json.dumps(content, indent=4).encode()
        append_sample(whole[-1], (str(number), _content(path, sample.image), data))
        new = make_image_key("rsteller", split, str(number))
        return Damage((unit, new), f"{unit} stands again as {new}", (new,))

    def _truncated_shard(self, unit: str, rng: Generator) -> Damage | None:
        path, shard, sample = self._find(unit)
        image = sample.image
        if image is None or shard.cut or sample is not shard.samples[-1]:
            return None
        if sample.json is not None and sample.json.start < image.start:
            return None  # what is said of it would be left
        data = path.read_bytes()
        path.write_bytes(data[: image.offset + int(image.size * rng.uniform(0.2, 0.8))])
        note = f"{path.name} was cut in the middle of {image.name}"
        return Damage((unit,), note, check=IMPORT, source=path.name)


def _content(path: Path, member: Member) -> bytes:
    with open(path, "rb") as stream:
        stream.seek(member.offset)
        return stream.read(member.size)


def _replace(path: Path, member: Member, content: bytes) -> None:
    """Puts other content in the place of a member's; what stands behind it may be cut."""
    data = path.read_bytes()
    path.write_bytes(data[: member.start] + as_member(member.name, content) + data[member.end :])


DAMAGERS.add("rsteller", RSTellerDamager)
