"""Writes an audit as Markdown, with a picture of the worst examples of each check."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fiftyone_plugin.audit.drawing import draw_row
from fiftyone_plugin.audit.facts import Example, Facts, examples, gather
from fiftyone_plugin.audit.markdown import escape, table
from fiftyone_plugin.checks import CHECKS, SEVERITIES
from fiftyone_plugin.checks.runner import RAN, choose, flag, kind_of
from fiftyone_plugin.reports import Report
from importers import fields, fo_internals, store
from importers.errors import StateError, UsageError
from importers.files import write_atomic
from importers.parallel import Progress, no_progress

LEAKS = ("split_leak",)
COPIES = ("duplicate_pair", "ambiguous_query", "duplicate_image")
UNDRAWN = frozenset({"image_missing"})
"""Checks whose examples would all look the same."""

_LISTED = 10


def audit(
    dataset: Any,
    out: Path,
    *,
    examples: int = 3,
    title: str | None = None,
    source: str | None = None,
    outlines_only: bool = False,
    progress: Progress = no_progress,
) -> Report:
    """Writes what was found in a dataset.

    Args:
        dataset: that PairLens imported; it is checked first if it never was
        out: a Markdown file; pictures go into ``images/`` beside it
        examples: for each check, at most; 0 for no pictures and no quotations
        title: of the page; the dataset's name by default
        source: where the data is from and its licence, a sentence
        outlines_only: draws on a grid, without the images' pixels
        progress: of the check, where one runs

    Raises:
        UsageError: for another kind of file, or less than no examples
        StateError: if the dataset has no pairs, or the files cannot be written
    """
    if out.suffix.lower() != ".md" or examples < 0:
        raise UsageError(f"--out {out} --examples {examples}: give a .md file, and 0 or more")
    if not len(dataset):
        raise StateError(f"dataset {dataset.name!r} has no pairs to audit")
    if _unchecked(dataset):
        flag(dataset, progress=progress)
    facts = gather(dataset)
    page = _Page(dataset, out, facts, examples, outlines_only)
    try:
        lines = list(page.lines(title or dataset.name, source))
        write_atomic(out, ("\n".join(lines) + "\n").encode())
    except OSError as error:
        raise StateError(f"the audit cannot be written to {out} ({error.strerror})") from error
    data = {
        "out": str(out),
        "pairs": facts.pairs,
        "splits": facts.splits,
        "findings": facts.findings,
        "worst": {name or "none": count for name, count in facts.worst.items()},
        "pictures": page.pictures,
    }
    text = f"Wrote {shlex.quote(str(out))} with {len(page.pictures)} pictures beside it."
    return Report(data, [text])


def _unchecked(dataset: Any) -> bool:
    """Whether there are pairs that were never checked, or checks that never ran."""
    chosen = choose(None, {}, with_predictions=False, kind=kind_of(dataset))
    due = {one.name for one in chosen}
    if due - set(store.info(dataset).get(RAN) or ()):
        return True
    return fo_internals.collection(dataset).find_one({fields.QUALITY: None}, {"_id": 1}) is not None


class _Page:
    """The page of one dataset."""

    def __init__(
        self, dataset: Any, out: Path, facts: Facts, examples: int, outlines_only: bool
    ) -> None:
        self._dataset = dataset
        self._out = out
        self._facts = facts
        self._examples = examples
        self._outlines_only = outlines_only
        self.pictures: list[str] = []

    def lines(self, title: str, source: str | None) -> Iterator[str]:
        """The lines of the page, drawing as it goes."""
        yield from (f"# {escape(title)}", "")
        if source:
            yield from (escape(source, longest=1000), "")
        yield from self._how()
        yield from self._counts()
        yield from self._overview()
        yield from self._leaks()
        yield from self._subset()
        yield "## Findings, check by check"
        for name in self._facts.findings:
            yield from self._check(name)

    def _how(self) -> Iterator[str]:
        command = f"pairlens audit {self._dataset.name} --out {self._out.name}"
        yield (
            f"Written by `{command.replace('`', '')}`. A finding is a doubt with its evidence, "
            "not a verdict: *error* means that the pair cannot be right, *warning* that it is "
            "probably wrong, *info* that it is worth knowing."
        )
        yield ""

    def _counts(self) -> Iterator[str]:
        facts = self._facts
        yield from ("## What is there", "")
        rows = [(escape(name), _n(one["pairs"]), _n(one["images"])) for name, one in
                facts.splits.items()]  # fmt: skip
        rows.append(("all", _n(facts.pairs), _n(sum(o["images"] for o in facts.splits.values()))))
        yield from table(("split", "pairs", "images"), rows)
        yield ""
        if facts.placeholders:
            yield f"- {_n(facts.placeholders)} pairs came without their image."
        if facts.skipped:
            yield f"- {_n(facts.skipped)} records could not be imported."
        yield from (f"- {escape(note, longest=300)}" for note in facts.notes)
        yield ""

    def _overview(self) -> Iterator[str]:
        facts = self._facts
        yield from ("## What was found", "")
        none = facts.worst.get("", 0)
        told = [f"{_n(facts.worst.get(s, 0))} pairs *{s}*" for s in SEVERITIES]
        yield f"At worst, {', '.join(told)}; of {_n(none)} nothing is said."
        yield ""
        rows = [
            (
                f"[`{name}`](#{name})",
                *(_n(counted.get(s, 0)) for s in SEVERITIES),
                f"{sum(counted.values()) / facts.pairs:.2%}".replace("%", " %"),
            )
            for name, counted in facts.findings.items()
        ]
        yield from table(("check", *SEVERITIES, "of all pairs"), rows)
        ran = store.info(self._dataset).get(RAN) or {}
        silent = [f"`{name}`" for name in ran if name not in facts.findings]
        kind = kind_of(self._dataset)
        absent = [f"`{n}`" for n in CHECKS if n not in ran and kind in CHECKS[n].kinds]
        yield ""
        if silent:
            yield f"Nothing was found by {', '.join(silent)}."
        if absent:
            yield f"Not run, for want of what they need: {', '.join(absent)}."
        yield ""

    def _leaks(self) -> Iterator[str]:
        yield from ("## Leaks and duplicates", "")
        for name in (*LEAKS, *COPIES):
            count = sum(self._facts.findings.get(name, {}).values())
            yield f"- `{name}`: {_n(count)} pairs. {CHECKS[name].about}"
            if name in LEAKS and count and self._examples:
                found = examples(self._dataset, name, _LISTED, outlines_only=True)
                yield from (f"  - {escape(one.key)}: {escape(one.note, 240)}" for one in found)
        yield ""

    def _subset(self) -> Iterator[str]:
        facts = self._facts
        yield from ("## What a cleaned subset keeps", "")
        yield (
            "*Clean* is what `pairlens export --select clean` writes: pairs that were not "
            "dropped and have no open error. *Quiet* leaves out the warnings as well, which a "
            "reviewer would keep in part."
        )
        yield ""
        rows = [
            (escape(name), _n(one["pairs"]), _of(one["clean"], one), _of(one["quiet"], one))
            for name, one in facts.splits.items()
        ]
        yield from table(("split", "pairs", "clean", "quiet"), rows)
        yield ""

    def _check(self, name: str) -> Iterator[str]:
        counted = self._facts.findings[name]
        said = ", ".join(f"{_n(counted[s])} {s}" for s in SEVERITIES if s in counted)
        about = CHECKS[name].about if name in CHECKS else "A check of an earlier version."
        yield from ("", f"### {escape(name)}".replace("&#95;", "_"), "", f"{about} {said}.", "")
        if name in UNDRAWN or not self._examples:
            return
        found = examples(self._dataset, name, self._examples, outlines_only=self._outlines_only)
        picture = self._draw(name, found)
        yield from (f"![the worst of {name}]({picture})", "")
        for number, one in enumerate(found, 1):
            yield f"{number}. “{escape(one.phrase)}”\\"
            yield f"   {one.severity}, score {one.score:.2f}: {escape(one.note, longest=300)}"

    def _draw(self, check: str, found: list[Example]) -> str:
        """Draws the examples of a check; returns the picture's path from the page."""
        stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in self._out.stem)
        name = f"images/{stem}-{check}.png"
        draw_row([one.shown for one in found], self._out.parent / name)
        self.pictures.append(name)
        return name


def _n(count: int) -> str:
    return f"{count:,}"


def _of(part: int, whole: dict[str, int]) -> str:
    return f"{part:,} ({part / max(1, whole['pairs']):.1%})".replace("%", " %")
