"""``http``: a mask service, which gets one POST for each pair.

The request is ``multipart/form-data`` with two parts: ``image``, the published image file (as PNG
if browsers do not show its format, such as TIFF), and ``query``, the text. The answer is a mask of
the image's size, in one of these content types::

    image/png            gray, 0 and 1 or 0 and 255
    application/x-npy    (height, width), of any number type; floats are cut at 0.5
    application/json     COCO RLE, {"size": [height, width], "counts": "..." or [...]}

Status 204 means that there is no prediction. Requests with status 408, 425, 429, 500, 502, 503 or
504 are repeated after a pause, which ``Retry-After`` can set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pairlens.fiftyone_plugin.predictors import secrets
from pairlens.fiftyone_plugin.predictors.base import Prediction, PredictorSpec, Query
from pairlens.fiftyone_plugin.predictors.params import option
from pairlens.fiftyone_plugin.predictors.services import (
    ServicePredictor,
    ServiceSettings,
    open_client,
)

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.predictors.http_client import Reply

NAME = "http"
MAX_REPLY = 64 << 20
"""Maximum size of an answer in bytes: a mask of 8,000x8,000 pixels as NPY."""


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The parameters of ``http``."""

    url: str = option("address that a pair is posted to")


class MaskService(ServicePredictor):
    """Masks from a service that takes an image and a query."""

    def request(self, query: Query) -> dict[str, Any]:
        """The request: a form with image and query."""
        from pairlens.fiftyone_plugin.predictors.mask_decoding import ACCEPT

        image = self._read_payload(query.image)
        files = {"image": (image.name, image.data, image.mime_type)}
        return {"accept": ACCEPT, "files": files, "data": {"query": query.phrase}}

    def read(self, reply: Reply, query: Query) -> Prediction:
        """Decodes the mask in the answer."""
        from pairlens.fiftyone_plugin.predictors.mask_decoding import decode_reply

        return decode_reply(reply, query.image_size)


def load(settings: Settings, device: str) -> MaskService:
    """Makes the predictor; nothing is sent before the first batch.

    Raises:
        UsageError: for an invalid address, or a token that may not be sent there
    """
    client = open_client(NAME, settings, settings.url, secrets.HTTP_TOKEN, MAX_REPLY)
    return MaskService(client, settings.concurrency)


SPEC = PredictorSpec(
    name=NAME,
    about="A mask service: one POST with image and query a pair; PNG, NPY or COCO RLE back.",
    settings=Settings,
    make=load,
    setup="a server",
)
