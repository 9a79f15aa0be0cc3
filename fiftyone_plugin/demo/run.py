"""The demo: all of PairLens on generated datasets whose faults are known.

Import, predict, score, flag, review by rule, export, read back, by the functions that the command
line and the operators call. Found faults are counted against the list of planted ones. Captions
and conversations have no masks, so nothing is predicted and scored.
"""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin import reports
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.curation import undoing
from pairlens.fiftyone_plugin.curation.texts import VerdictKind
from pairlens.fiftyone_plugin.curation.verdicts import Verdict, set_verdicts
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.instruction_layouts import make_rsgpt4v
from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout, make_gres, make_refsegrs
from pairlens.fiftyone_plugin.demo.planting import faults_of, plant
from pairlens.fiftyone_plugin.demo.readback import export_matches
from pairlens.fiftyone_plugin.demo.refer_layouts import make_rrsisd
from pairlens.fiftyone_plugin.demo.tally import compare, found_lines, total_line, write_plan
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.fiftyone_plugin.reports import Report, samples_of
from pairlens.fiftyone_plugin.score_reports import of_score
from pairlens.fiftyone_plugin.terminal import ProgressBar
from pairlens.importers import fields, store
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.files import MARKER, mark_folder
from pairlens.importers.formats import FORMATS
from pairlens.importers.ingest import ImportOptions, import_dataset

OWNER = "demo"
PREDICTIONS = "cues"
RATE = 0.3
"""Share of the units (GRES files, RefSegRS lines, else images) that get a fault; more where
that would not leave room for all faults."""
LEAST = 36
"""Images that have room for every fault of any format, and for clean ones beside."""

_MAKERS: dict[str, Callable[..., GeneratedLayout]] = {
    "gres": make_gres,
    "refsegrs": make_refsegrs,
    "rrsisd": make_rrsisd,
    "rsteller": make_rsteller,
    "rsgpt4v": make_rsgpt4v,
}

Say = Callable[[str], None]


def run_demo(out: Path, *, images: int = 48, seed: int = 0, say: Say = print) -> Report:
    """Runs the demo on one generated dataset a format.

    Args:
        out: a folder for the generated and the exported files; an earlier demo's is replaced
        images: images per dataset
        seed: seed of the drawing and the planting
        say: called with each line of output, as the demo runs

    Returns:
        for each dataset: samples, scores where it has masks, faults planted and found, clean
        samples flagged by severity, what was exported and read back

    Raises:
        UsageError: for too few images to plant each fault once
        StateError: if ``out`` holds something else
    """
    if images < LEAST:
        raise UsageError(f"--images {images} is too few for all faults; give {LEAST} or more")
    started = time.perf_counter()
    out = out.expanduser().absolute()
    _clear(out)
    done = [_run_one(name, out, images, seed, say) for name in _MAKERS]
    seconds = round(time.perf_counter() - started, 1)
    ok = all(one["read_back"] for one in done)
    lines = [
        "",
        total_line(done),
        f"All of it took {seconds:.0f} s; the files are in {shlex.quote(str(out))}.",
        "See what was found in the App: make app, or one of",
        *(f"  pairlens app {one['dataset']}" for one in done),
    ]
    return Report({"datasets": done, "ok": ok, "seconds": seconds}, lines, ok)


def _clear(out: Path) -> None:
    if out.exists() and any(out.iterdir()):
        if not (out / MARKER).is_file() or (out / MARKER).read_text("utf-8") != OWNER:
            raise StateError(f"{out} is not empty and no demo's; choose another with --out")
        shutil.rmtree(out)
    mark_folder(out, OWNER)


def _run_one(name: str, out: Path, images: int, seed: int, say: Say) -> dict[str, Any]:
    """The demo on one format."""
    folder, dataset_name, what = out / name, f"demo-{name}", samples_of(name)
    root, findings = folder / "published", str(folder / "findings.jsonl")
    say(f"\n== {FORMATS[name].about}")
    _MAKERS[name](root, images, seed)
    plan = plant(root, name, rate=max(RATE, len(faults_of(name)) / images), seed=seed)
    write_plan(plan, folder / "planted.jsonl")
    say(
        f"Drew {images} images; planted {len(plan.planted)} faults, {len(plan.clean)} {what} clean."
    )
    options = ImportOptions(placeholders=True, overwrite=True)
    with ProgressBar("import") as progress:
        imported = import_dataset("auto", root, dataset_name, options, progress)
    # Its notes compare with the published counts, which generated data cannot have.
    told = reports.of_import(imported, placeholders=True).lines
    _tell([line for line in told if not line.startswith("  note: ")], say)
    dataset = store.load(dataset_name)
    scores: dict[str, float | None] = {}
    if FORMATS[name].kind == "pairs":
        scores = _predict_and_score(dataset, say)
    else:
        say("No masks here: nothing to predict and to score.")
    flagged = flag(dataset, predictions=[PREDICTIONS] if scores else [], out=Path(findings))
    # Of what the checks found, the table that follows says more than their own.
    checked, *_, where = reports.of_flag(flagged, findings, FORMATS[name].kind).lines
    found = compare(dataset, plan, {one["source"] for one in imported.skipped})
    _tell([checked, where, *found_lines(found)], say)
    verdicts = set_verdicts(dataset, review_by_rule(dataset), reviewer="demo rule")
    say(f"Reviewed {verdicts:,} {what} by rule: error - drop, warning - unsure, else keep.")
    exported = export_dataset(dataset, name, folder / "cleaned", select="kept")
    _tell(reports.of_export(exported).lines, say)
    same = export_matches(dataset, name, Path(exported["out"]))
    # The pairs wait for a reviewer; what the rule decided is in decisions.jsonl beside the export.
    undoing.undo(dataset, reviewer="demo rule", force=True)
    say("Undid the verdicts of the rule, so that you can review.")
    say(
        f"Read back: {exported['exported']:,} {what}, the same texts on the same images."
        if same
        else "Read back: NOT what was exported."
    )
    return {
        "dataset": dataset_name,
        "format": name,
        "samples": imported.samples,
        **scores,
        **found,
        "exported": exported["exported"],
        "dropped": exported["dropped"],
        "read_back": same,
    }


def _predict_and_score(dataset: Any, say: Say) -> dict[str, float | None]:
    with ProgressBar("predict") as progress:
        predicted = predict(
            dataset, predictor=PREDICTIONS, field_name=PREDICTIONS, progress=progress
        )
    _tell(reports.of_predict(predicted).lines, say)
    scored = score(dataset, pred=PREDICTIONS, key=PREDICTIONS, rounds=200)
    _tell(of_score(scored).lines, say)
    return {"gIoU": scored.gIoU, "cIoU": scored.cIoU}


def _tell(lines: list[str], say: Say) -> None:
    for line in lines:
        say(line)


def review_by_rule(dataset: Any) -> Iterator[Verdict]:
    """Verdicts from the worst finding alone, with its note as the reason.

    A real review looks at the pairs; a rule is for the demo and for the plain cases.
    """
    for doc in store.stream(dataset, (fields.KEY, f"{fields.FINDINGS}.classifications")):
        findings = (doc.get(fields.FINDINGS) or {}).get("classifications") or []
        worst = next((f for f in findings if f["severity"] != "info"), None)
        if worst is None:
            yield Verdict(doc[fields.KEY], VerdictKind.KEEP)
        else:
            bad = worst["severity"] == "error"
            verdict = VerdictKind.DROP if bad else VerdictKind.UNSURE
            yield Verdict(doc[fields.KEY], verdict, note=f"{worst['label']}: {worst['note']}")
