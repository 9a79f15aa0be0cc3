#!/usr/bin/env python
"""Walks one entry of PairLens and tells which of its files a reader passes on the way.

    tools/walk.py verdict          # or import, predict, score, measure, flag, export, verdict-mask
    tools/walk.py all              # one line an entry

A small generated dataset in a database of its own is taken to where the entry starts; then the
entry runs once under a profile hook. The first flagging reads the images, which no later one does:
that is an entry of its own, ``measure``. Functions count when they run for the first time, as for
a reader who follows the code and reads each function once:

files    files of ``importers`` and ``fiftyone_plugin`` in which a function ran, in that order;
         a folder of registered modules counts as one file, and what these call is not followed
returns  how often the next new function is in a file that was left before
room     of these files and returns, those of the room in which the entry is, as "12 of 23"; the
         others are of rooms below it, which readers of other entries pass as well
climbs   calls, each pair of functions once, from a file into one that stands above it: one that
         imports it, at whatever distance, or is of a higher room. An iterator that was handed
         down and is advanced there is no climb
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import pkgutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "fiftyone_plugin" / "names"))

PACKAGES = ("importers", "fiftyone_plugin")
ROOMS = (
    "importers",
    "language",
    "metrics",
    "measuring",
    "checks",
    "predictors",
    "curation",
    "exporters",
)
"""The rooms in the order in which they may import each other, the lowest first."""


REGISTERED = (
    "fiftyone_plugin/checks/catalogue/", "fiftyone_plugin/predictors/builtin/", "importers/formats/"
)  # fmt: skip
"""Folders of the checks, predictors and formats that are called through a registry."""


@dataclass
class Walk:
    """What a run of an entry passed.

    Attributes:
        files: each file once, in the order of the first visit
        returns: the files that were returned to
        climbs: the calls upwards, as caller and callee
    """

    files: list[str] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    climbs: list[tuple[str, str]] = field(default_factory=list)

    def summary(self) -> str:
        """A line of the three numbers; of the first two, how many are of the entry's room."""
        room = _room_name(self.files[0])
        files, returns = (
            f"{sum(_room_name(one) == room for one in some)} of {len(some)}"
            for some in (self.files, self.returns)
        )
        return f"{files} files in {room}, {returns} returns, {len(self.climbs)} climbs"


class Tracer:
    """Takes down calls between functions of the repository, in all threads."""

    def __init__(self) -> None:
        self.walk = Walk()
        self._above = _import_order()
        self._here = ""
        self._seen: set[CodeType] = set()
        self._edges: set[tuple[CodeType, CodeType]] = set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Traces until the end of the ``with``."""
        threading.setprofile(self._on_event)
        sys.setprofile(self._on_event)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def _on_event(self, frame: FrameType, event: str, arg: object) -> None:
        if event != "call" or not (file := _file_of(frame.f_code)):
            return
        callers = [code for code in _callers(frame) if _file_of(code)]
        if any(_is_registered(code) for code in callers):
            return
        is_iterator = frame.f_code.co_flags & inspect.CO_GENERATOR
        if callers and not is_iterator and not _is_registered(frame.f_code):
            self._climb(callers[0], frame.f_code)
        if frame.f_code not in self._seen and not _is_part(frame.f_code):
            self._seen.add(frame.f_code)
            self._enter(file)

    def _enter(self, file: str) -> None:
        if file == self._here:
            return
        self._here = file
        (self.walk.returns if file in self.walk.files else self.walk.files).append(file)

    def _climb(self, caller: CodeType, callee: CodeType) -> None:
        if (caller, callee) in self._edges:
            return
        self._edges.add((caller, callee))
        low, high = _file_of(caller), _file_of(callee)
        higher_room = _room(high) > _room(low)
        if low != high and (low in self._above.get(high, set()) or higher_room):
            self.walk.climbs.append((_place(caller), _place(callee)))


def _file_of(code: CodeType) -> str:
    """The file of a function of the repository, from its root; ``""`` for any other code."""
    if not code.co_flags & inspect.CO_OPTIMIZED or not code.co_filename.startswith(str(ROOT)):
        return ""
    file = code.co_filename.removeprefix(f"{ROOT}/")
    if file.split("/")[0] not in PACKAGES:
        return ""
    folder = next((one for one in REGISTERED if file.startswith(one)), None)
    return f"{folder}*" if folder and not file.endswith("/base.py") else file


def _callers(frame: FrameType) -> Iterator[CodeType]:
    """The functions that a frame was called from, the nearest first."""
    caller = frame.f_back
    while caller is not None:
        yield caller.f_code
        caller = caller.f_back


def _is_registered(code: CodeType) -> bool:
    return _file_of(code).endswith("*")


def _is_part(code: CodeType) -> bool:
    """Whether the code is a comprehension, which is read with the function around it."""
    return code.co_name in ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")


def _place(code: CodeType) -> str:
    return f"{_file_of(code)}:{code.co_qualname}"


def _room_name(file: str) -> str:
    parts = file.split("/")
    return parts[0] if parts[0] == "importers" else parts[1]


def _room(file: str) -> int:
    name = _room_name(file)
    return ROOMS.index(name) if name in ROOMS else len(ROOMS)


def _import_order() -> dict[str, set[str]]:
    """For each file the files that it imports, directly or through others."""
    files = {f for package in PACKAGES for f in (ROOT / package).rglob("*.py")}
    direct = {str(f.relative_to(ROOT)): _imports(f) for f in files}
    return {file: _reach(file, direct) for file in direct}


def _reach(file: str, direct: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [file]
    while waiting:
        for name in direct.get(waiting.pop(), set()) - found:
            found.add(name)
            waiting.append(name)
    return found


def _imports(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    own = (name.removeprefix("pairlens.") for name in names if name.startswith("pairlens."))
    found = {f"{name.replace('.', '/')}.py" for name in own}
    return {name for name in found if (ROOT / name).is_file()}


def _load_modules() -> None:
    """Imports everything, so that what runs while a module is loaded is not counted."""
    for package in PACKAGES:
        found = importlib.import_module(f"pairlens.{package}")
        for module in pkgutil.walk_packages(found.__path__, f"{found.__name__}."):
            importlib.import_module(module.name)


class Entries:
    """The entries, each as a call that is traced; what goes before it is done first."""

    NAMES = ("import", "predict", "score", "measure", "flag", "export", "verdict", "verdict-mask")

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self, name: str) -> Callable[[], Any]:
        """Takes a fresh dataset to where an entry starts; gives the call of the entry."""
        from pairlens.fiftyone_plugin.demo.layouts import make_gres
        from pairlens.importers import store

        own = self._folder / name
        make_gres(own / "published", images=6, size=64)
        if name == "import":
            return lambda: self._import(name, own)
        self._import(name, own)
        dataset = store.load(name)
        for step in ("predict", "score", "measure", "flag"):
            if step == name:
                return lambda: self._step(dataset, step)
            self._step(dataset, step)
        return self._last(dataset, name, own)

    def _import(self, name: str, folder: Path) -> None:
        from pairlens.importers.ingest import ImportOptions, import_dataset

        import_dataset("gres", folder / "published", name, ImportOptions(workers=1))

    def _step(self, dataset: Any, step: str) -> None:
        from pairlens.fiftyone_plugin.checks.runner import flag
        from pairlens.fiftyone_plugin.measuring.runner import measure_images
        from pairlens.fiftyone_plugin.metrics.runs import score
        from pairlens.fiftyone_plugin.predictors.runner import predict

        if step == "predict":
            predict(dataset, predictor="cues", field_name="cues")
        elif step == "score":
            score(dataset, pred="cues", key="cues")
        elif step == "measure":
            measure_images(dataset)
        else:
            flag(dataset, predictions=["cues"])

    def _last(self, dataset: Any, name: str, folder: Path) -> Callable[[], Any]:
        from pairlens.fiftyone_plugin.curation import sessions
        from pairlens.fiftyone_plugin.curation.verdicts import judge
        from pairlens.fiftyone_plugin.exporters.runner import export_dataset

        key = next(iter(dataset.match({"no_target": {"$ne": True}}).values("key")))
        if name == "export":
            return lambda: export_dataset(dataset, "gres", folder / "cleaned", select="clean")
        session = sessions.start(dataset, view=dataset.view(), reviewer="Ada")["id"]
        more = {"mask_from": "cues"} if name == "verdict-mask" else {"phrase": "the red car"}
        more |= {"reviewer": "Ada"}
        return lambda: judge(dataset, key, "fix", session=session, note="checked", **more)


def walk(name: str, folder: Path) -> Walk:
    """Runs an entry under the hook."""
    call = Entries(folder).prepare(name)
    tracer = Tracer()
    with tracer.running():
        call()
    return tracer.walk


def main() -> None:
    """Prints the walk of an entry, or one line for each of them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("entry", choices=(*Entries.NAMES, "all"))
    entry = parser.parse_args().entry
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from own_database import own_database

    with own_database(tempfile.gettempdir()) as folder:
        _load_modules()
        for name in Entries.NAMES if entry == "all" else (entry,):
            done = walk(name, folder)
            if entry != "all":
                print(*done.files, sep="\n")
                print(*(f"return {file}" for file in done.returns), sep="\n")
                print(*(f"climb {low} -> {high}" for low, high in done.climbs), sep="\n")
            print(f"{name}: {done.summary()}")


if __name__ == "__main__":
    main()
