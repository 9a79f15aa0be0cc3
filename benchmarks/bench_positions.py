"""How often ``position_conflict`` is right on real GRES queries that a person has read.

``data/position-labels.jsonl`` holds the judgements. ``flagged`` says whether the check fired
when a pair was drawn, and ``drawn`` how it came to be read:

- ``flagged``, ``flagged-rest``: all 298 pairs that were flagged, a random sample of 110 first
- ``unflagged``: 110 others with a word of direction, at random
- ``suspicious``: every other unflagged pair whose mask's centre plainly contradicts some word
  of direction in its query, whether it means a place or not
- ``unflagged-strict``: every other unflagged pair that names a place as the parser reads it and
  whose mask's centre lies more than a tenth outside of it, read strictly: the centre as the
  middle third, and no more room for a hedge

The check runs anew on the excerpt, so that a change of the parser or of the geometry shows.

    python benchmarks/bench_positions.py GRES_FOLDER [--tolerance 0.095] [--list]
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "fiftyone_plugin" / "names"))

from gres_root import is_there, parser_of  # noqa: E402

from pairlens.fiftyone_plugin.checks import CHECKS, Batch, Sample  # noqa: E402
from pairlens.fiftyone_plugin.checks.engine import issues_in  # noqa: E402
from pairlens.importers.errors import RecordError  # noqa: E402
from pairlens.importers.formats import gres  # noqa: E402
from pairlens.importers.mask_stats import MaskStats, measure  # noqa: E402
from pairlens.importers.polygons import rasterize  # noqa: E402
from pairlens.importers.records import Pair, Polygons  # noqa: E402

LABELS = Path(__file__).with_name("data") / "position-labels.jsonl"
SIDE = 512
"""Width and height of a GRES chip in pixels."""


def main() -> int:
    """Prints precision and recall with their counts, as text and as one line of JSON."""
    parser = parser_of(__doc__)
    parser.add_argument("--tolerance", type=float, default=0.095)
    parser.add_argument("--list", action="store_true", help="list what was judged wrongly")
    given = parser.parse_args()
    if not is_there(given.gres):
        return 0
    labels = {one["key"]: one for one in map(json.loads, LABELS.read_text("utf-8").splitlines())}
    flagged = set(_flagged(given.gres, given.tolerance))
    present = {pair.key for pair in gres.read(given.gres, on_error=_ignore)}
    known = {key: label for key, label in labels.items() if key in present}
    print(f"{len(present):,} pairs, {len(flagged):,} flagged; {len(known)} of them labelled")
    result = score(known, flagged)
    for name, value in result.items():
        print(f"  {name}: {value}")
    if given.list:
        _list(known, flagged)
    print(json.dumps(result))
    return 0


def score(labels: dict[str, dict[str, Any]], flagged: set[str]) -> dict[str, Any]:
    """Precision and recall; labels that say nothing (``right`` is null) are counted apart.

    ``precision_strict`` counts them as false alarms. Recall is the share of the pairs known to
    be wrong that are flagged: all that were flagged have been read, and all others whose
    centre contradicts a word of direction plainly or, read strictly, the place. What another
    version flags besides is counted as ``flagged_unlabelled``.
    """
    counts = Counter((key in flagged, label["right"]) for key, label in labels.items())
    hits, alarms, unsure = counts[True, False], counts[True, True], counts[True, None]
    missed = counts[False, False]
    judged = hits + alarms + unsure
    return {
        "flagged_wrong": hits,
        "flagged_right": alarms,
        "flagged_unsure": unsure,
        "flagged_unlabelled": len(flagged - labels.keys()),
        "unflagged_wrong": missed,
        "unflagged_right": counts[False, True],
        "unflagged_unsure": counts[False, None],
        "precision": round(hits / (hits + alarms), 3) if hits + alarms else None,
        "precision_strict": round(hits / judged, 3) if judged else None,
        "recall": round(hits / (hits + missed), 3) if hits + missed else None,
    }


def _flagged(root: Path, tolerance: float) -> Iterator[str]:
    check = CHECKS["position_conflict"].with_params({"tolerance": tolerance})
    stats: dict[Any, MaskStats] = {}
    for pair in gres.read(root, on_error=_ignore):
        if not isinstance(pair.target, Polygons):
            continue
        if pair.target not in stats:
            stats = {pair.target: measure(rasterize(pair.target.shapes, SIDE, SIDE))}
        if any(issues_in(Batch.of([_sample(pair, stats[pair.target])], [check]), check)):
            yield pair.key


def _sample(pair: Pair, stats: MaskStats) -> Sample:
    return Sample(pair.key, pair.image_id, pair.split, pair.phrase, stats=stats)


def _ignore(error: RecordError) -> None:
    """Ignores broken records, which an import reports."""


def _list(labels: dict[str, dict[str, Any]], flagged: set[str]) -> None:
    for key, label in labels.items():
        if label["right"] is not None and (key in flagged) is label["right"]:
            what = "false alarm" if key in flagged else "missed"
            print(f"  {what}: {key} {label['phrase']!r} ({label['why']})")


if __name__ == "__main__":
    sys.exit(main())
