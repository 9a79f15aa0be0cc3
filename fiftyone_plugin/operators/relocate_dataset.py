"""Say where a dataset's files are now."""

from __future__ import annotations

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.operators.base import PairOperator


class RelocateDataset(PairOperator):
    """``pairlens relocate`` in the App."""

    step = steps.relocate_dataset
    title = "relocate dataset"
    icon = "drive_file_move"
    risk = types.RiskLevel.MEDIUM
