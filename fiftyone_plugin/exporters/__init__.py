"""Writing datasets back in their own layouts, and for other tools.

Importing this package registers all exporters and converters.
"""

from fiftyone_plugin.exporters import (
    coco,
    fiftyone_copy,
    gres,
    parquet,
    pregres,
    refsegrs,
    rsgpt4v,
    rsteller,
)
from fiftyone_plugin.exporters.base import EXPORTERS, ExportFormat, Tally
from fiftyone_plugin.exporters.conversion import CONVERTERS, Converter, ConvertFormat, Example
from fiftyone_plugin.exporters.export_items import Edit, ExportPair, ExportText, ExportTurn

__all__ = [
    "CONVERTERS",
    "EXPORTERS",
    "ConvertFormat",
    "Converter",
    "Edit",
    "Example",
    "ExportFormat",
    "ExportPair",
    "ExportText",
    "ExportTurn",
    "Tally",
    "coco",
    "fiftyone_copy",
    "gres",
    "parquet",
    "pregres",
    "refsegrs",
    "rsgpt4v",
    "rsteller",
]
