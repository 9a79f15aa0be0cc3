"""Lists, reads and writes object stores (``s3://BUCKET/PREFIX``, ``gs://BUCKET/PREFIX``).

``fsspec`` does the transfers through the package of each store, with its settings and credentials.
This module decides which object names can be file names, checks that a copy is complete and of the
version that was listed, and turns errors into one sentence.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from pairlens.importers.errors import (
    OnNote,
    PairLensError,
    StateError,
    UsageError,
)
from pairlens.importers.files import replace_whole
from pairlens.importers.member_names import Names, name_refusal
from pairlens.importers.source_files import reason_of

PACKAGES = {"s3": "s3fs", "gs": "gcsfs"}
"""The package through which ``fsspec`` reads the URLs of a scheme."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_ADDRESS = re.compile(r"(s3|gs)://([A-Za-z0-9][A-Za-z0-9._-]+)((?:/[^/]+)*)")
_ARCHIVES = (".zip", ".tar")
_BLOCK = 8 << 20
"""Bytes of one request."""

_SECONDS, _SLOWEST = 120, 50_000
"""The timeout of a request, including the retries of the store's package: seconds, and the bytes
for which it is one second longer."""

_NO_BUCKET = "there is no such bucket); make it, or give another address"
_LISTING = "cannot be listed", "try again when it can be reached"
_PASSWORD = re.compile(r"(?<=://)[^/\s@]*@")
"""User and password in the URL of an endpoint, which messages must not contain."""

_OF_KEYS = re.compile("Credential|Profile|Token|Refresh")
"""Parts of the names of exceptions for missing or expired credentials."""

_ERRNO = re.compile(r"\[Errno [0-9]+\] ")

_VERSIONED = "?versionId="
"""A part of an object's name that ``s3fs`` takes for a query."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in a store, as it was listed.

    Attributes:
        name: path relative to the listed address, with ``/``
        path: path for ``fsspec``, with the bucket
        size: in bytes
        version: differs between versions of the object, such as an ETag
        md5: MD5 of its content in hexadecimal digits; ``""`` if the store does not report it
        changed: time of the last change in seconds since 1970; 0 if the store does not report it
    """

    name: str
    path: str
    size: int
    version: str
    md5: str
    changed: float


@dataclass(frozen=True)
class Listing:
    """The objects at an address.

    Attributes:
        address: of the folder
        objects: the objects by name, sorted
        asked: name of the object if the given address was of one; ``""`` if it was of a folder
    """

    address: str
    objects: dict[str, StoredObject]
    asked: str = ""

    @property
    def digest(self) -> str:
        """Hash of all names, sizes and versions: 12 hexadecimal digits."""
        facts = repr([(one.name, one.size, one.version) for one in self.objects.values()])
        return hashlib.sha256(facts.encode()).hexdigest()[:12]


def is_address(root: str) -> bool:
    """Whether a root is the URL of an object store."""
    match = _SCHEME.match(root)
    return match is not None and match[1].lower() in PACKAGES


def plain_address(root: str) -> str:
    """Normalizes the URL of an object store: lower-case scheme, no slashes at the end.

    Raises:
        UsageError: if it is not such a URL, or contains a password or a query
    """
    scheme, _, rest = root.partition("://")
    plain = f"{scheme.lower()}://{rest.rstrip('/')}"
    if _ADDRESS.fullmatch(plain) is None or set(rest) & set("?#@\0"):
        shown = f"{scheme}://{rest.rpartition('@')[2]}"  # never a password
        raise UsageError(
            f"{shown[:200]!r} is no address of a folder; write {scheme.lower()}://BUCKET/PREFIX, "
            f"and give passwords as {PACKAGES[scheme.lower()]} takes them, not in the address"
        )
    return plain


def local_path(root: str) -> str:
    """Returns the path of a ``file://`` URL; a root that is not a URL is returned unchanged.

    Raises:
        UsageError: if the URL is of another machine or an unknown scheme
    """
    match = _SCHEME.match(root)
    if match is None:
        return root
    if match[1].lower() != "file":
        known = ", ".join(f"{scheme}://" for scheme in ("file", *PACKAGES, "hf"))
        raise UsageError(f"{match[0]} is nothing that is read; known: {known}")
    parts = urlsplit(root)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise UsageError(f"{root[:200]!r} names no folder of this machine; write file:///PATH")
    return unquote(root.partition("://")[2].removeprefix("localhost"))


def list_objects(address: str, on_note: OnNote) -> Listing:
    """Lists the objects at an address. Those whose names cannot be file names are left out.

    If the address is of a single object that is not an archive, the objects in its folder are
    listed too: the rows of a table refer to files there.

    Args:
        address: as :func:`plain_address` returns it
        on_note: receives a note on objects that are left out

    Raises:
        UsageError: if there is nothing at the address
        StateError: if the store cannot be reached or refuses access
    """
    store = open_store(address)
    folder, asked = address, ""
    with explaining_errors(address, *_LISTING):
        found = store.find(path_of(address), detail=True)
        if set(found) == {path_of(address)}:
            folder, _, asked = address.rpartition("/")
            if not asked.lower().endswith(_ARCHIVES):
                found = store.find(path_of(folder), detail=True)
    objects = _objects(found, folder, on_note)
    if not objects:
        raise UsageError(f"there is nothing at {address}; give what the dataset lies in")
    return Listing(folder, objects, asked)


def objects_below(address: str) -> dict[str, StoredObject]:
    """Lists all objects below the address of a folder by name, whatever their names are.

    Returns:
        the objects by name; empty if there are none

    Raises:
        StateError: if the bucket does not exist, or the store cannot be reached or refuses access
    """
    store = open_store(address)
    with explaining_errors(address, *_LISTING):
        try:
            found = store.find(path_of(address), detail=True)
        except FileNotFoundError as error:
            raise StateError(f"{address} cannot be listed ({_NO_BUCKET}") from error
    return {name: _object(name, path, facts) for name, path, facts in _below(found, address)}


def path_of(address: str) -> str:
    """Returns the path for ``fsspec`` of an address: without the scheme."""
    return address.partition("://")[2]


def _objects(found: Mapping[str, Any], folder: str, on_note: OnNote) -> dict[str, StoredObject]:
    """Selects the objects whose names can be file names, with a note on the others."""
    names, objects, left = Names(), dict[str, StoredObject](), list[str]()
    for name, path, facts in _below(found, folder):
        reason = name_refusal(name) or ("its name is a query" if _VERSIONED in name else "")
        reason = reason or names.refusal(name)
        if reason:
            left.append(f"{name[:200]!r} is left out: {reason}")
        else:
            objects[name] = _object(name, path, facts)
    if left:
        more = f", and {len(left) - 1:,} other objects" if len(left) > 1 else ""
        on_note(f"{folder}: {left[0]}{more}")
    return objects


def _below(found: Mapping[str, Any], folder: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yields name, path and ``fsspec`` info of each object in a folder.

    The empty objects by which web consoles mark folders are left out.
    """
    start = f"{path_of(folder)}/"
    for path, facts in sorted(found.items()):
        name = path.removeprefix(start)
        if facts.get("type") == "file" and name not in ("", path) and not name.endswith("/"):
            yield name, path, facts


def _object(name: str, path: str, facts: Mapping[str, Any]) -> StoredObject:
    changed = next((facts[k] for k in ("LastModified", "mtime", "updated") if facts.get(k)), None)
    if isinstance(changed, str):
        changed = datetime.fromisoformat(changed)
    seconds = changed.timestamp() if isinstance(changed, datetime) else float(changed or 0)
    size = int(facts.get("size") or 0)
    return StoredObject(name, path, size, _version(facts), _md5(facts), seconds)


def _version(facts: Mapping[str, Any]) -> str:
    known = ("ETag", "etag", "generation", "md5Hash", "LastModified", "updated", "mtime")
    return next((str(facts[name]) for name in known if facts.get(name)), "")


def _md5(facts: Mapping[str, Any]) -> str:
    tag = str(facts.get("ETag") or "").strip('"')
    if re.fullmatch(r"[0-9a-f]{32}", tag):  # the ETag is the MD5 unless uploaded in several parts
        return tag
    coded = facts.get("md5Hash")
    return base64.b64decode(coded).hex() if isinstance(coded, str) else ""


def put(
    address: str, content: bytes | Path, store: Any = None, seconds: float | None = None
) -> None:
    """Writes an object, completely or not at all.

    Args:
        address: of the object
        content: its content, or a file with it
        store: the result of :func:`open_store`, to open the store only once for several objects
        seconds: timeout; by default one that suits the size

    Raises:
        StateError: if the store cannot be reached or refuses access
    """
    store = store or open_store(address)
    with explaining_errors(address, "cannot be written", "try again when it can be reached"):
        try:
            size = len(content) if isinstance(content, bytes) else content.stat().st_size
            limit = seconds or _patience(size)
            if isinstance(content, bytes):
                store.pipe_file(path_of(address), content, timeout=limit)
            else:
                store.put_file(str(content), path_of(address), timeout=limit)
        except FileNotFoundError as error:
            raise StateError(f"{address} cannot be written ({_NO_BUCKET}") from error


class Copier:
    """Copies objects of a store to files.

    Args:
        address: any address in the store

    Raises:
        StateError: if the package of the store is missing
    """

    def __init__(self, address: str) -> None:
        self._scheme = address.partition("://")[0]
        self._store = open_store(address)
        self._fresh = open_store(address, use_listings_cache=False)

    def copy(self, listed: StoredObject, target: Path) -> None:
        """Copies an object to a file, completely or not at all.

        Args:
            listed: the object as listed
            target: the file, which gets the object's time of change

        Raises:
            StateError: if the object cannot be read or has changed since it was listed, or the file
                cannot be written
        """
        digest = hashlib.md5(usedforsecurity=False)

        def write(stream: IO[bytes]) -> None:
            for chunk in self._chunks(listed):
                digest.update(chunk)
                stream.write(chunk)
            if digest.hexdigest() != listed.md5:  # changed, or the store does not report an MD5
                self._check_version(listed)

        try:
            replace_whole(target, write)
            os.utime(
                target, (listed.changed, listed.changed)
            )  # does not depend on when it is fetched
        except OSError as error:
            raise StateError(f"cannot write to {target.parent} ({reason_of(error)})") from error

    def _chunks(self, one: StoredObject) -> Iterator[bytes]:
        """Reads an object in blocks.

        Raises:
            StateError: if it has another size than was listed
        """
        start, address = 0, self._address(one)
        while start < one.size:
            stop = min(start + _BLOCK, one.size)
            more = stop == one.size  # asks for one byte more, to notice that the object has grown
            with explaining_errors(address):
                data = self._store.cat_file(
                    one.path, start=start, end=stop + more, timeout=_patience(stop - start)
                )
            if len(data) != stop - start:
                raise _changed(address)
            yield data
            start = stop

    def _check_version(self, one: StoredObject) -> None:
        with explaining_errors(self._address(one)):
            facts = self._fresh.info(one.path, timeout=_patience(0))
        if _version(facts) != one.version:
            raise _changed(self._address(one))

    def _address(self, one: StoredObject) -> str:
        return f"{self._scheme}://{one.path}"


def open_store(address: str, **options: Any) -> Any:
    """Returns the ``fsspec`` file system for an address.

    Args:
        address: any address in the store
        options: further options of the file system

    Raises:
        StateError: if the package of the store is missing
    """
    scheme = address.partition("://")[0]
    logger = logging.getLogger(PACKAGES[scheme])
    if logger.level == logging.NOTSET:  # errors are raised; gcsfs logs their traceback as well
        logger.setLevel(logging.CRITICAL)
    try:
        import fsspec

        return fsspec.filesystem(scheme, skip_instance_cache=True, **options)
    except ImportError as error:
        raise StateError(
            f"{scheme}:// is read through the package {PACKAGES[scheme]}, which is not there; "
            f"run: pip install 'pairlens[{scheme}]'"
        ) from error


def end_requests() -> None:
    """Cancels the requests of this process that wait for an answer, which can take minutes.

    Requests that threads begin within the next second are cancelled too, since threads do not stop
    at once.
    """
    client = sys.modules.get("fsspec.asyn")
    # Not through fsspec's get_loop(): that takes a lock which the main thread may hold right now.
    if client is None or (loop := client.loop[0]) is None:
        return

    def cancel() -> None:
        for task in asyncio.all_tasks(loop):
            task.cancel()

    for tenth in range(10):
        loop.call_soon_threadsafe(loop.call_later, tenth / 10, cancel)


def _patience(size: int) -> float:
    """Returns the timeout in seconds of a request for so many bytes, beside other requests."""
    return _SECONDS + size / _SLOWEST


def _changed(address: str) -> StateError:
    return StateError(f"{address} changed while it was fetched; run the same command again")


@contextmanager
def explaining_errors(
    address: str,
    failed: str = "could not be fetched whole",
    way_out: str = "what arrived is kept, try again",
) -> Iterator[None]:
    """Translates errors of an object store into a sentence that says what to do.

    Args:
        address: of the object, for the message
        failed: what did not succeed, as the middle of a sentence
        way_out: what to do, as the end of a sentence

    Raises:
        UsageError: if a listed address does not exist
        StateError: for any other error
    """
    package = PACKAGES[address.partition("://")[0]]
    try:
        yield
    except PairLensError:
        raise
    except FileNotFoundError as error:
        if failed != _LISTING[0]:  # it existed when it was listed
            raise _changed(address) from error
        raise UsageError(f"there is nothing at {address}; give another address") from error
    except Exception as error:  # each store has errors of its own
        if isinstance(error, PermissionError) or _OF_KEYS.search(type(error).__name__):
            raise StateError(
                f"{address} {failed} ({_text(error)}); give a key that may, as {package} takes it "
                "from the environment"
            ) from error
        raise StateError(f"{address} {failed} ({_text(error)}); {way_out}") from error


def _text(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer came in time"
    lines: Sequence[str] = _ERRNO.sub("", str(error)).splitlines()
    return _PASSWORD.sub("***@", lines[0]) if lines else type(error).__name__
