"""Writing datasets back in their own layouts. Importing this package registers all exporters."""

from fiftyone_plugin.exporters import gres, refsegrs
from fiftyone_plugin.exporters.base import EXPORTERS, ExportFormat, Tally
from fiftyone_plugin.exporters.items import Edit, ExportPair, ExportText, ExportTurn

__all__ = [
    "EXPORTERS",
    "Edit",
    "ExportFormat",
    "ExportPair",
    "ExportText",
    "ExportTurn",
    "Tally",
    "gres",
    "refsegrs",
]
