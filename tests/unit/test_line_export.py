"""Export of files with a pair a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairlens.importers.formats.export_items import ExportPair
from pairlens.importers.formats.line_export import LineExporter
from pairlens.importers.records import Source

TABLE = b"path,query\n1.png,paved road\n\n2.png,a car\n"


class Table(LineExporter):
    longest = 100
    header = 1

    def line(self, name: str, line: bytes, pair: ExportPair) -> bytes:
        return line


@pytest.mark.parametrize(
    ("selected", "written"),
    [
        ((True, True), TABLE),
        ((False, True), b"path,query\n\n2.png,a car\n"),
        ((False, False), None),
    ],
    ids=["all", "one", "none"],
)
def test_header_lines_stay_and_are_no_records(
    tmp_path: Path, selected: tuple[bool, bool], written: bytes | None
) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    root.mkdir()
    out.mkdir()
    (root / "table.csv").write_bytes(TABLE)
    exporter = Table(root, out)
    exporter.write_file(
        "table.csv",
        iter(
            ExportPair(
                key=f"table/train/{index}#0",
                source=Source("table.csv", index),
                image=None,
                has_mask=True,
                published="",
                phrase="",
                selected=chosen,
            )
            for index, chosen in zip((1, 3), selected, strict=True)
        ),
    )
    file = out / "table.csv"
    assert (file.read_bytes() if file.exists() else None) == written
    assert (exporter.tally.records, exporter.tally.not_imported) == (2, 0)
