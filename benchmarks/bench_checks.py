"""How fast the checks go over stored records, how memory grows, and how near images are found.

A generated dataset is imported once and its documents are stored again under new keys until
there are enough: no image and no mask is read. Every copy has details of its own in its query
(the share of distinct ones is in the report), so that nothing is gained from having read it
before. Three runs: the first, which reads all queries and stores what it read; another; and one
with other parameters. Beside them the plain way, in the same process. The same with captions and
with conversations, of so many images.

    make bench                                   # all benchmarks
    .venv/bin/python benchmarks/bench_checks.py --pairs 10000 100000 --hashes 1000000
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from check_datasets import build  # beside this file

PLAIN = 2000
"""Pairs that the plain way is measured on."""

TARGET = 20_000
"""Pairs a second once queries were read: what the checks are to do at the least."""

TEXTS = ("rsteller", "rsgpt4v")
"""Formats of captions and of conversations."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--hashes", type=int, default=1_000_000, help="0 for none")
    parser.add_argument("--gres", metavar="ROOT", help="GRES files instead of generated ones")
    parser.add_argument("--workers", type=int, default=1, help="processes that check")
    parser.add_argument("--texts", type=int, default=4000, help="images with texts, 0 for none")
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--format", default="gres", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.alone:
        print(json.dumps(measure(args.alone, args.format, args.gres, args.workers)))
        return
    wanted = [("gres", pairs) for pairs in args.pairs]
    wanted += [(name, args.texts) for name in TEXTS if args.texts]
    runs = []
    for name, count in wanted:
        # Each in a process of its own: what is measured is the peak of a process' memory.
        command = [sys.executable, __file__, "--alone", str(count), "--format", name]
        command += ["--workers", str(args.workers)]
        command += ["--gres", args.gres] if args.gres else []
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
        show(runs[-1])
    report: dict[str, Any] = {"checks": runs}
    if args.hashes:
        report["near_hashes"] = near(args.hashes)
    print(json.dumps(report, indent=2))


def show(run: dict[str, Any]) -> None:
    """A run as text, with the goal."""
    plain = run["sample_by_sample"]["pairs_per_second"]
    print(f"{run['format']}, {run['pairs']:,} samples; the plain way {plain:,}/s", file=sys.stderr)
    for name in RUNS:
        rate, busy = run[name]["pairs_per_second"], run[name]["busy_microseconds_a_pair"]
        bound = run["format"] == "gres" and name != "first"
        met = f" (target {TARGET:,}: {'met' if rate >= TARGET else 'MISSED'})" if bound else ""
        print(f"  {name:<18}{rate:>9,}/s{busy:>9,.1f} us busy each{met}", file=sys.stderr)


def measure(pairs: int, form: str, gres: str | None, workers: int) -> dict[str, Any]:
    """Flags so many stored pairs for the first time, again, and with other parameters."""
    with tempfile.TemporaryDirectory(prefix="pairlens-bench-") as folder:
        os.environ["FIFTYONE_DEFAULT_DATASET_DIR"] = folder
        os.environ["FIFTYONE_DO_NOT_TRACK"] = "1"
        dataset = build(Path(folder), pairs, form, gres)
        try:
            return {"format": form} | time_runs(dataset, pairs, workers)
        finally:
            from pairlens.importers.datasets import delete_dataset

            delete_dataset(dataset.name)


RUNS = ("first", "again", "other_parameters")

PARAMS: dict[bool, dict[str, dict[str, Any]]] = {
    True: {"tiny_mask": {"min_area": 300}, "position_conflict": {"tolerance": 0.2}},
    False: {"truncated_caption": {"usual": 0.5}, "image_dark": {"max_brightness": 0.2}},
}
"""Other parameters than the usual, for pairs and for texts."""


def time_runs(dataset: Any, pairs: int, workers: int) -> dict[str, Any]:
    from pairlens.fiftyone_plugin.checks.runner import flag
    from pairlens.importers import fields
    from pairlens.importers.store import kind_of

    # Whatever is loaded and started once is not the checks'; nor is what that leaves behind.
    flag(dataset.limit(200))
    dataset._sample_collection.update_many(
        {}, {"$unset": {fields.FINDINGS: "", fields.QUALITY: ""}}
    )
    before = peak()
    phrases = dataset.distinct(fields.PHRASE) if dataset.has_field(fields.PHRASE) else ()
    distinct = len(phrases) / pairs
    runs: dict[str, Any] = {"pairs": pairs, "workers": workers, "distinct": round(distinct, 3)}
    params = PARAMS[kind_of(dataset) == "pairs"]
    for name, given in zip(RUNS, ({}, {}, params), strict=True):
        started, busy = time.perf_counter(), processor_seconds()
        done = flag(dataset, params=given, workers=workers)
        seconds, busy = time.perf_counter() - started, processor_seconds() - busy
        assert done.pairs == pairs and done.images_read == 0
        runs[name] = {
            "pairs_per_second": round(pairs / seconds),
            "busy_microseconds_a_pair": round(busy / pairs * 1e6, 1),
            "written": done.written,
            "flagged": done.flagged,
        }
    runs["peak_growth_mb"] = round(peak() - before, 1)
    plain = by_samples(dataset, min(pairs, PLAIN), params)
    runs["sample_by_sample"] = {"pairs_per_second": round(plain)}
    runs["times_as_fast"] = round(runs["other_parameters"]["pairs_per_second"] / plain, 1)
    return runs


def processor_seconds() -> float:
    """Processor seconds of this process and its ended child processes."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def by_samples(dataset: Any, count: int, params: dict[str, Any]) -> float:
    """The plain way: samples one by one, each check on each pair, ``set_values`` at the end.

    Returns:
        pairs a second
    """
    import fiftyone as fo

    from pairlens.fiftyone_plugin.checks.engine import choose, find_all
    from pairlens.importers import fields
    from pairlens.importers.store import kind_of

    view = dataset.limit(count)
    has_field = dataset.has_field
    checks = choose(
        None, params, with_predictions=False, kind=kind_of(dataset), has_field=has_field
    )
    started = time.perf_counter()
    subjects = [subject_of(sample) for sample in view.iter_samples()]
    found = find_all(subjects, checks)
    labels = [
        fo.Classifications(
            classifications=[
                fo.Classification(
                    label=f.check,
                    confidence=1 - f.score,
                    severity=f.severity,
                    score=f.score,
                    note=f.note,
                )
                for f in found[subject.key]
            ]
        )
        for subject in subjects
    ]
    quality = [min((f.score for f in found[one.key]), default=1.0) for one in subjects]
    view.set_values(fields.FINDINGS, labels)
    view.set_values(fields.QUALITY, quality)
    return count / (time.perf_counter() - started)


def subject_of(sample: Any) -> Any:
    """A FiftyOne sample in the form of the checks."""
    from pairlens.fiftyone_plugin.checks.base import Sample
    from pairlens.fiftyone_plugin.checks.rows import captions_from, turns_from
    from pairlens.importers import fields, store
    from pairlens.importers.image_stats import ImageStats, TargetColors

    def measured(kind: type, values: dict[str, Any] | None) -> Any:
        known = {k: tuple(v) if isinstance(v, list) else v
                 for k, v in (values or {}).items() if k in kind.__slots__}  # fmt: skip
        return kind(**known) if known else None

    def told(name: str) -> Any:
        value = sample[name] if sample.has_field(name) else None
        several = isinstance(value, list)
        return [each.to_dict() for each in value] if several else value and value.to_dict()

    size = sample["metadata"]
    paired = sample.has_field(fields.PHRASE)
    return Sample(
        sample[fields.KEY],
        sample[fields.IMAGE_ID],
        sample.tags[0],
        (sample[fields.PHRASE] if paired else "") or "",
        bool(paired and sample[fields.NO_TARGET]),
        bool(sample[fields.IMAGE_MISSING]),
        (size.width, size.height) if size else None,
        sample[fields.SOURCE].image_digest or "",
        store.stats_from(told(fields.MASK_STATS)),
        measured(ImageStats, told(fields.IMAGE_STATS)),
        measured(TargetColors, told(fields.TARGET_COLORS)),
        captions=captions_from(told(fields.CAPTIONS)),
        turns=turns_from(told(fields.CONVERSATIONS)),
    )


def peak() -> float:
    """Peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def near(count: int) -> dict[str, Any]:
    """Finds a hundredth of near hashes among random ones."""
    import numpy as np

    from pairlens.fiftyone_plugin.near_hashes import nearest

    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, count, dtype=np.uint64)
    planted = count // 100
    for at in range(planted):
        value = int(hashes[at])
        for bit in rng.choice(64, int(rng.integers(1, 7)), replace=False):
            value ^= 1 << int(bit)
        hashes[count - 1 - at] = value
    started = time.perf_counter()
    found = set(nearest(hashes, 6).hashes.tolist())
    return {
        "hashes": count,
        "max_distance": 6,
        "seconds": round(time.perf_counter() - started, 1),
        "planted": planted,
        "found": sum(int(value) in found for value in hashes[:planted]),
        "peak_mb": round(peak(), 1),
    }


if __name__ == "__main__":
    main()
