"""Imports, beside what one would do without PairLens and beside what no import can do without.

    python benchmarks/bench_ingest.py                 all of it, some minutes
    python benchmarks/bench_ingest.py --only memory   one part

- ``documents``: RSTeller records to the database, beside ``Dataset.add_samples`` of the same
  samples and beside a bare ``insert_many`` of the same documents into the same indexes
- ``memory``: the peak of a process that imports 100,000 records, beside one of 10,000
- ``shards``: extraction and ingest of generated shards, beside ``tar -xf`` of them
- ``gres``: parse, draw, PNG, ingest; beside the plain script that makes the same samples
  (``same``), and the shortest one that makes something to look at (``lean``)

What is compared takes turns, each with files of its own, and the medians are compared; what a
turn took of the processors stands beside. Nothing is deleted until a part is done: for some
seconds after, ext4 takes twenty times as long to make a file, whoever's turn it is; on a busy
disk, ``--folder /dev/shm`` keeps it out of the comparison.

A table goes to stderr, JSON to stdout. All of it happens in a temporary folder, with a
database of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from own_database import own_database

TARGETS = {
    "times_add_samples": (">=", 20.0),
    "times_insert_many": ("<=", 3.0),
    "memory_ratio": ("<=", 1.1),
    "share_of_tar": (">=", 0.6),
    "times_same_script": (">=", 5.0),
}
NAME = "bench-ingest"


def main() -> int:
    args = parser().parse_args()
    if args.child:
        return child(Path(args.child))
    with own_database(args.folder) as folder:
        parts: dict[str, Callable[[Path, Any], dict[str, Any]]] = {
            "documents": documents, "gres": gres, "shards": shards, "memory": memory,
        }  # fmt: skip
        found = {}
        for name in args.only or parts:
            found[name] = parts[name](folder / name, args)
            tell(name, found[name])
        print(json.dumps(found, indent=2))
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--only", nargs="+", choices=["documents", "memory", "shards", "gres"])
    made.add_argument("--records", type=int, default=20_000, help="of documents")
    made.add_argument("--theirs", type=int, default=1_500, help="of documents, for add_samples")
    made.add_argument("--most", type=int, default=100_000, help="records, of memory")
    made.add_argument("--images", type=int, default=6_000, help="of shards")
    made.add_argument("--gres", type=int, default=2_000, help="images, of gres")
    made.add_argument("--folder", help="where the temporary folder is made")
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--child", help=argparse.SUPPRESS)
    return made


def tell(name: str, found: dict[str, Any]) -> None:
    for figure, value in found.items():
        target = TARGETS.get(figure)
        met = ""
        if target:
            good = value >= target[1] if target[0] == ">=" else value <= target[1]
            met = f"   target {target[0]} {target[1]}: {'met' if good else 'MISSED'}"
        print(f"{name:10} {figure:22} {value}{met}", file=sys.stderr)


class Turns:
    """Measures the times of alternatives that take turns."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.processor: defaultdict[str, list[float]] = defaultdict(list)

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        before, started = os.times(), time.perf_counter()
        yield
        self.seconds[name].append(time.perf_counter() - started)
        self.processor[name].append(sum(os.times()[:4]) - sum(before[:4]))

    def median(self, name: str) -> float:
        return statistics.median(self.seconds[name])

    def rates(self, counts: dict[str, int]) -> dict[str, Any]:
        """Per second, and milliseconds of processor time each."""
        return {
            name: {
                "per_second": round(count / self.median(name), 1),
                "processor_ms": round(statistics.median(self.processor[name]) / count * 1000, 3),
            }
            for name, count in counts.items()
        }


def documents(folder: Path, args: Any) -> dict[str, Any]:
    import fiftyone as fo
    from ingest_files import write_shards
    from plain_importers import caption_sample

    from pairlens.importers import schema
    from pairlens.importers.formats import rsteller
    from pairlens.importers.media import ImageFacts
    from pairlens.importers.prepare import PreparedImage, PreparedText

    write_shards(folder, args.records, 8, 5000)
    facts = ImageFacts(448, 448, 3, "image/jpeg", 80_000, "0" * 64, browsable=True)
    made = [
        PreparedText(r, PreparedImage(f"{folder}/{r.image_id}.jpg", None, facts, missing=False))
        for r in rsteller.read(folder)
    ]
    metadata = fo.ImageMetadata(
        size_bytes=80_000, mime_type="image/jpeg", width=448, height=448, num_channels=3
    )
    turns = Turns()
    for _ in range(args.rounds):
        with declared(schema) as dataset, turns.turn("ours"):
            insert_ours(dataset, made)
        with declared(schema) as dataset:
            docs = ready(dataset, made)
            with turns.turn("insert_many"):
                insert_bare(dataset, docs)
        with declared(schema) as dataset, turns.turn("add_samples"):
            dataset.add_samples(
                [
                    caption_sample(one.record, one.image.filepath, metadata)  # type: ignore[arg-type]
                    for one in made[: args.theirs]
                ],
                progress=False,
            )
    counts = {"ours": len(made), "insert_many": len(made), "add_samples": args.theirs}
    rates = turns.rates(counts)
    per_second = {name: rate["per_second"] for name, rate in rates.items()}
    return {
        "rates": rates,
        "times_add_samples": round(per_second["ours"] / per_second["add_samples"], 1),
        "times_insert_many": round(turns.median("ours") / turns.median("insert_many"), 2),
    }


@contextmanager
def declared(schema: Any) -> Iterator[Any]:
    """A dataset with the fields and indexes of caption data."""
    import fiftyone as fo

    dataset = fo.Dataset()
    schema.declare(dataset, "captions")
    yield dataset
    dataset.delete()


def insert_ours(dataset: Any, made: list[Any]) -> None:
    from pairlens.importers import fo_internals
    from pairlens.importers.parallel import rare_collections
    from pairlens.importers.resumable_insert import ResumableInsert
    from pairlens.importers.sample_encoding import encode

    refused: list[Exception] = []
    of = fo_internals.dataset_id(dataset)
    with rare_collections():
        images = (encode([one], of, ()) for one in made)
        assert ResumableInsert(dataset, {}).insert(images, refused.append) == len(made)
    assert not refused


def ready(dataset: Any, made: list[Any]) -> list[dict[str, Any]]:
    from datetime import UTC, datetime

    from pairlens.importers.documents import document

    return [document(one, dataset._doc.id, datetime.now(UTC)) for one in made]


def insert_bare(dataset: Any, docs: list[dict[str, Any]]) -> None:
    from pairlens.importers import store

    for batch in store.batched(docs, store.BATCH):
        dataset._sample_collection.insert_many(batch, ordered=False)


def memory(folder: Path, args: Any) -> dict[str, Any]:
    from ingest_files import write_shards

    peaks = {}
    for records in (args.most // 10, args.most):
        root = folder / str(records)
        write_shards(root, records, 8, 5000)
        command = [sys.executable, __file__, "--child", str(root)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks[records] = json.loads(done.stdout.splitlines()[-1])
        shutil.rmtree(root)
    small, large = peaks.values()
    return {"peaks_mb": peaks, "memory_ratio": round(large / small, 3)}


def child(root: Path) -> int:
    """Imports, and prints the peak memory of this process in MB."""
    import resource

    from pairlens.importers.datasets import delete_dataset
    from pairlens.importers.ingest import import_dataset

    summary = import_dataset("rsteller", root, f"{NAME}-{root.name}")
    assert summary.samples == int(root.name)
    delete_dataset(f"{NAME}-{root.name}")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    return 0


def shards(folder: Path, args: Any) -> dict[str, Any]:
    from ingest_files import write_shards

    from pairlens.importers.datasets import delete_dataset
    from pairlens.importers.ingest import import_dataset

    write_shards(folder / "published", args.images, 448, 1000)
    tars = sorted((folder / "published").glob("*.tar"))
    size = sum(tar.stat().st_size for tar in tars)
    turns = Turns()
    for number in range(args.rounds):
        target = folder / f"extracted{number}"
        target.mkdir()
        with turns.turn("tar"):
            for tar in tars:
                subprocess.run(["tar", "-xf", tar, "-C", target], check=True)
        with turns.turn("ours"):
            summary = import_dataset("rsteller", folder / "published", f"{NAME}-{number}")
        assert summary.samples == args.images
    for number in range(args.rounds):
        delete_dataset(f"{NAME}-{number}")
    shutil.rmtree(folder)
    pairs = zip(turns.seconds["tar"], turns.seconds["ours"], strict=True)
    shares = [round(tar / ours, 2) for tar, ours in pairs]
    return {
        "megabytes": size >> 20,
        "rates": turns.rates({"tar": args.images, "ours": args.images}),
        "shares": shares,
        "share_of_tar": statistics.median(shares),
    }


def gres(folder: Path, args: Any) -> dict[str, Any]:
    from ingest_files import write_gres

    from pairlens.importers.datasets import delete_dataset
    from pairlens.importers.ingest import import_dataset

    root = folder / "published"
    write_gres(root, args.gres)
    turns, pairs = Turns(), 0
    for number in range(args.rounds):
        made = {}
        for name in ("lean", "same"):
            with turns.turn(name):
                made[name] = plain(root, folder / f"{name}{number}", name)
        with turns.turn("ours"):
            summary = import_dataset("gres", root, f"{NAME}-{number}")
        pairs = summary.samples
        check_equal(made, f"{NAME}-{number}")
    for number in range(args.rounds):
        delete_dataset(f"{NAME}-{number}")
    shutil.rmtree(folder)
    rates = turns.rates(dict.fromkeys(("lean", "same", "ours"), pairs))
    return {
        "pairs": pairs,
        "rates": rates,
        "times_lean_script": round(turns.median("lean") / turns.median("ours"), 2),
        "times_same_script": round(turns.median("same") / turns.median("ours"), 2),
    }


def plain(root: Path, masks: Path, name: str) -> Any:
    import fiftyone as fo
    from plain_importers import gres_samples

    dataset = fo.Dataset()
    samples = gres_samples(root, masks, all_fields=name == "same")
    dataset.add_samples(samples, progress=False)
    return dataset


def check_equal(made: dict[str, Any], name_of_ours: str) -> None:
    """Checks that all alternatives made the same pairs with the same masks."""
    import fiftyone as fo
    import numpy as np

    from pairlens.importers.masks import load_stored

    ours = fo.load_dataset(name_of_ours)
    paths = dict(zip(*ours.values(["key", "segmentation.mask_path"]), strict=True))
    phrases = dict(zip(*ours.values(["key", "phrase"]), strict=True))
    for name, dataset in made.items():
        assert dict(zip(*dataset.values(["key", "phrase"]), strict=True)) == phrases
        for key, path in zip(*dataset.values(["key", "segmentation.mask_path"]), strict=True):
            assert np.array_equal(load_stored(path), load_stored(paths[key])), (name, key)
    stats = [dict(zip(*d.values(["key", "mask_stats"]), strict=True)) for d in (ours, made["same"])]
    assert {k: v.to_dict() for k, v in stats[0].items()} == {
        k: v.to_dict() for k, v in stats[1].items()
    }


if __name__ == "__main__":
    sys.exit(main())
