"""Workers of a Ray cluster that keep a function, such as one with a model.

Batches wait here and go to whoever is free. A worker that dies is replaced, and its batches go to
the others meanwhile: where Ray itself restarts an actor, that waits for the resources of the node
that is gone, and all batches that the actor was given wait with it.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from pairlens.importers.errors import AGAIN, StateError

LOG = logging.getLogger("pairlens")

DEPTH = 2
"""Batches that a worker has: the one it is at, and one that is there when it is done."""

_MISSING = re.compile(r"No module named '([^']+)'")

ATTEMPTS = 4
"""How many workers a batch may be lost with, and how many may fail to start one after another."""


LATE = 20
"""Seconds after which it is told that no worker is there yet."""


class FirstWait:
    """Waits for the first worker, and tells where that takes long: others may have the cluster.

    Args:
        ray: the module, connected
    """

    def __init__(self, ray: Any) -> None:
        self._ray, self._over = ray, False

    def __call__(self, references: list[Any]) -> None:
        """Returns when one of some references is there, or it was told; at once after that."""
        if self._over:
            return
        self._over = True
        done, _ = self._ray.wait(references, num_returns=1, timeout=LATE)
        if not done:
            cores = int(self._ray.cluster_resources().get("CPU", 0))
            LOG.warning(
                "no worker of the Ray cluster has done anything for %d s: its %d cores may be busy "
                "with other work; waiting", LATE, cores,
            )  # fmt: skip


class Call:
    """A batch that is handed over."""

    def __init__(self, actors: Actors, batch: list[Any]) -> None:
        self.batch, self.attempts = batch, 0
        self.actor: Any = None
        self.reference: Any = None
        self._actors = actors

    def result(self) -> Any:
        """What the function gave, or raises what it raised."""
        return self._actors.finish(self)

    def cancel(self) -> None:
        """Lets go of it."""
        self._actors.forget(self)


class Actors:
    """Actors that keep a function each; a context, at whose end they are gone.

    Args:
        ray: the module, connected
        run: called in an actor with the function and a batch
        function: a reference to the function
        count: of actors
        gpus: whether each has a GPU; else a core
    """

    def __init__(
        self, ray: Any, run: Callable[..., Any], function: Any, count: int, *, gpus: bool
    ) -> None:
        class Holder:
            def ready(self) -> None:
                """Is done when the actor has started."""

            def call(self, function: Any, batch: list[Any]) -> Any:
                return run(function, batch)

        self._ray, self._function = ray, function
        self._first = FirstWait(ray)
        self._class = ray.remote(Holder).options(num_cpus=0 if gpus else 1, num_gpus=int(gpus))
        self._starting: dict[Any, Any] = {}
        self._under_way: dict[Any, list[Call]] = {}
        self._waiting: deque[Call] = deque()
        self._count, self._failed = count, 0

    def __enter__(self) -> Actors:
        for _ in range(self._count):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        for actor in [*self._starting.values(), *self._under_way]:
            self._ray.kill(actor)

    def submit(self, batch: list[Any]) -> Call:
        """Hands over a batch."""
        call = Call(self, batch)
        self._waiting.append(call)
        self._send()
        return call

    def forget(self, call: Call) -> None:
        """Lets go of a batch."""
        if call in self._waiting:
            self._waiting.remove(call)

    def finish(self, call: Call) -> Any:
        """Waits for a batch."""
        errors = self._ray.exceptions
        while True:
            self._wait(call)
            try:
                return self._ray.get(call.reference)
            except errors.RayTaskError as error:
                raise raised(error) from error
            except errors.RayError as error:
                self._again(call, error)

    def _start(self) -> None:
        actor = self._class.remote()
        self._starting[actor.ready.remote()] = actor

    def _send(self) -> None:
        """Gives batches that wait to workers that are free."""
        while self._waiting and self._under_way:
            actor = min(self._under_way, key=lambda one: len(self._under_way[one]))
            if len(self._under_way[actor]) >= DEPTH:
                return
            call = self._waiting.popleft()
            try:
                call.reference = actor.call.remote(self._function, call.batch)
            except self._ray.exceptions.RayError as error:
                raise lost(error) from error
            call.actor = actor
            self._under_way[actor].append(call)

    def _wait(self, wanted: Call) -> None:
        """Returns when a batch is done; until then, whoever is done with another gets the next."""
        while wanted.reference is None or wanted in self._under_way.get(wanted.actor, ()):
            calls = {call.reference: call for some in self._under_way.values() for call in some}
            self._first([*calls, *self._starting])
            done, _ = self._ray.wait([*calls, *self._starting], num_returns=1)
            for reference in done:
                if reference in self._starting:
                    self._started(reference)
                else:
                    call = calls[reference]
                    self._under_way[call.actor].remove(call)
            self._send()

    def _started(self, reference: Any) -> None:
        actor = self._starting.pop(reference)
        try:
            self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._failed += 1
            if self._failed >= ATTEMPTS:
                raise StateError(f"workers of Ray do not start: {_first(error)}") from error
            self._start()
        else:
            self._failed = 0
            self._under_way[actor] = []

    def _again(self, call: Call, error: Exception) -> None:
        """Hands over a batch anew, whose worker died."""
        call.attempts += 1
        if call.attempts >= ATTEMPTS:
            raise StateError(
                f"{call.attempts} workers of Ray died at the same batch, the last one with: "
                f"{_first(error)}; fewer --workers or a smaller --batch-size if it was memory"
            ) from error
        if self._under_way.pop(call.actor, None) is not None:
            self._ray.kill(call.actor)
            self._start()
        call.actor = call.reference = None
        self._waiting.appendleft(call)
        self._send()


def raised(error: Any) -> Exception:
    """What a worker raised, other than of the function that it applied."""
    if missing := _MISSING.search(str(error)):
        return StateError(
            f"workers of Ray have no module {missing[1]}: it must be installed on every node, or, "
            "if it is your own, what is used of it be imported by name"
        )
    cause = error.cause or error
    # What a task gave can find no room in Ray's store, which is no fault of the item.
    return lost(cause) if type(cause).__module__.startswith("ray.") else cause


def lost(error: Exception) -> StateError:
    """What to say where Ray, or its workers, cannot go on."""
    return StateError(
        f"workers of Ray cannot go on ({type(error).__name__}: {_first(error)}); what was done is "
        f"kept; {AGAIN}, and with fewer --workers if it was memory, or more room if a disk is full"
    )


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
