"""Sentences that are true of a scene: what it is, what stands where in it, how many, how much.

A caption is put together of them. What two captions of one image say of one thing never differs
but in its words: a revision that says otherwise is a fault, and is planted as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from numpy.random import Generator

from pairlens.fiftyone_plugin.demo.phrases import PLACES, named_place
from pairlens.fiftyone_plugin.demo.scenes import Extent, Scene, SceneObject, extent_of
from pairlens.fiftyone_plugin.language.taxonomy import plural_of

ZONES: dict[str, tuple[str, str, str]] = {
    "suburb": ("a residential suburb", "a suburban neighbourhood", "a residential area"),
    "industry": ("an industrial area", "an industrial estate", "an industrial zone"),
    "harbour": ("a harbour", "a harbour with its quay", "a small harbour"),
    "airfield": ("an airfield", "a small airfield", "an airfield with its apron"),
    "farmland": ("farmland", "open farmland", "a rural area with farmland"),
}
"""What a theme is called."""

GROUNDS: dict[str, tuple[str, str, str]] = {
    "suburb": (
        "Gardens with lawns and trees fill the plots",
        "Grass, in places dry, and garden trees grow on the plots",
        "The plots are green with grass and trees",
    ),
    "industry": (
        "The yard is paved with concrete, with patches of bare soil",
        "Concrete covers the yard, which gives way to bare soil in places",
        "The ground is concrete, with some bare soil and a little grass",
    ),
    "harbour": (
        "The quay is paved with concrete and borders on dark water",
        "Open water meets a quay of concrete",
        "A straight quay of concrete borders on the water",
    ),
    "airfield": (
        "Grass surrounds the tarmac of the apron",
        "The apron is of dark tarmac, and grass grows around it",
        "Beyond the tarmac of the apron there is grass",
    ),
    "farmland": (
        "The fields are partly ploughed, and crops grow on others",
        "Ploughed soil, crops and dry grass make up the fields",
        "Some of the fields are ploughed, some are green with crops",
    ),
}
"""What a theme's ground looks like; sentences without a full stop."""

NOUNS = {"tank": "storage tank"}
"""Kinds that are called otherwise in a sentence."""

COUNTED_AS = {"house": "building"}
"""Kinds whose things a reader may count as another."""

_NUMBERS = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
)
_VERBS = {
    "ship": "lies",
    "airplane": "is parked",
    "pond": "lies",
    "swimming pool": "lies",
    "car": "is seen",
    "truck": "is seen",
    "bus": "is seen",
}
_LEADS = (
    "{What} {verb} {where} of the scene",
    "{Where} of the image there is {what}",
    "{What} {verb} {where} of the view",
    "{Where} of the picture {verb} {what}",
)
_UNPLACED = ("{What} can be made out", "One makes out {what}", "{What} can be told from above")
_COVERS = (
    "{Layer} take{s} up about {share} percent of the scene{where}",
    "About {share} percent of the image {are} {layer}{where}",
    "Roughly {share} percent of the view {are} taken up by {layer}{where}",
    "{Layer} cover{s} some {share} percent of the picture{where}",
)
_COUNTS = (
    "There are also {what}",
    "{What} can be counted",
    "{What} are to be seen as well",
    "One counts {what}",
)
_FROM_ABOVE = ("This is {zone} seen from above", "The photograph shows {zone}", "It is {zone}")

PLAINLY_OFF = 0.1
"""How far the middle of a layer lies off the image's, in sides, if its side is told."""


@dataclass(frozen=True)
class Lead:
    """The thing that captions of a scene speak of first.

    Attributes:
        thing: it
        place: where it lies plainly, one of :data:`pairlens.fiftyone_plugin.demo.phrases.PLACES`,
        or ``""``
    """

    thing: SceneObject
    place: str


def choose_lead(scene: Scene, rng: Generator) -> Lead | None:
    """A thing at random, if there is one that lies plainly in a place then such a one."""
    placed = [Lead(thing, named_place(thing.extent)) for thing in scene.objects]
    able = [lead for lead in placed if lead.place] or placed
    return able[int(rng.integers(len(able)))] if able else None


def kinds_in(scene: Scene) -> Counter[str]:
    """How many things of each kind there are; houses beside other buildings are buildings too."""
    counts = Counter(thing.kind for thing in scene.objects)
    for kind, other in COUNTED_AS.items():
        if counts[other]:
            counts[other] += counts.pop(kind, 0)
    return +counts


def noun_of(kind: str, count: int = 1) -> str:
    """What one thing of a kind is called, or several."""
    *before, last = NOUNS.get(kind, kind).split()
    return " ".join([*before, last if count == 1 else plural_of(last)])


def number_of(count: int) -> str:
    """A number in words up to twelve."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def described(thing: SceneObject) -> str:
    """A thing with its size and color: "a large house with a red roof", "a blue car"."""
    roofed = thing.color and thing.kind in ("house", "building")
    tint = "" if roofed or thing.kind == "swimming pool" else thing.color
    what = " ".join(filter(None, (thing.size, tint, noun_of(thing.kind))))
    return with_article(what) + (f" with {with_article(thing.color)} roof" if roofed else "")


def with_article(what: str) -> str:
    """A noun phrase with the article that fits its first letter."""
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"


def lead_sentences(lead: Lead, rng: Generator) -> list[str]:
    """Where the lead is, in several wordings; the place stands in each if there is one."""
    what = described(lead.thing)
    verb = _VERBS.get(lead.thing.kind, "stands")
    places = PLACES.get(lead.place, ("",))
    sentences = []
    for number, form in enumerate(_shuffled(_LEADS if lead.place else _UNPLACED, rng)):
        where = places[number % len(places)]
        sentences.append(
            form.format(what=what, What=_upper(what), verb=verb, where=where, Where=_upper(where))
        )
    return sentences


def cover_sentences(scene: Scene, rng: Generator) -> list[str]:
    """How much of the image the largest layer takes up, in several wordings."""
    if not scene.layers:
        return []
    name, mask = max(scene.layers.items(), key=lambda layer: layer[1].sum())
    share, side = max(1, round(float(mask.mean()) * 100)), side_of(extent_of(mask))
    plural = name == "trees"
    places = (f", mostly in the {side}", f", for the most part in the {side}") if side else ("",)
    return [
        form.format(
            layer=name,
            Layer=_upper(name),
            share=share,
            s="" if plural else "s",
            are="are" if plural else "is",
            where=places[number % len(places)],
        )
        for number, form in enumerate(_shuffled(_COVERS, rng))
    ]


def side_of(extent: Extent) -> str:
    """The side of the image, as on a map, that something lies towards, or ``""``."""
    across, down = extent.x - 0.5, extent.y - 0.5
    if max(abs(across), abs(down)) < PLAINLY_OFF:
        return ""
    if abs(across) > abs(down):
        return "east" if across > 0 else "west"
    return "south" if down > 0 else "north"


def counted(scene: Scene, without: str = "") -> list[str]:
    """Things with their numbers, most numerous first: "five cars", "a bus".

    Args:
        scene: the scene
        without: a kind of which, and of what counts as it, nothing is said
    """
    left_out = COUNTED_AS.get(without, without)
    return [
        f"{number_of(count)} {noun_of(kind, count)}" if count > 1 else with_article(noun_of(kind))
        for kind, count in kinds_in(scene).most_common()
        if COUNTED_AS.get(kind, kind) != left_out
    ]


def count_sentences(scene: Scene, rng: Generator, without: str = "") -> list[str]:
    """What else there is and how much of it, in several wordings; none if there is nothing."""
    things = counted(scene, without)
    if not things or (len(things) == 1 and things[0].startswith("a")):
        return []
    what = listed(things)
    return [form.format(what=what, What=_upper(what)) for form in _shuffled(_COUNTS, rng)]


def zone_sentences(scene: Scene, rng: Generator) -> list[str]:
    """What the scene is, in several wordings."""
    zones = _shuffled(ZONES[scene.theme], rng)
    return [
        form.format(zone=zone)
        for form, zone in zip(_shuffled(_FROM_ABOVE, rng), zones, strict=True)
    ]


def ground_sentences(scene: Scene, rng: Generator) -> list[str]:
    """What the ground looks like, in several wordings."""
    return _shuffled(GROUNDS[scene.theme], rng)


def listed(things: Sequence[str]) -> str:
    """An enumeration: "five cars, two trucks and a bus"."""
    *first, last = things
    return f"{', '.join(first)} and {last}" if first else last


def paragraph(sentences: Sequence[str]) -> str:
    """Sentences with their full stops, one after the other."""
    return " ".join(f"{sentence}." for sentence in sentences)


def _shuffled(forms: Sequence[str], rng: Generator) -> list[str]:
    return [forms[int(i)] for i in rng.permutation(len(forms))]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
