"""Ray clusters on this machine, whose nodes are processes that tests can kill."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import ray
from ray.cluster_utils import Cluster

STORE = 80 * 2**20

# A node whose process is gone is given up after two seconds; by default after half a minute.
QUICK = {
    "health_check_initial_delay_ms": 500,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 3,
}


@contextmanager
def cluster_of_two() -> Iterator[Cluster]:
    """A head and another node with one core each; the head has two simulated GPUs."""
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 1, "num_gpus": 2, "object_store_memory": STORE,
            "include_dashboard": False, "_system_config": QUICK,
        },
    )  # fmt: skip
    try:
        cluster.add_node(num_cpus=1, object_store_memory=STORE)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


class Doomed:
    """A further node, which is killed as soon as a task runs on it.

    What runs there never ends by itself: see :func:`stay_on`.
    """

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.node = cluster.add_node(num_cpus=1, object_store_memory=STORE)
        self.sign, self._ended = folder / "under-way", Event()
        self._cluster = cluster
        self._thread = Thread(target=self._kill)

    def __enter__(self) -> Doomed:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def where(self) -> tuple[str, str]:
        """What :func:`stay_on` takes."""
        return self.node.node_id, str(self.sign)

    def _kill(self) -> None:
        while not self.sign.exists() and not self._ended.wait(0.05):
            pass
        self._cluster.remove_node(self.node, allow_graceful=False)


def stay_on(where: tuple[str, str]) -> None:
    """Never returns on a doomed node; returns elsewhere once a task runs on the doomed node."""
    node, sign = where
    if ray.get_runtime_context().get_node_id() == node:
        Path(sign).touch()
        time.sleep(600)
    while not Path(sign).exists():
        time.sleep(0.05)
