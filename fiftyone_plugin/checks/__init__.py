"""Checks on pairs, captions and conversations.

Those of the package ``catalogue`` are found by being there; see "Adding a check" in
``docs/checks.md``.
"""

import pkgutil
from importlib import import_module

from pairlens.fiftyone_plugin.checks import catalogue
from pairlens.fiftyone_plugin.checks.base import (
    CHECKS,
    SEVERITIES,
    Check,
    Finding,
    Issue,
    Sample,
    check,
)
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics

__all__ = [
    "CHECKS",
    "SEVERITIES",
    "Batch",
    "Check",
    "DatasetStatistics",
    "Finding",
    "Issue",
    "Sample",
    "check",
]

for module in pkgutil.iter_modules(catalogue.__path__):
    import_module(f"{catalogue.__name__}.{module.name}")
