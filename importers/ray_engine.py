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
"""After which an address at which nothing answers is given up."""

RETRIES = 3
"""How often work is begun again after a worker died of it, or with its node."""

_SETTINGS_OF_RAY = {
    # Without it, Ray begins for ever again what took too much memory.
    "RAY_task_oom_retries": str(RETRIES),
    # Without it, Ray prints the errors of tasks that nobody waits for any more.
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
}

_PACKAGES = ("importers", "fiftyone_plugin")
_LEFT_HERE = shutil.ignore_patterns("__pycache__", "js", "names", "*.map")

_SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""A frame of HTTP/2: no bytes, type 4, no flags, stream 0."""

_told: dict[str, str | None] = {}
"""By the address of a cluster that this process connected to, what it was told to connect to."""

_OWN = (None, "local")
"""What it is told where it starts Ray itself, on which nobody else works."""

_connecting = Lock()
"""In the App two operators can begin at once."""


@contextmanager
def ray_workers(
    work: Callable[[list[Any]], Any],
    workers: int | None,
    address: str | None,
    files: Iterable[Path],
    gpus: bool | None,
    ahead: int,
) -> Iterator[tuple[Callable[[list[Any]], Any], int]]:
    """Yields what hands a batch to a worker, and how many batches may be under way.

    Args:
        work: applied to batches
        workers: at the most this many; all of the cluster if not given
        address, files: as in :class:`pairlens.importers.parallel.Pool`
        gpus: for a function that each worker keeps, whether it uses a GPU; ``None`` for others
        ahead: batches under way for each worker, where no more can be at work than is wanted

    Raises:
        UsageError: if Ray is not installed or the address is none
        StateError: if there is no cluster that can be worked on
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
    """Whether tasks that wait could be begun by more workers than are wanted."""
    if workers is None:
        return False
    own = _told.get(_address(ray), "") in _OWN
    return not own or workers < _cpus(ray, None)


def _address(ray: Any) -> str:
    return ray.get_runtime_context().gcs_address


def _cpus(ray: Any, workers: int | None) -> int:
    there = max(1, int(ray.cluster_resources().get("CPU", 1)))
    return min(workers or there, there)


class _Here(NamedTuple):
    """What a worker is to find as it is where the command runs.

    Attributes:
        folder: in which relative paths begin
        places: of files
    """

    folder: str
    places: tuple[shared_storage.PathState, ...]


def _run(here: _Here, work: Callable[[list[Any]], Any], batch: list[Any]) -> Any:
    """Runs in a worker: in the folder that relative paths begin at, where it is there."""
    shared_storage.check(here.places)
    if Path(here.folder).is_dir():
        os.chdir(here.folder)
    return work(batch)


class _Task:
    """A task that was handed over."""

    def __init__(self, ray: Any, reference: Any, first: FirstWait) -> None:
        self._ray, self._reference, self._first = ray, reference, first

    def result(self) -> Any:
        """What it gave, or raises what it raised."""
        self._first([self._reference])
        try:
            return self._ray.get(self._reference)
        except self._ray.exceptions.RayTaskError as error:
            raise raised(error) from error
        except self._ray.exceptions.RayError as error:
            raise lost(error) from error

    def cancel(self) -> None:
        """Lets go of it: it is done all the same, unless this process ends.

        ``ray.cancel`` can end this process: where a task is just coming back, Ray 2.60 aborts with
        "Tried to complete task that was not pending".
        """
        del self._reference


# ------------------------------------------------------------------------------ connecting


def connect(address: str | None, workers: int | None) -> Any:
    """Connects this process to a Ray cluster, or starts Ray on this machine; returns the module.

    An existing connection stays.

    Args:
        address: of the cluster; by default that in ``RAY_ADDRESS``, if it is set
        workers: CPUs of a Ray that is started here

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
        except Exception as error:  # Ray has no class for what a busy machine did not start in time
            raise StateError(_refused(address, error)) from error
    _told[_address(ray)] = address


def _check_same(ray: Any, address: str | None) -> None:
    here = _address(ray)
    if address not in (here, _told.get(here), "auto", None):
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
