"""Decodes masks in a service's answers: PNG, NPY, or COCO RLE in JSON, by content type."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction
from pairlens.fiftyone_plugin.predictors.http_client import Reply
from pairlens.importers.errors import MaskError

ACCEPT = "image/png, application/json;q=0.9, application/x-npy;q=0.8"


_Decoder = Callable[[bytes, tuple[int, int]], Prediction]


def decode_reply(reply: Reply, size: tuple[int, int]) -> Prediction:
    """Decodes an answer.

    Args:
        reply: with the content type ``image/png``, ``application/x-npy`` (or
            ``application/octet-stream`` with NPY's first bytes) or ``application/json``;
            or a reply without content (status 204), which means *no prediction*
        size: (width, height) that the mask must have; (0, 0) if unknown

    Returns:
        (height, width) uint8 of 0 and 1

    Raises:
        NoPrediction: for a reply without content
        MaskError: for an answer that is not such a mask
    """
    if reply.nothing:
        raise NoPrediction("the service has no answer")
    decode = _DECODERS.get(reply.content_type)
    if decode is None:
        content_type = f"{reply.content_type!r:.60}" if reply.content_type else "nothing"
        raise MaskError(
            f"the service says that it answers {content_type}; expected image/png, "
            "application/x-npy or application/json"
        )
    mask = _decoded(decode, reply.body, size)
    height, width = mask.shape
    _check_size(width, height, size)
    return mask


def _check_size(width: int, height: int, size: tuple[int, int]) -> None:
    """Refuses a mask of another size than the image; called before decoding if possible."""
    if size != (0, 0) and (width, height) != size:
        raise _OtherSize(
            f"the service answered a mask of {width}x{height} to an image of {size[0]}x{size[1]}"
        )


class _OtherSize(MaskError):
    """A size mismatch, whose message already names the service."""


def _decoded(decode: _Decoder, body: bytes, size: tuple[int, int]) -> Prediction:
    try:
        return decode(body, size)
    except _OtherSize:
        raise
    except MaskError as error:
        raise MaskError(f"the service's answer: {error}") from error
    except Exception as error:  # decoders raise exceptions of any kind on hostile input
        raise MaskError(f"the service's answer cannot be decoded ({error!r:.120})") from error


def _png(body: bytes, size: tuple[int, int]) -> Prediction:
    from PIL import Image

    from pairlens.importers.masks import MAX_PIXELS, from_array

    with Image.open(io.BytesIO(body), formats=("PNG",)) as image:
        if image.width * image.height > MAX_PIXELS:
            raise MaskError(f"{image.width}x{image.height} pixels are too many for a mask")
        _check_size(image.width, image.height, size)
        band = image.getchannel(0) if image.mode in ("LA", "PA") else image
        return from_array(np.asarray(band)).target.astype(np.uint8)


def _npy(body: bytes, size: tuple[int, int]) -> Prediction:
    from pairlens.importers.arrays import load_npy
    from pairlens.importers.masks import from_array

    return from_array(load_npy(body)).target.astype(np.uint8)


def _json(body: bytes, size: tuple[int, int]) -> Prediction:
    from pairlens.importers.rle import decode_rle

    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MaskError("it is not complete JSON") from error
    rle = content.get("segmentation", content) if isinstance(content, dict) else None
    if not isinstance(rle, dict):
        raise MaskError('it is not COCO RLE {"size": [height, width], "counts": ...}')
    declared = rle.get("size")
    if isinstance(declared, list) and [type(side) for side in declared] == [int, int]:
        _check_size(declared[1], declared[0], size)
    return decode_rle(rle)


_DECODERS: dict[str, _Decoder] = {
    "image/png": _png,
    "application/json": _json,
    "application/x-npy": _npy,
    "application/octet-stream": _npy,
}
