"""Measures how well faults planted in real GRES are found, without known real errors.

GRES has errors of its own, which rank among the planted ones. ``data/position-labels.jsonl``
says of hundreds of pairs whether the place in their query is that of their mask; those that
are wrong become ``drop`` verdicts. ``bench_checks`` then runs without and with the verdicts,
for some faults of queries and masks alone and with all that pairs can carry.

    python benchmarks/bench_faults.py GRES_FOLDER [--seeds 0 1 2] [--rate 0.3]

The thresholds and scores of the checks were set on seed 0; the other seeds report.

A table goes to stderr, JSON to stdout, as its last line. GRES is imported with placeholders
for its images, in a temporary folder, with a database of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gres_root import is_there, parser_of
from own_database import own_database

LABELS = Path(__file__).with_name("data") / "position-labels.jsonl"
NAME = "bench-faults"
TARGETS = {
    "mirrored_mask": 0.9,
    "shifted_mask": 0.9,
    "swapped_places": 0.8,
    "swapped_classes": 0.8,
}
"""The least average precision that is wanted."""

MIXES: dict[str, tuple[str, ...] | None] = {
    "alone": (*TARGETS, "exchanged_place"),
    "all": None,
}
"""Which faults are planted beside each other; ``None`` for all."""

BOUNDS = {"AP": "average_precision", "AP*": "average_precision_all"}


def main() -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rate", type=float, default=0.3)
    given = parser.parse_args()
    if not is_there(given.gres):
        return 0
    with own_database():
        found = measure(given.gres, given.seeds, given.rate)
    print(json.dumps(found))
    return 0


def measure(root: Path, seeds: list[int], rate: float) -> dict[str, Any]:
    """Plants with each seed and mix, before and after the verdicts."""
    from pairlens.importers import store
    from pairlens.importers.ingest import ImportOptions, import_dataset

    import_dataset("gres", root, NAME, ImportOptions(overwrite=True, placeholders=True))
    dataset = store.load(NAME)
    before = [run(dataset, seed, rate, mix) for seed in seeds for mix in MIXES]
    dropped = drop_wrong(dataset)
    after = [run(dataset, seed, rate, mix) for seed in seeds for mix in MIXES]
    print(f"{len(dataset):,} pairs; {dropped} of them read and dropped", file=sys.stderr)
    rows = list(compare(before, after))
    tell(rows)
    return {"pairs": len(dataset), "dropped": dropped, "faults": rows, "runs": after}


def drop_wrong(dataset: Any) -> int:
    """Sets the verdict ``drop`` on every pair that was labelled as wrong."""
    from pairlens.fiftyone_plugin.curation.texts import VerdictKind
    from pairlens.fiftyone_plugin.curation.verdicts import Verdict, set_verdicts
    from pairlens.importers.fields import KEY

    present = set(dataset.values(KEY))
    labels = map(json.loads, LABELS.read_text("utf-8").splitlines())
    wrong = [one for one in labels if one["right"] is False and one["key"] in present]
    verdicts = [Verdict(one["key"], VerdictKind.DROP, note=one["why"]) for one in wrong]
    return set_verdicts(dataset, verdicts, reviewer="position-labels") if verdicts else 0


def run(dataset: Any, seed: int, rate: float, mix: str) -> dict[str, Any]:
    """One run of ``bench_checks``."""
    from pairlens.fiftyone_plugin.bench.run import bench_checks

    done = bench_checks(dataset, seed=seed, rate=rate, faults=MIXES[mix])
    return {
        "mix": mix,
        "seed": seed,
        "known_bad": done.known_bad,
        "seconds": done.seconds,
        "faults": done.faults,
    }


def compare(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A row for each fault, mix and seed."""
    for old, new in zip(before, after, strict=True):
        for name, one in new["faults"].items():
            # Other pairs carry it where some are set aside, which may be none.
            was = old["faults"].get(name, {})
            yield {
                "fault": name,
                "mix": new["mix"],
                "seed": new["seed"],
                "planted": one["planted"],
                "recall": one["recall"],
                "AP": one[BOUNDS["AP"]],
                "AP* without verdicts": was.get(BOUNDS["AP*"]),
                "AP* with verdicts": one[BOUNDS["AP*"]],
                "target": TARGETS.get(name),
            }


def tell(rows: list[dict[str, Any]]) -> None:
    """The table, fault by fault."""
    from pairlens.fiftyone_plugin.bench.report import figure

    head = ("recall", "AP", "AP* without verdicts", "AP* with verdicts")
    print(f"{'fault':20} mix   seed planted  {'  '.join(head)}", file=sys.stderr)
    for row in sorted(rows, key=lambda r: (r["target"] is None, r["fault"], r["mix"], r["seed"])):
        figures = "  ".join(f"{figure(row[name]):>{len(name)}}" for name in head)
        target, met = row["target"], ""
        if target:
            good = row["AP* with verdicts"] >= target
            met = f"   target >= {target}: {'met' if good else 'MISSED'}"
        print(
            f"{row['fault']:20} {row['mix']:5} {row['seed']:4} {row['planted']:7}  {figures}{met}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    sys.exit(main())
