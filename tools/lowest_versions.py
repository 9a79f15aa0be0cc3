"""Prints the lowest versions of the dependencies that ``pyproject.toml`` allows, as constraints."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def lowest(requirement: str) -> str:
    """``name>=1.2,<2`` as ``name==1.2``.

    Raises:
        ValueError: for a requirement without a lower bound
    """
    found = re.match(r"([\w.-]+)>=([\w.]+)", requirement)
    if found is None:
        raise ValueError(f"{requirement!r} has no lower bound; write NAME>=VERSION")
    return f"{found[1]}=={found[2]}"


def main() -> None:
    """Prints a line for each dependency."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    print("\n".join(map(lowest, project["dependencies"])))


if __name__ == "__main__":
    main()
