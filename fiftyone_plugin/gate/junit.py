"""The outcome as JUnit XML, which CI services show as tests: one for each limit and each check."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from pairlens.fiftyone_plugin.gate.limits import counts
from pairlens.fiftyone_plugin.gate.runner import Gate, by_check

MOST_LISTED = 100
"""Findings told of one check; ``--sarif`` has all."""

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(gate: Gate, seconds: float) -> bytes:
    """The outcome as a file of JUnit XML.

    Args:
        gate: the outcome
        seconds: that it took
    """
    root = Xml.Element("testsuites", name="pairlens", time=f"{seconds:.3f}")
    limits = _suite(root, "limits", len(gate.measured), len(gate.over))
    for one in gate.measured:
        case = Xml.SubElement(limits, "testcase", classname="pairlens.limits", name=one.limit.name)
        if one.over:
            text = f"{one.count:,.4g} found, {one.limit.text} of {gate.found.total:,} allowed"
            _fail(case, text, "")
    failing = [one.limit.name for one in gate.over]
    found = by_check(gate.new)
    names = sorted({*gate.found.checks, *found})
    bad = {
        name: [f for f in found.get(name, ()) if any(counts(each, f) for each in failing)]
        for name in names
    }
    checks = _suite(root, "checks", len(names), sum(map(bool, bad.values())))
    for name in names:
        case = Xml.SubElement(checks, "testcase", classname="pairlens.checks", name=name)
        if findings := bad[name]:
            lines = [f"{f.key}: {f.severity}: {f.note}" for f in findings[:MOST_LISTED]]
            if len(findings) > MOST_LISTED:
                lines.append(f"... and {len(findings) - MOST_LISTED:,} more")
            _fail(case, f"{len(findings):,} new findings", "\n".join(lines))
    return Xml.tostring(root, "utf-8", xml_declaration=True)


def _suite(root: Xml.Element, name: str, tests: int, failures: int) -> Xml.Element:
    numbers = {"tests": str(tests), "failures": str(failures), "errors": "0", "skipped": "0"}
    return Xml.SubElement(root, "testsuite", {"name": name, **numbers})


def _fail(case: Xml.Element, message: str, text: str) -> None:
    failure = Xml.SubElement(case, "failure", message=_plain(message), type="limit")
    failure.text = _plain(text)


def _plain(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return _NOT_IN_XML.sub("\ufffd", text)
