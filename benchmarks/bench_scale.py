"""What PairLens takes for many samples: time, processor time, memory and disk of every step.

    python benchmarks/bench_scale.py                               10,000 captioned images
    python benchmarks/bench_scale.py --samples 100000 --format gres
    python benchmarks/bench_scale.py --per-image 125000 --samples 250000 --steps flag,again

Files of the format are generated, and each step runs in a process of its own, so that its peak
of memory is its own. What a step needs is done before it, and told only where it was asked for.

- ``import``; beside it ``tar -xf`` of the shards (of GRES, copies of the masks), and
  ``insert_many`` of the same documents into the same indexes; of shards, a plain loop as well,
  which is the least that an import is in Python: it reads members with ``tarfile``, writes the
  images, parses the texts, and inserts documents with a sample's main fields into the same indexes
- ``images``: decodes and measures every image, which a first flagging does before its checks
- ``flag``: the checks for the first time; ``again``: once more, where nothing has changed, so that
  they do not run; ``fresh``: once more with ``--fresh``, so that they run, of pairs by what was
  read in queries before; beside them, a bare read of all documents
- ``session``: starts one over all samples, 100,000 of them at the most, and shows its first pair
- ``statistics``: the panel's counts, and a random sample to estimate from
- ``decisions``: verdicts for every tenth sample, all in one step, written to a file, taken from
  the samples, and applied from the file
- ``export``: what is clean, in the published layout; beside it, a copy of the published files

A line of JSON for each step goes to stdout, a table to stderr. All of it happens in a temporary
folder, with a database of its own. ``processor`` holds what the step's process and its workers
took, ``database`` what the server took meanwhile; what else the machine did is in ``load``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
from own_database import own_database

NAME = "bench-scale"
STEPS = (
    "import", "images", "flag", "again", "fresh", "session", "statistics", "decisions", "export",
)  # fmt: skip
FORMATS = ("rsteller", "gres", "refsegrs", "rsgpt4v")
NEEDS = {"import": (), "images": ("import",), "flag": ("import", "images")}
"""What is done before a step; before all others, an import and a flagging."""

FLAGGED = ("import", "images", "flag")

QUEUE = 100_000
"""Pairs of the session."""

SAMPLED = 300
POLL = 0.1
"""Seconds between two looks at the memory of workers, whose peaks are kept by the system."""

Parts = dict[str, float]


def main() -> int:
    args = parser().parse_args()
    if args.child:
        print(json.dumps(child(args)), flush=True)
        return 0
    wanted = args.steps.split(",")
    if unknown := set(wanted) - set(STEPS):
        sys.exit(f"no such step: {', '.join(sorted(unknown))}; there are {', '.join(STEPS)}")
    with own_database(args.folder) as folder:
        samples = published(folder, args)
        needed = {need for one in wanted for need in NEEDS.get(one, FLAGGED)}
        rows: list[dict[str, Any]] = []
        for step in (one for one in STEPS if one in {*wanted, *needed}):
            told = {"step": step, "format": args.format, "samples": samples}
            told |= {"per_image": args.per_image} | measured(step, folder, args)
            if step in wanted:
                rows.append(told)
                print(json.dumps(told), flush=True)
    tell(rows)
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--samples", type=int, default=10_000)
    made.add_argument(
        "--format", choices=["rsteller", "gres", "refsegrs", "rsgpt4v"], default="rsteller"
    )
    made.add_argument("--steps", default=",".join(STEPS), help="some of them, with commas")
    made.add_argument("--per-image", type=int, default=1, help="samples of one image file")
    made.add_argument("--side", type=int, default=128, help="of the pictures, in pixels")
    made.add_argument("--workers", type=int, default=2, help="processes of flagging")
    made.add_argument("--folder", help="where the temporary folder is made")
    made.add_argument("--no-floors", action="store_true", help="the steps alone, nothing beside")
    made.add_argument("--child", nargs=2, metavar=("STEP", "FOLDER"), help=argparse.SUPPRESS)
    return made


def published(folder: Path, args: Any) -> int:
    """Writes the files, in its own process, so that the others do not inherit its memory."""
    code = "import sys; from scale_files import *; print(WRITERS[sys.argv[1]]"
    code += "(Path(sys.argv[2]), *map(int, sys.argv[3:])))"
    given = [args.format, folder / "published", args.samples, args.per_image, args.side]
    command = [sys.executable, "-c", code, *map(str, given)]
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    env = os.environ | {"PYTHONPATH": paths}
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=env).stdout)


def measured(step: str, folder: Path, args: Any) -> dict[str, Any]:
    """Runs a step in a process of its own, and watches its workers."""
    command = [sys.executable, __file__, "--child", step, str(folder), "--format", args.format]
    command += ["--workers", str(args.workers)] + ["--no-floors"] * args.no_floors
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PAIRLENS_REVIEWER": "bench"}
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    peaks: dict[int, float] = {}
    while running.poll() is None:
        for worker in psutil.Process(running.pid).children(recursive=True):
            if is_worker(worker):
                peaks[worker.pid] = max(peaks.get(worker.pid, 0), peak(worker.pid))
        time.sleep(POLL)
    told = running.stdout.read() if running.stdout else ""
    if running.returncode:
        sys.exit(f"the step {step} failed; its error stands above")
    disk = {name: size(folder / name) for name in ("database", "media", "exported")}
    workers = {"workers": len(peaks), "worker_mb": round(max(peaks.values(), default=0))}
    return json.loads(told.splitlines()[-1]) | workers | {"disk_mb": disk}


def is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def peak(pid: int | str = "self") -> float:
    """Peak memory of a process in MB; 0 if it has ended.

    Not ``getrusage``, which starts a new process with the memory of the one that started it.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0)


def size(folder: Path) -> int:
    """Size of a folder's files on the disk in MB."""
    done = subprocess.run(["du", "-sm", folder], capture_output=True, text=True)
    return int(done.stdout.split()[0]) if done.stdout else 0


def tell(rows: list[dict[str, Any]]) -> None:
    """A table for people."""
    titles = ("seconds", "a second", "processor", "database", "MB", "workers")
    print(f"{'':12}" + "".join(f"{one:>12}" for one in titles) + "  floor", file=sys.stderr)
    for row in rows:
        rate = round(row["samples"] / row["seconds"])
        workers = f"{row['workers']} x {row['worker_mb']}" if row["workers"] else ""
        figures = (row["seconds"], f"{rate:,}", row["processor"], row["database"])
        cells = [*map(str, figures), str(row["peak_mb"]), workers]
        beside = ", ".join(f"{name} {value}" for name, value in row["parts"].items())
        print(f"{row['step']:12}" + "".join(f"{c:>12}" for c in cells) + f"  {beside}",
              file=sys.stderr)  # fmt: skip


# In the process of a step.


def child(args: Any) -> dict[str, Any]:
    """Runs a step; the start of Python and FiftyOne is not measured."""
    step, folder = args.child[0], Path(args.child[1])
    run: Callable[[Path, Any], Parts] = globals()[f"step_{step}"]
    warm()
    server, before, started = server_seconds(), os.times(), time.perf_counter()
    parts = run(folder, args)
    seconds, after = time.perf_counter() - started, os.times()
    told = {
        "seconds": round(seconds, 2),
        "processor": round(sum(after[:4]) - sum(before[:4]), 2),
        "database": round(server_seconds() - server, 2),
        "peak_mb": round(peak()),
        "load": round(os.getloadavg()[0], 1),
    }
    floor = None if args.no_floors else globals().get(f"floor_{step}")
    return told | {"parts": parts | (floor(folder, args) if floor else {})}


def warm() -> None:
    import fiftyone as fo

    import pairlens.fiftyone_plugin.checks.runner
    import pairlens.fiftyone_plugin.exporters.runner  # noqa: F401

    fo.list_datasets()


def server_seconds() -> float:
    """Processor seconds of the database server so far."""
    port = os.environ["FIFTYONE_DATABASE_URI"].rpartition(":")[2].strip("/")
    for one in psutil.process_iter(["name", "cmdline"]):
        if one.info["name"] == "mongod" and port in (one.info["cmdline"] or ()):
            return sum(one.cpu_times()[:2])
    return 0.0


def timed(parts: Parts, name: str, work: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    result = work()
    parts[name] = round(time.perf_counter() - started, 2)
    return result


def dataset() -> Any:
    import fiftyone as fo

    return fo.load_dataset(NAME)


def step_import(folder: Path, args: Any) -> Parts:
    from pairlens.importers.ingest import ImportOptions, import_dataset

    options = ImportOptions(media_dir=folder / "media")
    import_dataset(args.format, folder / "published", NAME, options)
    return {}


def floor_import(folder: Path, args: Any) -> Parts:
    parts: Parts = {}
    copies = folder / "copies"
    copies.mkdir()
    if args.format == "rsteller":
        tars = sorted((folder / "published").glob("*.tar"))
        extract = [["tar", "-xf", str(tar), "-C", str(copies)] for tar in tars]
        timed(parts, "tar", lambda: [subprocess.run(one, check=True) for one in extract])
    else:
        timed(parts, "masks", lambda: shutil.copytree(folder / "media", copies / "media"))
    collection = dataset()._sample_collection
    other = collection.database["floor"]
    for name, index in collection.index_information().items():
        if name != "_id_":
            other.create_index(index["key"], unique=index.get("unique", False))
    spent = 0.0
    for docs in batches(collection):
        started = time.perf_counter()
        other.insert_many(docs, ordered=False)
        spent += time.perf_counter() - started
    parts["insert_many"] = round(spent, 2)
    if args.format == "rsteller":
        other.delete_many({})
        parts |= plain_import(folder, other)
    other.drop()
    shutil.rmtree(copies)
    return parts


def plain_import(folder: Path, collection: Any) -> Parts:
    from bson import ObjectId
    from plain_importers import shard_documents

    from pairlens.importers import store

    server, before, started = server_seconds(), os.times(), time.perf_counter()
    docs = shard_documents(folder / "published", folder / "copies" / "plain", ObjectId())
    for batch in store.batched(docs, store.BATCH):
        collection.insert_many(batch, ordered=False)
    seconds, after = time.perf_counter() - started, os.times()
    return {
        "plain": round(seconds, 2),
        "plain_processor": round(sum(after[:4]) - sum(before[:4]), 2),
        "plain_database": round(server_seconds() - server, 2),
    }


def batches(collection: Any) -> Any:
    from pairlens.importers import store

    return store.batched(collection.find(batch_size=store.BATCH), store.BATCH)


def step_images(folder: Path, args: Any) -> Parts:
    from pairlens.fiftyone_plugin.measuring.runner import measure_images

    return {"read": measure_images(dataset())}


def step_flag(folder: Path, args: Any) -> Parts:
    from pairlens.fiftyone_plugin.checks.runner import flag

    summary = flag(dataset(), workers=args.workers)
    return {"findings": sum(summary.findings.values())}


def step_again(folder: Path, args: Any) -> Parts:
    from pairlens.fiftyone_plugin.checks.runner import flag

    return {"written": flag(dataset(), workers=args.workers).written}


def step_fresh(folder: Path, args: Any) -> Parts:
    from pairlens.fiftyone_plugin.checks.runner import flag

    return {"written": flag(dataset(), workers=args.workers, fresh=True).written}


def floor_flag(folder: Path, args: Any) -> Parts:
    parts: Parts = {}
    timed(parts, "read", lambda: sum(map(len, batches(dataset()._sample_collection))))
    return parts


floor_again = floor_fresh = floor_flag


def step_session(folder: Path, args: Any) -> Parts:
    from pairlens.fiftyone_plugin.curation import queue, sessions
    from pairlens.fiftyone_plugin.curation.evidence import pair_view

    parts: Parts = {}
    made = timed(parts, "start", lambda: sessions.start(
        dataset(), view=dataset().view(), limit=QUEUE))  # fmt: skip
    first = timed(parts, "next", lambda: queue.next_item(dataset(), made["id"]))
    shown = first["sample_id"]
    timed(parts, "shown", lambda: pair_view(dataset(), shown, session=made["id"]))
    return parts


def step_statistics(folder: Path, args: Any) -> Parts:
    from pairlens.fiftyone_plugin.curation.summary import overview
    from pairlens.fiftyone_plugin.estimate.drawing import draw

    parts: Parts = {}
    timed(parts, "counts", lambda: overview(dataset()))
    timed(parts, "draw", lambda: draw(dataset(), size=SAMPLED, reviewer="bench"))
    return parts


def step_decisions(folder: Path, args: Any) -> Parts:
    from pairlens.fiftyone_plugin.curation import decisions, log
    from pairlens.fiftyone_plugin.curation.bulk import judge_alike

    parts: Parts = {}
    collection, file = dataset()._sample_collection, folder / "decisions.jsonl"
    # In batches of MongoDB's own size, the ids of a million would lie in memory at once.
    found = collection.find({}, {"_id": 1}, batch_size=10_000).sort("_id", 1)
    every_tenth = islice(found, 0, None, 10)
    ids = [doc["_id"] for doc in every_tenth]
    timed(parts, "judge", lambda: judge_alike(dataset(), ids, "drop", reviewer="Ada"))
    count = timed(parts, "out", lambda: decisions.dump(dataset(), file))
    fields = ("verdict", "reviewer", "reviewed_at", "review_note")
    collection.update_many({}, {"$unset": dict.fromkeys(fields, "")})
    collection.database[log.COLLECTION].delete_many({})
    done = timed(parts, "in", lambda: decisions.apply(dataset(), file))
    assert done["applied"] == count == len(ids)
    return parts


def step_export(folder: Path, args: Any) -> Parts:
    from pairlens.fiftyone_plugin.exporters.runner import export_dataset

    out = folder / "exported"
    told = export_dataset(dataset(), args.format, out, select="clean")
    return {"exported": told["exported"]}


def floor_export(folder: Path, args: Any) -> Parts:
    parts: Parts = {}
    timed(parts, "copy", lambda: shutil.copytree(folder / "published", folder / "copies"))
    shutil.rmtree(folder / "copies")
    return parts


if __name__ == "__main__":
    sys.exit(main())
