"""``cues``: a baseline that needs no download and knows no objects.

It predicts the region of the image that best fits the place, colour and size words of the query.
Its score shows what these words alone contribute: a lower bound for models that also recognize
objects. It is also a substitute to try PairLens without a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin import language
from pairlens.fiftyone_plugin.predictors.base import Prediction, PredictorSpec, Query
from pairlens.fiftyone_plugin.predictors.cue_colors import color_fit
from pairlens.fiftyone_plugin.predictors.params import option

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.predictors.regions import Regions

NAME = "cues"
CACHED_IMAGES = 32
"""Segmented images in the cache; one takes under 1 MB at the default size."""

TYPICAL_AREA = {"": 0.005, "small": 0.0015, "large": 0.03}
"""Typical area of a target as a share of the image, by size word. The quartiles in GRES are 0.0006
and 0.004; targets in RefSegRS are larger."""

AREA_SPREAD = 1.4
"""Standard deviation of the logarithm of that share; 1.55 in GRES."""

PLACE_SCALE = 0.06
"""Distance from the named place, in image sides, that lowers the likelihood by a factor e."""

SPREAD_SCALE = 40.0
"""Standard deviation of Lab colours in a region that lowers the likelihood by a factor e."""

_LIGHTNESS = re.compile(
    r"\b(?:(?P<dark>dark)(?:er)?|(?:light|bright|pale)(?:er)?(?= in colou?r|"
    r"[- ](?:colou?r|tone|hue|shade|red|orange|yellow|green|blue|purple|pink|brown|gr[ae]y)))\b",
    re.IGNORECASE,
)
"""``light`` alone can be a lamp; ``dark`` is always a shade."""

_STAND_INS = {"blackish": "dark", "ivory": "light"}


@dataclass(frozen=True)
class Settings:
    """The parameters of ``cues``."""

    segments: int = option("about how many superpixels an image has", 1000, low=2, high=20000)
    side: int = option("longest side in pixels that is worked at", 384, low=16, high=4096)
    compactness: float = option(
        "how square superpixels are, in Lab units", 6.0, low=0.01, high=1000
    )


class Cues:
    """Masks from place, colour and size words; deterministic.

    A query without any such word gets the most salient compact region.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._regions = lru_cache(maxsize=CACHED_IMAGES)(self._find_regions)

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """Yields a mask in the size of its image for each query, or an ``ImageError``."""
        for query in batch:
            yield self._answer(query)

    def _answer(self, query: Query) -> Prediction | Exception:
        try:
            regions = self._regions(query.image)
            return regions.mask(int(np.argmax(score_regions(regions, query.phrase))))
        except Exception as error:  # the Protocol: one bad image does not end the batch
            return error

    def _find_regions(self, image: Path) -> Regions:
        from pairlens.fiftyone_plugin.predictors.regions import find_regions
        from pairlens.importers.media import read_rgb

        return find_regions(read_rgb(image), **vars(self._settings))


def score_regions(regions: Regions, phrase: str) -> NDArray[np.float64]:
    """The log-likelihood, up to a constant, that a region is the target of a query.

    It is a sum of terms for salience, compactness and area of the region, for the distance of its
    centre from the named places, and for the fit of its colour to the named colours.

    Args:
        regions: the regions of the image
        phrase: the query

    Returns:
        (nodes,)
    """
    words = language.sizes(phrase)
    typical = TYPICAL_AREA[words[0].value if words and words[0].value in TYPICAL_AREA else ""]
    return (
        3 * np.log(regions.salience + 0.01)
        + 0.4 * np.log(np.minimum(regions.compactness, 1))
        - regions.spread / SPREAD_SCALE
        - 1.5 * regions.border
        - 0.5 * (np.log(regions.area / typical) / AREA_SPREAD) ** 2
        + _place_score(regions, phrase)
        + _color_score(regions, phrase)
    )


def _place_score(regions: Regions, phrase: str) -> NDArray[np.float64]:
    """Falls steeply outside the named place, and by 1 from its centre to its corners."""
    place = language.combine([p.region for p in language.places(phrase)])
    if place is None:
        return np.zeros(len(regions.area))
    outside = np.array([place.excess(x, y) for x, y in regions.center.tolist()])
    half = np.array([place.x1 - place.x0, place.y1 - place.y0]) / 2
    from_middle = np.abs(regions.center - (place.x0 + half[0], place.y0 + half[1]))
    return -outside / PLACE_SCALE - np.minimum(from_middle / np.maximum(half, 0.01), 1).mean(axis=1)


def color_words(phrase: str) -> list[str]:
    """The colours of the target, and ``light`` and ``dark``, in the order of the query.

    ``language.colors`` distinguishes colours of the target from those of its surroundings. It does
    not know words of lightness, so they are replaced by rare colour words first.
    """
    text = _LIGHTNESS.sub(lambda match: "blackish" if match["dark"] else "ivory", phrase)
    return [_STAND_INS.get(word.text, word.value) for word in language.colors(text)]


def _color_score(regions: Regions, phrase: str) -> NDArray[np.float64]:
    """Each colour has half the weight of the one before: the first is usually the target's."""
    score = np.zeros(len(regions.area))
    weight = 2.5
    for word in color_words(phrase):
        fit = color_fit(word, regions.color)
        if fit is not None:
            score += weight * np.log(fit + 0.01)
            weight /= 2
    return score


def load(settings: Settings, device: str) -> Cues:
    """Makes the predictor; it runs on the CPU whatever the device."""
    return Cues(settings)


SPEC = PredictorSpec(
    name=NAME,
    about="Baseline: the region that best fits the place, colour and size words of the query; "
    "it knows no objects.",
    settings=Settings,
    make=load,
)
