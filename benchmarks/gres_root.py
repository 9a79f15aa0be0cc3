"""The folder of GRES for a benchmark, which is not part of the repository."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fiftyone_plugin" / "names"))

from pairlens.importers.formats import gres


def parser_of(doc: str | None) -> argparse.ArgumentParser:
    """A parser with the argument ``gres``; its help begins with the benchmark's docstring."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument(
        "gres", type=Path, nargs="?", default=Path("GRES"),
        help="the folder that holds gres_annotations (default: GRES)",
    )  # fmt: skip
    return parser


def is_there(root: Path) -> bool:
    """Whether the folder exists; prints a message if not."""
    there = gres.detect(root)
    if not there:
        print(f"no GRES annotations in {root}; nothing was measured: name the folder of GRES")
    return there
