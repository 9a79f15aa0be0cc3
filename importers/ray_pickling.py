"""Sends functions to Ray workers together with their code, if that is not installed."""

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
"""Number of calls for which a module is pickled by value at present, by the module's name."""

_lock = Lock()

_SHIPPED = ("pairlens", "__main__", "builtins")
"""Modules that are not to be registered: :mod:`pairlens.importers.ray_engine` sends PairLens as
files, and ``__main__`` is always pickled by value."""


@contextmanager
def sent_along(ray: Any, function: Callable[..., Any]) -> Iterator[Any]:
    """Yields a Ray reference to a function that workers can use.

    A predictor or check may be defined in a user's module that workers cannot import: such code is
    pickled by value. Code of installed packages is imported, so these must be installed on each
    node.

    Raises:
        UsageError: if the function cannot be pickled
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
    """Pickles what some modules define by value instead of by name within the context.

    The setting is global to the process, in which several operators of the App can run, so modules
    are counted.
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
    """Returns the top-level modules that a function refers to and that are not installed."""
    found: dict[str, Any] = {}

    class Modules(ray.cloudpickle.CloudPickler):  # type: ignore[misc]
        def persistent_id(self, obj: Any) -> None:
            if isinstance(obj, type | FunctionType):
                name = str(obj.__module__).partition(".")[0]
                if name not in found and name in sys.modules and not _is_installed(name):
                    found[name] = sys.modules[name]

    known = -1
    while known < len(found):  # code that is pickled by value may refer to further modules
        known = len(found)
        with _by_value(ray, found.values()):
            try:
                Modules(io.BytesIO()).dump(function)
            except Exception:
                return list(found.values())  # sending it will report the error
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
