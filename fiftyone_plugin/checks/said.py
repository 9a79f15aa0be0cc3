"""What a query says of its target, in a form that is stored and that columns are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fiftyone_plugin import language
from fiftyone_plugin.language import Region
from fiftyone_plugin.language.taxonomy import kinds_of
from importers import fields

NAMES = ("of", "words", "normal", "left", "fires", "said")
"""What is stored of a reading, in the order of its values."""

PATHS = tuple(f"{fields.READING}.{name}" for name in NAMES)

FIRES = f"{fields.READING}.fires"

Reading = tuple[str, int, int, int, str, str]
"""The values of :data:`NAMES`:

- ``of``: what was read, and by which rules; a reading of anything else is worth nothing
- ``words``: their number
- ``normal``: a hash of :func:`~fiftyone_plugin.checks.pairs.normal_form`, 0 for no words
- ``left``: for ``vague_query``: how many words tell the target apart, where nothing else does;
  -1 where there is more
- ``fires``: the checks of queries alone that have something to say
- ``said``: a :class:`Said` as text, of which a dataset has fewer than queries
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a query says of its target.

    Attributes:
        region: where the mask should lie, as ``position_conflict`` sees it
        classes, counts, sizes, shapes, colors, own: the values of the words, each once
        place: all places combined, as ``paraphrase_conflict`` sees them
        place_name: their names
        coordinates: whether there are any
        kinds: the classes and all that they are of
    """

    region: Region | None
    classes: tuple[str, ...]
    counts: tuple[str, ...]
    sizes: tuple[str, ...]
    shapes: tuple[str, ...]
    colors: tuple[str, ...]
    own: tuple[str, ...]
    place: Region | None
    place_name: str
    coordinates: bool
    kinds: frozenset[str]


_FINDERS = (
    language.classes, language.counts, language.sizes, language.shapes, language.colors,
    language.own_colors,
)  # fmt: skip


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def say(query: str, region: Region | None) -> str:
    """What a query says, as text.

    Args:
        query: the query
        region: where the mask should lie by it
    """
    named = language.places(query)
    said = [
        _corners(region),
        *(_values(find(query)) for find in _FINDERS),
        _corners(language.combine(place.region for place in named)),
        " and ".join(dict.fromkeys(place.name for place in named)),
        int(bool(language.coordinates(query))),
    ]
    return _ENCODER.encode(said)


@lru_cache(maxsize=8192)
def said_of(text: str) -> Said:
    """The inverse of :func:`say`."""
    region, *words, place, name, coordinates = json.loads(text)
    classes, counts, sizes, shapes, colors, own = (tuple(each) for each in words)
    return Said(
        region=_region(region),
        classes=classes,
        counts=counts,
        sizes=sizes,
        shapes=shapes,
        colors=colors,
        own=own,
        place=_region(place),
        place_name=name,
        coordinates=bool(coordinates),
        kinds=frozenset[str]().union(*map(kinds_of, classes)),
    )


def _values(words: Iterable[language.Word]) -> list[str]:
    return list({word.value: None for word in words})


def _corners(region: Region | None) -> list[float] | None:
    return [region.x0, region.y0, region.x1, region.y1] if region else None


def _region(corners: Sequence[float] | None) -> Region | None:
    return Region(*corners) if corners else None
