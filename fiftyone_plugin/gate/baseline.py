"""The baseline: findings that are accepted, in a file beside the dataset.

A finding is accepted by its sample, its check and a digest of the sample's texts and mask: after
either was edited it is new. The lines are in order, so that versions of the file compare well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from pairlens.fiftyone_plugin.checks.base import Finding
from pairlens.fiftyone_plugin.gate.found import Location
from pairlens.importers.errors import StateError
from pairlens.importers.files import explaining_write_errors, replace_whole


class Accepted(NamedTuple):
    """An accepted finding: a line of the file.

    Attributes:
        key: of the sample
        check: the name of the check
        content: the digest of the sample's texts and mask
    """

    key: str
    check: str
    content: str


def accepted_of(
    findings: Mapping[str, Sequence[Finding]], places: Mapping[str, Location]
) -> set[Accepted]:
    """The findings as they are accepted."""
    return {
        Accepted(key, one.check, places[key].content)
        for key, some in findings.items()
        for one in some
    }


def read_baseline(file: Path) -> set[Accepted]:
    """The accepted findings of a file.

    Raises:
        StateError: if it is not there, cannot be read, or holds something else
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError as error:
        raise StateError(f"{file} is not there; make it with --update-baseline") from error
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(f"the baseline {file} cannot be read ({error})") from error
    found = set()
    for number, line in enumerate(lines, 1):
        try:
            one = json.loads(line)
            found.add(Accepted(*(str(one[name]) for name in Accepted._fields)))
        except (ValueError, TypeError, KeyError) as error:
            raise StateError(
                f"line {number} of the baseline {file} is none of --update-baseline's; write the "
                "file again"
            ) from error
    return found


def write_baseline(file: Path, accepted: set[Accepted]) -> None:
    """Writes a file, whole or not at all.

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
    """The findings that are new, by key."""
    left = {
        key: [f for f in some if Accepted(key, f.check, places[key].content) not in accepted]
        for key, some in findings.items()
    }
    return {key: some for key, some in left.items() if some}
