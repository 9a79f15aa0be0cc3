"""Reports of steps: the lines that the command line and the App show, and the data for JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.base import samples_of_kind
from pairlens.importers.records import Kind

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.checks.runner import FlagSummary
    from pairlens.fiftyone_plugin.predictors.consensus import ConsensusSummary
    from pairlens.fiftyone_plugin.predictors.runner import PredictSummary
    from pairlens.importers.explain import Explanation
    from pairlens.importers.gres_images import CutSummary
    from pairlens.importers.ingest import ImportSummary
    from pairlens.importers.media_store import Exchange
    from pairlens.importers.relocation import Relocated, Synced
    from pairlens.importers.source_store import SourceSummary


MOST_NAMED = 3
"""Maximum of pairs named in one line; ``--json`` names more."""


@dataclass
class Report:
    """The result of a command.

    Attributes:
        data: the data that ``--json`` prints
        lines: the lines for people
        ok: whether the command succeeded
    """

    data: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    ok: bool = True


def verdicts(count: int) -> str:
    """A number of verdicts as text."""
    return "1 verdict" if count == 1 else f"{count:,} verdicts"


def of_import(done: ImportSummary, placeholders: bool = False) -> Report:
    """The report of an import."""
    what = samples_of_kind(done.kind)
    there = f"{done.samples:,} {what}"
    there += f" on {done.images:,} images" * (what == "pairs")
    lines = [
        f"Imported {done.added:,} {what} in {done.seconds:.1f} s. Dataset {done.dataset} "
        f"({done.format}) has {there}: {counts(done.splits) or 'none'}."
    ]
    lines += [f"  note: {note}" for note in done.notes]
    if done.skipped:
        records = "record" if done.skipped_total == 1 else "records"
        lines.append(f"{done.skipped_total:,} {records} skipped:")
        lines += listed(done.skipped, "source")
        if not placeholders and any("is not there" in s["reason"] for s in done.skipped):
            resume = "--resume " * bool(done.samples)
            lines.append(f"  --placeholders {resume}imports pairs without their images.")
            lines += [f"  {images}." for images in (FORMATS[done.format].images,) if images]
    if not done.samples:
        lines.append("Nothing was imported.")
    return Report(asdict(done), lines, ok=bool(done.samples))


def of_adopt(done: ImportSummary) -> Report:
    """The report of an adopted dataset."""
    lines = [
        f"Adopted {done.added:,} pairs in {done.seconds:.1f} s. Dataset {done.dataset} has "
        f"{done.samples:,} pairs on {done.images:,} images: {counts(done.splits) or 'none'}."
    ]
    lines += [f"  note: {note}" for note in done.notes]
    if done.skipped:
        lines.append(f"{done.skipped_total:,} left out:")
        lines += listed(done.skipped, "source")
    return Report(asdict(done), lines, ok=bool(done.samples))


def of_images(done: CutSummary, annotations: Path) -> Report:
    """The report of images that were cut out of a source."""
    total = done.verified + done.mismatched
    others = [f"{name} {value:.1%}" for name, value in done.agreements.items()
              if name != done.collation]  # fmt: skip
    lines = [
        f"Cut {done.written:,} images in {done.seconds:.1f} s; {done.chips:,} are in {done.out}.",
        f"Numbered as in the locale {done.collation}: {done.agreement:.1%} of {total:,} masks lie "
        f"on a box of xView ({', '.join(others)}); {done.verified:,} of the class they ask for.",
    ]
    lines += [f"  note: {note}" for note in done.notes]
    if done.mismatched:
        lines.append(
            f"  {done.mismatched:,} do not, {done.other_class:,} of them lie on another class: "
            f'"verified": false in {done.out}/chips.jsonl'
        )
        lines += listed(done.mismatches, "source")
    if done.missing_tiles:
        some = ", ".join(done.missing_tiles[:MOST_NAMED])
        more = " ..." * (len(done.missing_tiles) > MOST_NAMED)
        lines.append(f"  {len(done.missing_tiles):,} tiles are not there: {some}{more}")
    if done.left_out:
        lines.append(f"{len(done.left_out):,} left out:")
        lines += listed(done.left_out, "source")
    if done.chips:
        lines.append(f"pairlens import gres {annotations} --name NAME takes them.")
    return Report(asdict(done), lines, ok=bool(done.chips))


def of_sources(done: SourceSummary) -> Report:
    """The report of stored source boxes."""
    lines = [
        f"{done.samples:,} of {done.of:,} samples have {done.boxes:,} boxes of {done.source} "
        f"({done.kind}) as source_boxes, in {done.seconds:.1f} s."
    ]
    if done.unknown_total:
        some = ", ".join(done.unknown[:MOST_NAMED])
        lines.append(f"  {done.unknown_total:,} images are not in it, such as {some}")
    lines += [f"  note: {note}" for note in done.notes]
    return Report(asdict(done), lines)


def of_relocate(done: Relocated) -> Report:
    """The report of a relocated dataset."""
    media = f"masks in {done.media_dir}" if done.media_dir else "masks are made when needed"
    lines = [
        f"Dataset {done.dataset}: published files in {done.root or '(unknown)'}, {media}. "
        f"{done.moved:,} samples name files there now."
    ]
    if done.gone:
        lines.append(
            f"{done.gone:,} samples name files that are not there, such as {done.example}; where "
            "another machine has them, run this there; deleted masks come back with: "
            f"pairlens import auto {done.root or 'ROOT'} --name {done.dataset} --resume"
        )
    return Report(asdict(done), lines + _exchanged(done.exchanged))


def of_sync(done: Synced) -> Report:
    """The report of a synchronized dataset."""
    lines = _exchanged(done.exchanged)
    lines += [f"  note: {note}" for note in done.notes]
    if done.gone:
        lines.append(
            f"{done.gone:,} samples name images or masks that are not here, such as {done.example}"
        )
    whole = not (done.gone or done.exchanged.lacking)
    lines += [f"All files of {done.dataset} are here."] * whole
    return Report(asdict(done), lines, ok=whole)


def _exchanged(done: Exchange) -> list[str]:
    if not done.store:
        return []
    lines = [f"Copies in {done.store}: {done.sent:,} files sent, {done.fetched:,} fetched."]
    if done.lacking:
        lines.append(
            f"  note: {done.lacking:,} files are neither here nor there, such as {done.lacks}; run "
            "pairlens sync on the machine where they were made"
        )
    if done.differing:
        lines.append(
            f"  note: {done.differing:,} files here differ from their copies, such as "
            f"{done.differs}; delete the one that is damaged, here or there, and run pairlens sync"
        )
    return lines


def of_explain(found: Explanation) -> Report:
    """The report of the decisions that an import would make."""
    lines = [f"The first {found.records:,} records of {found.path}, read as {found.format}:"]
    lines += [f"  {note}" for note in found.notes]
    if found.skipped:
        lines.append(f"{len(found.skipped):,} would be skipped:")
        lines += listed(found.skipped, "source")
    return Report(asdict(found), lines)


def of_predict(done: PredictSummary) -> Report:
    """The report of a prediction run."""
    lines = [
        f"{done.predictor} predicted {done.predicted:,} masks into {done.field} in "
        f"{done.seconds:.1f} s; {done.failed:,} failed, {done.skipped:,} skipped."
    ]
    lines += [f"  {count:,} skipped: {reason}" for reason, count in done.skips.items()]
    if done.without:
        more = " ..." if len(done.without) > MOST_NAMED else ""
        lines.append(f"  without a prediction: {', '.join(done.without[:MOST_NAMED])}{more}")
    lines += listed(done.failures, "key") + [f"  note: {note}" for note in done.notes]
    failed = done.failed > 0 and not done.predicted
    lines += ["Every prediction failed."] * failed
    return Report(asdict(done), lines, ok=not (done.stopped or failed))


def of_consensus(done: ConsensusSummary) -> Report:
    """The report of a consensus."""
    mean = "" if done.agreement is None else f"; their mean agreement is {done.agreement:.3f}"
    lines = [
        f"Combined {', '.join(done.fields)} into {done.field} for {done.agreed:,} pairs in "
        f"{done.seconds:.1f} s{mean}; {done.failed:,} failed, {done.skipped:,} skipped."
    ]
    lines += [f"  {count:,} skipped: {reason}" for reason, count in done.skips.items()]
    failed = done.failed > 0 and not done.agreed
    lines += listed(done.failures, "key") + ["Every pair failed."] * failed
    return Report(asdict(done), lines, ok=not failed)


def of_flag(
    done: FlagSummary, out: Path | str | None = None, kind: Kind = "pairs", dry_run: bool = False
) -> Report:
    """The report of a run of the checks."""
    what = "pairs" if kind == "pairs" else "images"
    lines = [
        f"Checked {done.pairs:,} {what} in {done.seconds:.1f} s: {done.flagged:,} have findings"
        + (f" ({counts(done.severities)})." if done.severities else ".")
    ]
    lines += table([(name, f"{count:,}") for name, count in done.findings.items()])
    lines += [f"  {note}" for note in done.notes]
    lines += [f"  not run: {name} {want}" for name, want in done.not_run.items()]
    if done.unchanged:
        lines.append("Nothing has changed since the checks ran last; --fresh runs them anyway.")
    for select, one in done.left_out.items():
        lines.append(f"--select {select} leaves out {one['pairs']:,} {what}.")
        rows = [(name, f"{count:,}") for name, count in one["checks"].items()]
        lines += table([("dropped", f"{one['dropped']:,}"), *rows]) if dry_run else []
    if dry_run:
        lines.append("Nothing was stored.")
    if out:
        lines.append(f"All findings, worst first: {out}")
    return Report(asdict(done), lines)


def of_status(
    status: dict[str, int], to_be_fixed: int, texts: dict[str, int], *before: str
) -> Report:
    """The report of the verdicts, after an action.

    Args:
        status: pairs by verdict
        to_be_fixed: number of pairs with the verdict fix and no edit
        texts: numbers of edited, removed and added captions and turns; empty if there are none
        before: lines about the action
    """
    are = "is" if to_be_fixed == 1 else "are"
    rest = f"; of fix, {to_be_fixed:,} {are} to be fixed yet" if to_be_fixed else ""
    lines = [*before, f"{counts(status)}{rest}."]
    if any(texts.values()):
        lines.append(f"Texts: {counts(texts)}.")
    told = {"to_be_fixed": to_be_fixed} | ({"texts": texts} if texts else {})
    return Report(status | told, lines)


def of_dump(count: int, file: str) -> Report:
    """The report of a written decisions file."""
    return Report({"dumped": count, "file": file}, [f"{verdicts(count)} in {file}"])


def of_apply(report: dict[str, Any]) -> Report:
    """The report of an applied decisions file."""
    lines = [f"{verdicts(report['applied'])} applied."]
    if report["edited"]:
        lines.append(
            f"{report['edited']:,} with another text or mask, which the checks of single samples "
            "have seen; pairlens flag runs those that compare samples."
        )
    for what in ("stale", "unknown"):
        if report[what]:
            reasons = Counter(entry["reason"] for entry in report[what])
            lines.append(f"{len(report[what]):,} {what}: {reasons.most_common(1)[0][0]}")
            lines += listed(report[what], "key")
    nothing = not report["applied"] and bool(report["stale"] or report["unknown"])
    lines += ["Nothing was applied."] * nothing
    return Report(report, lines, ok=not nothing)


def of_export(done: dict[str, Any]) -> Report:
    """The report of an export."""
    what = samples_of_kind(done["kind"])
    line = (
        f"Exported {done['exported']:,} {what} to {done['out']}: "
        f"{done['dropped']:,} dropped, "
        f"{done['edited']:,} edited; the reasons are in {done['manifest']}"
    )
    lines = [line]
    if total := done["unwritten_total"]:
        lines.append(f"{total:,} of those dropped cannot be written in this layout:")
        lines += listed(done["unwritten"], "key")
    if done["no_place"]:
        lines.append(f"{done['no_place']:,} questions have no place in this layout.")
    for folder in done["left"]:
        lines.append(f"  note: {folder} looks like an interrupted export; delete it")
    if "pushed" in done:
        lines.append(f"Pushed to {done['pushed']}")
    return Report(done, lines)


def samples_of(format_name: str) -> str:
    """The plural noun for samples of a format; ``samples`` for another layout."""
    return FORMATS[format_name].samples if format_name in FORMATS else "samples"


def table(rows: list[tuple[str, ...]], indent: str = "  ") -> list[str]:
    """Rows as lines with aligned columns; columns of numbers are right-aligned."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    right = [all(row[i].replace(",", "").replace(".", "").isdigit() for row in rows)
             for i in range(len(widths))]  # fmt: skip

    def cell(text: str, column: int) -> str:
        return text.rjust(widths[column]) if right[column] else text.ljust(widths[column])

    return [
        (indent + "  ".join(cell(text, i) for i, text in enumerate(row))).rstrip() for row in rows
    ]


def counts(values: Mapping[str, int]) -> str:
    """Counts as text, such as ``train 6,901, val 144``."""
    return ", ".join(f"{name} {value:,}" for name, value in values.items())


def share(value: float | None) -> str:
    """A share as a percentage with two decimals, or ``-``."""
    return "-" if value is None else f"{100 * value:.2f}"


def shorten(text: str, width: int) -> str:
    """A text as one line of at most ``width`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."


def listed(entries: Sequence[Mapping[str, object]], key: str, most: int = 5) -> list[str]:
    """The first few entries of a list of failures, a line each."""
    lines = [f"  {entry[key]}: {shorten(str(entry['reason']), 140)}" for entry in entries[:most]]
    if len(entries) > most:
        lines.append(f"  ... and {len(entries) - most:,} more")
    return lines
