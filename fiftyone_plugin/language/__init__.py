"""Parses queries: the place, class, number, color, size and shape of the target, and faults.

Faults are phrases of a query that does not ask for a mask, hedges, or refers to the prompt of the
model that wrote it. The parsers are for English, and use word lists and a few rules about the words
around a word; they need no model and no download. No function raises for any text.
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
