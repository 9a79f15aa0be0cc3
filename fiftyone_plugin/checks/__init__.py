"""Checks on query/mask pairs. Importing this package registers all of them."""

from fiftyone_plugin.checks import images, language, masks, pairs, positions, predictions
from fiftyone_plugin.checks.base import CHECKS, SEVERITIES, Check, Doubt, Finding, Subject, check

__all__ = [
    "CHECKS",
    "SEVERITIES",
    "Check",
    "Doubt",
    "Finding",
    "Subject",
    "check",
    "images",
    "language",
    "masks",
    "pairs",
    "positions",
    "predictions",
]
