"""Predictors: one file each behind one Protocol, listed without importing what they run on.

Every module of :mod:`pairlens.fiftyone_plugin.predictors.builtin` declares one as its ``SPEC``; it
stays light, importing scikit-image, OpenCV or torch only where it first needs them. Those of other
packages register through the entry points ``pairlens.predictors``.
"""

from importlib import import_module
from pkgutil import iter_modules

from pairlens.fiftyone_plugin.predictors import builtin
from pairlens.fiftyone_plugin.predictors.base import PREDICTORS, PredictorSpec

__all__ = ["PREDICTORS", "PredictorSpec"]


def _builtin_specs() -> list[PredictorSpec]:
    """Their specs by name, those first that need no further packages."""
    modules = (
        import_module(f"{builtin.__name__}.{m.name}") for m in iter_modules(builtin.__path__)
    )
    return sorted((m.SPEC for m in modules), key=lambda spec: (bool(spec.needs), spec.name))


for _spec in _builtin_specs():
    PREDICTORS.add(_spec.name, _spec)
