"""Export of FiftyOne datasets: in their own layouts, and converted for other tools.

Importing this package imports all its modules, which registers the converters and the exporters
that ``dataset.export`` uses.
"""

from importlib import import_module
from pkgutil import iter_modules

from pairlens.fiftyone_plugin.exporters.converters import (
    CONVERTERS,
    Converter,
    ConvertFormat,
    Example,
)

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["CONVERTERS", "ConvertFormat", "Converter", "Example"]
