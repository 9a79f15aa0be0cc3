"""How fast GRES comes into FiftyOne, beside the script one would write with FiftyOne alone.

Both read the same files, draw the same masks, write the same number of PNGs and end with the
same samples in the same database; the ratio is what counts. The plain script is what FiftyOne's
documentation leads to: a loop, ``fo.Sample``, ``dataset.add_samples``.

    make bench                                   # all benchmarks
    .venv/bin/python benchmarks/bench_import.py --images 300
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pairlens-bench-") as folder:
        os.environ["FIFTYONE_DEFAULT_DATASET_DIR"] = folder
        os.environ["FIFTYONE_DO_NOT_TRACK"] = "1"
        print(json.dumps(run(Path(folder), args.images, args.rounds), indent=2))


def run(folder: Path, images: int, rounds: int) -> dict[str, Any]:
    """Times both, taking turns, and returns pairs a second and the ratio of the medians."""
    from fiftyone_plugin.demo.layouts import make_gres

    written = make_gres(folder / "published", images)
    pairs = len(written.keys)
    seconds: dict[str, list[float]] = {"pairlens": [], "plain": []}
    documents: dict[str, list[float]] = {"pairlens": [], "plain": []}
    for _ in range(rounds):
        seconds["plain"].append(time_plain(written.root, folder, pairs, documents["plain"]))
        seconds["pairlens"].append(time_ours(written.root, pairs, documents["pairlens"]))
    rates = {name: round(pairs / sorted(times)[rounds // 2], 1) for name, times in seconds.items()}
    inserts = {n: round(pairs / sorted(times)[rounds // 2], 1) for n, times in documents.items()}
    return {
        "images": images,
        "pairs": pairs,
        "pairs_per_second": rates,
        "ratio": round(rates["pairlens"] / rates["plain"], 2),
        "documents_per_second": inserts,
        "documents_ratio": round(inserts["pairlens"] / inserts["plain"], 2),
    }


def time_ours(root: Path, pairs: int, documents: list[float]) -> float:
    """An import with PairLens; appends the seconds that writing documents alone takes."""
    import fiftyone as fo

    from importers import store
    from importers.datasets import delete_dataset
    from importers.ingest import import_dataset

    started = time.perf_counter()
    import_dataset("gres", root, "bench-import")
    seconds = time.perf_counter() - started
    dataset = fo.load_dataset("bench-import")
    docs = list(dataset._sample_collection.find())
    assert len(docs) == pairs
    dataset._sample_collection.delete_many({})
    started = time.perf_counter()
    for batch in store.batched(docs, store.BATCH):
        store.insert(dataset, batch)
    documents.append(time.perf_counter() - started)
    delete_dataset("bench-import")
    return seconds


def time_plain(root: Path, folder: Path, pairs: int, documents: list[float]) -> float:
    """The plain script; appends the seconds that ``add_samples`` takes of it."""
    import cv2
    import fiftyone as fo
    import numpy as np

    started = time.perf_counter()
    samples = []
    masks = folder / "plain"
    masks.mkdir(exist_ok=True)
    for file in sorted(root.glob("gres_annotations/*/*.json")):
        content = json.loads(file.read_text())
        split = file.parent.name
        image = root / "gres_images" / split / content["shapes"][0]["image_name"]
        height, width = cv2.imread(str(image)).shape[:2]
        mask = np.zeros((height, width), np.uint8)
        for shape in content["shapes"]:
            points = np.array([shape["points"]], dtype=np.int32)
            cv2.polylines(mask, points, True, 1, 1)
            cv2.fillPoly(mask, points, 1)
        path = str(masks / f"{file.stem}.png")
        cv2.imwrite(path, mask)
        for index, phrase in enumerate(content["text"]):
            sample = fo.Sample(filepath=str(image), tags=[split], phrase=phrase)
            sample["key"] = f"gres/{split}/{file.stem}#{index}"
            sample["segmentation"] = fo.Segmentation(mask_path=path)
            samples.append(sample)
    dataset = fo.Dataset()
    before = time.perf_counter()
    dataset.add_samples(samples, progress=False)
    documents.append(time.perf_counter() - before)
    seconds = time.perf_counter() - started
    assert len(dataset) == pairs
    dataset.delete()
    return seconds


if __name__ == "__main__":
    main()
