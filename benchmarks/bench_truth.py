"""Measures precision and recall of findings, by pairs that a person has labelled.

A label file has a line for each judgement (:class:`truth_scores.Label` tells the fields)::

    {"key": "gres/train/lisat_gres_000000000012#0", "kind": "place", "bad": true,
     "sample": "unflagged", "fraction": 0.1096}

The findings are those of a FiftyOne dataset, or a ``findings.jsonl`` with a file of all keys (one
a line, plain or as JSON with ``key``), for which no database is needed. Labels of pairs that are
not there are left out.

    python benchmarks/bench_truth.py DATASET --labels FILE.. [--half tune|report]
    python benchmarks/bench_truth.py --findings FILE --keys FILE --labels FILE.. [--half ..]

GRES is split by image into two halves (:func:`half_of`): rules are tuned on one, figures are
reported on the other, whose errors are not listed, so that nobody tunes on them. Of its pairs
without a finding above info :func:`draw` drew those in ``data/gres_labels_report.jsonl``, and
the next 400 of its order in ``data/gres_labels_report_after.jsonl``, where the checks had been
widened and all that they flagged above info was read. Either file stands alone: together they
count pairs twice. ``data/gres_labels_third.jsonl`` has 400 pairs that were in no other file, read
before the checks were widened once more, and what these flag since;
``data/gres_labels_fourth.jsonl`` has 400 more that were read afterwards, and
``data/gres_labels_fifth.jsonl`` 150, before the last change. ``data/gres_labels_sixth.jsonl``
judges findings, all at info and those above it on 80 images, before slivers were narrowed, and
``data/gres_labels_seventh.jsonl`` those above info on 80 more, after; these two say nothing about
recall, and each stands alone. ``--sample`` takes the pairs of some files as the sample of
unflagged ones, in place of those of the other files. ``data/second_reader_pairs.jsonl`` has the
150 pairs of the fifth as another reader saw them, ``data/second_reader_findings.jsonl`` 100 of the
judged findings.
Tables go to stderr, JSON to stdout, as one line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fiftyone_plugin" / "names"))

import truth_scores as scores  # beside this file
from truth_scores import ABOVE_INFO, Flag, Flags, Label

IGNORED = ("image_missing",)
"""Says what was imported without, and nothing about the pair."""


def half_of(image_id: str) -> str:
    """The half of GRES that an image belongs to, by the first bit of the SHA-256 of its id.

    The id is the file's name without split and suffix, such as ``lisat_gres_000000000012``, so
    that all queries of an image are in one half. 0 is ``tune``, 1 is ``report``.
    """
    return "report" if hashlib.sha256(image_id.encode()).digest()[0] >> 7 else "tune"


def draw(keys: Iterable[str], count: int) -> list[str]:
    """A reproducible random sample: the keys with the lowest SHA-256 of ``sample KEY``."""
    return sorted(keys, key=lambda key: hashlib.sha256(f"sample {key}".encode()).digest())[:count]


def image_of(key: str) -> str:
    """The image id within a key such as ``gres/train/lisat_gres_000000000012#0``."""
    return key.rsplit("#", 1)[0].rsplit("/", 1)[-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dataset", nargs="?", help="name of a flagged FiftyOne dataset")
    parser.add_argument("--labels", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--sample", type=Path, nargs="+", metavar="FILE", help="their samples of "
                        "unflagged pairs as one, in place of those of the others")  # fmt: skip
    parser.add_argument("--half", choices=("tune", "report"), help="default: both")
    parser.add_argument("--findings", type=Path, help="findings.jsonl, instead of a dataset")
    parser.add_argument("--keys", type=Path, help="keys of all pairs, with --findings")
    parser.add_argument("--list", action="store_true", help="list errors, of the half tune only")
    given = parser.parse_args()
    if (given.findings is None) != (given.keys is None) or (
        (given.findings is None) == (given.dataset is None)
    ):
        parser.error("name a dataset, or both --findings and --keys")
    if given.list and given.half != "tune":
        parser.error("--list goes with --half tune: what is reported on is not tuned on")
    if given.dataset is None:
        keys, flags = read_files(given.keys, given.findings)
    else:
        keys, flags = read_dataset(given.dataset)
    if given.half:
        keys = {key for key in keys if half_of(image_of(key)) == given.half}
    read = read_labels(given.labels)
    if given.sample:
        read = with_sample(read, pooled(read_labels([path]) for path in given.sample))
    labels = [label for label in read if label.key in keys]
    result = measure(labels, {key: found for key, found in flags.items() if key in keys})
    tell(result)
    if given.list:
        for line in errors(labels, flags):
            _say(line)
    print(json.dumps({"pairs": len(keys), "labels": len(labels)} | result))
    return 0


def read_labels(paths: Iterable[Path]) -> list[Label]:
    """Reads label files.

    Raises:
        ValueError: if a line lacks a field, has another one, or a fraction outside of (0, 1]
    """
    labels = []
    for path in paths:
        for number, line in enumerate(_lines(path), 1):
            try:
                label = Label(**json.loads(line))
            except TypeError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
            if not 0 < label.fraction <= 1:
                raise ValueError(f"{path}, line {number}: fraction {label.fraction}")
            labels.append(label)
    return labels


def with_sample(labels: Iterable[Label], drawn: Iterable[Label]) -> list[Label]:
    """Labels whose pairs of sample ``unflagged`` are replaced by others of the same stratum."""
    return [label for label in labels if label.sample != "unflagged"] + list(drawn)


def pooled(samples: Iterable[list[Label]]) -> list[Label]:
    """Merges disjoint samples of the same pairs to a larger one."""
    drawn = list(samples)
    unflagged = [[one for one in labels if one.sample == "unflagged"] for labels in drawn]
    fraction = sum(labels[0].fraction for labels in unflagged if labels)
    return [
        replace(label, fraction=fraction) if label.sample == "unflagged" else label
        for labels in drawn
        for label in labels
    ]


def read_files(keys: Path, findings: Path) -> tuple[set[str], Flags]:
    """All keys, and the findings by key."""
    present = {json.loads(one)["key"] if one.startswith("{") else one for one in _lines(keys)}
    return present, group(map(json.loads, _lines(findings)))


def read_dataset(name: str) -> tuple[set[str], Flags]:
    """All keys of a stored dataset, and the findings by key."""
    from pairlens.fiftyone_plugin.checks.findings_list import ranked
    from pairlens.importers import store
    from pairlens.importers.fields import KEY

    dataset = store.load(name)
    return set(dataset.values(KEY)), group(ranked(dataset))


def group(findings: Iterable[dict[str, Any]]) -> Flags:
    """Findings as in ``findings.jsonl``, by key."""
    flags: defaultdict[str, list[Flag]] = defaultdict(list)
    for one in findings:
        if one["check"] not in IGNORED:
            flags[one["key"]].append(Flag(one["check"], one["severity"], one["score"]))
    return flags


def _lines(path: Path) -> Iterator[str]:
    return (line for line in path.read_text("utf-8").splitlines() if line.strip())


def measure(labels: list[Label], flags: Flags) -> dict[str, Any]:
    """All figures."""
    above = {key for key, some in flags.items() if any(f.severity in ABOVE_INFO for f in some)}
    judged = list(scores.judge(labels, flags))
    return {
        "flagged_above_info": len(above),
        "by_check": scores.by_check(judged),
        "by_severity": scores.by_severity(judged),
        "by_kind": scores.by_kind(labels, above),
        "recall_above_info": scores.recall(labels, above),
        "good_newly_flagged": scores.newly_flagged(labels, above),
        "calibration": scores.calibration(judged),
    }


def errors(labels: list[Label], flags: Flags) -> Iterator[str]:
    """Findings that are wrong, and labels of bad pairs without a finding above info."""
    for one in scores.judge(labels, flags):
        if one.bad is False:
            yield f"wrong: {one.key} {one.flag.check}"
    for label in labels:
        found = any(flag.severity in ABOVE_INFO for flag in flags.get(label.key, ()))
        if label.bad and not found:
            yield f"missed: {label.key} {label.kind}"


def tell(result: dict[str, Any]) -> None:
    """The figures as tables, on stderr."""
    for title in ("by_check", "by_severity"):
        head = f"{title.replace('_', ' '):36}{'right':>7}{'arguable':>10}{'wrong':>7}"
        _say(f"{head}{'precision':>11}{'strict':>8}  95 %")
        for name, row in result[title].items():
            counts = f"{name:36}{row['right']:7}{row['arguable']:10}{row['wrong']:7}"
            shares = f"{_percent(row['precision']):>11}{_percent(row['precision_strict']):>8}"
            _say(f"{counts}{shares}  {_interval(row)}")
    _say(f"{'kind':20}{'bad, of these flagged above info':>36}{'arguable':>12}{'good':>12}")
    for kind, row in result["by_kind"].items():
        columns = [
            f"{row.get(f'{name}_flagged', 0)} of {row.get(name, 0)}"
            for name in ("bad", "arguable", "good")
        ]
        _say(f"{kind:20}{columns[0]:>36}{columns[1]:>12}{columns[2]:>12}")
    row = result["recall_above_info"]
    _say(
        f"recall above info {_percent(row['recall'])} {_interval(row)}: of those read "
        f"{row['found']} found, {row['missed']} missed; about {row['bad_pairs']:,.0f} bad pairs"
    )
    row = result["good_newly_flagged"]
    _say(
        f"good pairs newly flagged {_percent(row['share'])} {_interval(row)}: "
        f"{row['flagged']} of {row['good']}"
    )
    _say(f"{'mean score':>12}{'share bad':>12}{'n':>7}")
    for one in result["calibration"]["bins"]:
        _say(f"{one['mean_score']:12.3f}{one['share_bad']:12.3f}{one['n']:7}")
    _say(f"Brier score {result['calibration']['brier']}")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _interval(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    return f"[{_percent(low)}, {_percent(high)}]"


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
