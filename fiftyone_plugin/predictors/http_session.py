"""HTTP connections that can be cut from outside, which is what makes a deadline a deadline.

The time-outs of sockets begin anew with each byte: a server that sends one every second
keeps a client for as long as it likes.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from requests import Session
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_watch: ContextVar[Watch | None] = ContextVar("pairlens_watch", default=None)


class Watch:
    """Cuts the connections that are opened or used within it when the time is up.

    Args:
        seconds: until then

    Attributes:
        expired: whether the time was up
    """

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._over = False
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Watch:
        self._reset = _watch.set(self)
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        _watch.reset(self._reset)
        with self._lock:
            for twin in self._sockets:
                twin.close()
            self._sockets.clear()

    def add(self, connection: socket.socket) -> None:
        """Takes a connection under watch; at once cut where the time is up already."""
        # A twin of it: TLS takes a socket's descriptor over before it shakes hands.
        twin = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            self._sockets.append(twin)
            over = self._over
        if over:
            self.cut()

    def cut(self) -> None:
        """Ends the connections: who reads from them meets their end."""
        with self._lock:
            self._over = True
            for twin in self._sockets:
                with suppress(OSError):
                    twin.shutdown(socket.SHUT_RDWR)

    def _expire(self) -> None:
        self.expired = True
        self.cut()


class _Watched:
    """What both kinds of connection add."""

    sock: Any

    def _new_conn(self) -> Any:
        made = super()._new_conn()  # type: ignore[misc]
        if (watch := _watch.get()) is not None:
            watch.add(made)
        return made

    def request(self, *args: Any, **kwargs: Any) -> None:
        # A connection that is used again was opened under an earlier watch.
        if (watch := _watch.get()) is not None and self.sock is not None:
            watch.add(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]


class _HTTP(_Watched, HTTPConnection):
    pass


class _HTTPS(_Watched, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTP  # type: ignore[assignment]


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS  # type: ignore[assignment]


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager


def make_session() -> Session:
    """A session for one thread at a time: watched, verified, keeping no cookies."""
    from http.cookiejar import DefaultCookiePolicy

    session = Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_connections=1, pool_maxsize=1, max_retries=0))
    return session
