"""Opening the App on a dataset, with the plugin in it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import fiftyone as fo
import httpx

from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.importers.errors import StateError, UsageError

PROBE_SECONDS = 2


def _say(url: str) -> None:
    print(f"The App is at {url}; Ctrl-C ends it", file=sys.stderr)


def open_app(
    dataset_name: str,
    port: int | None = None,
    *,
    address: str | None = None,
    browser: bool = True,
    on_ready: Callable[[str], None] = _say,
) -> None:
    """Links the plugin, serves the App and blocks until it is interrupted (Ctrl-C).

    Args:
        dataset_name: the dataset to show
        port: where to serve; FiftyOne's default port, normally 5151, if not given
        address: where to listen; FiftyOne's choice if not given, which is this machine alone,
            and every network interface inside a container
        browser: whether to open a browser tab, where there is a screen to show it
        on_ready: called with the App's address when it can be opened

    Raises:
        StateError: if there is no such dataset, the plugin cannot be linked, or another
            program has the port
        UsageError: for a port number that cannot be one
    """
    chosen = int(str(fo.config.default_app_port)) if port is None else port
    if not 0 < chosen < 65536:
        raise UsageError(f"--port {chosen} is no port; give one from 1 to 65535")
    if not fo.dataset_exists(dataset_name):
        known = ", ".join(str(name) for name in fo.list_datasets()[:20]) or "none"
        raise StateError(f"there is no dataset {dataset_name!r}; there is {known}")
    ensure_link()
    _refuse_foreign(chosen)
    launch: Any = fo.launch_app
    session = launch(
        fo.load_dataset(dataset_name),
        port=chosen,
        address=address,
        remote=not (browser and _has_screen()),
    )
    on_ready(f"http://localhost:{chosen}/datasets/{quote(dataset_name)}")
    try:
        session.wait(-1)
    except KeyboardInterrupt:
        session.close()


def _has_screen() -> bool:
    """A terminal browser would take over the terminal that the App was started from."""
    unix = sys.platform not in ("win32", "darwin")
    return not unix or any(
        v in os.environ for v in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    )


def _refuse_foreign(port: int) -> None:
    """FiftyOne would wait a minute for a port that another program has."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/fiftyone", timeout=PROBE_SECONDS)
        answer.json()["version"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        raise StateError(f"port {port} is taken by another program; give --port") from None
