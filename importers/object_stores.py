"""Object stores (``s3://BUCKET/PREFIX``, ``gs://BUCKET/PREFIX``): what lies there, and copies.

``fsspec`` does the work, through the package of each store, with its settings and credentials.
Here is decided which names can be files, whether a copy is whole and of the version that was
listed, and said in one sentence what went wrong.
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
"""What reads the URLs of a scheme, through ``fsspec``."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_ADDRESS = re.compile(r"(s3|gs)://([A-Za-z0-9][A-Za-z0-9._-]+)((?:/[^/]+)*)")
_ARCHIVES = (".zip", ".tar")
_BLOCK = 8 << 20
"""Bytes that are asked for at once."""

_SECONDS, _SLOWEST = 120, 50_000
"""Time for a request, with all that a store's package tries again, and bytes a second beside."""

_NO_BUCKET = "there is no such bucket); make it, or give another address"
_LISTING = "cannot be listed", "try again when it can be reached"
_PASSWORD = re.compile(r"(?<=://)[^/\s@]*@")
"""In the address of an endpoint."""

_OF_KEYS = re.compile("Credential|Profile|Token|Refresh")
"""Names of exceptions over keys that are not there, or not any more."""

_ERRNO = re.compile(r"\[Errno [0-9]+\] ")

_VERSIONED = "?versionId="
"""What ``s3fs`` takes for no part of a name."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object.

    Attributes:
        name: below the address, as a path
        path: as ``fsspec`` names it
        size: in bytes
        version: that tells it from others of its name, such as an ETag
        md5: of its content, in hexadecimal digits; ``""`` where the store does not tell
        changed: when, in seconds since 1970; 0 where the store does not tell
    """

    name: str
    path: str
    size: int
    version: str
    md5: str
    changed: float


@dataclass(frozen=True)
class Listing:
    """What lies at an address.

    Attributes:
        address: the folder
        objects: by name, sorted
        asked: the name of the object that the address was of; ``""`` where it was a folder's
    """

    address: str
    objects: dict[str, StoredObject]
    asked: str = ""

    @property
    def digest(self) -> str:
        """A digest of names and versions."""
        facts = repr([(one.name, one.size, one.version) for one in self.objects.values()])
        return hashlib.sha256(facts.encode()).hexdigest()[:12]


def is_address(root: str) -> bool:
    """Whether a root is a URL of an object store."""
    match = _SCHEME.match(root)
    return match is not None and match[1].lower() in PACKAGES


def plain_address(root: str) -> str:
    """A URL as it is stored: without slashes at its end.

    Raises:
        UsageError: if it is no such URL, or holds a password or a query
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
    """The path that a ``file://`` URL names; another root as it is.

    Raises:
        UsageError: if it is of another machine, or of a scheme that is not known
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
    """Lists what lies at an address; what can be no file in a folder is left out with a note.

    Of a single object that is no archive, all that lies beside it is listed too: the rows of a
    table name files there.

    Raises:
        UsageError: if nothing is there
        StateError: if the store cannot be reached or refuses
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
    """What lies at the address of a folder, by name; nothing where there is none.

    Any name is among them: who asks knows which are names of files.

    Raises:
        StateError: if the store cannot be reached or refuses
    """
    store = open_store(address)
    with explaining_errors(address, *_LISTING):
        try:
            found = store.find(path_of(address), detail=True)
        except FileNotFoundError as error:
            raise StateError(f"{address} cannot be listed ({_NO_BUCKET}") from error
    return {name: _object(name, path, facts) for name, path, facts in _below(found, address)}


def path_of(address: str) -> str:
    """An address as ``fsspec`` names it."""
    return address.partition("://")[2]


def _objects(found: Mapping[str, Any], folder: str, on_note: OnNote) -> dict[str, StoredObject]:
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
    """Names, paths and facts of the objects in a folder; consoles make objects that mark one."""
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
    if re.fullmatch(r"[0-9a-f]{32}", tag):  # of an object that came in one part
        return tag
    coded = facts.get("md5Hash")
    return base64.b64decode(coded).hex() if isinstance(coded, str) else ""


def put(
    address: str, content: bytes | Path, store: Any = None, seconds: float | None = None
) -> None:
    """Writes an object, whole or not at all.

    Args:
        address: of the object
        content: what it holds, or a file of that
        store: as :func:`open_store` gives it, which takes a while
        seconds: time for it; by default what suits its size

    Raises:
        StateError: if the store cannot be reached or refuses
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
        address: any in the store

    Raises:
        StateError: if the package of the store is missing
    """

    def __init__(self, address: str) -> None:
        self._scheme = address.partition("://")[0]
        self._store = open_store(address)
        self._fresh = open_store(address, use_listings_cache=False)

    def copy(self, one: StoredObject, target: Path) -> None:
        """Copies an object to a file, whole or not at all.

        Raises:
            StateError: if it cannot be read, is another than the one listed, or there is no room
        """
        digest = hashlib.md5(usedforsecurity=False)

        def write(stream: IO[bytes]) -> None:
            for chunk in self._chunks(one):
                digest.update(chunk)
                stream.write(chunk)
            if digest.hexdigest() != one.md5:  # or what it would be is not known
                self._check_version(one)

        try:
            replace_whole(target, write)
            os.utime(target, (one.changed, one.changed))  # the same whenever it is fetched
        except OSError as error:
            raise StateError(f"cannot write to {target.parent} ({reason_of(error)})") from error

    def _chunks(self, one: StoredObject) -> Iterator[bytes]:
        """What is read with one request after the other, and no more than was listed."""
        start, address = 0, self._address(one)
        while start < one.size:
            stop = min(start + _BLOCK, one.size)
            more = stop == one.size  # a byte, which tells an object that has grown
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
    """The file system of ``fsspec`` for an address.

    Raises:
        StateError: if its package is missing
    """
    scheme = address.partition("://")[0]
    said = logging.getLogger(PACKAGES[scheme])
    if said.level == logging.NOTSET:  # what is raised is told, and gcsfs prints its traceback too
        said.setLevel(logging.CRITICAL)
    try:
        import fsspec

        return fsspec.filesystem(scheme, skip_instance_cache=True, **options)
    except ImportError as error:
        raise StateError(
            f"{scheme}:// is read through the package {PACKAGES[scheme]}, which is not there; "
            f"run: pip install 'pairlens[{scheme}]'"
        ) from error


def end_requests() -> None:
    """Ends the requests of this process that wait for an answer, which can take minutes.

    Those are ended too that threads begin within a second, until they are told to begin no more.
    """
    client = sys.modules.get("fsspec.asyn")
    # Not asked for: where there is none, a lock is taken that the main thread may hold right now.
    if client is None or (loop := client.loop[0]) is None:
        return

    def cancel() -> None:
        for task in asyncio.all_tasks(loop):
            task.cancel()

    for tenth in range(10):
        loop.call_soon_threadsafe(loop.call_later, tenth / 10, cancel)


def _patience(size: int) -> float:
    """Seconds for a request that carries so many bytes, among others at the same time."""
    return _SECONDS + size / _SLOWEST


def _changed(address: str) -> StateError:
    return StateError(f"{address} changed while it was fetched; run the same command again")


@contextmanager
def explaining_errors(
    address: str,
    failed: str = "could not be fetched whole",
    way_out: str = "what arrived is kept, try again",
) -> Iterator[None]:
    """Translates the errors of an object store into a sentence that says what to do.

    Args:
        address: of the store, for the message
        failed: what did not succeed, as the middle of a sentence
        way_out: what to do, as the end of a sentence

    Raises:
        UsageError: if a package is missing, or the address or the credentials are wrong
        StateError: for anything else that the store reports
    """
    package = PACKAGES[address.partition("://")[0]]
    try:
        yield
    except PairLensError:
        raise
    except FileNotFoundError as error:
        if failed != _LISTING[0]:  # it was listed before
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
