"""Judges: models that look at an image and answer whether its texts are right.

Every module of :mod:`pairlens.fiftyone_plugin.judging.builtin` declares one as its ``SPEC``. Those
of other packages register through the entry points ``pairlens.judges``.
"""

from importlib import import_module
from pkgutil import iter_modules

from pairlens.fiftyone_plugin.judging import builtin
from pairlens.fiftyone_plugin.judging.base import JUDGES, JudgeSpec

__all__ = ["JUDGES", "JudgeSpec"]

for _module in iter_modules(builtin.__path__):
    _spec = import_module(f"{builtin.__name__}.{_module.name}").SPEC
    JUDGES.add(_spec.name, _spec)
