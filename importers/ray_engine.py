"""The engine that works on a Ray cluster: how it connects, and what it hands to the workers.

Work is tasks, which Ray runs again where a worker or its node dies. Functions with a model are held
by actors (:mod:`pairlens.importers.ray_actors`). Results are stored by the process that
asked, once, so that work which is done twice doubles nothing.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ray_actors import Actors, raised
from pairlens.importers.ray_pickling import sent_along

CONNECT_SECONDS = 5
"""After which an address at which nothing answers is given up."""

RETRIES = 3
"""How often work is begun again after a worker died of it, or with its node."""

_PACKAGES = ("importers", "fiftyone_plugin")
_LEFT_HERE = shutil.ignore_patterns("__pycache__", "js", "names", "*.map")

_SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""A frame of HTTP/2: no bytes, type 4, no flags, stream 0."""

_connected: str | None = None
"""The address that this process was told to connect to; ``None`` where it did not."""


@contextmanager
def ray_workers(
    work: Callable[[list[Any]], Any], workers: int | None, address: str | None, gpus: bool | None
) -> Iterator[tuple[Callable[[list[Any]], Any], int]]:
    """Yields what hands a batch to a worker, and how many of them work at once.

    Args:
        work: applied to batches
        workers: at the most this many; all of the cluster if not given
        address: as in :class:`pairlens.importers.parallel.Pool`
        gpus: for a function that each worker keeps, whether it uses a GPU; ``None`` for others

    Raises:
        UsageError: if Ray is not installed or the address is none
        StateError: if there is no cluster that can be worked on
    """
    ray = connect(address, workers)
    folder = str(Path.cwd())
    with sent_along(ray, work) as function:
        if gpus is None:
            remote = ray.remote(_run).options(max_retries=RETRIES)

            def submit(batch: list[Any]) -> _Task:
                return _Task(ray, remote.remote(folder, function, batch))

            yield submit, _cpus(ray, workers)
            return
        cards = int(ray.cluster_resources().get("GPU", 0)) if gpus else 0
        count = min(workers or cards, cards) if cards else _cpus(ray, workers)
        with Actors(ray, partial(_run, folder), function, count, gpus=bool(cards)) as actors:
            yield actors.submit, count


def _cpus(ray: Any, workers: int | None) -> int:
    there = max(1, int(ray.cluster_resources().get("CPU", 1)))
    return min(workers or there, there)


def _run(folder: str, work: Callable[[list[Any]], Any], batch: list[Any]) -> Any:
    """Runs in a worker: in the folder that relative paths begin at, where it is there."""
    if Path.cwd() != Path(folder) and Path(folder).is_dir():
        os.chdir(folder)
    return work(batch)


class _Task:
    """A task that was handed over."""

    def __init__(self, ray: Any, reference: Any) -> None:
        self._ray, self._reference = ray, reference

    def result(self) -> Any:
        """What it gave, or raises what it raised."""
        try:
            return self._ray.get(self._reference)
        except self._ray.exceptions.RayTaskError as error:
            raise raised(error) from error
        except self._ray.exceptions.RayError as error:
            raise StateError(lost(error)) from error

    def cancel(self) -> None:
        """Lets go of it."""
        self._ray.cancel(self._reference)


# ------------------------------------------------------------------------------ connecting


def connect(address: str | None, workers: int | None) -> Any:
    """Connects this process to a cluster, or starts Ray on this machine; gives the module.

    Who has connected already stays connected.

    Args:
        address: of the cluster; if not given that in ``RAY_ADDRESS``, or none
        workers: of Ray where it is started here
    """
    global _connected
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError:
        raise UsageError("the ray engine needs Ray: pip install 'pairlens[ray]'") from None
    if ray.is_initialized():
        _check_same(ray, address)
        return ray
    address = address or os.environ.get("RAY_ADDRESS") or None
    if address not in (None, "auto", "local"):
        _check_answers(address)
    own = {"num_cpus": workers, "include_dashboard": False} if address in (None, "local") else {}
    with _package() as package:
        try:
            ray.init(
                address=address or "local", log_to_driver=False, logging_level=logging.WARNING,
                runtime_env={"py_modules": [str(package)]}, **own,
            )  # fmt: skip
        except (OSError, RuntimeError, ValueError, RayError) as error:
            raise StateError(_refused(address, error)) from error
    _connected = address
    return ray


def _check_same(ray: Any, address: str | None) -> None:
    here = {_connected, ray.get_runtime_context().gcs_address, "auto", None}
    if address not in here:
        raise UsageError(
            f"this process works on the Ray at {ray.get_runtime_context().gcs_address}; "
            f"end that with ray.shutdown() before it goes to {address}"
        )


def _check_answers(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or "//" in host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(
            f"{address!r} is no address of a Ray cluster that this machine is a node of; give "
            "HOST:PORT, as ray start prints it, or auto"
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS) as there:
            reason = "" if _speaks_grpc(there) else "something else does"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise StateError(
            f"no Ray answers at {address} ({reason}); start one there with ray start --head, or "
            "leave --ray-address out for one on this machine"
        )


def _speaks_grpc(there: socket.socket) -> bool:
    """Whether a server does; Ray itself takes minutes to find out that one does not.

    It then speaks HTTP/2, and answers the first settings with its own.
    """
    if os.environ.get("RAY_USE_TLS", "0") != "0":
        return True
    there.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _SETTINGS)
    return there.recv(9)[3:4] == _SETTINGS[3:4]


@contextmanager
def _package() -> Iterator[Path]:
    """A folder with the code that runs here, whose workers then have the same version of it."""
    here = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory(prefix="pairlens-ray-") as folder:
        package = Path(folder) / "pairlens"
        for name in _PACKAGES:
            shutil.copytree(here / name, package / name, ignore=_LEFT_HERE)
        (package / "__init__.py").touch()
        yield package


def _refused(address: str | None, error: Exception) -> str:
    where = f"the Ray at {address}" if address else "Ray on this machine"
    said = " ".join(str(error).split())
    return f"{where} cannot be worked on: {said[:400]}"


def lost(error: Exception) -> str:
    """What to say where workers of Ray are gone for good."""
    said = " ".join(str(error).split())
    return f"workers of Ray cannot go on ({type(error).__name__}: {said[:300]})"
