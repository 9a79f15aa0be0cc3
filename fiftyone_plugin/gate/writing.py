"""Writes the outcome of the gate as files for other programs."""

from __future__ import annotations

from pathlib import Path

from pairlens.fiftyone_plugin.doctor import installed_version
from pairlens.fiftyone_plugin.gate.junit import junit
from pairlens.fiftyone_plugin.gate.runner import Gate
from pairlens.fiftyone_plugin.gate.sarif import sarif
from pairlens.importers.files import write_atomic


def write(gate: Gate, seconds: float, junit_file: Path | None, sarif_file: Path | None) -> None:
    """Writes the files that are named.

    Args:
        gate: the outcome
        seconds: that it took
        junit_file: JUnit XML
        sarif_file: SARIF
    """
    if junit_file is not None:
        write_atomic(junit_file, junit(gate, seconds))
    if sarif_file is not None:
        write_atomic(sarif_file, sarif(gate, installed_version("pairlens") or "0"))
