"""The command line: parse, call one function, report.

Summaries and progress go to stderr; ``--json`` prints one JSON object to stdout. Exit code 0:
done, 1: failed, 2: wrong usage. ``PAIRLENS_DEBUG=1`` shows tracebacks.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

from fiftyone_plugin import cli_commands as commands
from fiftyone_plugin.cli_report import say
from fiftyone_plugin.cli_review import add_review
from fiftyone_plugin.metrics.conventions import CONVENTIONS
from fiftyone_plugin.metrics.slices import SLICINGS
from fiftyone_plugin.reports import Report
from importers import fields
from importers.errors import PairLensError, UsageError
from importers.formats import FORMATS, SPLITS
from importers.parallel import ENGINES

FAILED, USAGE = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments without the program's name; those of the process if not given

    Returns:
        the exit code
    """
    args = build_parser().parse_args(argv)
    # FiftyOne tells at every start that MongoDB 6 is the oldest it runs on; doctor says which
    # version runs.
    logging.getLogger("fiftyone.core.odm.database").addFilter(
        lambda record: "oldest supported" not in record.getMessage()
    )
    try:
        # Libraries print notices; stdout is for the one JSON object.
        with redirect_stdout(sys.stderr):
            report: Report = args.run(args)
    except KeyboardInterrupt:
        say("Interrupted. What was done is kept; --resume goes on with an import or prediction.")
        return FAILED
    except UsageError as error:
        return _failed(error, USAGE)
    except PairLensError as error:
        return _failed(error, FAILED)
    except Exception as error:
        return _failed(_explained(error), FAILED)
    if args.json:
        print(json.dumps(report.data))
    else:
        for line in report.lines:
            say(line)
    return 0 if report.ok else FAILED


def _failed(error: Exception, code: int) -> int:
    if os.environ.get("PAIRLENS_DEBUG"):
        raise error
    say(f"pairlens: {error}")
    return code


def _explained(error: Exception) -> Exception:
    """An error of a library, with what to do about it where that is known."""
    libraries = ("pymongo", "fiftyone.core.service", "fiftyone.core.config")
    if isinstance(error, ConnectionError) or type(error).__module__.startswith(libraries):
        text = f"the database does not answer ({error}); see what: pairlens doctor"
    else:
        text = f"{type(error).__name__}: {error}; PAIRLENS_DEBUG=1 shows where"
    return PairLensError(text).with_traceback(error.__traceback__)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="pairlens",
        description="See, measure and clean query/mask pairs of remote-sensing datasets.",
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, about: str) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(name, help=about, description=about)
        sub.add_argument("--json", action="store_true", help="print one JSON object to stdout")
        sub.set_defaults(run=getattr(commands, f"run_{name.replace('-', '_')}"))
        return sub

    add("doctor", "Try the database, the plugin and the media folder, and say what to do.")
    _add_import(add("import", "Import published files into a FiftyOne dataset."))
    _add_predict(add("predict", "Predict a mask for every query."))
    _add_consensus(add("consensus", "Combine predictions into what most of them agree on."))
    _add_score(add("score", "Score predicted masks against the ground truth."))
    _add_compare(add("compare", "Compare two scorings of the same pairs."))
    add("checks", "List the checks.")
    _add_flag(add("flag", "Run the checks and store their findings."))
    _add_bench(add("bench-checks", "Plant known faults and measure what the checks find."))
    _add_audit(add("audit", "Write what was found in a dataset as a page with pictures."))
    add_review(add("review", "Set, count, undo, write, apply and merge verdicts; sessions."))
    _add_export(add("export", "Write what is selected in the dataset's own layout, or another."))
    add("formats", "List the formats.")
    add("predictors", "List the predictors and their parameters.")
    app = add("app", "Open the App on a dataset.")
    app.add_argument("name", metavar="N")
    app.add_argument("--port", type=int, help="of the App (default: FiftyOne's)")
    demo = add("demo", "See all of it work on generated datasets with planted faults.")
    demo.add_argument("--out", metavar="DIR", help="where the files go (default: demo-out)")
    demo.add_argument("--open", action="store_true", help="open the App at the end")
    demo.add_argument("--images", type=int, default=48, help="images a dataset (default: 48)")
    demo.add_argument("--seed", type=int, default=0)
    return parser


def _add_import(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("format", metavar="FORMAT", help=f"{', '.join(FORMATS)} or auto")
    sub.add_argument(
        "root", metavar="ROOT", help="a folder, .zip, .tar or hf://datasets/OWNER/NAME"
    )
    sub.add_argument("--name", required=True, help="of the FiftyOne dataset")
    sub.add_argument("--split", action="append", choices=SPLITS, help="only this split")
    sub.add_argument("--limit", type=int, metavar="K", help="stop after K records")
    sub.add_argument(
        "--param", action="append", default=[], metavar="K=V", help="see: pairlens formats"
    )
    sub.add_argument(
        "--placeholders", action="store_true", help="stand-ins for missing images, not skips"
    )
    sub.add_argument("--media-dir", metavar="DIR", help="where masks and renditions go")
    _add_again(sub, "the dataset")
    sub.add_argument("--strict", action="store_true", help="stop at the first broken record")
    sub.add_argument("--engine", choices=ENGINES, default="threads")
    sub.add_argument("--workers", type=int, metavar="W")


def _add_again(sub: argparse.ArgumentParser, what: str) -> None:
    group = sub.add_mutually_exclusive_group()
    group.add_argument("--resume", action="store_true", help="add what is missing")
    group.add_argument("--overwrite", action="store_true", help=f"replace {what}")


def _add_predict(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", metavar="N")
    sub.add_argument("--predictor", required=True, metavar="P", help="see: pairlens predictors")
    sub.add_argument("--field", required=True, metavar="F", help="where the masks go")
    sub.add_argument("--param", action="append", default=[], metavar="K=V")
    sub.add_argument("--batch-size", type=int, default=8, metavar="B")
    sub.add_argument("--device", default="auto", metavar="D")
    sub.add_argument("--limit", type=int, metavar="K", help="only K pairs, to look at them first")
    _add_again(sub, "the field")


def _add_consensus(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", metavar="N")
    sub.add_argument("--fields", required=True, nargs="+", metavar="F", help="two or more")
    sub.add_argument("--field", required=True, metavar="OUT", help="where the masks go")
    _add_again(sub, "the field")


def _add_score(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", metavar="N")
    sub.add_argument("--pred", required=True, metavar="F", help="the predicted masks")
    sub.add_argument("--gt", default=fields.SEGMENTATION, help="the ground truth")
    sub.add_argument("--key", required=True, metavar="K", help="of the evaluation")
    sub.add_argument(
        "--convention", default="rmsin", metavar="C", help=f"{', '.join(CONVENTIONS)} (rmsin)"
    )
    sub.add_argument("--bootstrap", type=int, default=0, metavar="R", help="rounds; 0 for none")
    sub.add_argument(
        "--bootstrap-scheme",
        default="percentile",
        metavar="S",
        help="percentile: 95 %% intervals; lisat: mean and deviation of 20 draws of 80 %%",
    )
    sub.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    sub.add_argument(
        "--by", action="append", default=[], metavar="S", help=f"{', '.join(SLICINGS)} or all"
    )
    sub.add_argument(
        "--instances",
        default="union",
        metavar="I",
        help="of predicted detections or polylines: union, or best by label",
    )
    sub.add_argument(
        "--size", type=int, default=0, metavar="P", help="score at P x P pixels (default: native)"
    )
    sub.add_argument("--plots", metavar="FILE", help="of the parts: .html or .png")


def _add_compare(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", metavar="N")
    sub.add_argument("--keys", nargs=2, required=True, metavar=("A", "B"), help="of two scorings")
    sub.add_argument("--convention", metavar="C", help="(default: that of the scorings)")
    sub.add_argument(
        "--bootstrap", type=int, default=1000, metavar="R", help="rounds (default: 1000)"
    )
    sub.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    sub.add_argument(
        "--most", type=int, default=50, metavar="K", help="pairs to list (default: 50)"
    )
    sub.add_argument("--view", metavar="NAME", help="save the pairs that changed most as a view")


def _add_flag(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", metavar="N")
    sub.add_argument("--check", action="append", metavar="C", help="only this one")
    sub.add_argument("--pred", action="append", default=[], metavar="F", help="a scored field")
    sub.add_argument("--param", action="append", default=[], metavar="C.K=V")
    sub.add_argument("--out", metavar="FILE", help="all findings as JSON Lines, worst first")
    sub.add_argument(
        "--workers", type=int, metavar="W", help="processes (default: all cores for many pairs)"
    )


def _add_bench(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", metavar="N")
    sub.add_argument("--seed", type=int, default=0, help="of what is planted where")
    sub.add_argument(
        "--rate",
        type=float,
        default=0.3,
        metavar="R",
        help="share of images damaged (default: 0.3)",
    )
    sub.add_argument(
        "--pairs", type=int, default=20_000, metavar="K", help="to read (default: 20000)"
    )
    sub.add_argument("--fault", action="append", metavar="F", help="only this one")
    sub.add_argument("--param", action="append", default=[], metavar="C.K=V")
    sub.add_argument("--out", metavar="DIR", help="for the numbers and a picture")


def _add_audit(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", metavar="N")
    sub.add_argument("--out", required=True, metavar="FILE.md", help="pictures go beside it")
    sub.add_argument(
        "--examples", type=int, default=3, metavar="K", help="drawn for each check (default: 3)"
    )
    sub.add_argument("--title", help="of the page (default: the dataset's name)")
    sub.add_argument("--source", help="where the data is from and its licence, for the page")
    sub.add_argument(
        "--outlines-only", action="store_true", help="on a grid, without the images' pixels"
    )


def _add_export(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", metavar="N")
    sub.add_argument(
        "--format", required=True, metavar="FORMAT", help="the dataset's own, fiftyone, coco or hf"
    )
    sub.add_argument("--out", required=True, metavar="DIR", help="a folder that is not there")
    sub.add_argument(
        "--select", default="kept", metavar="S", help="kept, clean, all, tag:T or view:V"
    )
    sub.add_argument("--repo", metavar="OWNER/NAME", help="push it to the hub as well")


def run(argv: Sequence[str]) -> dict[str, Any]:
    """Runs a command and returns what ``--json`` prints; errors are raised.

    For scripts and tests that want the contract without a process.
    """
    args = build_parser().parse_args(argv)
    with redirect_stdout(sys.stderr):
        return args.run(args).data


if __name__ == "__main__":
    sys.exit(main())
