"""The words of a query that say what its target is: place, class, number, color, size, shape.

And those that betray a fault of the query: a request that is none, a hedge, talk of the prompt.

English only, without a model and without a download: word lists and a few rules about
what stands around a word. No function raises on any text.
"""

from pairlens.fiftyone_plugin.language.appearance import colors, own_colors, sizes
from pairlens.fiftyone_plugin.language.classes import classes
from pairlens.fiftyone_plugin.language.comparisons import comparisons
from pairlens.fiftyone_plugin.language.coordinates import coordinates
from pairlens.fiftyone_plugin.language.filling import filler
from pairlens.fiftyone_plugin.language.finders import Mention, WordIndex
from pairlens.fiftyone_plugin.language.garbled_request import garbled_request
from pairlens.fiftyone_plugin.language.generic import generic
from pairlens.fiftyone_plugin.language.ground_view import seen_from_ground
from pairlens.fiftyone_plugin.language.normal_form import normal_form
from pairlens.fiftyone_plugin.language.numbers import counts
from pairlens.fiftyone_plugin.language.places import Place, places
from pairlens.fiftyone_plugin.language.prompt_talk import prompt_talk
from pairlens.fiftyone_plugin.language.rankings import ranking
from pairlens.fiftyone_plugin.language.regions import Region, combine
from pairlens.fiftyone_plugin.language.request_form import request_form
from pairlens.fiftyone_plugin.language.shapes import own_shapes, shapes
from pairlens.fiftyone_plugin.language.stripes import only_stripes
from pairlens.fiftyone_plugin.language.taxonomy import agree, unlike
from pairlens.fiftyone_plugin.language.tokens import Word
from pairlens.fiftyone_plugin.language.visibility import hardly_visible

__all__ = [
    "Mention",
    "Place",
    "Region",
    "Word",
    "WordIndex",
    "agree",
    "classes",
    "colors",
    "combine",
    "comparisons",
    "coordinates",
    "counts",
    "filler",
    "garbled_request",
    "generic",
    "hardly_visible",
    "normal_form",
    "only_stripes",
    "own_colors",
    "own_shapes",
    "places",
    "prompt_talk",
    "ranking",
    "request_form",
    "seen_from_ground",
    "shapes",
    "sizes",
    "unlike",
]
