"""The findings as SARIF 2.1.0, which code hosts show in pull requests."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.base import Finding
from pairlens.fiftyone_plugin.gate.baseline import Accepted
from pairlens.fiftyone_plugin.gate.findings import SKIPPED
from pairlens.fiftyone_plugin.gate.runner import Gate
from pairlens.importers.errors import shown

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
HOME = "https://github.com/pairlens/pairlens"


def sarif(gate: Gate, version: str) -> bytes:
    """The findings, accepted ones included, as a SARIF log of one run.

    Args:
        gate: the result of the gate
        version: version of PairLens
    """
    findings = [f for some in gate.found.findings.values() for f in some]
    findings.sort(key=lambda f: (f.rank, f.key, f.check))
    rules = sorted({f.check for f in findings})
    driver = {
        "name": "PairLens",
        "informationUri": HOME,
        "version": version,
        "rules": [_rule(name) for name in rules],
    }
    results = [_result(gate, finding, rules.index(finding.check)) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1).encode()


def _rule(name: str) -> dict[str, Any]:
    about = "a record that cannot be read" if name == SKIPPED else CHECKS[name].about
    severity = "error" if name == SKIPPED else CHECKS[name].severity
    return {
        "id": name,
        "shortDescription": {"text": about},
        "helpUri": f"{HOME}/blob/main/docs/checks.md",
        "defaultConfiguration": {"level": LEVELS[severity]},
    }


def _result(gate: Gate, finding: Finding, rule: int) -> dict[str, Any]:
    place = gate.found.places[finding.key]
    accepted = Accepted(finding.key, finding.check, place.content)
    identity = "\n".join(accepted).encode("utf-8", "replace")
    is_accepted = accepted in gate.baseline
    # Code hosts require a line, and that of a record is not known.
    region = {"startLine": 1}
    artifact = {"uri": quote(place.file)}
    return {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": LEVELS[finding.severity],
        "message": {"text": shown(f"{finding.key}: {finding.note}")},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": artifact, "region": region},
                "logicalLocations": [{"fullyQualifiedName": shown(finding.key)}],
            }
        ],
        "partialFingerprints": {"pairlens/v1": hashlib.sha256(identity).hexdigest()[:32]},
        **({"suppressions": [{"kind": "external"}]} if is_accepted else {}),
        "rank": round(100 * (1 - finding.score), 2),
        "properties": {"score": finding.score, "record": place.record},
    }
