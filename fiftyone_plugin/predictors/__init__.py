"""Predictors: one file each behind one Protocol, listed without importing what they run on.

A predictor's module stays light: it declares its ``SPEC`` and imports scikit-image, OpenCV
or torch only where it first needs them.
"""

from fiftyone_plugin.predictors import (
    clipseg,
    cues,
    florence2,
    grounded_sam2,
    http,
    results,
    sam3,
    vlm,
    zoo,
)
from fiftyone_plugin.predictors.base import PREDICTORS, PredictorSpec

__all__ = ["PREDICTORS", "PredictorSpec"]

for _module in (cues, results, clipseg, grounded_sam2, sam3, florence2, zoo, http, vlm):
    PREDICTORS.add(_module.SPEC.name, _module.SPEC)
