"""How far two reviewers agree, over the pairs that both have judged.

Cohen's kappa is ``(po - pe) / (1 - pe)``: ``po`` is the share of pairs with the same verdict,
``pe`` the share that would have it by chance, were each to give his verdicts in the same
proportions but to pairs at random. J. Cohen, A coefficient of agreement for nominal scales,
Educational and Psychological Measurement 20(1), 1960, pages 37 to 46. Where both gave one and
the same verdict to all pairs, ``pe`` is 1 and kappa is not defined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fiftyone_plugin.curation.decision_lines import read_once
from fiftyone_plugin.curation.texts import VERDICTS

MOST_LISTED = 1000


def agreement(first: Path | str, second: Path | str) -> dict[str, Any]:
    """Compares the verdicts of two decisions files.

    A pair counts where both files are about the same published phrase and mask.

    Returns:
        ``{"common", "different_source", "same", "share", "kappa", "why", "table",
        "differences"}``: ``share`` and ``kappa`` are ``None`` where they are not defined,
        with the reason in ``why``; ``table`` is the count by the first file's verdict, then
        the second's; ``differences`` names the first thousand pairs

    Raises:
        UsageError: if a line is broken, or two of a file are about the same pair
    """
    ours = {d.key: (d.verdict, d.phrase_sha256, d.mask_sha256) for _, d in read_once(Path(first))}
    common: list[tuple[str, str]] = []
    differences: list[dict[str, str]] = []
    different = 0
    for _, theirs in read_once(Path(second)):
        verdict, *source = ours.get(theirs.key, ("", "", ""))
        if not verdict:
            continue
        if source != [theirs.phrase_sha256, theirs.mask_sha256]:
            different += 1
            continue
        common.append((verdict, theirs.verdict))
        if verdict != theirs.verdict and len(differences) < MOST_LISTED:
            differences.append({"key": theirs.key, "first": verdict, "second": theirs.verdict})
    return {
        "common": len(common),
        "different_source": different,
        **measured(common),
        "differences": differences,
    }


def measured(common: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Share, kappa and table of pairs of verdicts on the same things.

    Example::

        measured([("keep", "keep"), ("drop", "keep")])["share"]  # 0.5
    """
    counts = Counter(common)
    total = counts.total()
    same = sum(number for (a, b), number in counts.items() if a == b)
    table = {a: {b: counts[a, b] for b in VERDICTS} for a in VERDICTS}
    result: dict[str, Any] = {"same": same, "share": None, "kappa": None, "why": "", "table": table}
    if not total:
        return result | {"why": "no pair was judged by both"}
    rows, columns = Counter[str](), Counter[str]()
    for (a, b), number in counts.items():
        rows[a] += number
        columns[b] += number
    result["share"] = same / total
    # In whole numbers, so that what is equal compares equal.
    chance = sum(rows[name] * columns[name] for name in rows)
    if chance == total * total:
        return result | {"why": "both gave the same one verdict to all pairs"}
    result["kappa"] = (same * total - chance) / (total * total - chance)
    return result
