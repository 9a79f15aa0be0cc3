"""Opens the App with the plugin on a dataset."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fiftyone as fo
import httpx

from pairlens.fiftyone_plugin.app_settings import FOLDER_VARIABLE
from pairlens.fiftyone_plugin.curation.texts import REVIEWER_VARIABLE
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.importers import app_view, store, working_set
from pairlens.importers.errors import StateError, UsageError

PROBE_SECONDS = 2
USUAL_ZOOM, GRID_ZOOM = 7, 8
"""FiftyOne's thumbnail size, and one at which most queries are readable."""

TRIED = 50
"""Ports that are tried for a reviewer's own server."""


def _say(url: str) -> None:
    print(f"The App is at {url}; Ctrl-C ends it", file=sys.stderr)


def open_app(
    dataset_name: str,
    port: int | None = None,
    *,
    address: str | None = None,
    browser: bool = True,
    reviewer: str | None = None,
    on_ready: Callable[[str], None] = _say,
) -> None:
    """Links the plugin, serves the App and blocks until it is interrupted (Ctrl-C).

    Args:
        dataset_name: the dataset to show
        port: where to serve; FiftyOne's default port, normally 5151, if not given
        address: where to listen; FiftyOne's choice if not given, which is this machine alone,
            and every network interface inside a container
        reviewer: who reviews in it; with a name and no port the App gets a server of its own, so
            that no other browser opens its pairs
        browser: whether to open a browser tab, where there is a screen to show it
        on_ready: called with the App's address when it can be opened

    Raises:
        StateError: if there is no such dataset, the plugin cannot be linked, another program has
            the port, or a reviewer is to get one that an App has
        UsageError: for a port number that cannot be one
    """
    usual = int(str(fo.config.default_app_port))
    if port is not None and not 0 < port < 65536:
        raise UsageError(f"--port {port} is no port; give one from 1 to 65535")
    dataset = store.load(dataset_name, foreign=True)
    ensure_link()
    chosen, reserved = _own_port(usual, port) if reviewer else (port or usual, None)
    reserved = reserved or _reserved(chosen)
    _refuse_foreign(chosen)
    os.environ[FOLDER_VARIABLE] = str(Path.cwd())
    # Else the server reads the descriptions of all plugins with every call of a panel.
    os.environ.setdefault("FIFTYONE_PLUGINS_CACHE_ENABLED", "true")
    if reviewer:
        os.environ[REVIEWER_VARIABLE] = reviewer
    dataset = fo.load_dataset(dataset_name)
    if working_set.is_imported(dataset):
        app_view.arrange(dataset)
    if fo.app_config.grid_zoom == USUAL_ZOOM:
        fo.app_config.grid_zoom = GRID_ZOOM
    launch: Any = fo.launch_app
    session = launch(
        dataset,
        spaces=_beside_the_grid("curation"),
        port=chosen,
        address=address,
        remote=not (browser and _has_screen()),
    )
    on_ready(f"http://localhost:{chosen}/datasets/{quote(dataset_name)}")
    try:
        session.wait(-1)
    except KeyboardInterrupt:
        session.close()
    finally:
        if reserved:
            reserved.close()


def _beside_the_grid(panel: str) -> fo.Space:
    """FiftyOne's layout with a panel beside the grid."""
    panels = (fo.Panel(type="Samples", pinned=True), fo.Panel(type=panel))
    # A space without an active panel is shown empty.
    parts = [fo.Space(children=[one], active_child=one.component_id) for one in panels]
    # Nor does the App load its page twice, to store the layout as it has it.
    active = parts[0].component_id
    return fo.Space(children=parts, orientation="horizontal", active_child=active, sizes=[0.5, 0.5])


def _own_port(usual: int, port: int | None) -> tuple[int, socket.socket]:
    """A free port for a reviewer's own server.

    Several are opened at once, and FiftyOne takes seconds until it listens; two that chose the same
    port would share a server. So a port is reserved first.
    """
    wanted = range(usual, min(usual + TRIED, 65536)) if port is None else [port]
    for candidate in wanted:
        if _is_free(candidate) and (reserved := _reserved(candidate)):
            return candidate, reserved
    if port is not None:
        raise StateError(
            f"port {port} is taken, and a reviewer's App has one of its own; leave --port out"
        )
    raise StateError(f"the ports from {usual} to {usual + TRIED - 1} are taken; give --port")


def _reserved(port: int) -> socket.socket | None:
    """Reserves a port for this process; ``None`` if another process has reserved it.

    What is held is the port's number for UDP, which the App does not use; the system lets go of it
    however the process ends.
    """
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        held.bind(("127.0.0.1", port))
    except OSError:
        held.close()
        return None
    return held


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _has_screen() -> bool:
    """A terminal browser would take over the terminal that the App was started from."""
    unix = sys.platform not in ("win32", "darwin")
    return not unix or any(
        v in os.environ for v in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    )


def _refuse_foreign(port: int) -> None:
    """FiftyOne would wait a minute for a port that another program has."""
    if _is_free(port):
        return
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/fiftyone", timeout=PROBE_SECONDS)
        answer.json()["version"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        raise StateError(f"port {port} is taken by another program; give --port") from None
