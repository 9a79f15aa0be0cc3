"""Store the boxes of the data that the images were taken from."""

from __future__ import annotations

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.operators.base import PairOperator


class StoreSourceBoxes(PairOperator):
    """``pairlens sources`` in the App."""

    step = steps.store_source_boxes
    title = "store the boxes of the source"
    icon = "select_all"
    risk = types.RiskLevel.MEDIUM
