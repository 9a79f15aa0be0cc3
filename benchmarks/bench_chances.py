"""Makes ``fiftyone_plugin/checks/chances_table.py`` from findings that a person has read.

    python benchmarks/bench_chances.py GRES_FOLDER [--write]

All checks of words and masks run over GRES; the findings on the half of its images that rules are
tuned on are joined with ``data/gres_labels_tune.jsonl`` and the judgements of places. A label that
names the check decides, else what is said of the pair. Findings of an image that are as strong and
were judged alike count once: most are of one mask, or of paraphrases of one query. The findings of
a check are put in order of strength and cut into bins of at least 20 of one severity, of which
neighbours are joined until the chance rises with the strength. ``--write`` replaces the table in
the package; then make the page of checks anew.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench_positions import LABELS as POSITIONS
from bench_positions import SIDE
from bench_truth import half_of, image_of, read_labels
from gres_root import is_there, parser_of
from truth_scores import by_key, verdict

from pairlens.fiftyone_plugin.checks import Batch, Sample
from pairlens.fiftyone_plugin.checks.base import SEVERITIES, SIBLING, smoothed
from pairlens.fiftyone_plugin.checks.engine import SIBLING_STRENGTH, choose, find_in, issues_in
from pairlens.importers.errors import RecordError
from pairlens.importers.formats import gres
from pairlens.importers.mask_stats import measure
from pairlens.importers.polygons import rasterize
from pairlens.importers.records import Polygons

TUNE = Path(__file__).with_name("data") / "gres_labels_tune.jsonl"
OUT = Path(__file__).resolve().parent.parent / "fiftyone_plugin/checks/chances_table.py"
LEAST = 20
"""Findings of a bin."""

HEAD = '''"""Findings that a person has read, by check and strength; see :func:`.base.chance`.

Written by ``benchmarks/bench_chances.py``.
"""

from __future__ import annotations

from pairlens.fiftyone_plugin.checks.chance_row import ChanceRow

# fmt: off
TABLE: dict[str, tuple[ChanceRow, ...]] = {
'''


class Read(NamedTuple):
    """A finding that was read; ``bad``: whether the pair is bad, so that the finding is right."""

    strength: float
    severity: str
    bad: bool | None


class Bin(NamedTuple):
    """Findings of a check in a range of strength."""

    findings: list[Read]

    @property
    def range(self) -> tuple[float, float]:
        """The range of strengths, as text."""
        strengths = [one.strength for one in self.findings]
        return min(strengths), max(strengths)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Numbers of right, arguable and wrong findings."""
        said = Counter(one.bad for one in self.findings)
        return said[True], said[None], said[False]

    @property
    def severity(self) -> str:
        """The lowest severity."""
        return max((one.severity for one in self.findings), key=SEVERITIES.index)

    @property
    def chance(self) -> float:
        return smoothed(self.severity, *self.counts)


def main() -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--write", action="store_true", help="replace the table")
    given = parser.parse_args()
    if not is_there(given.gres):
        return 0
    verdicts = Verdicts()
    read: defaultdict[str, dict[tuple[str, Read], None]] = defaultdict(dict)
    for key, check, severity, strength in findings(list(samples(given.gres))):
        if half_of(image_of(key)) == "tune" and (said := verdicts.of(key, check)) is not None:
            read[check][image_of(key), Read(strength, severity, said[0])] = None
    table = {check: bins([one for _, one in some]) for check, some in sorted(read.items())}
    text = HEAD + "".join(map(_entry, table, table.values())) + "}\n"
    print(text.partition("TABLE")[2])
    if given.write:
        OUT.write_text(text, "utf-8")
    return 0


class Verdicts:
    """The labels of pairs in the half on which rules are tuned."""

    def __init__(self) -> None:
        self._labels = by_key(read_labels([TUNE]))
        placed = map(json.loads, POSITIONS.read_text("utf-8").splitlines())
        self._placed = {one["key"]: one["right"] for one in placed}

    def of(self, key: str, check: str) -> tuple[bool | None] | None:
        """Whether the pair is bad, in a tuple; ``None`` if it was not read."""
        labels = self._labels.get(key, [])
        if deciding := [label for label in labels if label.check == check] or labels:
            return (verdict(deciding),)
        if check == "position_conflict" and key in self._placed:
            right = self._placed[key]
            return (None if right is None else not right,)
        return None


def samples(root: Path) -> Iterator[Sample]:
    """The pairs of GRES, without the images."""
    target = stats = None
    for pair in gres.read(root, on_error=_ignore):
        if not isinstance(pair.target, Polygons):
            continue
        if stats is None or pair.target != target:
            target, stats = pair.target, measure(rasterize(pair.target.shapes, SIDE, SIDE))
        yield Sample(
            pair.key, pair.image_id, pair.split, pair.phrase,
            image_missing=True, image_size=(SIDE, SIDE), stats=stats,
        )  # fmt: skip


def _ignore(error: RecordError) -> None:
    """Ignores broken records, which an import reports."""


def findings(pairs: list[Sample]) -> Iterator[tuple[str, str, str, float]]:
    """Key, check, severity and strength of all findings, including those passed on."""
    checks = [one for one in choose(None, {}, with_predictions=False) if one.subject == "mask"]
    batch = Batch.of(pairs, checks)
    own: set[tuple[str, str]] = set()
    for one in checks:
        for issue in issues_in(batch, one):
            own.add((issue.key, one.name))
            yield issue.key, one.name, issue.severity or one.severity, issue.score
    for found in find_in(batch, [one for one in checks if one.shared]).values():
        for one in found:
            if (one.key, one.check) not in own:
                yield one.key, SIBLING, one.severity, SIBLING_STRENGTH[one.severity]


def bins(read: list[Read]) -> list[Bin]:
    """Bins of increasing chance; equal strengths are in one bin."""
    by_strength: defaultdict[float, list[Read]] = defaultdict(list)
    for one in read:
        by_strength[one.strength].append(one)
    made: list[Bin] = []
    for strength in sorted(by_strength):
        these = by_strength[strength]
        if made and len(made[-1].findings) < LEAST and made[-1].severity == these[0].severity:
            made[-1].findings.extend(these)
        else:
            made.append(Bin(list(these)))
    if len(made) > 1 and len(made[-1].findings) < LEAST and made[-2].severity == made[-1].severity:
        made[-2:] = [Bin(made[-2].findings + made[-1].findings)]
    rising: list[Bin] = []
    for one in made:
        rising.append(one)
        while len(rising) > 1 and rising[-2].chance >= rising[-1].chance:
            rising[-2:] = [Bin(rising[-2].findings + rising[-1].findings)]
    return rising


def _entry(check: str, some: list[Bin]) -> str:
    rows = []
    for one in some:
        numbers = [f"{n:.3f}" for n in one.range] + [str(n) for n in one.counts]
        rows.append(f"ChanceRow({', '.join(numbers)}, {one.chance:.3f}),")
    if len(rows) == 1:
        return f'    "{check}": ({rows[0]}),\n'
    lines = "\n        ".join(rows)
    return f'    "{check}": (\n        {lines}\n    ),\n'


if __name__ == "__main__":
    sys.exit(main())
