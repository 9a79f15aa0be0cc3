"""Compares scoring with FiftyOne's own and with the bare minimum: decode and count.

    python benchmarks/bench_scoring.py            2,000 pairs of 512x512
    python benchmarks/bench_scoring.py --large    ... and 150 pairs of 2048x2048
    python benchmarks/bench_scoring.py --small    ... and 100,000 pairs of 256x256 and of 128x128
    python benchmarks/bench_scoring.py --tiny     ... and 100,000 pairs of 64x64
    python benchmarks/bench_scoring.py --foreign  ... and predictions as others write them

Images of 256x256 pixels are the smallest of the published datasets (UC Merced, RSVQA-LR). Masks
of 64x64 are next to nothing to decode, and show what all the rest takes.

All of a case is measured in one run, in turns, on the same files and with the same number of
threads, and the medians are compared; of ours and of bare, each turn is, since another process
hits both alike. Beside each rate stands what it took of the processors: this process, and the
database server. FiftyOne's ``evaluate_segmentations`` is measured on
fewer pairs (``--theirs``), since it is slow; its *rate* is compared, as it is called without
further ado, and once more told the mask values (``fiftyone, told``), which spares it a first
pass over all masks.

A table goes to stderr, JSON to stdout. The pairs are generated; 100,000 small ones share
2,000 files, no two that follow each other the same. The dataset lies in the FiftyOne database
that this process is told of, under a name of its own, and is deleted at the end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from uuid import uuid4

import cv2
import fiftyone as fo
import numpy as np
from bson import ObjectId
from generated_masks import Encode, Paths, by_opencv, by_pillow, write_masks

from pairlens.fiftyone_plugin.metrics.overlap import overlap
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.importers import fields, store
from pairlens.importers.masks import encode_png, from_array, load_stored
from pairlens.importers.parallel import default_workers
from pairlens.importers.png import read_gray
from pairlens.importers.stored_values import segmentation

TARGETS = {"times_fiftyone": 50.0, "share_of_bare": 0.8}
FILES = 2000
PRED = "pred"


def main() -> int:
    args = parser().parse_args()
    if args.child:
        return child(*args.child)
    cases = {"512x512": (args.pairs, 512, args.theirs, encode_png)}
    if args.large:
        cases["2048x2048"] = (150, 2048, 4, encode_png)
    if args.small:
        cases["256x256"] = (100_000, 256, 100, encode_png)
        cases["128x128"] = (100_000, 128, 200, encode_png)
    if args.tiny:
        cases["64x64"] = (100_000, 64, 400, encode_png)
    if args.foreign:
        cases["512x512, by OpenCV"] = (args.pairs, 512, args.theirs, by_opencv)
        cases["512x512, by Pillow"] = (args.pairs, 512, args.theirs, by_pillow)
    done: dict[str, object] = {"threads": default_workers()}
    for name, (pairs, side, theirs, encode) in cases.items():
        with redirect_stdout(sys.stderr), dataset_of(pairs, side, encode) as (dataset, paths):
            figures = measure(dataset, paths, theirs, args.repeats)
        show(name, figures)
        done[name] = figures
    print(json.dumps(done))
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("--pairs", type=int, default=2000, help="of 512x512")
    made.add_argument("--theirs", type=int, default=40, help="pairs of 512x512 for FiftyOne")
    made.add_argument("--repeats", type=int, default=3)
    made.add_argument("--large", action="store_true", help="2048x2048 too")
    made.add_argument("--small", action="store_true", help="100,000 small pairs too")
    made.add_argument("--tiny", action="store_true", help="100,000 pairs of 64x64 too")
    made.add_argument("--foreign", action="store_true", help="others' predictions too")
    made.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return made


@contextmanager
def dataset_of(pairs: int, side: int, encode: Encode) -> Iterator[tuple[fo.Dataset, Paths]]:
    """A dataset of generated pairs, and the paths of their masks."""
    name = f"bench-{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory(prefix="pairlens-bench-") as folder:
        files = write_masks(Path(folder), min(pairs, FILES), side, encode)
        paths = [files[i % len(files)] for i in range(pairs)]
        dataset = fo.Dataset(name)
        try:
            fill(dataset, paths)
            yield dataset, paths
        finally:
            fo.delete_dataset(name)


def fill(dataset: fo.Dataset, paths: Paths) -> None:
    """Adds a sample through FiftyOne and the rest as copies of its document."""
    dataset.default_mask_targets = dict(fields.MASK_TARGETS)
    sample = fo.Sample(filepath=paths[0][0], tags=["test"])
    sample[fields.KEY], sample[fields.IMAGE_ID] = "0", "0"
    sample[fields.PHRASE] = "the large white building on the left"
    sample[fields.SEGMENTATION] = fo.Segmentation(mask_path=paths[0][0])
    sample[PRED] = fo.Segmentation(mask_path=paths[0][1])
    dataset.add_sample(sample)
    first = dataset._sample_collection.find_one()

    def documents() -> Iterator[dict]:
        for i, (target, prediction) in enumerate(paths[1:], 1):
            doc = first | {"_id": ObjectId(), "filepath": target, fields.KEY: str(i)}
            doc[fields.IMAGE_ID] = str(i // 3)
            doc[fields.SEGMENTATION] = segmentation(target)
            doc[PRED] = segmentation(prediction)
            yield doc

    for batch in store.batched(documents(), store.BATCH):
        store.insert(dataset, batch)


def measure(dataset: fo.Dataset, paths: Paths, theirs: int, repeats: int) -> dict[str, object]:
    """Measures a case; rates are in pairs per second."""
    pairs = len(paths)
    subset = dataset.limit(theirs)
    masks = [(load_stored(t), from_array(load_stored(p)).pixels) for t, p in paths[:8]]
    runs: dict[str, tuple[int, Callable[[], object]]] = {
        "bare": (pairs, lambda: threaded(count_bare, paths)),
        "ours": (pairs, lambda: score(dataset, pred=PRED, key="ours")),
        "fiftyone": (theirs, lambda: evaluate(subset)),
        "fiftyone, told": (theirs, lambda: evaluate(subset, {0: "background", 1: "target"})),
        "decode": (pairs, lambda: threaded(decode, paths)),
        "decode, OpenCV": (pairs, lambda: threaded(decode_bare, paths)),
        "kernel, one thread": (2000, lambda: count_kernel(masks, 250)),
        "write-back": (pairs, lambda: write_back(dataset)),
    }
    done = Timings(dataset)
    runs["bare"][1]()  # the files are in the system's cache for all
    for turn in range(3 * repeats):
        for name in ("bare", "ours") if turn % 3 else runs:
            done.add(name, *runs[name])
        for key in set(dataset.list_evaluations()):
            dataset.delete_evaluation(key)
    medians = {name: statistics.median(values) for name, values in done.rates.items()}
    shares = [o / b for o, b in zip(done.rates["ours"], done.rates["bare"], strict=True)]
    return {
        "pairs": pairs,
        "fiftyone_pairs": theirs,
        "repeats": repeats,
        "pairs_per_second": {name: round(value, 1) for name, value in medians.items()},
        "cpu_us_a_pair": {
            name: [round(1e6 * statistics.median(one), 1) for one in zip(*values, strict=True)]
            for name, values in done.cpu.items()
        },
        "times_fiftyone": round(medians["ours"] / medians["fiftyone"], 1),
        "times_fiftyone_told": round(medians["ours"] / medians["fiftyone, told"], 1),
        "share_of_bare": round(statistics.median(shares), 3),
        "share_of_bare_runs": [round(share, 3) for share in shares],
        "memory": memory(dataset, pairs),
    }


class Timings:
    """Rates of runs in pairs per second, and processor seconds per pair.

    Attributes:
        rates: by name, one of each run
        cpu: by name, of each run what this process took, and the database server
    """

    def __init__(self, dataset: fo.Dataset) -> None:
        self.rates: dict[str, list[float]] = {}
        self.cpu: dict[str, list[tuple[float, float]]] = {}
        self._database = dataset._sample_collection.database

    def add(self, name: str, pairs: int, run: Callable[[], object]) -> None:
        """Measures a run."""
        before, started = self._cpu(), time.perf_counter()
        run()
        seconds = time.perf_counter() - started
        own, server = (b - a for a, b in zip(before, self._cpu(), strict=True))
        self.rates.setdefault(name, []).append(pairs / seconds)
        self.cpu.setdefault(name, []).append((own / pairs, server / pairs))

    def _cpu(self) -> tuple[float, float]:
        server = self._database.command("serverStatus").get("extra_info", {})
        used = sum(server.get(f"{kind}_time_us", 0) for kind in ("user", "system"))
        return time.process_time(), used / 1e6


def threaded(work: Callable[[Sequence[tuple[str, str]]], object], paths: Paths) -> None:
    """Each thread goes through its share of the paths in a plain loop."""
    threads = default_workers()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, [paths[i::threads] for i in range(threads)]))


def decode(paths: Sequence[tuple[str, str]], read: Callable[[str], object] = read_gray) -> None:
    for pair in paths:
        for path in pair:
            read(path)


def decode_bare(paths: Sequence[tuple[str, str]]) -> None:
    decode(paths, lambda path: cv2.imread(path, cv2.IMREAD_UNCHANGED))


def count_bare(paths: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    """The bare minimum for an IoU: decode both masks and count, in OpenCV."""
    counts = []
    for target, prediction in paths:
        one, other = (cv2.imread(path, cv2.IMREAD_UNCHANGED) for path in (target, prediction))
        both, either = cv2.bitwise_and(one, other), cv2.bitwise_or(one, other)
        counts.append((cv2.countNonZero(both), cv2.countNonZero(either)))
    return counts


def count_kernel(masks: Sequence[tuple[np.ndarray, np.ndarray]], times: int) -> None:
    for _ in range(times):
        for target, prediction in masks:
            overlap(target, prediction)


def evaluate(samples: fo.DatasetView, values: dict[int, str] | None = None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples.evaluate_segmentations(
            PRED,
            gt_field=fields.SEGMENTATION,
            eval_key="theirs",
            mask_targets=values,
            progress=False,
        )


def write_back(dataset: fo.Dataset) -> None:
    """The numbers of an evaluation, as the scoring writes them; the IoU has no index yet."""
    names = fields.score_fields("written")
    values = dict(zip(names, (0.5, 1000, 2000, 1500, 1500), strict=True))
    ids = dataset._sample_collection.find({}, {"_id": 1})
    store.update(dataset, ((doc["_id"], values) for doc in ids))


def memory(dataset: fo.Dataset, pairs: int) -> dict[str, float]:
    """Peak memory of processes that score an eighth of the pairs and all of them."""
    few = max(1, pairs // 8)
    peaks = {}
    for count in (few, pairs):
        command = [sys.executable, __file__, "--child", dataset.name, str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks[count] = float(done.stdout.splitlines()[-1])
    return {
        f"peak_mib_{few}": round(peaks[few], 1),
        f"peak_mib_{pairs}": round(peaks[pairs], 1),
        "bytes_a_pair": round((peaks[pairs] - peaks[few]) * 2**20 / (pairs - few)),
    }


def child(name: str, count: str) -> int:
    with redirect_stdout(sys.stderr):
        score(fo.load_dataset(name).limit(int(count)), pred=PRED, key="child")
    # Not ru_maxrss, which a new process takes over from the one that started it.
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    return 0


def show(name: str, done: dict) -> None:
    """A table for people."""
    lines = [f"{name}, {done['pairs']:,} pairs"]
    for name, rate in done["pairs_per_second"].items():
        own, server = done["cpu_us_a_pair"][name]
        lines.append(f"  {name:<20}{rate:>12,.1f} pairs/s{own:>12,.1f} +{server:>8,.1f} us CPU")
    for what, least in TARGETS.items():
        met = "met" if done[what] >= least else "MISSED"
        lines.append(f"  {what:<20}{done[what]:>12,.2f} (target {least:g}: {met})")
    lines += [f"  {n:<20}{v:>12,.1f}" for n, v in done["memory"].items()]
    print("\n".join(lines), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
