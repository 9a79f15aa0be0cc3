"""Completes the parameters of a format from the source, and reports what was guessed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pairlens.importers.decisions import Decision
from pairlens.importers.errors import StateError
from pairlens.importers.formats import Format, Settled
from pairlens.importers.image_folders import IMAGE_ROOT

PARAMS = "params"
"""Name of the fact with the parameters, as text by name."""

GUESSED = "guessed"
"""Name of the fact with the note on guessed parameters."""


def settle(
    chosen: Format, source: Path, given: Mapping[str, str], before: Mapping[str, Any]
) -> Settled:
    """Determines all parameters of a format for a source.

    The parameters with which the dataset was begun are kept. If it was begun by an earlier version
    that did not store them, it is read as that version did.

    Args:
        chosen: the format
        source: its folder or archive
        given: the user's parameters as text
        before: facts of the dataset; empty if it is new

    Raises:
        UsageError: as :meth:`pairlens.importers.formats.base.Format.settled`
        StateError: if the dataset was begun with other parameters
    """
    begun = before.get(PARAMS)
    former = _former(chosen) if before and begun is None else {}
    settled = chosen.settled(source, (begun or former) | dict(given))
    changed = {n for n, text in settled.params.items() if text != (begun or {}).get(n)}
    if IMAGE_ROOT.name not in given and IMAGE_ROOT.name not in (begun or {}):
        changed -= {IMAGE_ROOT.name}  # images may come later than the files that name them
    if begun is not None and changed:
        other = min(changed)
        raise StateError(
            f"the dataset was begun with {_as_options(begun) or 'no --param'}, and {other} is "
            "another now; leave --param out, or import it anew with --overwrite"
        )
    if kept := {name: text for name, text in former.items() if name not in given}:
        rule = f"read as by the earlier version that began the import: {_as_options(kept)}"
        return replace(
            settled, decisions=(*settled.decisions, *(Decision(rule, name) for name in kept))
        )
    return settled


def _former(chosen: Format) -> dict[str, str]:
    """Returns the parameters that correspond to versions which did not store any."""
    return {param.name: param.formerly for param in chosen.all_params if param.formerly}


def full_command(settled: Settled, root: Path | str, name: str | None) -> str:
    """Returns the note on guessed parameters, with the command that sets them explicitly.

    Args:
        settled: the format with all its parameters
        root: folder or address of the source
        name: of the dataset; ``None`` omits ``--name``
    """
    command = [
        "pairlens",
        "import",
        settled.format.name,
        str(root),
        *(["--name", name] * bool(name)),
    ]
    options = _as_options(settled.params)
    return f"guessed from names and first rows; in full: {shlex.join(command)} {options}"


def _as_options(params: Mapping[str, str]) -> str:
    return " ".join(f"--param {shlex.quote(f'{name}={text}')}" for name, text in params.items())
