"""The baseline: a file of accepted findings.

A finding is identified by its sample, its check and a digest of the sample's texts and mask, so
that it is new after an edit. The lines are sorted, so that versions of the file are easy to
compare.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from pairlens.fiftyone_plugin.checks.base import Finding
from pairlens.fiftyone_plugin.gate.findings import Location
from pairlens.importers.errors import StateError
from pairlens.importers.files import explaining_write_errors, replace_whole


class Accepted(NamedTuple):
    """An accepted finding: a line of the file.

    Attributes:
        key: key of the sample
        check: name of the check
        content: digest of the sample's texts and mask
    """

    key: str
    check: str
    content: str


def accepted_findings(
    findings: Mapping[str, Sequence[Finding]], places: Mapping[str, Location]
) -> set[Accepted]:
    """Findings in the form of the baseline.

    Args:
        findings: findings by key
        places: locations of their samples by key
    """
    return {
        Accepted(key, finding.check, places[key].content)
        for key, sample_findings in findings.items()
        for finding in sample_findings
    }


def read_baseline(file: Path) -> set[Accepted]:
    """The accepted findings of a file.

    Raises:
        StateError: if the file is missing, cannot be read, or is not a baseline
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError as error:
        raise StateError(f"{file} does not exist; create it with --update-baseline") from error
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(f"the baseline {file} cannot be read ({error})") from error
    accepted = set()
    for number, line in enumerate(lines, 1):
        try:
            fields = json.loads(line)
            accepted.add(Accepted(*(str(fields[name]) for name in Accepted._fields)))
        except (ValueError, TypeError, KeyError) as error:
            raise StateError(
                f"line {number} of the baseline {file} was not written by --update-baseline; "
                "write the file again"
            ) from error
    return accepted


def write_baseline(file: Path, accepted: set[Accepted]) -> None:
    """Writes a baseline; an existing file is replaced atomically.

    Raises:
        StateError: if it cannot be written
    """

    def write(stream: IO[bytes]) -> None:
        for one in sorted(accepted):
            stream.write(json.dumps(one._asdict(), ensure_ascii=False).encode() + b"\n")

    with explaining_write_errors(f"the baseline {file}"):
        replace_whole(file, write)


def without_accepted(
    findings: Mapping[str, Sequence[Finding]],
    places: Mapping[str, Location],
    accepted: set[Accepted],
) -> dict[str, list[Finding]]:
    """The findings that are not accepted, by key."""
    remaining = {
        key: [
            finding
            for finding in sample_findings
            if Accepted(key, finding.check, places[key].content) not in accepted
        ]
        for key, sample_findings in findings.items()
    }
    return {key: sample_findings for key, sample_findings in remaining.items() if sample_findings}
