"""One function a command: call what does the work, describe what came of it.

Whatever needs FiftyOne is imported in the function: it takes seconds, and ``--help`` or
``pairlens formats`` need none of it.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path

from fiftyone_plugin import reports
from fiftyone_plugin.cli_listings import run_checks, run_formats, run_predictors
from fiftyone_plugin.cli_params import check_params, pairs_of
from fiftyone_plugin.cli_report import ProgressBar, say
from fiftyone_plugin.cli_review import run_review
from fiftyone_plugin.reports import Report
from fiftyone_plugin.score_reports import of_compare, of_score
from importers.parallel import default_workers

MANY = 20_000
"""Pairs from which on it pays to start processes for the checks."""

__all__ = [
    "run_app",
    "run_audit",
    "run_bench_checks",
    "run_checks",
    "run_compare",
    "run_consensus",
    "run_demo",
    "run_doctor",
    "run_export",
    "run_flag",
    "run_formats",
    "run_import",
    "run_predict",
    "run_predictors",
    "run_review",
    "run_score",
]


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
        params=pairs_of(args.param, "--param"),
    )
    with ProgressBar("images") as progress:
        done = import_dataset(args.format, args.root, args.name, options, progress)
    return reports.of_import(done, args.placeholders)


def run_predict(args: Namespace) -> Report:
    """Predicts masks."""
    from fiftyone_plugin.cli_interrupt import ending_softly
    from fiftyone_plugin.predictors.runner import predict
    from importers import store

    dataset = store.load(args.name)
    with ProgressBar("pairs") as progress, ending_softly() as asked_to_stop:
        done = predict(
            dataset,
            predictor=args.predictor,
            field_name=args.field,
            params=pairs_of(args.param, "--param"),
            batch_size=args.batch_size,
            device=args.device,
            resume=args.resume,
            overwrite=args.overwrite,
            limit=args.limit,
            stop=asked_to_stop,
            progress=progress,
        )
    return replace(reports.of_predict(done), ok=not done.stopped)


def run_consensus(args: Namespace) -> Report:
    """Combines predictions."""
    from fiftyone_plugin.predictors.consensus import consensus
    from importers import store

    dataset = store.load(args.name)
    with ProgressBar("pairs") as progress:
        done = consensus(
            dataset,
            sources=args.fields,
            field_name=args.field,
            resume=args.resume,
            overwrite=args.overwrite,
            progress=progress,
        )
    return reports.of_consensus(done)


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
            side=args.size,
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


def run_flag(args: Namespace) -> Report:
    """Runs the checks."""
    from fiftyone_plugin.checks.runner import flag, kind_of
    from importers import store

    params = check_params(args.param)
    dataset = store.load(args.name)
    with ProgressBar("pairs") as progress:
        done = flag(
            dataset,
            checks=args.check,
            predictions=args.pred,
            params=params,
            out=Path(args.out) if args.out else None,
            workers=args.workers or (default_workers() if len(dataset) > MANY else 1),
            progress=progress,
        )
    return reports.of_flag(done, args.out, kind_of(dataset))


def run_bench_checks(args: Namespace) -> Report:
    """Measures the checks."""
    from fiftyone_plugin.bench.report import report
    from fiftyone_plugin.bench.run import bench_checks
    from importers import store

    with ProgressBar("images") as progress:
        done = bench_checks(
            store.load(args.name),
            seed=args.seed,
            rate=args.rate,
            pairs=args.pairs,
            faults=args.fault,
            params=check_params(args.param),
            progress=progress,
        )
    return report(done, Path(args.out) if args.out else None)


def run_audit(args: Namespace) -> Report:
    """Writes an audit."""
    from fiftyone_plugin.audit import audit
    from importers import store

    with ProgressBar("pairs") as progress:
        return audit(
            store.load(args.name),
            Path(args.out),
            examples=args.examples,
            title=args.title,
            source=args.source,
            outlines_only=args.outlines_only,
            progress=progress,
        )


def run_export(args: Namespace) -> Report:
    """Writes the selected pairs."""
    from fiftyone_plugin.exporters.runner import export_dataset
    from importers import hub, store

    dataset = store.load(args.name)
    with ProgressBar("pairs") as progress:
        done = export_dataset(dataset, args.format, args.out, select=args.select, progress=progress)
    if args.repo:
        done["pushed"] = hub.push(Path(done["out"]), args.repo)
    return reports.of_export(done)


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
