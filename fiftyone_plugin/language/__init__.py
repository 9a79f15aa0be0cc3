"""The words of a query that say what its target is: place, class, number, color, size, shape.

English only, without a model and without a download: word lists and a few rules about
what stands around a word. No function raises on any text.
"""

from fiftyone_plugin.language.appearance import colors, own_colors, sizes
from fiftyone_plugin.language.classes import classes
from fiftyone_plugin.language.coordinates import coordinates
from fiftyone_plugin.language.filling import filler
from fiftyone_plugin.language.normal_form import normal_form
from fiftyone_plugin.language.numbers import counts
from fiftyone_plugin.language.places import Place, places
from fiftyone_plugin.language.regions import Region, combine
from fiftyone_plugin.language.shapes import shapes
from fiftyone_plugin.language.taxonomy import agree, unlike
from fiftyone_plugin.language.tokens import Word

__all__ = [
    "Place",
    "Region",
    "Word",
    "agree",
    "classes",
    "colors",
    "combine",
    "coordinates",
    "counts",
    "filler",
    "normal_form",
    "own_colors",
    "places",
    "shapes",
    "sizes",
    "unlike",
]
