"""Measures how long the first parsing of a query takes, with all parsers.

Without ``--gres`` the queries are generated ones, each with details of its own. The caches are
emptied between runs, and the fastest run counts: what other programs take is not the readers'.
To compare two checkouts, run it in turns with ``PYTHONPATH`` set to each.

    .venv/bin/python benchmarks/bench_language.py --gres GRES/gres_annotations
"""

from __future__ import annotations

import argparse
import functools
import gc
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from phrases import varied  # beside this file

from pairlens.fiftyone_plugin import language

READERS: tuple[Callable[[str], Any], ...] = (
    language.places, language.colors, language.own_colors, language.sizes, language.shapes,
    language.classes, language.counts, language.coordinates, language.filler,
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gres", metavar="ROOT", type=Path, help="GRES annotations to read")
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=9)
    args = parser.parse_args()
    queries = (published(args.gres) if args.gres else generated())[: args.queries]
    report: dict[str, Any] = {"package": str(Path(language.__file__).parent)}
    report["queries"] = len(queries)
    report["microseconds_a_query"] = microseconds(queries, args.runs)
    print(json.dumps(report, indent=2))


def published(root: Path) -> list[str]:
    """The distinct queries of GRES."""
    files = sorted(root.glob("*/*.json"))
    texts = (json.loads(file.read_bytes().decode("utf-8", "replace"))["text"] for file in files)
    return list(dict.fromkeys(query for several in texts for query in several))


def generated() -> list[str]:
    """Queries as in the demo, with details that make each one unique."""
    rng = random.Random(7)
    places = ("on the left", "in the top-right corner of the image", "near the center", "")
    things = ("white truck", "large building", "two small ships", "long gray bridge", "red cars")
    plain = [f"Find the {thing} {place}".strip() for thing in things for place in places]
    return list(dict.fromkeys(varied(query, rng) for _ in range(200) for query in plain))


def microseconds(queries: Sequence[str], runs: int) -> float:
    """Processor time in microseconds of all parsers together per new query."""
    caches = list(_caches())
    best = float("inf")
    for _ in range(runs):
        for cached in caches:
            cached.cache_clear()
        started = time.thread_time()
        for query in queries:
            for find in READERS:
                find(query)
        best = min(best, time.thread_time() - started)
    return round(best / len(queries) * 1e6, 1)


def _caches() -> Iterator[Any]:
    """The caches of parsed queries."""
    for one in gc.get_objects():
        if isinstance(one, functools._lru_cache_wrapper):
            mine = (one.__module__ or "").startswith(language.__name__)
            if mine and one.cache_parameters()["maxsize"] and one.__name__ != "_token":
                yield one


if __name__ == "__main__":
    main()
