"""Maps the labels of object detection datasets to classes of the taxonomy.

xView, DIOR, DOTA, iSAID and FAIR1M have labels such as ``Truck w/Box``, ``golffield``,
``storage-tank``, ``Large_Vehicle`` and ``Boeing737``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from pairlens.fiftyone_plugin.language import taxonomy
from pairlens.fiftyone_plugin.language.classes import classes

_OTHERS = {
    "truckwbox": "truck", "truckwflatbed": "truck", "truckwliquid": "truck",
    "scrapertractor": "engineering vehicle", "frontloaderbulldozer": "bulldozer",
    "huttent": "shed", "smallaircraft": "airplane", "fixedwingaircraft": "airplane",
    "passengercar": "railway vehicle", "cargocar": "railway vehicle", "flatcar": "railway vehicle",
    "trainstation": "building", "expresswayservicearea": "facility",
    "expresswaytollstation": "building", "engineeringship": "vessel", "golffield": "sports field",
    "containerhandler": "engineering vehicle", "powershovel": "excavator",
    "bucketwheelexcavator": "excavator", "smokestack": "tower", "coolingtower": "tower",
    "watertower": "tower", "marina": "harbor",
}  # fmt: skip
"""Labels that are not in the taxonomy, or mean something else there: in xView, a passenger car is a
railway vehicle."""

_AIRPLANE = re.compile(r"boeing\d*|a\d{3}|c919|arj21")
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_JOINED = {"".join(words): name for words, name in taxonomy.NAMES.items()}


@cache
def class_of_label(label: str) -> str:
    """The class of the taxonomy for a label; ``""`` if it is unknown."""
    text = label.lower().strip()
    joined = _NO_LETTER.sub("", text)
    for known in (_OTHERS, _JOINED):
        if joined in known:
            return known[joined]
    if _AIRPLANE.fullmatch(joined):
        return "airplane"
    words = [word for word in _NO_LETTER.split(text) if word]
    for first in range(1, len(words)):  # "dry cargo ship", "other-airplane"
        if (rest := "".join(words[first:])) in _JOINED:
            return _JOINED[rest]
    return ""


def label_fits(phrases: Sequence[str], label: str) -> bool | None:
    """Whether the target of queries can have a label's class; ``None`` if a class is unknown."""
    name = class_of_label(label)
    named_classes = {word.value for phrase in phrases for word in classes(phrase)}
    if not name or not named_classes:
        return None
    return any(taxonomy.agree(name, class_name) for class_name in named_classes)
