"""The step that tests a dataset, or published files, against limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.checking import MANY, THRESHOLDS
from pairlens.fiftyone_plugin.steps.step import (
    ITSELF,
    Option,
    Settings,
    Texts,
    Watch,
    on_working_set,
    step,
)
from pairlens.importers.errors import LayoutError, StateError, UsageError
from pairlens.importers.files import write_atomic
from pairlens.importers.formats import SPLITS
from pairlens.importers.parallel import default_workers


@step(
    "check",
    "Test published files, or a dataset, against limits; exits with 1 where they are exceeded.",
    Option("target", "a dataset, or with --format the ROOT: a folder, table, .zip, .tar or "
           "hf://datasets/OWNER/NAME", required=True, positional=True, metavar="TARGET"),
    Option("format_name", "layout of the files at ROOT, or auto; no database is needed then",
           flag="--format", metavar="FORMAT"),
    Option("settings", "setting of the format; see: pairlens formats", Settings,
           flag="--setting", metavar="NAME=VALUE"),
    Option("splits", "read only this split", Texts, flag="--split", metavar="SPLIT",
           choices=SPLITS),
    Option("fail_on", "severity from which on no new finding is allowed: error, warning, info or "
           "never", default="error", metavar="SEVERITY"),
    Option("maxima", "samples that may have new findings of a severity or check, or are expected "
           "to be bad: NAME=COUNT or NAME=SHARE%", Texts, (), flag="--max", metavar="NAME=LIMIT"),
    Option("baseline", "file of the findings that are accepted", Path, metavar="FILE"),
    Option("update_baseline", "accept what is found now: write that file", bool, False),
    Option("checks", "run only this check", Texts, flag="--check", metavar="CHECK"),
    THRESHOLDS,
    Option("junit", "write the outcome as JUnit XML", Path, metavar="FILE", writes=ITSELF),
    Option("sarif", "write the findings that count as SARIF", Path, metavar="FILE", writes=ITSELF),
    Option("follow_links", "follow links that lead out of ROOT", bool, False),
    Option("workers", "processes; by default all cores", int, metavar="COUNT"),
    unit="images",
    examples=(
        "check GRES --format gres --max warning=2% --max bad=1%",
        "check GRES --format gres --baseline GRES.baseline.jsonl --update-baseline",
        "check gres --fail-on warning --junit junit.xml",
    ),
)  # fmt: skip
def check(
    watch: Watch,
    *,
    target: str,
    format_name: str | None,
    settings: Settings | None,
    splits: Texts | None,
    follow_links: bool,
    **options: Any,
) -> Report:
    """Tests files or a dataset against limits."""
    if format_name is None:
        if settings or splits or follow_links:
            raise UsageError("--setting, --split and --follow-links belong to --format")
        return _check_dataset(target, watch, **options)
    from pairlens.fiftyone_plugin.gate.file_findings import find_in_files
    from pairlens.importers.options import ImportOptions

    reading = ImportOptions(
        splits=splits or SPLITS,
        placeholders=True,
        follow_links=follow_links,
        params=settings or {},
    )

    def find(wanted: Any, **chosen: Any) -> Any:
        found = find_in_files(
            target, format_name, wanted, options=reading, progress=watch.progress, **chosen
        )
        found.notes = [_as_here(note) for note in found.notes]
        return found

    try:
        return _check(find, **options)
    except (UsageError, LayoutError) as error:
        if _as_here(str(error)) == str(error):
            raise
        kind = UsageError if isinstance(error, UsageError) else LayoutError
        raise kind(_as_here(str(error))) from error


def _as_here(sentence: str) -> str:
    """What a format says of its settings, whose flag is that of the checks' settings here."""
    return sentence.replace("--param ", "--setting ")


def _check_dataset(target: str, watch: Watch, **options: Any) -> Report:
    if "/" in target or target in (".", ".."):
        raise UsageError(f"{target} is a path; --format auto reads the files that lie there")
    from pairlens.fiftyone_plugin.gate.dataset_findings import find_in_dataset
    from pairlens.importers import store, working_set

    def run(samples: Any, watch: Watch, *, workers: int | None, **options: Any) -> Report:
        workers = workers or (default_workers() if working_set.count(samples) > MANY else 1)
        find = partial(find_in_dataset, samples, progress=watch.progress)
        return _check(find, workers=workers, **options)

    try:
        dataset = store.load(target)
    except StateError as error:
        if not Path(target).exists():
            raise
        raise StateError(f"{error}; --format auto reads the files in {target}") from error
    return on_working_set(run, "check")(dataset, watch, **options)


def _check(
    find: Callable[..., Any],
    *,
    fail_on: str,
    maxima: Texts,
    baseline: Path | None,
    update_baseline: bool,
    junit: Path | None,
    sarif: Path | None,
    **options: Any,
) -> Report:
    """Runs the checks, compares findings with limits, and writes the results."""
    from pairlens.fiftyone_plugin import gate_reports
    from pairlens.fiftyone_plugin.doctor import installed_version
    from pairlens.fiftyone_plugin.gate import limits
    from pairlens.fiftyone_plugin.gate.junit import junit as as_junit
    from pairlens.fiftyone_plugin.gate.runner import judge
    from pairlens.fiftyone_plugin.gate.sarif import sarif as as_sarif

    started = time.perf_counter()
    chosen = limits.parse_limits(fail_on, maxima)
    if update_baseline and baseline is None:
        raise UsageError("--update-baseline writes the file that --baseline names; give it")
    found = find(limits.wanted_findings(chosen), **options)
    gate = judge(found, chosen, baseline, update_baseline)
    seconds = time.perf_counter() - started
    if junit is not None:
        write_atomic(junit, as_junit(gate, seconds))
    if sarif is not None:
        write_atomic(sarif, as_sarif(gate, installed_version("pairlens") or "0"))
    return gate_reports.of_gate(gate, seconds, str(baseline) if baseline else None)
