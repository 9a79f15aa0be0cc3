"""What checks find in a few pairs: the measure of all faster ways to run them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fiftyone_plugin.checks.base import Check, Finding, Subject


def find_in(subjects: Sequence[Subject], checks: Sequence[Check]) -> list[list[Finding]]:
    """Findings of the checks of pairs and images about each of the pairs of one image."""
    by_key: dict[str, list[Finding]] = {subject.key: [] for subject in subjects}
    for one in checks:
        if one.scope == "pair":
            for subject in subjects:
                for doubt in one.function(subject, **one.params):
                    by_key[subject.key].append(one.finding(subject, doubt))
        elif one.scope == "image":
            for finding in about_several(one, subjects):
                by_key[finding.key].append(finding)
    return [by_key[subject.key] for subject in subjects]


def about_several(one: Check, subjects: Iterable[Subject]) -> Iterator[Finding]:
    """Findings of a check that is given several pairs, each doubt naming its pair."""
    known: dict[str, Subject] = {}
    for doubt in one.run(subjects):
        if not known and isinstance(subjects, Sequence):
            known = {s.key: s for s in subjects}
        yield one.finding(known.get(doubt.key) or Subject(doubt.key, "", "", ""), doubt)
