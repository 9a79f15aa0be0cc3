"""Published layouts, one module each, read and written back.

Importing this package imports all its modules, and each format registers itself.
"""

from importlib import import_module
from pkgutil import iter_modules

from pairlens.importers.formats.base import (
    FORMATS,
    SPLITS,
    Format,
    FormatFault,
    Settled,
    find_format,
)

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["FORMATS", "SPLITS", "Format", "FormatFault", "Settled", "find_format"]
