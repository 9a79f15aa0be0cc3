"""Compares findings with the planted faults."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.demo.planting import IMPORT, Plan, Planted
from pairlens.fiftyone_plugin.reports import table
from pairlens.importers import fields, store


def write_plan(plan: Plan, path: Path) -> None:
    """Writes the list of what was planted, a fault a line."""
    path.write_text("".join(json.dumps(asdict(fault)) + "\n" for fault in plan.planted), "utf-8")


def compare(dataset: Any, plan: Plan, skipped: Collection[str] = ()) -> dict[str, Any]:
    """Compares the findings of a dataset with the faults that were planted in it.

    Args:
        dataset: imported and flagged
        plan: what was planted in its files
        skipped: sources in which the import found something broken

    Returns:
        ``faults``: by fault ``{"check", "planted", "found"}``; ``clean``: the number of clean
        samples and how many of them have a finding of each severity; ``missed``: keys
    """
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for doc in store.stream(dataset, (fields.KEY, f"{fields.FINDINGS}.classifications")):
        for one in (doc.get(fields.FINDINGS) or {}).get("classifications") or []:
            found[doc[fields.KEY]][one["label"]] = one["severity"]
    faults: dict[str, dict[str, Any]] = {}
    missed = []
    for fault in plan.planted:
        entry = faults.setdefault(fault.fault, {"check": fault.check, "planted": 0, "found": 0})
        entry["planted"] += 1
        hit = _is_found(fault, found[fault.key], skipped)
        entry["found"] += hit
        if not hit:
            missed.append(fault.key)
    severities = Counter(s for key in plan.clean for s in set(found[key].values()))
    clean = {"samples": len(plan.clean)} | {s: severities[s] for s in ("error", "warning", "info")}
    return {"faults": faults, "clean": clean, "missed": missed}


def _is_found(fault: Planted, checks: Collection[str], skipped: Collection[str]) -> bool:
    return fault.source in skipped if fault.check == IMPORT else fault.check in checks


def found_lines(found: dict[str, Any]) -> list[str]:
    """A table of the faults, and a line about the clean samples."""
    rows: list[tuple[str, ...]] = [("fault", "found by", "planted", "found")]
    for name, one in sorted(found["faults"].items()):
        rows.append((name, one["check"], str(one["planted"]), str(one["found"])))
    clean = found["clean"]
    return [
        *table(rows),
        f"Of {clean['samples']:,} clean ones {clean['error']} have an error, "
        f"{clean['warning']} a warning, {clean['info']} an info.",
    ]


def total_line(done: Sequence[dict[str, Any]]) -> str:
    """All datasets in one sentence."""
    planted = sum(f["planted"] for one in done for f in one["faults"].values())
    found = sum(f["found"] for one in done for f in one["faults"].values())
    clean = sum(one["clean"]["samples"] for one in done)
    accused = sum(one["clean"]["error"] + one["clean"]["warning"] for one in done)
    return f"Found {found} of {planted} planted faults; {accused} of {clean} clean samples accused."
