"""Published layouts, one module each. Importing this package registers all of them."""

from importers.formats import gres, pregres, refsegrs, rsgpt4v, rsteller
from importers.formats.base import FORMATS, SPLITS, Format, find_format

__all__ = [
    "FORMATS",
    "SPLITS",
    "Format",
    "find_format",
    "gres",
    "pregres",
    "refsegrs",
    "rsgpt4v",
    "rsteller",
]
