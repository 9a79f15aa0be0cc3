"""Writes an audit as Markdown, with a picture of the worst examples of each check."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from pairlens.fiftyone_plugin.audit.drawing import draw_row
from pairlens.fiftyone_plugin.audit.facts import AuditFacts, FlaggedExample, examples, gather
from pairlens.fiftyone_plugin.audit.markdown import escape
from pairlens.fiftyone_plugin.checks import CHECKS, SEVERITIES
from pairlens.fiftyone_plugin.checks.engine import choose
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.estimate.report import Estimate, newest_sample, report
from pairlens.fiftyone_plugin.estimate_reports import interval
from pairlens.fiftyone_plugin.reports import Report
from pairlens.importers import fields, fo_internals, store, working_set
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.files import write_atomic
from pairlens.importers.parallel import Progress, no_progress
from pairlens.importers.store import kind_of

LEAKS = ("split_leak",)
COPIES = ("duplicate_pair", "ambiguous_query", "duplicate_image")
UNDRAWN = frozenset({"image_missing"})
"""Checks without pictures, since their examples all look the same."""

_LISTED = 10


def audit(
    samples: Any,
    out: Path,
    *,
    examples: int = 3,
    title: str | None = None,
    source: str | None = None,
    outlines_only: bool = False,
    progress: Progress = no_progress,
) -> Report:
    """Writes the audit of a dataset or view.

    Args:
        samples: a dataset or view that PairLens imported; unchecked pairs are checked first
        out: a Markdown file; pictures are written to ``images/`` beside it
        examples: maximum of examples per check; 0 for no pictures and quotations
        title: title of the page; by default the dataset's name
        source: a sentence on the source of the data and its licence
        outlines_only: whether examples are drawn on a grid, without the images' pixels
        progress: called while pairs are checked

    Raises:
        UsageError: for another suffix, or a negative number of examples
        StateError: if the dataset has no pairs, or the files cannot be written
    """
    if out.suffix.lower() != ".md":
        raise UsageError(f"--out {out} is not an .md file; the page is Markdown")
    if examples < 0:
        raise UsageError(f"--examples {examples}: give 0 or more")
    name = fo_internals.dataset_of(samples).name
    if not working_set.count(samples):
        raise StateError(f"dataset {name!r} has no pairs to audit")
    if _unchecked(samples):
        flag(samples, progress=progress)
    facts = gather(samples)
    page = _Page(samples, out, facts, examples, outlines_only)
    try:
        write_atomic(out, page.render(title or name, source).encode())
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


def _unchecked(samples: Any) -> bool:
    """Whether there are unchecked pairs, or applicable checks that never ran."""
    has_field = fo_internals.dataset_of(samples).has_field
    chosen = choose(None, {}, with_predictions=False, kind=kind_of(samples), has_field=has_field)
    applicable = {one.name for one in chosen}
    if applicable - set(store.info(samples).get(fields.CHECKS_RUN) or ()):
        return True
    return next(store.stream(samples, ("_id",), where={fields.QUALITY: None}), None) is not None


@dataclass(frozen=True, slots=True)
class _Section:
    """The findings of a check, with examples and the path of their picture from the page."""

    check: str
    about: str
    count: int
    counts: str
    examples: list[FlaggedExample]
    picture: str = ""


class _Page:
    """The page of one dataset."""

    def __init__(
        self, samples: Any, out: Path, facts: AuditFacts, examples: int, outlines_only: bool
    ) -> None:
        self._samples = samples
        self._out = out
        self._facts = facts
        self._examples = examples
        self._outlines_only = outlines_only
        self.pictures: list[str] = []

    def render(self, title: str, source: str | None) -> str:
        """Draws the pictures and returns the page as Markdown."""
        facts = self._facts
        ran, kind = store.info(self._samples).get(fields.CHECKS_RUN) or {}, kind_of(self._samples)
        name = fo_internals.dataset_of(self._samples).name
        command = f"pairlens audit {name} --out {self._out.name}"
        return _template().render(
            title=title,
            source=source,
            command=command.replace("`", ""),
            facts=facts,
            estimate=_estimate(self._samples),
            severities=SEVERITIES,
            silent=[name for name in ran if name not in facts.findings],
            not_run=[name for name in CHECKS if name not in ran and kind in CHECKS[name].kinds],
            repeated=[self._repeated(name) for name in (*LEAKS, *COPIES)],
            sections=[self._section(name) for name in facts.findings],
        )

    def _repeated(self, name: str) -> _Section:
        """The section of a leak or copy check; all leaks are listed, unless examples are off."""
        count = sum(self._facts.findings.get(name, {}).values())
        found = []
        if name in LEAKS and count and self._examples:
            found = examples(self._samples, name, _LISTED, outlines_only=True)
        return _Section(name, CHECKS[name].about, count, "", found)

    def _section(self, name: str) -> _Section:
        counted = self._facts.findings[name]
        counts = ", ".join(f"{counted[s]:,} {s}" for s in SEVERITIES if s in counted)
        about = CHECKS[name].about if name in CHECKS else "A check of an earlier version."
        found, picture = [], ""
        if name not in UNDRAWN and self._examples:
            found = examples(self._samples, name, self._examples, outlines_only=self._outlines_only)
            picture = self._draw(name, found)
        # A heading is an address within the page, so its underscores stay.
        title = escape(name).replace("&#95;", "_")
        return _Section(title, about, sum(counted.values()), counts, found, picture)

    def _draw(self, check: str, found: list[FlaggedExample]) -> str:
        """Draws the examples of a check; returns the picture's path from the page."""
        stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in self._out.stem)
        name = f"images/{stem}-{check}.png"
        draw_row([one.shown for one in found], self._out.parent / name)
        self.pictures.append(name)
        return name


def _estimate(samples: Any) -> Estimate | None:
    """The newest estimate of how many pairs are bad, if a sample was drawn and judged in part."""
    dataset = fo_internals.dataset_of(samples)
    if samples is not dataset or newest_sample(dataset) is None:
        return None
    try:
        return report(dataset)
    except StateError:
        return None


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pairlens.fiftyone_plugin.audit", "."),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "md": escape,
        "number": "{:,}".format,
        "interval": interval,
        "percent": lambda share, digits: f"{share * 100:.{digits}f} %",
        "code": lambda names: ", ".join(f"`{name}`" for name in names),
    }
    return environment.get_template("page.md.jinja")
