"""Queries that are true of a scene, each of one thing or of all things of a kind.

A query names a class and one or more of color, size and place. It is kept only if nothing
else in the scene answers it even loosely. The sentences follow those of GRES, the short
phrases those of RefSegRS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.demo.plots import Outline
from pairlens.fiftyone_plugin.demo.scenes import Extent, Scene, SceneObject
from pairlens.fiftyone_plugin.demo.terrain import BoolMask

NOUNS: dict[str, tuple[str, str, str]] = {
    "house": ("house", "home", "house"),
    "building": ("building", "edifice", "building"),
    "car": ("car", "automobile", "passenger car"),
    "truck": ("truck", "lorry", "truck"),
    "bus": ("bus", "coach", "bus"),
    "tank": ("storage tank", "round tank", "storage tank"),
    "ship": ("ship", "vessel", "cargo ship"),
    "airplane": ("airplane", "aircraft", "plane"),
    "swimming pool": ("swimming pool", "pool", "swimming pool"),
    "pond": ("pond", "pond", "pond"),
}
"""Three names of a kind, one for each paraphrase."""

COVERS = {"building": ("building", "house")}
"""Kinds that a noun may also mean."""

GROUPS = {
    "buildings": ("building", "house"),
    "vehicles": ("car", "truck", "bus"),
    "storage tanks": ("tank",),
    "ships": ("ship",),
    "airplanes": ("airplane",),
}
"""Phrases for all things of some kinds, used where there are two or more."""

CONFUSABLE = ({"red", "orange", "brown"}, {"orange", "yellow"}, {"white", "gray"})
"""Colors that a reader could take for each other do not tell two things apart."""

_CORNERS = ("in the {0}-{1} corner", "in the {2}-{1} section", "in the {0}-{1} area")
PLACES: dict[str, tuple[str, str, str]] = {
    f"{v}-{h}": tuple(words.format(v, h, other) for words in _CORNERS)  # type: ignore[misc]
    for v, other in (("top", "upper"), ("bottom", "lower"))
    for h in ("left", "right")
} | {
    "top": ("at the top center", "in the top-center section", "at the top middle"),
    "bottom": ("at the bottom center", "in the bottom-center section", "at the bottom middle"),
    "left": ("on the left side", "in the center-left section", "in the middle-left area"),
    "right": ("on the right side", "in the center-right section", "in the middle-right area"),
    "center": ("in the center", "in the middle", "at the center"),
}
"""Three wordings of a place in the image."""

PLACED_SHARE = 0.6
"""How often a query names a place if it can; as often as those of GRES do."""

_VERBS = ("Locate", "Spot", "Find", "Identify")
_SIZE_WORDS = {"small": ("small", "little", "small"), "large": ("large", "big", "large")}
_PLACED = (
    "situated {} of the picture",
    "positioned {} of the image",
    "located {} of the photo",
)
_UNPLACED = ("in the picture", "shown in the image", "that appears in the photo")


@dataclass(frozen=True)
class QueryTarget:
    """What a query asks for.

    Attributes:
        kind: class word, or the phrase itself for a target that is many things
        color, size, place: what the query names, ``""`` where it does not
        outline: the polygon, or ``None`` for a target that is many things
        mask: (height, width) bool
        queries: three paraphrases in the manner of GRES; none where there is no outline
        phrase: a short one in the manner of RefSegRS
    """

    kind: str
    color: str
    size: str
    place: str
    outline: Outline | None
    mask: BoolMask
    queries: tuple[str, ...]
    phrase: str


def object_targets(scene: Scene, rng: Generator) -> list[QueryTarget]:
    """One target for each thing that some query tells from all others, kinds in turn."""
    order = rng.permutation(len(scene.objects))
    seen: dict[str, int] = {}
    found: list[tuple[int, QueryTarget]] = []
    for index in order:
        target = _describe(scene, scene.objects[index], rng)
        if target is not None:
            seen[target.kind] = seen.get(target.kind, 0) + 1
            found.append((seen[target.kind], target))
    return [target for _, target in sorted(found, key=lambda entry: entry[0])]


def layer_targets(scene: Scene) -> list[QueryTarget]:
    """Targets that are ground or all things of a kind, such as ``paved road``."""
    masks = dict(scene.layers)
    for phrase, kinds in GROUPS.items():
        members = [thing.mask for thing in scene.objects if thing.kind in kinds]
        if len(members) > 1:
            masks[phrase] = np.logical_or.reduce(members)
    return [QueryTarget(p, "", "", "", None, mask, (), p) for p, mask in masks.items()]


def named_place(extent: Extent) -> str:
    """The place that something lies plainly in, one of :data:`PLACES`, or ``""``."""
    x0, y0, x1, y1, x, y = extent
    column = _third(x0, x, x1, ("left", "center", "right"))
    line = _third(y0, y, y1, ("top", "center", "bottom"))
    if not column or not line:
        return ""
    if "center" in (column, line):
        return line if column == "center" else column
    return f"{line}-{column}"


def _third(low: float, middle: float, high: float, names: tuple[str, str, str]) -> str:
    if middle < 0.33 and high < 0.48:
        return names[0]
    if 0.4 < middle < 0.6 and low > 0.25 and high < 0.75:
        return names[1]
    return names[2] if middle > 0.67 and low > 0.52 else ""


def _loosely_in(extent: Extent, place: str) -> bool:
    """Whether someone could still say of something that it lies in a place."""
    x, y, words = extent.x, extent.y, place.split("-")
    across = x < 0.55 if "left" in words else x > 0.45 if "right" in words else 0.2 < x < 0.8
    if place in ("left", "right"):
        return across  # a side reaches from corner to corner
    down = y < 0.55 if "top" in words else y > 0.45 if "bottom" in words else 0.2 < y < 0.8
    return across and down


def _describe(scene: Scene, thing: SceneObject, rng: Generator) -> QueryTarget | None:
    others = [other for other in scene.objects if other is not thing]
    for color, size, place in _attributes(thing, rng):
        if not any(_answers(other, thing, color, size, place) for other in others):
            queries, phrase = _word(thing, color, size, place, rng)
            return QueryTarget(
                thing.kind, color, size, place, thing.outline, thing.mask, queries, phrase
            )
    return None


def _attributes(thing: SceneObject, rng: Generator) -> list[tuple[str, str, str]]:
    """What to name, the first to be tried first: at least one of color, size and place."""
    place = named_place(thing.extent)
    color = "" if thing.kind == "swimming pool" else thing.color
    plain = {(color, "", ""), ("", thing.size, ""), (color, thing.size, "")} - {("", "", "")}
    placed = {(c, s, place) for c, s, _ in plain if not (c and s)} | {("", "", place)}
    kinds = [sorted(plain), sorted(placed) if place else []]
    if rng.random() < PLACED_SHARE:
        kinds.reverse()
    return [kind[i] for kind in kinds for i in rng.permutation(len(kind))]


def _answers(other: SceneObject, thing: SceneObject, color: str, size: str, place: str) -> bool:
    """Whether another thing could be meant by a query about this one."""
    if other.kind not in COVERS.get(thing.kind, (thing.kind,)):
        return False
    if color and color != other.color and not any({color, other.color} <= c for c in CONFUSABLE):
        return False
    if size and other.size != size:
        ratio = other.area / thing.area
        if ratio > 1.6 if size == "small" else ratio < 0.62:
            return False
    return not place or _loosely_in(other.extent, place)


def _word(
    thing: SceneObject, color: str, size: str, place: str, rng: Generator
) -> tuple[tuple[str, ...], str]:
    """Three sentences and a short phrase."""
    roofed = bool(color) and thing.kind in ("house", "building")
    verbs = rng.permutation(_VERBS)
    sentences = []
    for number, noun in enumerate(NOUNS[thing.kind]):
        sized = _SIZE_WORDS[size][number] if size else ""
        what = " ".join(filter(None, (sized, "" if roofed else color, noun)))
        roof = f" with {_article(color)} {color} roof" if roofed else ""
        where = _PLACED[number].format(PLACES[place][number]) if place else _UNPLACED[number]
        sentences.append(f"{verbs[number]} the {what}{roof} {where}.")
    tint = f"{color} roof" if roofed else color
    what = " ".join(filter(None, (size, tint, NOUNS[thing.kind][0])))
    if place:
        what += f" {PLACES[place][int(rng.integers(2))]}"
    return tuple(sentences), what


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
