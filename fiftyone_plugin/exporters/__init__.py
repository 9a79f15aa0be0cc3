"""Writing datasets back in their own layouts. Importing this package registers all exporters."""

from fiftyone_plugin.exporters import gres, refsegrs
from fiftyone_plugin.exporters.base import EXPORTERS, ExportFormat, ExportPair, Tally

__all__ = ["EXPORTERS", "ExportFormat", "ExportPair", "Tally", "gres", "refsegrs"]
