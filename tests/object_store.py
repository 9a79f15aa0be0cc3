"""An object store on loopback: moto's S3, behind a proxy that counts, cuts and refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from botocore.loaders import JSONFileLoader
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "bucket"
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
}
"""What clients take from the environment, beside the endpoint."""


@dataclass
class ObjectStore:
    """The store, and the requests that it received.

    Attributes:
        url: endpoint of the store
        client: client of boto3
        read: keys whose content was sent
        written: keys whose content was received
        cut: keys of which only the first half is sent
        before: called with a key before its content is sent
        refusal: returns, for a method and a key, the status to answer instead, such as
            ``503 SlowDown``
    """

    url: str = ""
    client: Any = None
    read: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    cut: set[str] = field(default_factory=set)
    before: dict[str, Any] = field(default_factory=dict)
    refusal: Callable[[str, str], str] = lambda method, key: ""

    def put(self, files: dict[str, bytes]) -> None:
        """Stores objects by key."""
        for key, data in files.items():
            self.client.put_object(Bucket=BUCKET, Key=key, Body=data)

    def put_folder(self, folder: Path, prefix: str) -> None:
        """Stores the files of a folder."""
        files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
        self.put({f"{prefix}/{f.relative_to(folder).as_posix()}": f.read_bytes() for f in files})

    def keys(self, prefix: str = "") -> dict[str, bytes]:
        """The objects whose keys begin with a prefix."""
        listed = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())
        get = self.client.get_object
        return {o["Key"]: get(Bucket=BUCKET, Key=o["Key"])["Body"].read() for o in listed}


@contextmanager
def _described_once() -> Iterator[None]:
    """Caches boto3's service descriptions: each client reads megabytes of JSON, which takes a
    quarter of a second, and a test has a dozen clients."""
    read = cache(partial(JSONFileLoader.load_file, JSONFileLoader()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda self, path: read(path))
        yield


@contextmanager
def serve_objects() -> Iterator[ObjectStore]:
    """Runs a store with a bucket until the block ends."""
    with _described_once():
        yield from _served()


def _served() -> Iterator[ObjectStore]:
    store = ObjectStore()
    inner = DomainDispatcherApplication(create_backend_app)
    server = make_server(
        "127.0.0.1", 0, _door(store, inner), threaded=True, request_handler=_Silent
    )
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    store.client = boto3.client(
        "s3",
        endpoint_url=store.url,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    store.client.create_bucket(Bucket=BUCKET)
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def used(store: ObjectStore, cache: Path) -> Iterator[ObjectStore]:
    """Makes clients of this process, and of those it starts, use a store and a cache."""
    settings = {**SETTINGS, "AWS_ENDPOINT_URL": store.url, "PAIRLENS_CACHE": str(cache)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        store.read.clear()
        store.written.clear()
        yield store
    store.cut.clear()
    store.before.clear()
    store.refusal = lambda method, key: ""


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Says nothing."""


def _door(store: ObjectStore, inner: Any) -> Any:
    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        key = unquote(environ["PATH_INFO"].removeprefix(f"/{BUCKET}").removeprefix("/"))
        method = environ["REQUEST_METHOD"]
        if environ.get("HTTP_USER_AGENT", "").startswith("Boto3"):
            return inner(environ, start_response)
        if refusal := store.refusal(method, key):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(refusal, [("Content-Type", "application/xml")])
            code = refusal.split()[1]
            return [f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()]
        if method == "PUT":
            store.written.append(key)
        if method != "GET" or not key:
            return inner(environ, start_response)
        store.read.append(key)
        if key in store.before:
            store.before.pop(key)()
        answer = b"".join(inner(environ, start_response))
        return [answer[: len(answer) // 2] if key in store.cut else answer]

    return serve
