"""The contract of formats: all of ours keep it, and what does not is told what is broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pairlens.importers.formats import FORMATS, Format, FormatFault
from pairlens.importers.formats.contract import ContractBroken, check_format
from tests.layouts import LAYOUTS, PUBLISHED, Layout


def declared(layout: Layout, **changes: Any) -> Format:
    known = FORMATS[layout.format]
    # Faults are those of the example.
    faults = known.faults if layout.id == known.name else ()
    return replace(known, **{"example": layout.make, "faults": faults, **changes})


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_every_layout_keeps_it(layout: Layout, tmp_path: Path) -> None:
    check_format(declared(layout), tmp_path)


def without_first(root: Path, **options: Any) -> Any:
    records = FORMATS["gres"].read(root, **options)
    next(records, None)
    return records


class Dropping:
    """An exporter that writes nothing."""

    def __init__(self, root: Path, out: Path) -> None:
        pass

    def write_file(self, name: str, items: Any) -> None:
        list(items)

    def finish(self) -> None:
        pass


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"example": None}, "gres has no example", id="example"),
        pytest.param({"detect": lambda root: True}, "an empty folder is taken", id="detect"),
        pytest.param({"read": without_first}, "gives other records than all do", id="splits"),
        pytest.param({"count": lambda root, splits: 1}, "count: 1, but there are 6", id="count"),
        pytest.param({"exporter": Dropping}, "not the published", id="export"),
        pytest.param(
            {"faults": (FormatFault("nothing at all", lambda root: None, "is broken"),)},
            "nothing at all: 'is broken' is not in",
            id="fault",
        ),
    ],
)
def test_what_is_broken_is_told(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ContractBroken, match=words):
        check_format(declared(PUBLISHED["gres"], **changes), tmp_path)
