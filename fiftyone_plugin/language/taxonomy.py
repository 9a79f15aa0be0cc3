"""A taxonomy of the object classes in queries: synonyms and superclasses.

It is collected from the classes of xView (whose objects GRES asks for), SkyScapes (RefSegRS),
DOTA and DIOR, and from the words that the queries of GRES use for them.
"""

from __future__ import annotations

from functools import cache

from pairlens.fiftyone_plugin.language import vocabulary as v

# class < superclasses: words. The plural of each last word is derived.
_TABLE = """
vehicle: vehicle, automobile, conveyance, transport, passenger vehicle, cargo vehicle, motor vehicle
car < vehicle: car, auto, sedan, hatchback, suv, taxi, jeep, small car
van < vehicle: van, minivan
bus < vehicle: bus, coach, minibus, school bus
truck < vehicle: truck, lorry, pickup, pickup truck, cargo truck, utility truck, semi truck, \
semi, box truck, truck tractor, flatbed truck, truck cab, fire truck, fire engine
trailer < truck: trailer, trailer bed, flatbed, flatbed trailer, box trailer, semi trailer, \
truck trailer, truck bed
motorcycle < vehicle: motorcycle, motorbike, scooter
bicycle < vehicle: bicycle, bike
machine: machine, machinery, equipment, apparatus, device
engineering vehicle < vehicle machine: engineering vehicle, construction vehicle, \
construction equipment, construction machine, construction machinery, heavy equipment, \
heavy machinery, engineering machine, engineering machinery, engineering equipment
excavator < engineering vehicle: excavator, digger, backhoe
bulldozer < engineering vehicle: bulldozer, dozer, loader, front loader, wheel loader
grader < engineering vehicle: grader, ground grader
scraper < engineering vehicle: scraper
tractor < engineering vehicle truck: tractor
cement mixer < engineering vehicle truck: cement mixer, concrete mixer, cement truck
dump truck < engineering vehicle truck: dump truck, dumper, tipper
haul truck < engineering vehicle truck: haul truck, mining truck
crane < machine structure: crane, gantry
tower crane < crane tower: tower crane
mobile crane < crane engineering vehicle truck: mobile crane, crane truck, truck crane
container crane < crane: container crane, gantry crane, harbor crane
reach stacker < engineering vehicle truck: reach stacker
straddle carrier < crane engineering vehicle truck: straddle carrier
railway vehicle < vehicle: train, rail vehicle, railway vehicle, tram, railcar, railway car, \
rail car, train car, freight car, flat car, cargo car, boxcar, wagon, carriage, train carriage, \
freight train, passenger train
locomotive < railway vehicle: locomotive, train engine, rail engine, railway engine, \
railroad engine, engine
passenger car < railway vehicle car: passenger car, passenger automobile
tank car < railway vehicle truck: tank car
craft: craft
aircraft < craft: aircraft, flying machine
airplane < aircraft: airplane, plane, aeroplane, jet, airliner, jetliner, passenger plane, \
cargo plane, passenger aircraft, passenger jet
helicopter < aircraft: helicopter, chopper
vessel < craft: vessel, ship, boat, watercraft, maritime vessel, maritime craft, container ship, \
container vessel, cargo ship, cargo vessel, freighter, freight ship, barge, ferry, yacht, \
tugboat, tug, sailboat, motorboat, speedboat, fishing boat, fishing vessel, oil tanker, \
cruise ship, cargo boat, sea vessel, marine vessel, water vessel, warship, canoe
tanker < vessel truck: tanker
structure: structure, construction, framework
facility: facility, establishment, venue, complex, site, plant, installation, service area
building < structure facility: building, edifice, house, home, villa, warehouse, factory, \
office, school, church, barn, residence, apartment, skyscraper, garage, cabin, terminal, \
toll station, train station, tower building, tower edifice, damaged building, ruin, office building
hangar < building: hangar, aircraft hangar, airplane hangar, plane hangar, aircraft facility, \
aircraft storage, airplane storage, aircraft storage area, airplane storage area, \
airplane facility, aircraft shed, airplane shed
shed < building: shed, hut, tent, shelter, cabana, hut tent, greenhouse
stadium < building sports field: stadium, arena
tower < structure: tower, pylon, mast, lighthouse, chimney, windmill, wind turbine, antenna, \
pole, street light, transmission tower
storage tank < structure container: storage tank, tank, silo, oil tank, water tank, \
liquid tank, storage container, liquid container, tank of liquid, storage vessel, \
vessel holding liquid, storage cylinder, liquid storage tank
container < structure: container, shipping container, cargo container
bridge < structure road: bridge, overpass, viaduct, flyover
dam < structure: dam
harbor < facility structure: harbor, harbour, port, pier, dock, wharf, jetty
airport < facility: airport, airfield
lot < facility: parking lot, car park, parking area, parking place, parking space, vehicle lot, \
container lot, shipping container lot, parking
construction site < facility structure: construction site, building site
helipad < facility structure: helipad, heliport, helicopter pad, landing pad, \
helicopter landing pad
court < facility: tennis court, basketball court, sports court, volleyball court, court
sports field < facility: soccer field, football field, baseball field, baseball diamond, \
soccer ball field, sports field, ground track field, running track, playground, golf course, \
golf field
swimming pool < facility water: swimming pool, pool
roundabout < road: roundabout, traffic circle, rotary
road: road, paved road, street, highway, expressway, freeway, lane, path, pathway, sidewalk, \
bikeway, bike way, bike lane, crosswalk, crossing, intersection, crossroads, driveway, alley, trail
runway < road: runway, airstrip, taxiway
road marking < road: road marking, lane marking, lane line, dash line, long line, turn sign, \
stop line, zebra crossing, zebra zone
railway < road: railway, railroad, railway track, train track
vegetation: vegetation, low vegetation, tree, grass, lawn, forest, bush, shrub, meadow, \
wood, hedge
farmland < vegetation: farmland, cropland, crop, orchard
water: water, lake, river, pond, sea, ocean, canal, stream
reservoir < water storage tank: reservoir
"""

LOOSE = frozenset(
    {
        *("truck", "car", "vessel", "building", "crane", "tower", "road", "vegetation", "water"),
        *("airplane", "railway vehicle", "engineering vehicle", "sports field"),
    }
)
"""Superclasses whose classes are easily confused, so that any two of them agree."""

_KIN = frozenset(
    {
        *(("building", "tower"), ("building", "bridge"), ("car", "van"), ("bus", "van")),
        *(("truck", "van"), ("bus", "railway vehicle"), ("crane", "tower")),
        *(("crane", "engineering vehicle"), ("helicopter", "helipad"), ("vehicle", "lot")),
        # A tank, a box or a container is what the vehicle carries, or where it stands.
        *(("container", "truck"), ("container", "railway vehicle"), ("container", "lot")),
        *(("container", "crane"), ("container", "engineering vehicle"), ("vessel", "storage tank")),
    }
)
"""Kinds that one object may be called by: coaches run on roads and rails, vessels hold liquid."""

_AMBIGUOUS = frozenset({"tanker", "reservoir"})
"""Words of two senses: a tanker is a ship or a truck, yet no ship is a truck."""

_MADE = frozenset({"vehicle", "structure", "facility", "machine", "craft", "container"})
_GENERAL = {
    "structure": _MADE,
    "facility": frozenset({"structure", "container"}),
    "machine": _MADE - {"facility", "container"},
    "vehicle": frozenset({"craft"}),
}
"""What people may call by a general word, as GRES calls even a bus a structure."""


def _read() -> tuple[dict[str, tuple[str, ...]], dict[tuple[str, ...], str]]:
    above: dict[str, str] = {}
    named: dict[tuple[str, ...], str] = {}
    for line in filter(None, _TABLE.replace("\\\n", "").splitlines()):
        head, _, listed = line.partition(":")
        name, _, kinds = head.partition("<")
        above[name.strip()] = kinds
        for word in listed.split(","):
            named[tuple(word.split())] = name.strip()
    return {name: _kinds(text, above) for name, text in above.items()}, named


def _kinds(text: str, known: dict[str, str]) -> tuple[str, ...]:
    """The names in a text, of which some have two words."""
    found = []
    for name in sorted(known, key=len, reverse=True):
        if f" {name} " in f" {text} ":
            text = f" {text} ".replace(f" {name} ", "  ")
            found.append(name)
    return tuple(found)


PARENTS, SINGULAR = _read()
CLASSES = frozenset(PARENTS)
_UNCOUNTED = v.words("machinery equipment parking vegetation grass farmland cropland water")
_IRREGULAR = {"bus": "buses", "aircraft": "aircraft", "watercraft": "watercraft"} | {
    "craft": "craft", "apparatus": "apparatuses"
}  # fmt: skip


def plural_of(word: str) -> str:
    """The plural of an English noun."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


PLURAL = {
    (*words[:-1], plural_of(words[-1])): name
    for words, name in SINGULAR.items()
    if words[-1] not in _UNCOUNTED and plural_of(words[-1]) != words[-1]
}
NAMES = PLURAL | SINGULAR
"""Every class word, singular or plural, with its class."""

MASS = frozenset(words for words in SINGULAR if words[-1] in _UNCOUNTED | {"aircraft", "craft"})
"""Singular words that also stand for several."""

SIZES = {
    first: sorted({len(words) for words in NAMES if words[0] == first}, reverse=True)
    for first in {words[0] for words in NAMES}
}
"""How many words the class words have that begin with a word, the longest first."""


@cache
def kinds_of(name: str) -> frozenset[str]:
    """A class and all its superclasses: trailer, truck and vehicle for ``"trailer"``."""
    return frozenset({name}).union(*(kinds_of(parent) for parent in PARENTS[name]))


@cache
def agree(a: str, b: str) -> bool:
    """Whether two classes can name one object: "truck" and "vehicle", not "truck" and "shed".

    Classes also agree if they have a common subclass, or a common superclass in :data:`LOOSE`.
    """
    above_a, above_b = kinds_of(a), kinds_of(b)
    if a in above_b or b in above_a:
        return True
    if any({a, b} <= kinds_of(name) for name in CLASSES - _AMBIGUOUS):
        return True
    if _GENERAL.get(a, frozenset()) & above_b or _GENERAL.get(b, frozenset()) & above_a:
        return True
    kin = any((x, y) in _KIN or (y, x) in _KIN for x in above_a for y in above_b)
    return kin or bool(above_a & above_b & LOOSE)


@cache
@cache
def unlike(a: str, b: str) -> float:
    """The distance of two classes: 0 if they agree, 0.5 with a common superclass, else 1."""
    if agree(a, b):
        return 0.0
    return 0.5 if kinds_of(a) & kinds_of(b) else 1.0
