"""Detects TIFFs with several pages of one size, of which readers use only the first."""

from __future__ import annotations

from itertools import islice
from typing import Any

import tifffile
from PIL import Image

from pairlens.importers.errors import check_memory

_SUBFILE = 254
_COPY, _MASK = 1, 4
"""Bits of the tag NewSubfileType: a reduced copy of another page, and a transparency mask."""


def has_pages(image: Image.Image) -> bool:
    """Whether an open image is a TIFF with a second page like the first; no pixels are decoded."""
    if getattr(image, "tag_v2", None) is None:
        return False
    size = image.size
    try:
        image.seek(1)
        tags: Any = image.tag_v2  # type: ignore[attr-defined]
        return image.size == size and not _is_beside(tags.get(_SUBFILE, 0))
    except Exception as error:  # on hostile bytes, decoders raise any exception
        check_memory(error)
        return False
    finally:
        image.seek(0)


def tiff_has_pages(tiff: tifffile.TiffFile) -> bool:
    """Does what :func:`has_pages` does for a file that tifffile opened."""
    second = next(islice(tiff.pages, 1, 2), None)
    if not isinstance(second, tifffile.TiffPage):
        return False
    return second.shape == tiff.pages.first.shape and not _is_beside(second.subfiletype)


def _is_beside(kind: Any) -> bool:
    return not isinstance(kind, int) or bool(kind & (_COPY | _MASK))
