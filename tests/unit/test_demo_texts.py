"""Captions, conversations and their planted faults: true where clean, on disk as told, found."""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.engine import find_all, for_kind
from pairlens.fiftyone_plugin.demo.caption_layouts import captions_of, make_rsteller
from pairlens.fiftyone_plugin.demo.instruction_layouts import make_rsgpt4v, questions_of
from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout
from pairlens.fiftyone_plugin.demo.planting import IMPORT, faults_of, plant, sample_of
from pairlens.fiftyone_plugin.demo.prose import kinds_in, noun_of
from pairlens.fiftyone_plugin.demo.scenes import Scene, draw_scene
from pairlens.importers.errors import RecordError
from pairlens.importers.formats import FORMATS
from tests.unit.demo_readers import files_of, places_hold

pytestmark = pytest.mark.slow

MAKERS = {"rsteller": make_rsteller, "rsgpt4v": make_rsgpt4v}
SIZE = 96
IN_FILES = {"image_missing", "duplicate_image", "split_leak"}
"""Checks that go by image files, which the mongo tests import."""

CARRIED = [(format, fault) for format in MAKERS for fault in faults_of(format)]
NUMBERS = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
)
PLACED = r"\b(?:in|on|at) the (?:top|bottom|lower|upper|left|right|center|middle)\b"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, GeneratedLayout]:
    folder = tmp_path_factory.mktemp("texts")
    return {name: make(folder / name, 48, seed=1, size=SIZE) for name, make in MAKERS.items()}


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [draw_scene(seed, 256) for seed in range(20)]


def read(root: Path, format: str) -> tuple[dict[str, Any], list[RecordError]]:
    errors: list[RecordError] = []
    return {r.key: r for r in FORMATS[format].read(root, on_error=errors.append)}, errors


def flagged(root: Path, format: str) -> dict[str, set[str]]:
    """Checks of words that issue an image, by key."""
    kind = FORMATS[format].kind
    known = [CHECKS[name] for name in CHECKS if kind in CHECKS[name].kinds]
    checks = [
        for_kind(one, kind) for one in known
        if not {"embeddings", "image_stats", "image_stats.phash", "image_missing", "source"}
        & set(one.needs)
    ]  # fmt: skip
    found = find_all([sample_of(image) for image in read(root, format)[0].values()], checks)
    return {key: {issue.check for issue in issues} for key, issues in found.items() if issues}


class TestTexts:
    @pytest.mark.parametrize("format", MAKERS)
    def test_nothing_is_said_of_clean_ones(self, made, format):
        assert flagged(made[format].root, format) == {}

    @pytest.mark.parametrize("format", MAKERS)
    def test_a_seed_is_a_dataset(self, tmp_path, format):
        for name, seed in (("a", 5), ("b", 5), ("c", 6)):
            MAKERS[format](tmp_path / name, 6, seed=seed, size=SIZE)
        a, b, c = (files_of(tmp_path / name) for name in "abc")
        assert a == b
        assert a.keys() == c.keys() and not set(a.values()) & set(c.values())

    def test_captions_are_true(self, scenes):
        told = Counter()
        for number, scene in enumerate(scenes):
            counts = kinds_in(scene)
            texts = [text for _, text in captions_of(scene, np.random.default_rng(number))]
            for sentence in (s for text in texts for s in text.split(".")):
                for count, noun in re.findall(r"\b([a-z]+) ((?:[a-z]+ )?[a-z]+s)\b", sentence):
                    kind = {"buses": "bus", "storage tanks": "tank"}.get(noun, noun[:-1])
                    if count in NUMBERS and kind in counts:
                        assert NUMBERS.index(count) == counts[kind], sentence
                        told["counts"] += 1
                for share in re.findall(r"(\d+) percent", sentence):
                    name = next(name for name in scene.layers if name in sentence.lower())
                    assert abs(scene.layers[name].mean() * 100 - int(share)) <= 1, sentence
                    told["shares"] += 1
                if re.search(PLACED, sentence, re.IGNORECASE):
                    there = [o for o in scene.objects if noun_of(o.kind) in sentence]
                    assert any(places_hold(sentence, o.mask) for o in there), sentence
                    told["places"] += 1
        assert all(told[what] > 10 for what in ("counts", "shares", "places")), told

    def test_revisions_differ(self, scenes):
        for number, scene in enumerate(scenes):
            tasks, texts = zip(*captions_of(scene, np.random.default_rng(number)), strict=True)
            assert tasks[0] in (1, 2) and set(tasks[1:]) == {3}
            assert len(set(texts)) == len(texts)

    def test_answers_are_true(self, scenes):
        categories = Counter()
        for number, scene in enumerate(scenes):
            counts = kinds_in(scene)
            for question, answer, category in questions_of(scene, np.random.default_rng(number)):
                named = [k for k in counts if re.search(rf"\b{k}(?:s|es)?\b", question)]
                categories[category, answer] += 1
                if category == "count":
                    assert answer == str(counts[named[0]])
                elif category == "presence":
                    assert (answer == "yes") == bool(named), question
                elif category == "comp":
                    first, second = sorted(named, key=question.index)
                    assert (answer == "yes") == (counts[first] > counts[second]), question
        both = [("presence", "yes"), ("presence", "no"), ("comp", "yes"), ("comp", "no")]
        assert all(categories[each] > 2 for each in both)


class TestFaults:
    @pytest.mark.parametrize("format", MAKERS)
    def test_nothing_is_planted_at_rate_zero(self, made, copy_of, format):
        root = copy_of(format)
        plan = plant(root, format, rate=0)
        assert plan.planted == plan.bystanders == ()
        assert set(plan.clean) == set(made[format].keys)
        assert files_of(root) == files_of(made[format].root)

    @pytest.mark.parametrize(("format", "fault"), CARRIED)
    def test_it_is_found_and_nothing_else_is_touched(self, made, copy_of, format, fault):
        root = copy_of(format)
        before, _ = read(made[format].root, format)
        plan = plant(root, format, [fault], rate=0.03, seed=2)
        after, errors = read(root, format)
        assert plan.planted and {p.fault for p in plan.planted} == {fault}
        for key in plan.clean:
            assert _said(after[key]) == _said(before[key])
        found = flagged(root, format)
        assert not set(found) & set(plan.clean)
        for planted in plan.planted:
            assert planted.note
            if planted.check == IMPORT:
                assert planted.source in [error.source for error in errors]
            elif planted.check not in IN_FILES:
                assert planted.check in found[planted.key]

    @pytest.mark.parametrize("format", MAKERS)
    def test_each_fault_once_if_there_is_room(self, copy_of, format):
        plan = plant(copy_of(format), format, rate=0.36, seed=4)
        assert {p.fault for p in plan.planted} == set(faults_of(format))
        assert max(Counter(p.key for p in plan.planted).values()) == 1

    @pytest.mark.parametrize("format", MAKERS)
    def test_a_seed_is_a_plan(self, copy_of, format):
        roots = {name: copy_of(format, name) for name in "abc"}
        a, b, c = (plant(roots[n], format, seed=s) for n, s in (("a", 1), ("b", 1), ("c", 2)))
        assert a == b
        assert files_of(roots["a"]) == files_of(roots["b"])
        assert {p.key for p in a.planted} != {p.key for p in c.planted}


class TestFiles:
    def test_shards_stay_archives_that_others_read(self, copy_of):
        root = copy_of("rsteller")
        faults = [f for f in faults_of("rsteller") if f != "truncated_shard"]
        plant(root, "rsteller", faults, rate=0.5, seed=3)
        names: list[str] = []
        for shard in sorted(root.glob("*.tar")):
            with tarfile.open(shard) as archive:
                for member in archive:
                    names.append(member.name)
                    content = archive.extractfile(member).read()  # type: ignore[union-attr]
                    if member.name.endswith(".json"):
                        patch = json.loads(content)["metadata"]["patch_id"]
                        assert member.name == f"{patch}.json"
        assert len(set(names)) == len(names) >= 96

    def test_a_cut_shard_ends_in_an_image(self, copy_of):
        root = copy_of("rsteller")
        (planted,) = plant(root, "rsteller", ["truncated_shard"], rate=0.02).planted
        with (
            pytest.raises(tarfile.ReadError, match="unexpected end"),
            tarfile.open(root / planted.source) as shard,
        ):
            shard.extractall(root / "out", filter="data")

    @pytest.mark.parametrize("fault", ["duplicate_image", "split_leak"])
    @pytest.mark.parametrize("format", MAKERS)
    def test_what_stands_again_is_the_same_image(self, copy_of, format, fault):
        root = copy_of(format)
        first, second = plant(root, format, [fault], rate=0.02, seed=5).planted
        images, _ = read(root, format)
        one, other = images[first.key], images[second.key]
        assert _pixels(one.image) == _pixels(other.image) != b""
        assert (one.split == other.split) == (fault == "duplicate_image")
        assert one.key != other.key

    def test_a_missing_image_is_gone(self, copy_of):
        root = copy_of("rsgpt4v")
        (planted,) = plant(root, "rsgpt4v", ["image_missing"], rate=0.02).planted
        images, _ = read(root, "rsgpt4v")
        assert [key for key, image in images.items() if image.image is None] == [planted.key]


def _said(image: Any) -> tuple[Any, ...]:
    turns = getattr(image, "turns", ())
    return image.captions, tuple((t.question, t.answers, t.category) for t in turns)


def _pixels(image: Any) -> bytes:
    if isinstance(image, Path):
        return image.read_bytes()
    with open(image.archive, "rb") as stream:
        stream.seek(image.offset)
        return stream.read(image.size)
