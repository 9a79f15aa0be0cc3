"""Flagging beside another checkout of PairLens: processor time of the first run and of others.

Each checkout imports the same files into a database of its own, in a process of its own. Then they
flag in turns, so that whatever else the machine does slows down both. Before a first run all that
was read, found and cached is forgotten; the fastest of the runs counts. The database server's time
is not part of it. ``again`` is the plain command once more, ``fresh`` the checks once more although
nothing has changed, which a checkout without that option does anyway.

    git worktree add ../base 93c0bd4
    .venv/bin/python benchmarks/bench_flagging.py --base ../base --gres GRES

Without ``--base`` this checkout alone is measured, and without ``--gres`` generated files.
"""

from __future__ import annotations

import argparse
import functools
import gc
import inspect
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent

GENERATED = {"gres": 400, "rsteller": 600, "rsgpt4v": 600}
"""Images that are generated of each format."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", type=Path, metavar="DIR", help="the checkout to measure beside")
    parser.add_argument("--gres", type=Path, metavar="ROOT", help="GRES files, not generated ones")
    parser.add_argument("--formats", nargs="+", default=list(GENERATED), choices=GENERATED)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(*args.serve)
        return
    report = {form: beside(form, args) for form in args.formats}
    print(json.dumps(report, indent=2))


def beside(form: str, args: argparse.Namespace) -> dict[str, Any]:
    """Measures a format in all checkouts, in turns."""
    checkouts = {"here": HERE} | ({"base": args.base.resolve()} if args.base else {})
    with tempfile.TemporaryDirectory(prefix="pairlens-bench-") as folder:
        given = args.gres if form == "gres" else None
        root = given.resolve() if given else generate(form, Path(folder))
        servers = {name: start(checkout, form, root) for name, checkout in checkouts.items()}
        rounds = [{name: ask(server) for name, server in servers.items()}
                  for _ in range(args.rounds)]  # fmt: skip
        for server in servers.values():
            server.communicate()
    report: dict[str, Any] = {name: fastest([one[name] for one in rounds]) for name in servers}
    for run in ("first", "again", "fresh") if "base" in report else ():
        ratio = report["base"][run] / report["here"][run]
        report[f"{run}_times_as_fast"] = round(ratio, 2)
    print(form, json.dumps(report), file=sys.stderr)
    return report


def generate(form: str, folder: Path) -> Path:
    """Files of a format as the demo makes them."""
    from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
    from pairlens.fiftyone_plugin.demo.instruction_layouts import make_rsgpt4v
    from pairlens.fiftyone_plugin.demo.layouts import make_gres

    makers = {"gres": make_gres, "rsteller": make_rsteller, "rsgpt4v": make_rsgpt4v}
    return makers[form](folder / form, GENERATED[form], seed=7).root


def start(checkout: Path, form: str, root: Path) -> subprocess.Popen[str]:
    """A process that measures a checkout once for every line that it is sent."""
    command = [sys.executable, __file__, "--serve", form, str(root)]
    paths = (checkout / "fiftyone_plugin" / "names", checkout)
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "CHECKOUT": str(checkout)}
    return subprocess.Popen(
        command, cwd=checkout, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def ask(server: subprocess.Popen[str]) -> dict[str, Any]:
    """Requests one measurement; other output of the process is skipped."""
    assert server.stdin and server.stdout
    server.stdin.write("\n")
    server.stdin.flush()
    for line in server.stdout:
        if line.startswith("{"):
            return json.loads(line)
    raise RuntimeError("the measured process ended; its error stands above")


def fastest(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The minimum of every figure, to exclude other programs' load."""
    return {name: min(run[name] for run in runs) for name in runs[0]}


# In the processes that measure, which may run another checkout's code.


def serve(form: str, root: str) -> None:
    """Imports, then measures for every line on standard input."""
    sys.path.insert(0, f"{os.environ['CHECKOUT']}/benchmarks")
    from own_database import own_database  # that of the checkout

    with own_database():
        import fiftyone as fo

        ingest = module("importers.ingest")
        options = ingest.ImportOptions(placeholders=True)
        ingest.import_dataset(form, Path(root), "bench-flagging", options)
        dataset = fo.load_dataset("bench-flagging")
        module("fiftyone_plugin.checks.runner").flag(
            dataset
        )  # measures images, and loads whatever is loaded once
        for _ in sys.stdin:
            print(json.dumps(measure(dataset)), flush=True)


def module(name: str) -> Any:
    """A module of the checkout; earlier ones had no package ``pairlens`` around them."""
    named = Path(os.environ["CHECKOUT"], "fiftyone_plugin", "names").is_dir()
    return import_module(f"pairlens.{name}" if named else name)


def measure(dataset: Any) -> dict[str, Any]:
    """Processor seconds of a first run and of another, and megabytes that memory grew by."""
    flag, fields = module("fiftyone_plugin.checks.runner").flag, module("importers.fields")
    dataset._sample_collection.update_many(
        {}, {"$unset": {fields.READING: "", fields.FINDINGS: "", fields.QUALITY: ""}}
    )
    forget()
    before, seconds = peak(), {}
    fresh = {"fresh": True} if "fresh" in inspect.signature(flag).parameters else {}
    for run in ("first", "again", "fresh"):
        started = time.process_time()
        flag(dataset, **(fresh if run == "fresh" else {}))
        seconds[run] = round(time.process_time() - started, 3)
    return {"samples": len(dataset), **seconds, "peak_growth_mb": round(peak() - before, 1)}


def forget() -> None:
    """Empties the caches of parsed texts; unbounded caches hold no texts."""
    for one in gc.get_objects():
        if type(one) is functools._lru_cache_wrapper:
            mine = "fiftyone_plugin" in (one.__module__ or "")
            if mine and one.cache_parameters()["maxsize"]:
                one.cache_clear()


def peak() -> float:
    """Peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
