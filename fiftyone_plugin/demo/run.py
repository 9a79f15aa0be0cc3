"""The demo: all of PairLens on generated datasets whose faults are known.

Import, predict, score, flag, review by rule, export, read back; at each step the same
functions that the command line and the operators call. What it prints of faults found is
counted against the list of what was planted.
"""

from __future__ import annotations

import shlex
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fiftyone_plugin import reports
from fiftyone_plugin.checks.runner import flag
from fiftyone_plugin.cli_report import ProgressBar
from fiftyone_plugin.curation.review import Verdict, set_verdicts
from fiftyone_plugin.demo.faults import Plan, plant
from fiftyone_plugin.demo.layouts import Written, make_gres, make_refsegrs
from fiftyone_plugin.exporters.runner import export_dataset
from fiftyone_plugin.metrics.runs import score
from fiftyone_plugin.predictors.runner import predict
from fiftyone_plugin.reports import Report, table
from fiftyone_plugin.score_reports import of_score
from importers import fields, store
from importers.errors import StateError, UsageError
from importers.files import MARKER, mark_folder
from importers.formats import FORMATS
from importers.ingest import ImportOptions, import_dataset
from importers.records import Pair

OWNER = "demo"
PREDICTIONS = "cues"
RATE = 0.3
"""Share of the units (GRES files, RefSegRS lines) that get a fault."""

_MAKERS: dict[str, Callable[..., Written]] = {"gres": make_gres, "refsegrs": make_refsegrs}


def run_demo(
    out: Path, *, images: int = 48, seed: int = 0, say: Callable[[str], None] = print
) -> Report:
    """Runs the demo on one generated dataset a format.

    Args:
        out: a folder for the generated and the exported files; an earlier demo's is replaced
        images: images a dataset
        seed: of the drawing and the planting
        say: takes the lines that tell what happens, as it happens

    Returns:
        for each dataset: pairs, scores, faults planted and found, clean pairs flagged by
        severity, what was exported and read back

    Raises:
        UsageError: for too few images to plant each fault once
        StateError: if ``out`` holds something else
    """
    if images < 24:
        raise UsageError(f"--images {images} is too few for all faults; give 24 or more")
    started = time.perf_counter()
    out = out.expanduser().absolute()
    _clear(out)
    done = [_run_one(name, out, images, seed, say) for name in _MAKERS]
    seconds = round(time.perf_counter() - started, 1)
    ok = all(one["read_back"] for one in done)
    commands = [f"pairlens app {one['dataset']}" for one in done]
    lines = [
        "",
        *_totals(done),
        f"All of it took {seconds:.0f} s; the files are in {shlex.quote(str(out))}.",
        f"See the pairs and their findings in the App: make app, or {' / '.join(commands)}",
    ]
    return Report({"datasets": done, "ok": ok, "seconds": seconds}, lines, ok)


def _clear(out: Path) -> None:
    if out.exists() and any(out.iterdir()):
        if not (out / MARKER).is_file() or (out / MARKER).read_text("utf-8") != OWNER:
            raise StateError(f"{out} is not empty and no demo's; choose another with --out")
        shutil.rmtree(out)
    mark_folder(out, OWNER)


def _run_one(
    name: str, out: Path, images: int, seed: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """The demo on one format."""
    root, dataset_name = out / name / "published", f"demo-{name}"
    say(f"\n== {FORMATS[name].about}")
    _MAKERS[name](root, images, seed)
    plan = plant(root, name, rate=RATE, seed=seed)
    say(f"Drew {images} images; planted {len(plan.planted)} faults, {len(plan.clean)} pairs clean.")
    options = ImportOptions(placeholders=True, overwrite=True)
    with ProgressBar("import") as progress:
        imported = import_dataset("auto", root, dataset_name, options, progress)
    # Its notes compare with the published counts, which generated data cannot have.
    say(reports.of_import(imported, placeholders=True).lines[0])
    dataset = store.load(dataset_name)
    with ProgressBar("predict") as progress:
        predicted = predict(
            dataset, predictor=PREDICTIONS, field_name=PREDICTIONS, progress=progress
        )
    _tell(reports.of_predict(predicted), say)
    scored = score(dataset, pred=PREDICTIONS, key=PREDICTIONS, rounds=200)
    _tell(of_score(scored), say)
    flagged = flag(dataset, predictions=[PREDICTIONS], out=out / name / "findings.jsonl")
    _tell(reports.of_flag(flagged, str(out / name / "findings.jsonl")), say)
    found = compare(dataset, plan)
    for line in _found_lines(found):
        say(line)
    verdicts = set_verdicts(dataset, review_by_rule(dataset), reviewer="demo rule")
    say(f"Reviewed {verdicts:,} pairs by rule: error - drop, warning - unsure, else keep.")
    exported = export_dataset(dataset, name, out / name / "cleaned", select="kept")
    _tell(reports.of_export(exported), say)
    same = _phrases(name, Path(exported["out"])) == _kept_phrases(dataset)
    say(
        f"Read back: {exported['exported']:,} pairs, the same queries on the same images."
        if same
        else "Read back: NOT what was exported."
    )
    return {
        "dataset": dataset_name,
        "format": name,
        "pairs": imported.samples,
        "gIoU": scored.gIoU,
        "cIoU": scored.cIoU,
        **found,
        "exported": exported["exported"],
        "dropped": exported["dropped"],
        "read_back": same,
    }


def _tell(report: Report, say: Callable[[str], None]) -> None:
    for line in report.lines:
        say(line)


def compare(dataset: Any, plan: Plan) -> dict[str, Any]:
    """Sets what was found against what was planted.

    Returns:
        ``faults``: by fault ``{"check", "planted", "found"}``; ``clean``: the number of clean
        pairs and how many of them have a finding of each severity; ``missed``: keys
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
        hit = fault.check in found[fault.key]
        entry["found"] += hit
        if not hit:
            missed.append(fault.key)
    severities = Counter(s for key in plan.clean for s in set(found[key].values()))
    clean = {"pairs": len(plan.clean)} | {s: severities[s] for s in ("error", "warning", "info")}
    return {"faults": faults, "clean": clean, "missed": missed}


def _found_lines(found: dict[str, Any]) -> list[str]:
    rows: list[tuple[str, ...]] = [("fault", "check", "planted", "found")]
    for name, one in sorted(found["faults"].items()):
        rows.append((name, one["check"], str(one["planted"]), str(one["found"])))
    clean = found["clean"]
    return [
        *table(rows),
        f"Of {clean['pairs']:,} clean pairs {clean['error']} have an error, "
        f"{clean['warning']} a warning, {clean['info']} an info.",
    ]


def review_by_rule(dataset: Any) -> Iterator[Verdict]:
    """Verdicts from the worst finding alone, with its note as the reason.

    A real review looks at the pairs; a rule is for the demo and for the plain cases.
    """
    for doc in store.stream(dataset, (fields.KEY, f"{fields.FINDINGS}.classifications")):
        findings = (doc.get(fields.FINDINGS) or {}).get("classifications") or []
        worst = next((f for f in findings if f["severity"] != "info"), None)
        if worst is None:
            yield Verdict(doc[fields.KEY], "keep")
        else:
            verdict = "drop" if worst["severity"] == "error" else "unsure"
            yield Verdict(doc[fields.KEY], verdict, note=f"{worst['label']}: {worst['note']}")


def _phrases(name: str, root: Path) -> Counter[tuple[str, str, str]]:
    """What a reader finds in a folder; indexes move up where a query before was dropped."""
    pairs = (record for record in FORMATS[name].read(root) if isinstance(record, Pair))
    return Counter((p.split, p.image_id, p.phrase) for p in pairs)


def _kept_phrases(dataset: Any) -> Counter[tuple[str, str, str]]:
    kept = store.stream(dataset, (fields.KEY, fields.PHRASE), where={fields.VERDICT: "keep"})
    return Counter((*_published_as(d[fields.KEY]), d[fields.PHRASE]) for d in kept)


def _published_as(key: str) -> tuple[str, str]:
    """Split and published id: the dataset gives equal images one ``image_id``."""
    _, split, name = key.split("/", 2)
    return split, name.rpartition("#")[0]


def _totals(done: list[dict[str, Any]]) -> list[str]:
    planted = sum(f["planted"] for one in done for f in one["faults"].values())
    found = sum(f["found"] for one in done for f in one["faults"].values())
    clean = sum(one["clean"]["pairs"] for one in done)
    accused = sum(one["clean"]["error"] + one["clean"]["warning"] for one in done)
    return [
        f"Found {found} of {planted} planted faults; {accused} of {clean} clean pairs accused.",
    ]
