"""What goes to the workers of Ray along with a function: code that is installed nowhere."""

from __future__ import annotations

import io
import pickle
import site
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import FunctionType
from typing import Any

from pairlens.importers.errors import UsageError

_users: Counter[str] = Counter()
"""How many calls have what a module defines sent itself, by its name."""

_lock = Lock()

_SHIPPED = ("pairlens", "__main__", "builtins")
"""Sent as files by :mod:`pairlens.importers.ray_engine`, or always by value."""


@contextmanager
def sent_along(ray: Any, function: Callable[..., Any]) -> Iterator[Any]:
    """Yields a reference to a function with which its own code is sent.

    A predictor or check of a user's program stands in a module that workers cannot import; one of
    an installed package can be imported where that is installed, as it must be on each node.

    Raises:
        UsageError: if it cannot be sent
    """
    modules = _modules_to_send(ray, function)
    with _by_value(ray, modules):
        try:
            reference = ray.put(function)
        except (TypeError, pickle.PicklingError) as error:
            raise UsageError(f"this cannot be sent to the workers of Ray: {error}") from error
        yield reference


@contextmanager
def _by_value(ray: Any, modules: Iterable[Any]) -> Iterator[None]:
    """Within it, what modules define is sent itself, not their names.

    That holds for the whole process, in the App for several operators at once.
    """
    modules = [*modules]
    with _lock:
        for module in modules:
            _users[module.__name__] += 1
            ray.cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        with _lock:
            for module in modules:
                _users[module.__name__] -= 1
                if not _users[module.__name__]:
                    ray.cloudpickle.unregister_pickle_by_value(module)


def _modules_to_send(ray: Any, function: Callable[..., Any]) -> list[Any]:
    """The packages that a function is made of and that are not installed."""
    found: dict[str, Any] = {}

    class Modules(ray.cloudpickle.CloudPickler):  # type: ignore[misc]
        def persistent_id(self, obj: Any) -> None:
            if isinstance(obj, type | FunctionType):
                name = str(obj.__module__).partition(".")[0]
                if name not in found and name in sys.modules and not _is_installed(name):
                    found[name] = sys.modules[name]

    known = -1
    while known < len(found):  # what is sent may be made of further ones
        known = len(found)
        with _by_value(ray, found.values()):
            try:
                Modules(io.BytesIO()).dump(function)
            except Exception:
                return list(found.values())  # whoever sends it says so
    return list(found.values())


def _is_installed(name: str) -> bool:
    module = sys.modules[name]
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    files = [Path(place).resolve() for place in places if place]
    if name in _SHIPPED or not files:
        return True
    folders = {*sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages()}
    installed = [Path(one).resolve() for one in folders]
    return any(file.is_relative_to(one) for file in files for one in installed)
