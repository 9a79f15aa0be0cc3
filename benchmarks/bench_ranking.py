"""Measures how many verdicts it takes to find the bad pairs of GRES, by findings and by ``p_bad``.

The pairs are those of ``data/*labels*.jsonl`` that a person has read at random (samples ``flagged``
and ``unflagged``), of which 8 in 100 without a finding are bad; what one reader calls bad and
another does not counts as good. A reviewer judges the queue from its start, as the labels say. The
plain order is by the worst finding; the learned one is made anew after every so many verdicts
(``--step``), by a model of those before.

Of GRES the checks know nearly all kinds of faults, as they were written for it. ``--hide`` leaves
out the findings of those for the wording of generated queries, so that these faults are what no
check knows, as in a dataset that nobody has written checks for.

    python benchmarks/bench_ranking.py GRES [--hide] [--step 50] [--plot FILE.png]

No database is needed. JSON goes to stdout, as one line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gres_root import is_there, parser_of  # beside this file, and puts the project on the path

from pairlens.fiftyone_plugin.checks import CHECKS, Sample
from pairlens.fiftyone_plugin.checks.base import PIXELS
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.engine import choose, find_all
from pairlens.fiftyone_plugin.gate.file_findings import samples_of
from pairlens.fiftyone_plugin.ranking.features import FeatureValues, features_of
from pairlens.fiftyone_plugin.ranking.model import Examples, VerdictModel, enough
from pairlens.importers.options import ImportOptions
from pairlens.importers.source_records import open_records

DATA = Path(__file__).parent / "data"
WORDING = (
    "boilerplate", "broken_crop", "garbled_request", "generic_query", "not_from_above",
    "prompt_talk", "request_form", "unanswerable_query", "vague_query",
)  # fmt: skip
"""Checks of the wording of generated queries."""

SOUND = 2.0
PARTS = (0.5, 0.8, 0.9, 0.95)
FIRST = 30
OTHERS = 300


def main() -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--hide", action="store_true", help="without checks of the wording")
    parser.add_argument("--step", type=int, default=50, help="verdicts between two models")
    parser.add_argument("--plot", type=Path, help="a picture of the curves")
    given = parser.parse_args()
    if not is_there(given.gres):
        return 0
    hidden = frozenset(WORDING if given.hide else ())
    samples = read(given.gres)
    checks = [
        one
        for one in choose(None, {}, with_predictions=False)
        if one.name not in hidden | {"image_missing"} and not set(PIXELS) & {*one.needs}
    ]
    found = find_all(samples, checks)
    scores = [[(one.check, one.score) for one in found[sample.key]] for sample in samples]
    features: list[FeatureValues] = []
    for n in range(0, len(samples), 1000):
        features += features_of(
            Batch.of(samples[n : n + 1000], CHECKS.values()), scores[n : n + 1000]
        )
    at = {sample.key: number for number, sample in enumerate(samples)}
    labels = {at[key]: bad for key, bad in read_labels().items() if key in at}
    worst = {n: min((score for _, score in scores[n]), default=SOUND) for n in labels}
    plain = sorted(labels, key=lambda n: (worst[n], samples[n].key))
    images = [f"{one.split}/{one.image_id}" for one in samples]
    learned = learned_order(plain, labels, features, images, given.step)
    result = {
        "pairs": len(labels),
        "bad": sum(labels.values()),
        "bad_without_finding": sum(bad for n, bad in labels.items() if worst[n] == SOUND),
        "hidden": sorted(hidden),
        "verdicts": {
            name: {f"{part:.0%}": needed(order, labels, part) for part in PARTS}
            for name, order in (("plain", plain), ("learned", learned))
        },
    }
    if given.plot:
        plot(given.plot, {"by the findings": plain, "by the verdicts": learned}, labels)
    print(json.dumps(result))
    return 0


def read(root: Path) -> list[Sample]:
    """All pairs in the form of the checks."""
    options = ImportOptions(placeholders=True)
    source = open_records("gres", root, options, on_error=_ignore, on_note=_ignore)
    with source as opened:
        return [one for group in opened.groups for one, _ in samples_of(group, opened.place)]


def _ignore(note: Any) -> None:
    """Ignores notes of the reader."""


def read_labels() -> dict[str, bool]:
    """Whether each pair that was read at random is bad."""
    said: dict[str, list[bool | None]] = {}
    drawn = set()
    for file in sorted(DATA.glob("*labels*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            one = json.loads(line)
            right = one.get("right")
            bad = one.get("bad", None if right is None else not right)
            said.setdefault(one["key"], []).append(bad)
            if (one.get("sample") or one.get("drawn")) in ("flagged", "unflagged"):
                drawn.add(one["key"])
    return {key: True in bad for key, bad in said.items() if key in drawn}


def learned_order(
    plain: Sequence[int],
    labels: dict[int, bool],
    features: Sequence[FeatureValues],
    images: Sequence[str],
    step: int,
) -> list[int]:
    """The order in which pairs are judged if a model sorts the remaining ones."""
    rng = np.random.default_rng(0)
    left, done = list(plain), list[int]()
    while left:
        bad = [labels[n] for n in done]
        if enough(bad):
            others = [features[n] for n in rng.choice(len(features), OTHERS, replace=False)]
            judged = ([features[n] for n in done], bad, [images[n] for n in done])
            chances = VerdictModel(Examples(*judged, others)).chances([features[n] for n in left])
            left = [left[n] for n in np.argsort(-chances, kind="stable")]
        count = step if len(done) >= FIRST else FIRST
        done += left[:count]
        left = left[count:]
        print(f"{len(done):,} of {len(plain):,} judged", file=sys.stderr)
    return done


def needed(order: Sequence[int], labels: dict[int, bool], part: float) -> int:
    """The number of verdicts that finds a part of the bad pairs."""
    found = np.cumsum([labels[n] for n in order])
    return int(np.searchsorted(found, part * found[-1])) + 1


def plot(file: Path, orders: dict[str, Sequence[int]], labels: dict[int, bool]) -> None:
    """Plots the share of found bad pairs by number of verdicts."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    for name, order in orders.items():
        found = np.cumsum([labels[n] for n in order])
        axes.plot(np.arange(1, len(found) + 1), found / found[-1], label=name)
    axes.axhline(0.9, color="0.7", linewidth=0.8, linestyle="--")
    axes.set(xlabel="verdicts", ylabel="bad pairs found", ylim=(0, 1.02), xlim=(0, None))
    axes.legend(loc="lower right", frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    sys.exit(main())
