"""The directions of imports that ``docs/architecture.md`` gives, held by reading the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENTRY = "pairlens.fiftyone_plugin"
"""FiftyOne executes the entry as a file; what it imports when called closes no circle."""

ROOMS = (
    "pairlens.importers",
    "pairlens.fiftyone_plugin.former_names",
    "pairlens.fiftyone_plugin.language",
    "pairlens.fiftyone_plugin.near_hashes",
    "pairlens.fiftyone_plugin.metrics",
    "pairlens.fiftyone_plugin.measuring",
    "pairlens.fiftyone_plugin.checks",
    "pairlens.fiftyone_plugin.predictors",
    "pairlens.fiftyone_plugin.judging",
    "pairlens.fiftyone_plugin.curation",
    "pairlens.fiftyone_plugin.exporters",
    "pairlens.fiftyone_plugin.adoption",
    "pairlens.fiftyone_plugin.run_log",
    "pairlens.fiftyone_plugin.interrupts",
    "pairlens.fiftyone_plugin.terminal",
    "pairlens.fiftyone_plugin.reports",
    "pairlens.fiftyone_plugin.score_reports",
    "pairlens.fiftyone_plugin.judge_reports",
    "pairlens.fiftyone_plugin.review_reports",
    "pairlens.fiftyone_plugin.ranking",
    "pairlens.fiftyone_plugin.rank_reports",
    "pairlens.fiftyone_plugin.inventory_reports",
    "pairlens.fiftyone_plugin.estimate",
    "pairlens.fiftyone_plugin.estimate_reports",
    "pairlens.fiftyone_plugin.audit",
    "pairlens.fiftyone_plugin.leaks",
    "pairlens.fiftyone_plugin.leak_reports",
    "pairlens.fiftyone_plugin.releases",
    "pairlens.fiftyone_plugin.release_reports",
    "pairlens.fiftyone_plugin.faults",
    "pairlens.fiftyone_plugin.bench",
    "pairlens.fiftyone_plugin.demo",
    "pairlens.fiftyone_plugin.plugin_link",
    "pairlens.fiftyone_plugin.app_settings",
    "pairlens.fiftyone_plugin.app",
    "pairlens.fiftyone_plugin.doctor",
    "pairlens.fiftyone_plugin.doctor_probes",
    "pairlens.fiftyone_plugin.gate",
    "pairlens.fiftyone_plugin.gate_reports",
    "pairlens.fiftyone_plugin.steps",
    "pairlens.fiftyone_plugin.operators",
    "pairlens.fiftyone_plugin.panels",
    "pairlens.fiftyone_plugin.command_parser",
    "pairlens.fiftyone_plugin.cli",
    "pairlens.fiftyone_plugin.start",
)
"""Ground floor first: a room imports itself and those before it."""

FIFTYONE = (
    "pairlens.importers.app_view",
    "pairlens.importers.dataset_types",
    "pairlens.importers.datasets",
    "pairlens.importers.fo_internals",
    "pairlens.importers.media_folders",
    "pairlens.importers.schema",
    "pairlens.importers.store",
    "pairlens.importers.unfinished",
    "pairlens.importers.working_set",
    "pairlens.fiftyone_plugin.metrics.evaluation",
    "pairlens.fiftyone_plugin.metrics.evaluation_results",
    "pairlens.fiftyone_plugin.predictors.consensus",
    "pairlens.fiftyone_plugin.predictors.mask_fields",
    "pairlens.fiftyone_plugin.predictors.builtin.zoo",
    "pairlens.fiftyone_plugin.predictors.zoo_internals",
    "pairlens.fiftyone_plugin.predictors.zoo_prompting",
    "pairlens.fiftyone_plugin.curation",
    "pairlens.fiftyone_plugin.exporters",
    "pairlens.fiftyone_plugin.adoption",
    "pairlens.fiftyone_plugin.plugin_link",
    "pairlens.fiftyone_plugin.app",
    "pairlens.fiftyone_plugin.doctor_probes",
    "pairlens.fiftyone_plugin.operators",
    "pairlens.fiftyone_plugin.panels",
)
"""Rooms and modules that import FiftyOne."""

QUICK = (
    "pairlens.importers.formats",
    "pairlens.fiftyone_plugin.language",
    "pairlens.fiftyone_plugin.checks",
    "pairlens.fiftyone_plugin.predictors",
    "pairlens.fiftyone_plugin.judging",
    "pairlens.fiftyone_plugin.steps",
    "pairlens.fiftyone_plugin.cli",
    "pairlens.fiftyone_plugin.doctor",
    "pairlens.fiftyone_plugin.gate.file_findings",
    "pairlens.fiftyone_plugin.gate.junit",
    "pairlens.fiftyone_plugin.gate.sarif",
)
"""What can be imported without FiftyOne being: its import takes seconds."""

INTERNALS = ("pairlens.importers.fo_internals", "pairlens.fiftyone_plugin.predictors.zoo_internals")
"""What uses private names of FiftyOne: the second, those of its models."""

# Offences that are known and to be mended; nothing is added here.
KNOWN_UPWARD: set[tuple[str, str]] = set()
KNOWN_CIRCLES: set[str] = set()


@dataclass
class Module:
    """A module as its source tells it."""

    name: str
    tree: ast.Module
    at_once: set[str] = field(default_factory=set)
    deferred: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)


@cache
def modules() -> dict[str, Module]:
    """Every module of both packages, with what it imports."""
    found: dict[str, Module] = {}
    for package in ("importers", "fiftyone_plugin"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if not {"node_modules", "names"} & {*path.parts}:
                name = ".".join(("pairlens", *path.relative_to(ROOT).with_suffix("").parts))
                name = name.removesuffix(".__init__")
                found[name] = Module(name, ast.parse(path.read_text("utf-8")))
    for module in found.values():
        for target, deferred in imports(module.tree, set(found)):
            if target not in found:
                module.outside.add(target)
            elif target != module.name:
                (module.deferred if deferred else module.at_once).add(target)
    return found


def imports(node: ast.AST, known: set[str], deferred: bool = False) -> Iterator[tuple[str, bool]]:
    """What is imported below a node, and whether only when a function is called."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            continue  # no import stands in an expression
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, deferred) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = child.module or ""
            for alias in child.names:
                inner = f"{base}.{alias.name}"
                yield (inner if inner in known else base), deferred
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from imports(child, known, deferred or is_function)


def within(name: str, rooms: tuple[str, ...]) -> str | None:
    """The room that a module is in, the narrowest."""
    fitting = [room for room in rooms if name == room or name.startswith(f"{room}.")]
    return max(fitting, key=len, default=None)


def test_every_module_is_in_a_room() -> None:
    assert [name for name in modules() if name != ENTRY and not within(name, ROOMS)] == []
    assert [room for room in ROOMS if room not in modules()] == []


def test_rooms_import_only_those_below() -> None:
    upward = set()
    for module in modules().values():
        room = within(module.name, ROOMS)
        for target in module.at_once | module.deferred:
            other = within(target, ROOMS)
            if room and other and ROOMS.index(other) > ROOMS.index(room):
                upward.add((room, other))
    assert upward - KNOWN_UPWARD == set()


def test_importers_never_import_the_plugin() -> None:
    reaching = set()
    for name, module in modules().items():
        if within(name, ("pairlens.importers",)):
            texts = (n.value for n in ast.walk(module.tree) if isinstance(n, ast.Constant))
            hidden = any(
                isinstance(t, str) and re.match(r"(pairlens\.)?fiftyone_plugin\.\w", t)
                for t in texts
            )
            targets = module.at_once | module.deferred
            if hidden or any(target.startswith(ENTRY) for target in targets):
                reaching.add(name)
    assert reaching == set()


def test_no_modules_import_each_other() -> None:
    graph = {
        name: module.at_once | (set() if name == ENTRY else module.deferred)
        for name, module in modules().items()
    }
    circles = {min(circle) for circle in components(graph) if len(circle) > 1}
    assert circles - KNOWN_CIRCLES == set()


def components(graph: dict[str, set[str]]) -> list[set[str]]:
    """The strongly connected components of a graph: modules that reach each other."""
    reached = {name: reach(graph, name) for name in graph}
    done: set[str] = set()
    found = []
    for name in graph:
        if name not in done:
            circle = {other for other in reached[name] if name in reached[other]} | {name}
            done |= circle
            found.append(circle)
    return found


def reach(graph: dict[str, set[str]], start: str) -> set[str]:
    """What can be reached from a node, in one step or more."""
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += graph[name]
    return seen


def test_only_named_rooms_import_fiftyone() -> None:
    users = {
        name
        for name, module in modules().items()
        if any(target.partition(".")[0] == "fiftyone" for target in module.outside)
    }
    assert {name for name in users if not within(name, FIFTYONE)} == set()


@pytest.mark.parametrize("name", QUICK)
def test_what_starts_quickly_imports_no_fiftyone(name: str) -> None:
    graph = {name: module.at_once for name, module in modules().items()}
    starts = [module for module in modules() if within(module, (name,)) and "runner" not in module]
    heavy = {
        target
        for target in reach(graph, name) | {name}
        if any(outside.partition(".")[0] == "fiftyone" for outside in modules()[target].outside)
        and not only_deferred(modules()[target])
    }
    assert starts and heavy == set()


def only_deferred(module: Module) -> bool:
    """Whether a module imports FiftyOne only inside of functions."""
    told = imports(module.tree, set(modules()))
    return all(deferred for target, deferred in told if target.partition(".")[0] == "fiftyone")


def test_private_names_of_fiftyone_stay_in_one_module() -> None:
    own = {
        name
        for module in modules().values()
        for node in ast.walk(module.tree)
        for name in private_names(node)
    }
    foreign = {
        (module.name, name)
        for module in modules().values()
        if module.name not in INTERNALS
        for node in ast.walk(module.tree)
        for name in private_uses(node)
        if name not in own | {"_replace", "_asdict", "_fields", "_make", "_exit"}
    }
    assert foreign == set()


def private_names(node: ast.AST) -> Iterator[str]:
    """Private names that our own code defines at a node."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.Attribute) and is_name(node.value, "self", "cls"):
        yield node.attr


def private_uses(node: ast.AST) -> Iterator[str]:
    """Private names of other objects that are used at a node, as attributes or by text."""
    if isinstance(node, ast.Attribute):
        names = [node.attr]
    elif isinstance(node, ast.ImportFrom):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.Call) and is_name(node.func, "getattr", "setattr", "hasattr"):
        names = [a.value for a in node.args[1:2] if isinstance(a, ast.Constant)]
    else:
        return
    yield from (name for name in names if re.match(r"_[a-z]", name))


def is_name(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def test_every_module_that_the_page_names_is_there(repo_root: Path) -> None:
    page = (repo_root / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`((?:importers|fiftyone_plugin|tests)/[\w/.]*)`", page))
    assert len(named) > 20
    assert {name for name in named if not (repo_root / name).exists()} == set()
