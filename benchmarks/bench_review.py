"""Counts the keys that a review of GRES needs for each true defect that it removes or fixes.

The defects are those that a person labelled (``data/gres_labels_*.jsonl``); the reviewer of the
benchmark knows them. A session over warnings and errors is gone through as the panel *Pair* shows
it: a group at a time, one key for those that the group is meant for, two for each that the reviewer
judges otherwise (``]`` to it, Shift and the key). A key accepts suggestions where all that are bad
have one, else it drops. Groups in which a pair has no label are passed over. Beside it stands a
review that asks for one key a pair, as it was before there were groups.

    python benchmarks/bench_review.py GRES

A table goes to stderr, JSON to stdout, as one line.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench_truth import read_labels  # beside this file
from gres_root import is_there, parser_of
from own_database import own_database
from truth_scores import by_key, verdict

LABELS = sorted((Path(__file__).parent / "data").glob("gres_labels_*.jsonl"))
NAME = "bench-review"


def main() -> int:
    given = parser_of(__doc__).parse_args()
    if not is_there(given.gres):
        return 1
    with own_database():
        counts = reviewed(given.gres)
    tell(counts)
    print(json.dumps(counts))
    return 0


def reviewed(root: Path) -> dict[str, int]:
    """Counts over the groups of a session whose pairs all have a label."""
    truth = {key: verdict(labels) for key, labels in by_key(read_labels(LABELS)).items()}
    counts: Counter[str] = Counter()
    for members in groups(root):
        meant = [one for one in members if one["meant"]]
        if any(one["key"] not in truth for one in meant):
            counts["groups without labels"] += 1
            continue
        bad = [one for one in meant if truth[one["key"]] is True]
        others = len(meant) - len(bad)
        counts["groups"] += 1
        counts["pairs"] += len(meant)
        counts["defects"] += len(bad)
        counts["keys, a group at a time"] += 1 + 2 * min(len(bad), others)
        counts["keys, a pair at a time"] += len(meant)
        counts["defects with a suggestion"] += sum(one["suggestion"] is not None for one in bad)
    return dict(counts)


def groups(root: Path) -> Iterator[list[dict[str, Any]]]:
    """The members of the groups of a session over warnings and errors, in its order."""
    import fiftyone as fo

    from pairlens.fiftyone_plugin.checks.runner import flag
    from pairlens.fiftyone_plugin.curation import selection, sessions
    from pairlens.fiftyone_plugin.curation.evidence import pair_view
    from pairlens.importers.ingest import ImportOptions, import_dataset

    import_dataset("gres", root, NAME, ImportOptions(placeholders=True))
    dataset = fo.load_dataset(NAME)
    flag(dataset)
    session = sessions.start(dataset, warnings=True, reviewer="bench")["id"]
    seen: set[str] = set()
    queue = selection.choose(dataset, warnings=True).ordered(dataset)
    for sample_id in map(str, queue):
        if sample_id in seen:
            continue
        members: Any = pair_view(dataset, sample_id, session=session)["group"]["members"]
        seen |= {one["sample_id"] for one in members if one["meant"]}
        yield members


def tell(counts: dict[str, int]) -> None:
    """A table for people."""
    for name, number in counts.items():
        per = f"{number / max(1, counts['defects']):8.2f} a defect" if "keys" in name else ""
        print(f"  {name:<28}{number:>7,}{per}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
