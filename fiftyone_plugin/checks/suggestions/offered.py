"""Which suggestions are offered: those after which the checks find less, and nothing new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from pairlens.fiftyone_plugin.checks.base import Check, Finding, Sample
from pairlens.fiftyone_plugin.checks.engine import find_all
from pairlens.fiftyone_plugin.checks.suggestions.class_words import with_class_of_sibling
from pairlens.fiftyone_plugin.checks.suggestions.cut_words import (
    as_request,
    without_repetition,
    without_talk,
)
from pairlens.fiftyone_plugin.checks.suggestions.masks import (
    AGREED,
    EXCHANGED,
    agreed_field,
    exchanged_with,
)
from pairlens.fiftyone_plugin.checks.suggestions.place_words import with_true_place
from pairlens.fiftyone_plugin.checks.suggestions.removed_texts import (
    doubled_turns,
    drifting_revisions,
)
from pairlens.fiftyone_plugin.checks.suggestions.sample_texts import (
    Place,
    places,
    text_at,
    with_text,
    without,
)
from pairlens.importers.documents import standing_caption
from pairlens.importers.mask_stats import MaskStats

Suggester = Callable[[Sample, Sequence[Sample]], Iterator[str]]
"""Given a sample and the others of its image: other texts for its query, the best first."""

SUGGESTERS: dict[str, Suggester] = {
    "position_conflict": with_true_place,
    "coordinate_leak": without_talk,
    "coordinate_conflict": without_talk,
    "boilerplate": without_talk,
    "prompt_talk": without_talk,
    "request_form": as_request,
    "repetitive_caption": without_repetition,
    "paraphrase_conflict": with_class_of_sibling,
}
"""By check, what can be suggested for its findings in the query."""

REMOVERS: dict[str, Callable[[Sample], frozenset[int]]] = {
    "revision_drift": drifting_revisions,
    "repeated_turn": doubled_turns,
}
"""By check, which captions or turns can be removed for its findings."""

MOST_TRIED = 8
"""Texts that are tried for a finding."""


class Suggestion(NamedTuple):
    """What would mend a pair.

    Attributes:
        checks: whose findings it mends
        text: the corrected query, caption or answer, where that is it
        mask_of: the key of the pair whose mask it takes, where the two were exchanged
        mask_from: the field of predictions whose mask it takes
        at: the place of that text, where there is no query
        removes: the captions or turns that go, by number from 0
    """

    checks: tuple[str, ...]
    text: str | None = None
    mask_of: str | None = None
    mask_from: str | None = None
    at: Place = (0, 0)
    removes: frozenset[int] = frozenset()


Found = set[tuple[str, str]]
"""Findings by key of the sample and name of the check."""

Measure = Callable[[str, str], MaskStats | None]
"""Given a key and a field of predictions: the measurements of that mask, if it can be read."""


def suggest(
    samples: Sequence[Sample],
    findings: Mapping[str, Sequence[Finding]],
    checks: Sequence[Check],
    measure: Measure = lambda key, field: None,
) -> dict[str, Suggestion]:
    """Suggests what would mend the pairs of an image.

    Args:
        samples: all samples of the image, or of several
        findings: what was found, by key, the worst first
        checks: what must find nothing new; those of single samples and of images
        measure: measures a predicted mask

    Returns:
        suggestions by key, which hold together: none is offered that contradicts the others
    """
    before = _found(samples, checks)
    made = _masks(samples, findings, measure)
    masks = {digest for one in samples if (digest := one.stats.digest) and one.key in made}
    for sample in samples:
        others = [one for one in samples if one.key != sample.key]
        wanted = [one.check for one in findings.get(sample.key, ())]
        if sample.stats.digest not in masks and (
            suggestion := _mended(sample, others, wanted, checks)
        ):
            made[sample.key] = suggestion
    while made:
        after = _found(_changed(samples, made, measure), checks)
        bad = {key for key, _ in after - before}
        bad |= {key for key, one in made.items() if any((key, c) in after for c in one.checks)}
        refused = _touched(bad, samples, made)
        if not refused:
            return made
        made = {key: one for key, one in made.items() if key not in refused}
    return {}


def _masks(
    samples: Sequence[Sample], findings: Mapping[str, Sequence[Finding]], measure: Measure
) -> dict[str, Suggestion]:
    """Suggestions of another mask; the two of an exchange are there both or not at all."""
    keys = {one.key for one in samples}
    exchanged = exchanged_with({key: found for key, found in findings.items() if key in keys})
    made = {key: Suggestion((EXCHANGED,), mask_of=other) for key, other in exchanged.items()}
    for sample in samples:
        field = agreed_field(sample, findings.get(sample.key, ()))
        if field and sample.key not in made and measure(sample.key, field):
            made[sample.key] = Suggestion((AGREED,), mask_from=field)
    return made


def _mended(
    sample: Sample, others: Sequence[Sample], wanted: Iterable[str], checks: Sequence[Check]
) -> Suggestion | None:
    """Texts that go, and another text at the first place where that mends something."""
    alone = [one for one in checks if one.scope == "sample"]
    wanted, now, at = list(wanted), sample, (0, 0)
    removes = _removed(sample, wanted, alone)
    for at in places(sample):
        now = _reworded(sample, at, others, wanted, alone)
        if now is not sample:
            break
    if at[0] in removes:
        now = sample
    found = _found([without(now, removes)], alone)
    known = SUGGESTERS.keys() | REMOVERS.keys()
    gone = tuple(name for name in wanted if name in known and (sample.key, name) not in found)
    if not gone or (now is sample and not removes):
        return None
    text = None if now is sample else text_at(now, at)
    return Suggestion(gone, text=text, at=at, removes=removes)


def _removed(sample: Sample, wanted: Iterable[str], alone: Sequence[Check]) -> frozenset[int]:
    """The captions or turns that can go for one of the findings."""
    before = _found([sample], alone)
    for name in wanted:
        gone = REMOVERS[name](sample) if name in REMOVERS else frozenset[int]()
        if gone and _are_left(sample, gone):
            after = _found([without(sample, gone)], alone)
            if after <= before and (sample.key, name) not in after:
                return gone
    return frozenset()


def _reworded(
    sample: Sample,
    at: Place,
    others: Sequence[Sample],
    wanted: Iterable[str],
    alone: Sequence[Check],
) -> Sample:
    """One finding after the other is mended, each in the text that is left of the last."""
    now = sample
    for name in wanted:
        spoken = replace(now, phrase=text_at(now, at))
        tried = SUGGESTERS[name](spoken, others) if name in SUGGESTERS else iter(())
        texts = list(islice(tried, MOST_TRIED))
        before = _found([now], alone) if texts else set()
        for text in texts:
            changed = with_text(now, at, text)
            after = _found([changed], alone)
            if after <= before and (sample.key, name) not in after:
                now = changed
                break
    return now


def _are_left(sample: Sample, gone: frozenset[int]) -> bool:
    """Whether other texts are left, among them the one that stands for the image."""
    if sample.turns:
        return len(gone) < len(sample.turns)
    return standing_caption(sample.captions) not in gone


def _touched(bad: set[str], samples: Iterable[Sample], made: Mapping[str, Suggestion]) -> set[str]:
    """The suggestions for the samples that something new was found of, or for their siblings."""
    masks = {one.stats.digest for one in samples if one.key in bad}
    own = bad & made.keys() or {one.key for one in samples if one.stats.digest in masks}
    own |= {other for key in own if key in made and (other := made[key].mask_of)}
    return own & made.keys()


def _changed(
    samples: Sequence[Sample], made: Mapping[str, Suggestion], measure: Measure
) -> list[Sample]:
    """The samples as the suggestions would have them; who shares a mask gets the same one."""
    stats = {one.key: one.stats for one in samples}
    masks: dict[str, MaskStats] = {}
    for key, one in made.items():
        instead = measure(key, one.mask_from) if one.mask_from else stats.get(one.mask_of or "")
        if instead is not None:
            masks[stats[key].digest] = instead
    gone = {key: one.removes for key, one in made.items() if one.removes}
    changed = [_with_text_of(one, made.get(one.key)) for one in samples]
    return [
        replace(
            without(one, gone[one.key]) if one.key in gone else one,
            stats=masks.get(one.stats.digest, one.stats),
        )
        for one in changed
    ]


def _with_text_of(sample: Sample, made: Suggestion | None) -> Sample:
    if made is None or made.text is None:
        return sample
    return with_text(sample, made.at, made.text)


def _found(samples: Sequence[Sample], checks: Sequence[Check]) -> Found:
    found = find_all(samples, checks)
    return {(key, one.check) for key, findings in found.items() for one in findings}
