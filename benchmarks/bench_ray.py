"""The engines of a step beside each other: worker processes, and Ray on the same machine.

    python benchmarks/bench_ray.py                        2,000 pairs, two workers
    python benchmarks/bench_ray.py --samples 20000 --workers 8 --rounds 3
    python benchmarks/bench_ray.py --steps writes,masks   what the workers hand back

- ``import``, ``predict`` (the predictor ``cues``), ``score``, ``images`` and ``flag``, each with
  both engines in turns; every round has datasets of its own
- ``writes``: documents of pairs that this process inserts, beside workers that insert them
- ``masks``: predictions that come back as arrays and are made PNG here, beside PNG that comes back

Of each turn it tells the seconds, the processor time of this process (``here``), which no number of
workers makes shorter, and that of the workers with all that belongs to Ray (``workers``). ``cores``
is how many workers this process keeps busy: where more are at hand, it is what they wait for. With
other programs on the machine seconds mean little, and processor time still tells that. The ratios
are of processes to Ray: above one, Ray took less.

A table goes to stderr, JSON to stdout. All of it happens in a temporary folder, with a database of
its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
from own_database import own_database

STEPS = ("import", "predict", "score", "images", "flag", "writes", "masks")
ENGINES = ("processes", "ray")
SIDE = 512
MASKS = 400
POLL = 0.3


def main() -> int:
    args = parser().parse_args()
    wanted = args.steps.split(",")
    if unknown := set(wanted) - set(STEPS):
        sys.exit(f"no such step: {', '.join(sorted(unknown))}; there are {', '.join(STEPS)}")
    with own_database(args.folder) as folder:
        from scale_files import write_gres

        write_gres(folder / "published", args.samples, 3, args.side)
        found = measured(folder, args, wanted)
    tell(found)
    print(json.dumps(found, indent=2))
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--samples", type=int, default=2000)
    made.add_argument("--steps", default=",".join(STEPS), help="some of them, with commas")
    made.add_argument("--side", type=int, default=256, help="of the pictures, in pixels")
    made.add_argument("--workers", type=int, default=2)
    made.add_argument("--rounds", type=int, default=1)
    made.add_argument("--folder", help="where the temporary folder is made")
    return made


def measured(folder: Path, args: Any, wanted: list[str]) -> dict[str, Any]:
    import fiftyone as fo
    import ray

    from pairlens.importers.ray_engine import connect

    fo.list_datasets()
    started = time.perf_counter()
    connect(None, args.workers)
    found: dict[str, Any] = {"start_ray": round(time.perf_counter() - started, 1), "steps": {}}
    turns: dict[str, dict[str, list[dict[str, float]]]] = {}
    for number in range(args.rounds):
        for step, way, run in runs(folder, args, number, wanted):
            counted = timed(run)
            print(step, way, {k: round(v, 2) for k, v in counted.items()}, file=sys.stderr)
            if step in wanted:
                turns.setdefault(step, {}).setdefault(way, []).append(counted)
    for step, ways in turns.items():
        found["steps"][step] = {way: medians(counted) for way, counted in ways.items()}
    ray.shutdown()
    return found | {"load": round(os.getloadavg()[0], 1)}


def runs(
    folder: Path, args: Any, number: int, wanted: list[str]
) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """All turns of a round; the prerequisites of a step are not measured."""
    import fiftyone as fo

    from pairlens.fiftyone_plugin.checks.runner import flag
    from pairlens.fiftyone_plugin.measuring.runner import measure_images
    from pairlens.fiftyone_plugin.metrics.runs import score
    from pairlens.fiftyone_plugin.predictors.runner import predict
    from pairlens.importers.ingest import ImportOptions, import_dataset
    from pairlens.importers.parallel import Pool

    names = {engine: f"bench-{engine}-{number}" for engine in ENGINES}
    for engine, name in names.items():
        options = ImportOptions(engine=engine, workers=args.workers)  # type: ignore[arg-type]
        yield "import", engine, partial(
            import_dataset, "gres", folder / "published", name, options
        )  # fmt: skip
    datasets = {engine: fo.load_dataset(name) for engine, name in names.items()}
    steps: dict[str, Callable[..., object]] = {
        "predict": partial(predict, predictor="cues", field_name="cues"),
        "score": partial(score, pred="cues", key="cues"),
        "images": lambda dataset, engine, workers: measure_images(
            dataset, pool=Pool(engine, workers)
        ),
        "flag": flag,
    }
    if not {"predict", "score"}.intersection(wanted):  # nothing else needs them
        del steps["predict"], steps["score"]
    for step, run in steps.items():
        for engine, dataset in datasets.items():
            yield step, engine, partial(run, dataset, engine=engine, workers=args.workers)
    yield from writes(datasets["ray"], args)
    yield from masks(args)


def writes(dataset: Any, args: Any) -> Iterator[tuple[str, str, Callable[[], object]]]:
    from pairlens.importers import store
    from pairlens.importers.parallel import Pool

    collection = dataset._sample_collection
    batches = list(store.batched(collection.find(), store.BATCH))
    uri, name = os.environ["FIFTYONE_DATABASE_URI"], collection.database.name
    for way in ("here", "in workers"):
        other = collection.database[f"bench-{way}"]
        for index, made in collection.index_information().items():
            if index != "_id_":
                other.create_index(made["key"], unique=made.get("unique", False))
        work = partial(insert, uri, name, other.name)
        if way == "here":
            yield "writes", way, lambda work=work: [work(batch) for batch in batches]
        else:
            pool = Pool("ray", args.workers)
            yield "writes", way, lambda work=work, pool=pool: list(pool.map(work, batches))
        assert other.count_documents({}) == sum(map(len, batches))
        other.drop()


def insert(uri: str, database: str, name: str, batch: list[Any]) -> int:
    import pymongo

    if not hasattr(pymongo, "bench"):  # one connection a worker
        pymongo.bench = pymongo.MongoClient(uri)  # type: ignore[attr-defined]
    there = pymongo.bench[database][name]  # type: ignore[attr-defined]
    return len(there.insert_many(batch, ordered=False).inserted_ids)


def masks(args: Any) -> Iterator[tuple[str, str, Callable[[], object]]]:
    from pairlens.fiftyone_plugin.predictors.batches import mask_to_png
    from pairlens.importers.parallel import Pool

    batches = [range(first, first + 8) for first in range(0, MASKS, 8)]

    def take(pack: bool) -> None:
        for outcome in Pool("ray", args.workers).map(partial(drawn, pack=pack), batches):
            for mask in outcome.unwrap():
                if not pack:
                    mask_to_png(mask)

    yield "masks", "arrays", partial(take, False)
    yield "masks", "PNG", partial(take, True)


def drawn(batch: Any, pack: bool) -> list[Any]:
    """Masks of some discs."""
    import cv2
    import numpy as np

    from pairlens.fiftyone_plugin.predictors.batches import mask_to_png

    made: list[Any] = []
    for number in batch:
        mask = np.zeros((SIDE, SIDE), np.uint8)
        for disc in range(12):
            at = (number * 37 + disc * 91) % SIDE, (number * 53 + disc * 71) % SIDE
            cv2.circle(mask, at, 9 + disc, 1, -1)
        made.append(mask_to_png(mask) if pack else mask)
    return made


# ------------------------------------------------------------------------------ measuring


class Watcher(Thread):
    """Adds up the processor time of all child processes, ended ones included."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.own, self._seen, self._done = 0.0, dict[tuple[int, float], float](), Event()
        self._before = dict(self._look())

    def run(self) -> None:
        while not self._done.wait(POLL):
            self._seen.update(self._look())
            self.own = time.thread_time()

    def end(self) -> float:
        self._seen.update(self._look())
        self._done.set()
        self.join()
        return sum(spent - self._before.get(key, 0.0) for key, spent in self._seen.items())

    def _look(self) -> Iterator[tuple[tuple[int, float], float]]:
        for one in psutil.Process().children(recursive=True):
            try:
                if one.name() != "mongod":
                    yield (one.pid, one.create_time()), sum(one.cpu_times()[:2])
            except psutil.Error:
                continue


def timed(run: Callable[[], object]) -> dict[str, float]:
    watcher = Watcher()
    watcher.start()
    before, started = time.process_time(), time.perf_counter()
    run()
    seconds, here = time.perf_counter() - started, time.process_time() - before
    workers = watcher.end()
    here -= watcher.own
    cores = workers / here if here else 0.0
    return {"seconds": seconds, "here": here, "workers": workers, "cores": cores}


def medians(turns: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(t[name] for t in turns), 2) for name in turns[0]}


def tell(found: dict[str, Any]) -> None:
    """A table for people, with the ratios of the first way to the second."""
    titles = ("seconds", "here", "workers", "cores")
    print(f"{'':22}" + "".join(f"{one:>10}" for one in titles), file=sys.stderr)
    for step, ways in found["steps"].items():
        for way, counted in ways.items():
            cells = "".join(f"{counted[one]:>10}" for one in titles)
            print(f"{step:10}{way:12}{cells}", file=sys.stderr)
        first, second = ways.values()
        ratios = {one: round(first[one] / second[one], 2) for one in titles if second[one]}
        ways["ratio"] = ratios
        print(f"{'':10}{'ratio':12}{''.join(f'{ratios.get(t, 0):>10}' for t in titles)}",
              file=sys.stderr)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
