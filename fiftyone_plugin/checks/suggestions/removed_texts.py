"""Which captions or turns of an image go, so that what is left is right."""

from __future__ import annotations

from pairlens.fiftyone_plugin.checks.base import Sample
from pairlens.fiftyone_plugin.checks.catalogue.repeated_turns import doubled
from pairlens.fiftyone_plugin.checks.catalogue.revisions import drifts


def drifting_revisions(sample: Sample) -> frozenset[int]:
    """The captions that revise another and contradict it, by number from 0."""
    return frozenset(number - 1 for number, _ in drifts(sample.captions))


def doubled_turns(sample: Sample) -> frozenset[int]:
    """The repeated turns, by number from 0."""
    return frozenset(again for _, again, _ in doubled(sample))
