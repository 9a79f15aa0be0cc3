"""Published layouts, one module each. Importing this package registers all of them."""

from importers.formats import gres, refsegrs
from importers.formats.base import FORMATS, SPLITS, Format, find_format

__all__ = ["FORMATS", "SPLITS", "Format", "find_format", "gres", "refsegrs"]
