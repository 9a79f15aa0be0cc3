"""One function a command: call what does the work, describe what came of it.

Whatever needs FiftyOne is imported in the function: it takes seconds, and ``--help`` or
``pairlens formats`` need none of it.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from fiftyone_plugin import reports
from fiftyone_plugin.cli_report import ProgressBar, say
from fiftyone_plugin.reports import Report, table
from fiftyone_plugin.score_reports import of_compare, of_score
from importers.errors import UsageError


def run_doctor(args: Namespace) -> Report:
    """Reports on the installation."""
    from fiftyone_plugin import doctor

    report = doctor.run()
    return Report(report, doctor.describe(report).splitlines(), ok=report["ok"])


def run_import(args: Namespace) -> Report:
    """Imports published files."""
    from importers.formats import SPLITS
    from importers.ingest import ImportOptions, import_dataset

    options = ImportOptions(
        splits=tuple(args.split or SPLITS),
        limit=args.limit,
        placeholders=args.placeholders,
        media_dir=Path(args.media_dir) if args.media_dir else None,
        resume=args.resume,
        overwrite=args.overwrite,
        strict=args.strict,
        engine=args.engine,
        workers=args.workers,
    )
    with ProgressBar("images") as progress:
        done = import_dataset(args.format, args.root, args.name, options, progress)
    return reports.of_import(done, args.placeholders)


def run_predict(args: Namespace) -> Report:
    """Predicts masks."""
    from fiftyone_plugin.predictors.runner import predict
    from importers import store

    dataset = store.load(args.name)
    with ProgressBar("pairs") as progress:
        done = predict(
            dataset,
            predictor=args.predictor,
            field_name=args.field,
            params=pairs_of(args.param, "--param"),
            batch_size=args.batch_size,
            device=args.device,
            resume=args.resume,
            overwrite=args.overwrite,
            progress=progress,
        )
    return reports.of_predict(done)


def run_score(args: Namespace) -> Report:
    """Scores predictions."""
    from fiftyone_plugin.metrics.plots import check_file, write_plots
    from fiftyone_plugin.metrics.runs import score
    from fiftyone_plugin.metrics.slices import chosen
    from importers import store

    dataset = store.load(args.name)
    if args.plots:
        check_file(Path(args.plots))
    with ProgressBar("pairs") as progress:
        done = score(
            dataset,
            pred=args.pred,
            gt=args.gt,
            key=args.key,
            convention=args.convention,
            rounds=args.bootstrap,
            scheme=args.bootstrap_scheme,
            seed=args.seed,
            by=chosen(args.by),
            instances=args.instances,
            progress=progress,
        )
    if args.plots:
        write_plots(asdict(done), Path(args.plots))
    return of_score(done, chosen(args.by, default=()), args.plots)


def run_compare(args: Namespace) -> Report:
    """Compares two scorings."""
    from fiftyone_plugin.metrics.comparison import compare
    from importers import store

    done = compare(
        store.load(args.name),
        *args.keys,
        convention=args.convention,
        rounds=args.bootstrap,
        seed=args.seed,
        most=args.most,
        view=args.view,
    )
    return of_compare(done)


def run_checks(args: Namespace) -> Report:
    """Lists the checks."""
    from fiftyone_plugin.checks import CHECKS

    listing = [
        {"name": c.name, "severity": c.severity, "needs": list(c.needs), "about": c.about,
         "params": c.params}
        for c in CHECKS.values()
    ]  # fmt: skip
    rows: list[tuple[str, ...]] = [(c.name, c.severity, c.about) for c in CHECKS.values()]
    return Report({"checks": listing}, table(rows, indent=""))


def run_flag(args: Namespace) -> Report:
    """Runs the checks."""
    from fiftyone_plugin.checks.runner import flag
    from importers import store

    params: dict[str, dict[str, str]] = {}
    for name, value in pairs_of(args.param, "--param").items():
        check, dot, param = name.partition(".")
        if not dot:
            raise UsageError(f"--param {name}=... names no check; write CHECK.PARAMETER=VALUE")
        params.setdefault(check, {})[param] = value
    dataset = store.load(args.name)
    with ProgressBar("pairs") as progress:
        done = flag(
            dataset,
            checks=args.check,
            predictions=args.pred,
            params=params,
            out=Path(args.out) if args.out else None,
            progress=progress,
        )
    return reports.of_flag(done, args.out)


def run_review(args: Namespace) -> Report:
    """Sets, counts, undoes, dumps or applies verdicts."""
    from fiftyone_plugin.curation import decisions, review
    from importers import store

    dataset = store.load(args.name)
    if not args.set and (args.phrase or args.note):
        raise UsageError("--phrase and --note belong to --set")
    if args.dump:
        return reports.of_dump(decisions.dump(dataset, args.dump), args.dump)
    if args.apply:
        return reports.of_apply(decisions.apply(dataset, args.apply))
    lines = []
    if args.set:
        key, verdict = args.set
        review.set_verdict(
            dataset, key, verdict, phrase=args.phrase, note=args.note, reviewer=args.reviewer
        )
    elif args.undo:
        restored = review.undo(dataset, reviewer=args.reviewer)
        lines = [f"Took back {restored:,} verdicts." if restored else "Nothing left to take back."]
    return reports.of_status(review.status(dataset), *lines)


def run_export(args: Namespace) -> Report:
    """Writes the selected pairs."""
    from fiftyone_plugin.exporters.runner import export_dataset
    from importers import store

    dataset = store.load(args.name)
    with ProgressBar("pairs") as progress:
        done = export_dataset(dataset, args.format, args.out, select=args.select, progress=progress)
    return reports.of_export(done)


def run_formats(args: Namespace) -> Report:
    """Lists the formats."""
    from importers.formats import FORMATS

    listing = [{"name": f.name, "about": f.about, "layout": f.layout} for f in FORMATS.values()]
    return Report({"formats": listing}, table([(f["name"], f["about"]) for f in listing], ""))


def run_predictors(args: Namespace) -> Report:
    """Lists the predictors."""
    from fiftyone_plugin.predictors import PREDICTORS

    lines, listing = [], []
    for spec in PREDICTORS.values():
        entry = {"name": spec.name, "about": spec.about, "params": spec.params}
        listing.append(entry | {"needs": list(spec.needs)})
        lines.append(f"{spec.name}: {spec.about}")
        lines += table([(f"--param {name}=", about) for name, about in spec.params.items()])
    return Report({"predictors": listing}, lines)


def run_app(args: Namespace) -> Report:
    """Opens the App and stays until it is interrupted."""
    from fiftyone_plugin.app import open_app

    open_app(args.name, args.port)
    return Report({"dataset": args.name})


def run_demo(args: Namespace) -> Report:
    """Runs the demo."""
    from fiftyone_plugin.demo.run import run_demo as demo

    report = demo(Path(args.out or "demo-out"), images=args.images, seed=args.seed, say=say)
    if args.open and report.ok:
        from fiftyone_plugin.app import open_app

        open_app(report.data["datasets"][0]["dataset"])
    return report


def pairs_of(texts: Iterable[str], option: str) -> dict[str, str]:
    """``["k=v"]`` as ``{"k": "v"}``.

    Raises:
        UsageError: for a text without ``=``
    """
    parsed = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {text!r} is no NAME=VALUE")
        parsed[name] = value
    return parsed
