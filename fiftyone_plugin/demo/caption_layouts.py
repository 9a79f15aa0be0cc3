"""Writes generated scenes as RSTeller: shards of photographs, each with two to four captions."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout, encode_jpeg, split_names
from pairlens.fiftyone_plugin.demo.prose import (
    choose_lead,
    count_sentences,
    cover_sentences,
    ground_sentences,
    lead_sentences,
    paragraph,
    zone_sentences,
)
from pairlens.fiftyone_plugin.demo.scenes import Scene, draw_scenes
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.records import make_image_key

SIDE = 448
"""Side of a published patch, in pixels."""

FIRST_WRITER = "mistralai/Mistral-Small-Instruct-2409"
SECOND_WRITER = "mistralai/Mistral-Nemo-Instruct-2407"

AREAS = 0.4
"""Share of the images that are described as an area."""

_TIMESTAMP = 1_730_000_000
_AREA = 1
_OTHER = 2
_REVISION = 3


def make_rsteller(
    root: Path, images: int = 12, seed: int = 0, size: int = SIDE, per_shard: int = 8
) -> GeneratedLayout:
    """Draws and writes an RSTeller layout.

    ::

        train-000000.tar, ...   val-000000.tar   test-000000.tar
            <patch_id>.jpg   <patch_id>.json

    The release has no split but ``train``; the others are there so that all can be tried.
    """
    rng = np.random.default_rng([seed, 5])
    samples: dict[str, list[ShardSample]] = {split: [] for split in SPLITS}
    scenes = zip(draw_scenes(images, seed, size), split_names(images), strict=True)
    for patch_id, (scene, split) in enumerate(scenes, 700):
        content = annotation(patch_id, photograph(rng), captions_of(scene, rng))
        data = json.dumps(content, indent=4).encode()
        samples[split].append((str(patch_id), encode_jpeg(scene.image), data))
    for split, written in samples.items():
        for number, start in enumerate(range(0, len(written), per_shard)):
            shard = root / f"{split}-{number:06}.tar"
            write_shard(shard, written[start : start + per_shard])
    keys = (make_image_key("rsteller", s, name) for s in samples for name, _, _ in samples[s])
    return GeneratedLayout(root, "rsteller", tuple(keys))


ShardSample = tuple[str, bytes, bytes]
"""Patch id, JPEG, annotation."""


def write_shard(path: Path, samples: list[ShardSample]) -> None:
    """Writes a shard."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for sample in samples:
            _add(archive, sample)


def append_sample(path: Path, sample: ShardSample) -> None:
    """Appends a sample to a whole shard."""
    with tarfile.open(path, "a", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, sample)


def as_member(name: str, content: bytes) -> bytes:
    """The header and the content of a member, as they stand in a shard."""
    padding = bytes(-len(content) % tarfile.BLOCKSIZE)
    return _header(name, content).tobuf(tarfile.USTAR_FORMAT) + content + padding


def _add(archive: tarfile.TarFile, sample: ShardSample) -> None:
    name, image, content = sample
    for suffix, data in (("jpg", image), ("json", content)):
        archive.addfile(_header(f"{name}.{suffix}", data), io.BytesIO(data))


def _header(name: str, content: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(content), _TIMESTAMP, 0o444
    return member


def photograph(rng: Generator) -> str:
    """The name of a photograph of NAIP, somewhere between Nevada and Illinois."""
    lat, lon = int(rng.integers(33, 43)), int(rng.integers(89, 118))
    quad, quarter = int(rng.integers(1, 65)), rng.choice(["ne", "nw", "se", "sw"])
    zone = (180 - lon) // 6 + 1
    day = f"20{rng.integers(18, 23)}{rng.integers(5, 11):02}{rng.integers(1, 29):02}"
    return f"m_{lat:02}{lon:03}{quad:02}_{quarter}_{zone}_060_{day}"


def annotation(patch_id: int, image_name: str, captions: list[tuple[int, str]]) -> dict[str, Any]:
    """The content of an annotation of the current release."""
    return {
        "metadata": {"patch_id": patch_id, "image_name": image_name},
        "annotations": [
            {
                "task": task,
                "text": text,
                "annotator": SECOND_WRITER if task == _REVISION else FIRST_WRITER,
            }
            for task, text in captions
        ],
    }


def captions_of(scene: Scene, rng: Generator) -> list[tuple[int, str]]:
    """A description of an area or of a thing, and one to three revisions of it, with tasks.

    A revision says the same of what the description speaks of first, in other words, and may
    leave out the rest or say something else of the scene.
    """
    lead = choose_lead(scene, rng)
    covers = cover_sentences(scene, rng)
    if lead is None or (covers and rng.random() < AREAS):
        task, kind, first = _AREA, "", covers
    else:
        task, kind, first = _OTHER, lead.thing.kind, lead_sentences(lead, rng)
    counts = count_sentences(scene, rng, without=kind)
    zones, grounds = zone_sentences(scene, rng), ground_sentences(scene, rng)
    texts = [
        [first[0], *counts[:1], grounds[0]],
        [first[1], grounds[1]],
        [zones[0], first[2], *counts[1:2]],
        [first[-1], *counts[2:3]],
    ]
    revisions = [texts[1:][i] for i in rng.permutation(3)[: rng.integers(1, 4)]]
    told = [(_REVISION, paragraph(text)) for text in revisions]
    return [(task, paragraph(texts[0])), *told]
