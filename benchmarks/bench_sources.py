"""Measures how well source boxes reveal wrong and ambiguous queries, planted in real GRES.

xView cannot be passed on, so its boxes are made up: one around each mask, moved a little, of the
class that most queries of the mask name. A query that names another class than its siblings is then
flagged though nothing was planted: real errors, or paraphrases that the classes do not reach.

    python benchmarks/bench_sources.py GRES_FOLDER [--seeds 1 2] [--rate 0.3] [--list]

A table goes to stderr, JSON to stdout, as its last line. GRES is imported with placeholders, in a
database of its own.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from gres_root import is_there, parser_of
from own_database import own_database

NAME = "bench-sources"
FAULTS = ("source_conflict", "crowded_place")


def main() -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rate", type=float, default=0.3)
    parser.add_argument("--list", action="store_true", help="print what is flagged unplanted")
    given = parser.parse_args()
    if not is_there(given.gres):
        return 0
    with own_database() as folder:
        found = measure(given.gres, folder, given.seeds, given.rate, given.list)
    print(json.dumps(found))
    return 0


def measure(
    root: Path, folder: Path, seeds: list[int], rate: float, listing: bool
) -> dict[str, Any]:
    """Stores generated boxes, flags, and plants faults with each seed."""
    from pairlens.fiftyone_plugin.bench.run import bench_checks
    from pairlens.fiftyone_plugin.checks.runner import flag
    from pairlens.importers import store
    from pairlens.importers.ingest import ImportOptions, import_dataset
    from pairlens.importers.source_store import store_source_boxes

    import_dataset("gres", root, NAME, ImportOptions(placeholders=True))
    dataset = store.load(NAME)
    write_source(dataset, folder)
    done = store_source_boxes(dataset, folder / "boxes.geojson", folder / "chips.jsonl")
    print(f"{done.samples:,} of {done.of:,} pairs have boxes", file=sys.stderr)
    found = flag(dataset, checks=["source_conflict", "ambiguous_query"], out=folder / "found.jsonl")
    print(f"unplanted: {found.findings} {found.severities}", file=sys.stderr)
    if listing:
        print((folder / "found.jsonl").read_text("utf-8"), file=sys.stderr)
    rows = []
    for seed in seeds:
        run = bench_checks(dataset, seed=seed, rate=rate, faults=FAULTS)
        for name, row in run.faults.items():
            rows.append({"fault": name, "seed": seed} | row)
            print(json.dumps(rows[-1]), file=sys.stderr)
    return {"pairs": done.samples, "unplanted": found.findings, "faults": rows}


def write_source(dataset: Any, folder: Path) -> None:
    """Writes a GeoJSON with a tile for each image, and where each image lies."""
    from pairlens.fiftyone_plugin.language import classes
    from pairlens.fiftyone_plugin.language.source_classes import class_of_label
    from pairlens.importers.xview import CLASSES

    types = {class_of_label(label): number for number, label in reversed(CLASSES.items())}
    named: dict[tuple[str, str], list[Any]] = {}
    for key, image_id, split, phrase, box in zip(
        *dataset.values(["key", "image_id", "split", "phrase", "mask_stats.box"]), strict=True
    ):
        named.setdefault((split, image_id), []).append((key, phrase, box))
    rng = np.random.default_rng(0)
    features, chips = [], []
    for number, ((split, image_id), pairs) in enumerate(named.items(), 1):
        said = Counter(w.value for _, phrase, _ in pairs for w in classes(phrase))
        known = [name for name, _ in said.most_common() if name in types]
        box = pairs[0][2]
        if not known or not box or min(box[2:]) < 2:
            continue
        x, y, w, h = box
        moved = [x, y, x + w, y + h] + rng.uniform(-0.08, 0.08, 4) * [w, h, w, h]
        bounds = ",".join(str(round(v)) for v in np.clip(moved, 0, 512))
        properties = {"image_id": f"{number}.tif", "type_id": types[known[0]]}
        features.append({"properties": properties | {"bounds_imcoords": bounds}})
        place = {"image": f"{split}/{image_id}.jpg", "tile": f"{number}.tif"}
        chips.append(json.dumps(place | {"box": [0, 0, 512, 512], "sure": True}) + "\n")
    (folder / "boxes.geojson").write_text(json.dumps({"features": features}), "utf-8")
    (folder / "chips.jsonl").write_text("".join(chips), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
