"""Generated scenes: their masks are exact, their queries true."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import cv2
import numpy as np
import pytest

from pairlens.fiftyone_plugin.demo.phrases import layer_targets, object_targets
from pairlens.fiftyone_plugin.demo.scenes import Scene
from pairlens.fiftyone_plugin.demo.themes import THEMES
from tests.scenes import draw_anew as draw_scene
from tests.unit.demo_readers import SIZE, places_hold


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [draw_scene(seed) for seed in range(15)]


class TestScenes:
    @pytest.mark.parametrize("theme", THEMES)
    def test_a_seed_is_a_scene(self, theme):
        first, again, other = (draw_scene(s, SIZE, theme) for s in (3, 3, 4))
        assert first.theme == theme
        np.testing.assert_array_equal(first.image, again.image)
        assert [o.outline for o in first.objects] == [o.outline for o in again.objects]
        assert not np.array_equal(first.image, other.image)

    @pytest.mark.parametrize("size", [128, 512])
    def test_size(self, size):
        scene = draw_scene(7, size)
        assert scene.image.shape == (size, size, 3)
        assert scene.image.dtype == np.uint8
        assert all(thing.mask.shape == (size, size) for thing in scene.objects)

    def test_masks_are_their_outlines(self, scenes):
        for thing in (o for scene in scenes for o in scene.objects):
            drawn = np.zeros(thing.mask.shape, np.uint8)
            points = np.array(thing.outline, np.int32)
            cv2.polylines(drawn, [points], True, 1, 1)
            cv2.fillPoly(drawn, [points], 1)
            np.testing.assert_array_equal(thing.mask, drawn > 0)

    def test_no_mask_looks_like_a_fault(self, scenes):
        for size_scenes in (scenes, [draw_scene(s, 128) for s in range(10)]):
            for thing in (o for scene in size_scenes for o in scene.objects):
                rows, columns = thing.mask.any(1), thing.mask.any(0)
                box = thing.mask[np.ix_(rows, columns)]
                assert 40 <= thing.mask.sum() < thing.mask.size / 3
                assert box.mean() < 0.95
                assert not (rows[0] or rows[-1] or columns[0] or columns[-1])

    def test_things_do_not_touch(self, scenes):
        for scene in scenes:
            together = np.logical_or.reduce([o.mask for o in scene.objects]).astype(np.uint8)
            parts = cv2.connectedComponents(cv2.dilate(together, np.ones((3, 3))))[0] - 1
            assert parts == len(scene.objects)
            assert not any((mask & (together > 0)).any() for mask in scene.layers.values())

    def test_large_things_are_larger(self, scenes):
        areas = defaultdict(lambda: defaultdict(list))
        for thing in (o for scene in scenes for o in scene.objects if o.size):
            areas[thing.kind][thing.size].append(thing.mask.sum())
        assert {"house", "building", "tank", "ship", "airplane"} <= areas.keys()
        assert all(max(a["small"]) < min(a["large"]) for a in areas.values() if len(a) == 2)


def color_name(rgb: np.ndarray) -> str:
    """The common color word for an RGB of 0 to 255, by hue, saturation and brightness."""
    high, low = rgb.max(), rgb.min()
    if high < 70:
        return "black"
    if high - low < 0.2 * high:
        return "white" if low > 185 else "gray"
    pixel = np.clip(rgb, 0, 255).astype(np.uint8).reshape(1, 1, 3)
    hue = 2 * int(cv2.cvtColor(pixel, cv2.COLOR_RGB2HSV)[0, 0, 0])
    if hue < 42 and high < 140:
        return "brown"
    names = {16: "red", 40: "orange", 65: "yellow", 170: "green", 260: "blue", 361: "red"}
    return next(name for limit, name in names.items() if hue < limit)


COLOR_WORDS = r"\b(red|orange|brown|yellow|green|blue|white|gray|black)\b"


class TestQueries:
    def test_they_are_true(self, scenes):
        named = Counter()
        for number, scene in enumerate(scenes):
            for target in object_targets(scene, np.random.default_rng(number)):
                assert len(set(target.queries)) == 3
                for phrase in (*target.queries, target.phrase):
                    assert places_hold(phrase, target.mask), phrase
                    for word in re.findall(COLOR_WORDS, phrase):
                        mean = scene.image[target.mask].mean(0)
                        assert color_name(mean) == word, (phrase, mean)
                        named["color"] += 1
                    named["place"] += bool(target.place)
                    named["size"] += bool(re.search("small|little|large|big", phrase))
        assert all(named[what] > 50 for what in ("place", "color", "size")), named

    def test_each_has_one_answer(self, scenes):
        for number, scene in enumerate(scenes):
            single = object_targets(scene, np.random.default_rng(number))
            targets = [*single, *layer_targets(scene)]
            assert len(single) >= 3
            assert len({t.phrase for t in targets}) == len(targets)
            for target in single:
                alike = [
                    o for o in scene.objects
                    if o.kind == target.kind
                    and target.color in ("", o.color)
                    and target.size in ("", o.size)
                    and (not target.place or places_hold(target.phrase, o.mask))
                ]  # fmt: skip
                assert len(alike) == 1, target.phrase

    def test_places_are_named_in_several_ways(self, scenes):
        ways = defaultdict(set)
        for number, scene in enumerate(scenes):
            for target in object_targets(scene, np.random.default_rng(number)):
                if target.place:
                    words = r"(?:(?:situated|positioned|located) )((?:in|on|at) the .*?) of the"
                    ways[target.place] |= {re.search(words, q)[1] for q in target.queries}
        assert len(ways) == 9
        assert all(len(wordings) >= 2 for wordings in ways.values())
