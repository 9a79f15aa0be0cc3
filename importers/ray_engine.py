"""The engine ``ray``: connects to a Ray cluster, and submits batches to its workers.

A batch is a Ray task, which Ray repeats if its worker or node dies. Functions with a model are kept
by actors instead (:mod:`pairlens.importers.ray_actors`). Only the submitting process stores
results, each once, so a repeated task has no side effects on the dataset.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from pairlens.importers import shared_storage
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ray_actors import Actors, FirstWait, lost, raised
from pairlens.importers.ray_pickling import sent_along
from pairlens.importers.worker_processes import check_number

CONNECT_SECONDS = 5
"""Timeout in seconds for an address at which nothing answers."""

RETRIES = 3
"""How often a task is repeated after its worker or node died."""

_SETTINGS_OF_RAY = {
    # By default, Ray repeats a task that ran out of memory forever.
    "RAY_task_oom_retries": str(RETRIES),
    # By default, Ray prints the errors of tasks that nobody waits for any more.
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
}

_PACKAGES = ("importers", "fiftyone_plugin")
_LEFT_HERE = shutil.ignore_patterns("__pycache__", "js", "names", "*.map")

_SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""An empty SETTINGS frame of HTTP/2: length 0, type 4, no flags, stream 0."""

_requested: dict[str, str | None] = {}
"""The requested address by the actual address of each cluster that this process connected to."""

_OWN = (None, "local")
"""Requested addresses with which this process starts its own Ray, which nothing else uses."""

_connecting = Lock()
"""Two operators in the App may connect at the same time."""


@contextmanager
def ray_workers(
    work: Callable[[list[Any]], Any],
    workers: int | None,
    address: str | None,
    files: Iterable[Path],
    gpus: bool | None,
    ahead: int,
) -> Iterator[tuple[Callable[[list[Any]], Any], int]]:
    """Yields a function that submits a batch, and the maximum number of pending batches.

    Args:
        work: applied to batches
        workers: maximum number of workers; by default all cores of the cluster
        address, files: as in :class:`pairlens.importers.parallel.Pool`
        gpus: for a function that each worker keeps, whether it uses a GPU; ``None`` for others
        ahead: pending batches for each worker. It is 1 if Ray could run tasks that wait on more
            workers than requested

    Raises:
        UsageError: if Ray is not installed or the address is not valid
        StateError: if the cluster cannot be used
    """
    ray = connect(address, workers)
    here = _Here(str(Path.cwd()), shared_storage.states_of(files))
    with sent_along(ray, work) as function:
        if gpus is None:
            remote = ray.remote(_run).options(max_retries=RETRIES)

            first = FirstWait(ray)

            def submit(batch: list[Any]) -> _Task:
                try:
                    return _Task(ray, remote.remote(here, function, batch), first)
                except ray.exceptions.RayError as error:
                    raise lost(error) from error

            count = _cpus(ray, workers)
            yield submit, count if _is_bound(ray, workers) else count * ahead
            return
        cards = int(ray.cluster_resources().get("GPU", 0)) if gpus else 0
        count = min(workers or cards, cards) if cards else _cpus(ray, workers)
        with Actors(ray, partial(_run, here), function, count, gpus=bool(cards)) as actors:
            yield actors.submit, count * ahead


def _is_bound(ray: Any, workers: int | None) -> bool:
    """Whether the number of workers can only be limited by the number of submitted tasks."""
    if workers is None:
        return False
    own = _requested.get(_address(ray), "") in _OWN
    return not own or workers < _cpus(ray, None)


def _address(ray: Any) -> str:
    return ray.get_runtime_context().gcs_address


def _cpus(ray: Any, workers: int | None) -> int:
    """Returns the number of cores of the cluster, or of workers if that is lower."""
    cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
    return min(workers or cores, cores)


class _Here(NamedTuple):
    """What the submitting process sees, and workers must see as well.

    Attributes:
        folder: the working folder, to which paths can be relative
        places: files and folders
    """

    folder: str
    places: tuple[shared_storage.PathState, ...]


def _run(here: _Here, work: Callable[[list[Any]], Any], batch: list[Any]) -> Any:
    """Applies a function in a worker, in the submitter's working folder if that exists."""
    shared_storage.check(here.places)
    if Path(here.folder).is_dir():
        os.chdir(here.folder)
    return work(batch)


class _Task:
    """A submitted task."""

    def __init__(self, ray: Any, reference: Any, first: FirstWait) -> None:
        self._ray, self._reference, self._first = ray, reference, first

    def result(self) -> Any:
        """Waits for the task; returns its result or raises its error."""
        self._first([self._reference])
        try:
            return self._ray.get(self._reference)
        except self._ray.exceptions.RayTaskError as error:
            raise raised(error) from error
        except self._ray.exceptions.RayError as error:
            raise lost(error) from error

    def cancel(self) -> None:
        """Drops the reference to the task, which is still executed unless this process ends.

        ``ray.cancel`` is not used since it can abort this process: if the task ends at that moment,
        Ray 2.60 fails with "Tried to complete task that was not pending".
        """
        del self._reference


# ------------------------------------------------------------------------------ connecting


def connect(address: str | None, workers: int | None) -> Any:
    """Connects this process to a Ray cluster, or starts Ray on this machine; returns the module.

    An existing connection stays.

    Args:
        address: of the cluster; by default the value of ``RAY_ADDRESS``, if it is set
        workers: number of CPUs if Ray is started on this machine

    Raises:
        UsageError: if Ray is not installed, or the address is wrong
    """
    try:
        import ray
    except ImportError:
        raise UsageError("the ray engine needs Ray: pip install 'pairlens[ray]'") from None
    with _connecting:
        if ray.is_initialized():
            _check_same(ray, address)
        else:
            _connect(ray, address or os.environ.get("RAY_ADDRESS") or None, workers)
    return ray


def _connect(ray: Any, address: str | None, workers: int | None) -> None:
    if address not in (*_OWN, "auto"):
        _check_answers(address)
    check_number(workers, of_processes=address in _OWN)
    for name, value in _SETTINGS_OF_RAY.items():
        os.environ.setdefault(name, value)
    own = {"num_cpus": workers, "include_dashboard": False} if address in _OWN else {}
    with _package() as package:
        try:
            ray.init(
                address=address or "local", log_to_driver=False, logging_level=logging.WARNING,
                runtime_env={"py_modules": [str(package)]}, **own,
            )  # fmt: skip
        except (
            Exception
        ) as error:  # on a busy machine, Ray raises a plain Exception after a timeout
            raise StateError(_refused(address, error)) from error
    _requested[_address(ray)] = address


def _check_same(ray: Any, address: str | None) -> None:
    here = _address(ray)
    if address not in (here, _requested.get(here), "auto", None):
        raise UsageError(
            f"this process works on the Ray at {here}; end that with ray.shutdown() before it "
            f"goes to {address}"
        )


def _check_answers(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or "//" in host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(
            f"{address!r} is no address of a Ray cluster that this machine is a node of; give "
            "HOST:PORT, as ray start prints it, or auto"
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS) as server:
            reason = "" if _speaks_grpc(server) else "something else does"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise StateError(
            f"no Ray answers at {address} ({reason}); start one there with ray start --head, or "
            "leave --ray-address out for one on this machine"
        )


def _speaks_grpc(server: socket.socket) -> bool:
    """Whether a server speaks gRPC; Ray itself takes minutes to find out that one does not.

    gRPC uses HTTP/2, in which a server answers the first SETTINGS frame with its own.
    """
    if os.environ.get("RAY_USE_TLS", "0") != "0":
        return True
    server.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _SETTINGS)
    return server.recv(9)[3:4] == _SETTINGS[3:4]


@contextmanager
def _package() -> Iterator[Path]:
    """Yields a temporary copy of PairLens' code, so that workers run the same version."""
    here = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory(prefix="pairlens-ray-") as folder:
        package = Path(folder) / "pairlens"
        for name in _PACKAGES:
            shutil.copytree(here / name, package / name, ignore=_LEFT_HERE)
        (package / "__init__.py").touch()
        yield package


def _refused(address: str | None, error: Exception) -> str:
    where = f"the Ray at {address}" if address else "Ray on this machine"
    reason = " ".join(str(error).split())
    return f"{where} cannot be worked on: {reason[:400]}"
