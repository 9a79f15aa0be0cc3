"""Writes the README's table of formats from what the formats declare.

python tools/format_docs.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "fiftyone_plugin" / "names"))

from pairlens.importers.formats import FORMATS  # noqa: E402

HEAD = "| name | layout | a sample is |\n|---|---|---|\n"


def with_table(readme: str) -> str:
    """The README with the rows of the formats of this package, in the order of their names."""
    own = [
        known
        for known in FORMATS.values()
        if known.read.__module__.startswith("pairlens.importers.")
    ]
    rows = "".join(f"{known.docs_row}\n" for known in own)
    return re.sub(rf"{re.escape(HEAD)}(\|.*\n)*", lambda _: HEAD + rows, readme)


def main() -> None:
    """Rewrites the README."""
    file = ROOT / "README.md"
    file.write_text(with_table(file.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
