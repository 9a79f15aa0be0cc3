"""The words of a query that say where its target is, what color it has and how large it is.

English only, without a model and without a download: word lists and a few rules about
what stands around a word. No function raises on any text.
"""

from fiftyone_plugin.language.appearance import colors, sizes
from fiftyone_plugin.language.coordinates import coordinates
from fiftyone_plugin.language.places import Place, places
from fiftyone_plugin.language.regions import Region, combine
from fiftyone_plugin.language.tokens import Word

__all__ = ["Place", "Region", "Word", "colors", "combine", "coordinates", "places", "sizes"]
