"""Faults: one library for the demo, the benchmark of the checks, and the tests.

A fault changes the samples of an image and names those that the checks must then find. What
damages files alone is declared by the layouts of :mod:`pairlens.fiftyone_plugin.demo.planting`.
"""

from pairlens.fiftyone_plugin.faults import (
    captions,
    conversations,
    images,
    judges,
    masks,
    pairs,
    sources,
    words,
)

from pairlens.fiftyone_plugin.faults import examples  # isort: skip  # after all that are made by hand
from pairlens.fiftyone_plugin.faults.base import (
    FAULTS,
    Damage,
    Drawing,
    Fault,
    LoadedSample,
    Tools,
    Unit,
)

__all__ = [
    "FAULTS",
    "Damage",
    "Drawing",
    "Fault",
    "LoadedSample",
    "Tools",
    "Unit",
    "captions",
    "conversations",
    "examples",
    "images",
    "judges",
    "masks",
    "pairs",
    "sources",
    "words",
]
