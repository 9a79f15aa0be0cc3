"""Another mask for a pair: that of the pair it was exchanged with, or what predictors agree on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pairlens.fiftyone_plugin.checks.base import Finding, Sample

EXCHANGED = "swapped_pair"
"""The check that finds pairs whose masks are exchanged."""

AGREED = "consensus_conflict"
"""The check that finds masks that several predictors contradict."""


def exchanged_with(findings: Mapping[str, Sequence[Finding]]) -> dict[str, str]:
    """By key, the pair that it was exchanged with: the two that share a finding's group."""
    groups: dict[str, list[str]] = {}
    for key, found in findings.items():
        for one in found:
            if one.check == EXCHANGED and one.group:
                groups.setdefault(one.group, []).append(key)
    couples = [keys for keys in groups.values() if len(keys) == 2]
    return {a: b for couple in couples for a, b in (couple, couple[::-1])}


def agreed_field(sample: Sample, findings: Iterable[Finding]) -> str | None:
    """The field with the mask that the predictors agree on, where a finding is of that."""
    if sample.no_target or all(one.check != AGREED for one in findings):
        return None
    notes = [one.note for one in findings if one.check == AGREED]
    fields = [name for name, agreed in sorted(sample.agreements.items()) if agreed.area]
    return next((name for name in fields if f"of {name} agree" in notes[0]), None)
