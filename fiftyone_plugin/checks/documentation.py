"""The tables of ``docs/checks.md``: the checks as they declare themselves, and their scores.

python -m pairlens.fiftyone_plugin.checks.documentation docs/checks.md
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pairlens.fiftyone_plugin.checks import CHECKS, Batch, Check
from pairlens.fiftyone_plugin.checks.base import SIBLING
from pairlens.fiftyone_plugin.checks.chances_table import TABLE
from pairlens.fiftyone_plugin.checks.engine import issues_in


def documented(page: str) -> str:
    """The page with a row for every check, each under the heading that it declares, and with the
    table of scores.

    Raises:
        ValueError: for a check whose heading the page has not
    """
    page = _SCORES.sub(lambda found: found[1] + "".join(map(_score_rows, TABLE)), page)
    rows = {one.name: row(one) for one in CHECKS.values()}
    page = re.sub(r"^\| `(\w+)` \| (?:error|warning|info) \|.*\n", "", page, flags=re.M)
    for one in CHECKS.values():
        heading = re.compile(rf"^### {re.escape(one.topic)}\n(?:(?!\|).*\n)*(?:\|.*\n)+", re.M)
        if not one.topic or not (table := heading.search(page)):
            raise ValueError(f"docs/checks.md has no table under the heading {one.topic!r}")
        page = f"{page[: table.end()]}{rows[one.name]}\n{page[table.end() :]}"
    return page


_SCORES = re.compile(r"^(\| check \| strength \|.*\n\|[-|]+\n)(?:\|.*\n)*", re.M)


def _score_rows(check: str) -> str:
    """Lines of the table of scores."""
    lines = []
    for one in TABLE[check]:
        strength = f"{one.low:g}" if one.low == one.high else f"{one.low:g} - {one.high:g}"
        counts = f"{one.right} | {one.arguable} | {one.wrong}"
        name = f"`{check}`" if check != SIBLING else "other queries of the mask"
        lines.append(f"| {name} | {strength} | {counts} | {one.chance} |\n")
    return "".join(lines)


def row(one: Check) -> str:
    """A line of the table: name, severity, needs, parameters, the note of the example."""
    needs = ", ".join(dict.fromkeys(need.partition(".")[0] for need in one.needs))
    params = ", ".join(f"`{name}={value}`" for name, value in one.params.items()) or "-"
    issue = next(issues_in(Batch.of(one.fires, [one]), one))
    severity, note = one.severity, issue.note.replace("|", "\\|")
    return f"| `{one.name}` | {severity} | {needs} | {params} | {note} |"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(documented(path.read_text("utf-8")), "utf-8")
