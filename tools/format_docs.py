"""Writes the tables of formats from what the formats declare, into the docs.

python tools/format_docs.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "fiftyone_plugin" / "names"))

from pairlens.importers.formats import FORMATS, Format  # noqa: E402
from pairlens.importers.records import Inline, Packed  # noqa: E402

HEAD = "| name | layout | a sample is |\n|---|---|---|\n"
ABLE = (
    "| format | gives | written back | images needed | no target | boxes |\n"
    "|---|---|---|---|---|---|\n"
)


_GIVES = {"pairs": "pairs", "captions": "captions", "instructions": "conversations"}


def own_formats() -> list[Format]:
    """The formats of this package, in the order of their names."""
    return [f for f in FORMATS.values() if f.read.__module__.startswith("pairlens.importers.")]


def with_table(page: str) -> str:
    """The page of the formats with a row for each."""
    rows = "".join(f"{known.docs_row}\n" for known in own_formats())
    return _replaced(page, HEAD, rows.replace("](docs/formats/", "]("))


def with_abilities(page: str) -> str:
    """A page with a row for each format that says what it can do."""
    return _replaced(page, ABLE, "".join(map(_abilities, own_formats())))


def _replaced(text: str, head: str, rows: str) -> str:
    return re.sub(rf"{re.escape(head)}(\|.*\n)*", lambda _: head + rows, text)


def _abilities(known: Format) -> str:
    assert known.example is not None  # noqa: S101 - those of this package have one
    with TemporaryDirectory() as folder:
        root = known.example(Path(folder) / "example")
        packed = any(isinstance(record.image, Packed | Inline) for record in known.read(root))
        exporter = known.exporter and known.exporter(root, Path(folder))
    written = "with mended masks" if exporter and exporter.writes_masks else "yes"
    told = ", or what `--param` says" if known.settle and known.kind != "instructions" else ""
    cells = (
        f"`{known.name}`",
        "what was exported" if known.own_keys else _GIVES[known.kind] + told,
        written if exporter else "no: as `coco`, `hf` or `fiftyone`",
        "they are in it" if packed else "no: `--placeholders`",
        known.no_target or "",
        known.boxes or "",
    )
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Rewrites the pages."""
    for file, filled in (
        (ROOT / "docs" / "formats" / "index.md", with_table),
        (ROOT / "docs" / "your-own-data.md", with_abilities),
    ):
        file.write_text(filled(file.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
