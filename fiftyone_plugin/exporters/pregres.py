"""PreGRES, written back; see :mod:`fiftyone_plugin.exporters.conversations`."""

from __future__ import annotations

from fiftyone_plugin.exporters.base import EXPORTERS, ExportFormat
from fiftyone_plugin.exporters.conversations import ConversationsExporter
from importers.formats.pregres import NAME

EXPORTERS.add(
    NAME,
    ExportFormat(NAME, "PreGRES: the json files it came in, with images", ConversationsExporter),
)
