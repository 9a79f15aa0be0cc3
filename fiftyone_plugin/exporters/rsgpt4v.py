"""RS-GPT4V, written back; see :mod:`fiftyone_plugin.exporters.conversations`."""

from __future__ import annotations

from fiftyone_plugin.exporters.base import EXPORTERS, ExportFormat
from fiftyone_plugin.exporters.conversations import ConversationsExporter
from importers.formats.rsgpt4v import NAME

EXPORTERS.add(
    NAME,
    ExportFormat(
        NAME, "RS-GPT4V: the json and jsonl files it came in, with images", ConversationsExporter
    ),
)
