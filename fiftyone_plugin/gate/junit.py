"""The result as JUnit XML, which CI services show: a test case for each limit and each check."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from pairlens.fiftyone_plugin.gate.limits import counts
from pairlens.fiftyone_plugin.gate.runner import Gate, by_check

MAX_LISTED = 100
"""Maximum of findings listed of a check; ``--sarif`` has all."""

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(gate: Gate, seconds: float) -> bytes:
    """The result of a gate as JUnit XML.

    Args:
        gate: the result
        seconds: duration of the run
    """
    root = Xml.Element("testsuites", name="pairlens", time=f"{seconds:.3f}")
    limits = _suite(root, "limits", len(gate.measured), len(gate.over))
    for measured in gate.measured:
        case = Xml.SubElement(
            limits, "testcase", classname="pairlens.limits", name=measured.limit.name
        )
        if measured.over:
            allowed = f"{measured.limit.text} of {gate.found.total:,} allowed"
            text = f"{measured.count:,.4g} found, {allowed}"
            _fail(case, text, "")
    failing = [measured.limit.name for measured in gate.over]
    found = by_check(gate.new)
    names = sorted({*gate.found.checks, *found})
    bad = {
        name: [
            f for f in found.get(name, ()) if any(counts(limit_name, f) for limit_name in failing)
        ]
        for name in names
    }
    checks = _suite(root, "checks", len(names), sum(map(bool, bad.values())))
    for name in names:
        case = Xml.SubElement(checks, "testcase", classname="pairlens.checks", name=name)
        if findings := bad[name]:
            lines = [f"{f.key}: {f.severity}: {f.note}" for f in findings[:MAX_LISTED]]
            if len(findings) > MAX_LISTED:
                lines.append(f"... and {len(findings) - MAX_LISTED:,} more")
            _fail(case, f"{len(findings):,} new findings", "\n".join(lines))
    return Xml.tostring(root, "utf-8", xml_declaration=True)


def _suite(root: Xml.Element, name: str, tests: int, failures: int) -> Xml.Element:
    numbers = {"tests": str(tests), "failures": str(failures), "errors": "0", "skipped": "0"}
    return Xml.SubElement(root, "testsuite", {"name": name, **numbers})


def _fail(case: Xml.Element, message: str, text: str) -> None:
    failure = Xml.SubElement(case, "failure", message=_plain(message), type="limit")
    failure.text = _plain(text)


def _plain(text: str) -> str:
    """A text without the characters that are not allowed in XML."""
    return _NOT_IN_XML.sub("\ufffd", text)
