"""``http``: a mask service of one's own, asked with one POST for each pair.

The request is ``multipart/form-data`` with two parts: ``image``, the image file as it was
published (a PNG where that is no format browsers show, such as TIFF), and ``query``, the
text. The answer has the image's size and is, by its content type, one of::

    image/png            gray, 0 and 1 or 0 and 255
    application/x-npy    (height, width), of any number type; fractions are cut at 0.5
    application/json     COCO RLE, {"size": [height, width], "counts": "..." or [...]}

Status 204 says that there is no answer to this pair. 429, 408, 425 and 5xx are asked again
after a while, which ``Retry-After`` may name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fiftyone_plugin.predictors.base import Prediction, PredictorSpec, Query
from fiftyone_plugin.predictors.params import describe, option, read_params

if TYPE_CHECKING:
    from fiftyone_plugin.predictors.http_client import Client, Limits

NAME = "http"

MAX_REPLY = 64 << 20
"""Bytes of an answer; as NPY, a mask of 8,000x8,000 pixels."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The parameters that every predictor behind a network has."""

    concurrency: int = option("pairs asked at once", 4, low=1, high=256)
    retries: int = option("attempts after the first", 4, low=0, high=20)
    backoff: float = option(
        "seconds before the first retry, doubled each time", 0.5, low=0, high=60
    )
    connect_timeout: float = option("seconds to connect", 10, low=0.01, high=600)
    read_timeout: float = option("seconds the server may be silent", 120, low=0.01, high=86400)
    deadline: float = option("seconds for a pair, retries included", 600, low=0.01, high=86400)
    open_token: bool = option("send the token over plain http to another machine", False)


@dataclass(frozen=True, kw_only=True)
class Settings(Waiting):
    """The parameters of ``http``."""

    url: str = option("address that a pair is posted to")


class Http:
    """Masks from a service.

    Args:
        client: posts to it
        concurrency: pairs asked at once
    """

    def __init__(self, client: Client, concurrency: int) -> None:
        from fiftyone_plugin.predictors.http_images import Payloads
        from fiftyone_plugin.predictors.service_pool import Asker

        self._client = client
        self._payloads = Payloads()
        self._asker = Asker(self._ask, client, concurrency)

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """A mask in its image's size for each query, or why the service gave none."""
        return self._asker.predict(batch)

    def prefetch(self, batch: Sequence[Query]) -> None:
        """Begins to ask about the batch that comes next."""
        self._asker.prefetch(batch)

    def close(self) -> None:
        """Gives up what is under way."""
        self._asker.close()

    def _ask(self, query: Query) -> Prediction:
        from fiftyone_plugin.predictors.mask_decoding import ACCEPT, read_reply

        image = self._payloads.get(query.image)
        files = {"image": (image.name, image.data, image.mime_type)}
        reply = self._client.post(ACCEPT, files=files, data={"query": query.phrase})
        return read_reply(reply, query.image_size)


def limits_of(settings: Waiting, max_bytes: int) -> Limits:
    """A client's limits as the parameters set them."""
    from fiftyone_plugin.predictors.http_client import Limits

    return Limits(
        connect=settings.connect_timeout,
        read=settings.read_timeout,
        total=settings.deadline,
        retries=settings.retries,
        backoff=settings.backoff,
        max_bytes=max_bytes,
    )


def load(params: dict[str, Any], device: str) -> Http:
    """Makes the predictor; nothing is sent before the first batch.

    Raises:
        UsageError: for a bad parameter, or a token that may not go where it would
    """
    from fiftyone_plugin.predictors import secrets
    from fiftyone_plugin.predictors.http_addresses import check_token, check_url
    from fiftyone_plugin.predictors.http_client import Client

    settings = read_params(NAME, Settings, params)
    parts = check_url(NAME, settings.url)
    token = secrets.find_token(secrets.HTTP_TOKEN, parts.hostname or "")
    check_token(parts, secrets.HTTP_TOKEN, token, settings.open_token)
    client = Client(settings.url, limits_of(settings, MAX_REPLY), token)
    return Http(client, settings.concurrency)


SPEC = PredictorSpec(
    name=NAME,
    about="A mask service: one POST with image and query a pair; PNG, NPY or COCO RLE back.",
    params=describe(Settings),
    load=load,
)
