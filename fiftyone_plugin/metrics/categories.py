"""The object class that a query asks for, from its first class noun.

It is looked up in a word list over the classes of xView, DIOR, DOTA and RefSegRS, which is meant
for slicing results only: a query that uses other words has no category.
"""

from __future__ import annotations

_CLASSES = {
    "aircraft": "aircraft airplane plane jet airliner aeroplane helicopter",
    "ship": "ship boat vessel barge ferry yacht sailboat tugboat cargo_ship container_ship",
    "bus": "bus coach",
    "car": "car automobile sedan passenger_car small_car",
    "truck": "truck lorry pickup trailer tractor_trailer dump_truck haul_truck cargo_truck",
    "van": "van",
    "train": "train locomotive railcar railway_vehicle passenger_train freight_train",
    "vehicle": "vehicle",
    "machinery": "excavator digger bulldozer dozer loader crane forklift grader machinery "
    "straddle_carrier cement_mixer engineering_vehicle front_loader scraper",
    "building": "building house home edifice shed hangar hut barn facility warehouse "
    "construction_site aircraft_hangar rooftop",
    "damaged building": "damaged_building rubble",
    "storage tank": "tank storage_tank oil_tank silo",
    "container": "container shipping_container container_lot",
    "tower": "tower pylon mast chimney smokestack windmill wind_turbine",
    "helipad": "helipad",
    "bridge": "bridge overpass viaduct",
    "airport": "airport runway taxiway apron",
    "harbor": "harbor harbour port dock pier marina",
    "sports field": "court stadium track soccer_field football_field baseball_field "
    "baseball_diamond basketball_court tennis_court golf_course ground_track_field sports_field",
    "swimming pool": "pool swimming_pool",
    "road": "road street highway roadway roundabout intersection paved_road unpaved_road "
    "expressway_service_area toll_station road_marking",
    "railway": "railway railroad rail",
    "parking lot": "parking_lot parking_area parking carpark vehicle_lot",
    "tree": "tree forest woodland",
    "vegetation": "vegetation grass lawn meadow bush shrub low_vegetation",
    "farmland": "farmland cropland orchard greenhouse",
    "water": "river lake pond canal reservoir stream water dam",
    "bare land": "soil sand bareland impervious_surface sidewalk",
    "tent": "tent",
}
CATEGORIES = {word.replace("_", " "): name for name, ws in _CLASSES.items() for word in ws.split()}
_ENDINGS = (("ies", "y"), ("ses", "s"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", ""))
_MAX_WORDS = max(word.count(" ") + 1 for word in CATEGORIES)


def category(words: list[str]) -> str:
    """The class that the first class noun names, or ``""``.

    The last of adjacent class nouns counts: "the road vehicle" is a vehicle.

    Args:
        words: the words of the query, in lower case, without punctuation
    """
    found, index = "", 0
    while index < len(words):
        length, name = _longest_class(words, index)
        if name:
            found, index = name, index + length
        elif found:
            break
        else:
            index += 1
    return found


def _longest_class(words: list[str], start: int) -> tuple[int, str]:
    """The longest class name that begins at ``start``: its number of words, and the class."""
    for length in range(min(_MAX_WORDS, len(words) - start), 0, -1):
        *firsts, last = words[start : start + length]
        for form in _singulars(last):
            if name := CATEGORIES.get(" ".join((*firsts, form))):
                return length, name
    return 0, ""


def _singulars(word: str) -> list[str]:
    """The word, and its possible singular forms."""
    return [word] + [
        word.removesuffix(end) + new
        for end, new in _ENDINGS
        if len(word) > 3 and word.endswith(end)
    ]
