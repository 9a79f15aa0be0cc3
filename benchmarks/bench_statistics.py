"""Measures memory and processor time of the dataset checks of captions, by kept values only.

    python benchmarks/bench_statistics.py --samples 1000000

What is kept of samples is made up: every image but those of one file is another, two to four
captions of each are its own. No database is asked, so that what is read again is not in the
figures. A table goes to stdout.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fiftyone_plugin" / "names"))

from pairlens.fiftyone_plugin.checks import CHECKS, DatasetStatistics
from pairlens.fiftyone_plugin.checks.catalogue import caption_copies, captions, duplicates, pairs
from pairlens.fiftyone_plugin.checks.catalogue.statistics import image_digests, image_names, splits
from pairlens.fiftyone_plugin.checks.rows import BATCH

CHECKED = ("duplicate_caption", "truncated_caption", "split_leak", "duplicate_image")
MOST = 2**63


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--one-image", type=float, default=0.125, help="share that shows one file")
    args = parser.parse_args()
    before, statistics = peak(), DatasetStatistics()
    rng = np.random.default_rng(1)
    for start in range(0, args.samples, BATCH):
        count = min(BATCH, args.samples - start)
        statistics.add(made(rng, np.arange(start, start + count) < args.one_image * args.samples))
    print(f"{'kept':20}{'':8}   {peak() - before:6.1f} MB more than {before:.0f}")
    for name in CHECKED:
        started = time.process_time()
        for _ in statistics.findings([CHECKS[name]], nothing):
            pass
        print(f"{name:20}{time.process_time() - started:8.2f} s {peak() - before:6.1f} MB more")
    return 0


def made(rng: np.random.Generator, crowd: Any) -> dict[Any, Any]:
    """The kept values of a batch; samples of the crowd have those of one image."""
    count = len(crowd)

    def marks(number: int = count) -> Any:
        return rng.integers(1, MOST, number).astype(np.uint64)

    texts = rng.integers(2, 5, count).astype(np.uint32)
    return {
        caption_copies.caption_counts: texts,
        caption_copies.caption_marks: marks(int(texts.sum())),
        caption_copies.has_copies: rng.random(count) < 0.001,
        captions.ended_captions: np.array([(2900, 3000)]),
        captions.may_be_cut: rng.random(count) < 0.001,
        splits: np.array(["train"] * count, np.object_),
        image_names: np.where(crowd, np.uint64(1), marks()),
        image_digests: np.where(crowd, np.uint64(1), marks()),
        duplicates.looks: np.where(crowd, np.uint64(1), marks()),
        duplicates.has_look: np.ones(count, np.bool_),
        pairs.mask_digests: np.zeros(count, np.uint64),
        pairs.telling_masks: np.zeros(count, np.int64),
    }


def nothing(one: Any, numbers: Any) -> Iterator[Any]:
    yield from ()


def peak() -> float:
    """Peak memory of this process in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    sys.exit(main())
