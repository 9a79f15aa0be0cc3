"""Plants faults in files, and tells which check must find each.

Each layout writes what a fault of :mod:`pairlens.fiftyone_plugin.faults` did as the format
publishes it, and declares the faults of its own that damage files alone.
"""

from pairlens.fiftyone_plugin.demo.planting import (
    chats,
    dior_rsvg,
    gres,
    refsegrs,
    rrsisd,
    rsgpt4v,
    rsteller,
    table,
)
from pairlens.fiftyone_plugin.demo.planting.base import IMPORT, LAYOUTS, sample_of
from pairlens.fiftyone_plugin.demo.planting.planter import Plan, Planted, faults_of, plant

__all__ = [
    "IMPORT",
    "LAYOUTS",
    "Plan",
    "Planted",
    "chats",
    "dior_rsvg",
    "faults_of",
    "gres",
    "plant",
    "refsegrs",
    "rrsisd",
    "rsgpt4v",
    "rsteller",
    "sample_of",
    "table",
]
