"""Sets verdicts on pairs, one or thousands at a time.

Each call is one step, whatever the number of verdicts, and :mod:`undoing` undoes one step, in any
process: a wrong rule is gone with one undo.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import (
    changing,
    editable_masks,
    mask_replacement,
    opinions,
    painted_masks,
    queue,
    review_fields,
    text_edits,
    text_units,
    texts,
)
from pairlens.fiftyone_plugin.curation.conflicts import Conflict
from pairlens.fiftyone_plugin.curation.log import Change, ChangeLog, ChangeStep, Values
from pairlens.fiftyone_plugin.curation.panel_types import Judged
from pairlens.fiftyone_plugin.curation.review_fields import ReviewedPair
from pairlens.fiftyone_plugin.curation.texts import Edit, VerdictKind
from pairlens.importers import working_set
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.fields import (
    EDITABLE_MASK,
    REVIEW_NOTE,
    REVIEWED_AT,
    REVIEWER,
    SEGMENTATION,
    VERDICT,
)

MAX_TRIES = 20
"""After so many concurrent writers in a row, something else is wrong."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict on one pair.

    Attributes:
        key: the pair's key
        verdict: one of ``keep``, ``drop``, ``fix``, ``unsure``
        phrase: the corrected phrase, with ``fix`` only; ``None`` leaves the phrase alone
        note: why; it replaces the note of an earlier verdict
        texts: edits of single captions or turns (:mod:`.text_edits`); the verdict can be left out
            then, and follows from them
    """

    key: str
    verdict: str | None
    phrase: str | None = None
    note: str | None = None
    texts: Sequence[Edit] = ()

    def check(self) -> None:
        """Validates what does not depend on the pair.

        Raises:
            UsageError: for an unknown verdict, or a text that cannot be stored
        """
        if self.verdict is not None or not self.texts:
            texts.check_verdict(self.verdict)
        texts.check_edits(self.texts)
        texts.check_text("note", self.note)
        if self.phrase is not None:
            texts.check_phrase(self.phrase)
            if self.verdict != VerdictKind.FIX:
                raise UsageError(f"an edited phrase goes with the verdict fix, not {self.verdict}")
            if self.texts:
                raise UsageError("a phrase and single texts are not edited at once; edit the texts")

    def change_to(self, pair: ReviewedPair, reviewer: str) -> Change:
        """The change of a pair that the verdict makes.

        Raises:
            UsageError: if it edits a text that the pair does not have
        """
        verdict, new = self.verdict, Values()
        if self.texts:
            if not pair.units:
                raise UsageError(f"{self.key!r} has no captions and no turns; edit its phrase")
            units = text_edits.edited(pair.units, self.texts)
            earlier = pair.review["verdict"]
            verdict = verdict or text_edits.verdict_of(units, pair.units, earlier)
            new |= text_units.fields_of(units)
        new |= {
            VERDICT: verdict,
            REVIEWER: reviewer if verdict else None,
            REVIEWED_AT: texts.this_instant() if verdict else None,
            REVIEW_NOTE: self.note or None,
        }
        if self.phrase is not None:
            if pair.text is None:
                raise UsageError(f"{self.key!r} has no text that could be edited")
            new |= pair.edited(self.phrase)
        return pair.change(new)


@dataclass(frozen=True, slots=True)
class Decision:
    """A reviewer's decision on a pair that is shown.

    Attributes:
        pair: the pair's key or its sample's id
        verdict: ``keep``, ``drop``, ``fix`` or ``unsure``; ``None`` with edited texts, from which
            it follows
        phrase: the corrected phrase, with ``fix`` only
        note: the reason
        texts: edits of single captions or turns (:mod:`.text_edits`)
        mask_from: a field of predictions whose mask becomes the ground truth, with ``fix``
        mask_of: another pair, by key or id, whose mask becomes the ground truth, with ``fix``
        use_edit: whether the instance edited in the App becomes the ground truth, with ``fix``
        painted: a mask painted in the panel, as RLE, that becomes the ground truth, with ``fix``
        seen: the ``version`` of the pair that the reviewer saw
        key: the key that the pair must have, if ``pair`` is an id
    """

    pair: str
    verdict: str | None
    phrase: str | None = None
    note: str | None = None
    texts: Sequence[Edit] = ()
    mask_from: str | None = None
    mask_of: str | None = None
    use_edit: bool = False
    painted: Mapping[str, Any] | None = None
    seen: str | None = None
    key: str | None = None

    def check(self) -> None:
        """Validates what does not depend on the pair.

        Raises:
            UsageError: for an unknown verdict, a text that cannot be stored, or several masks
        """
        if sum(self._masks) > 1:
            raise UsageError(
                "the mask comes from one place: a prediction, another pair, an edit, or the brush"
            )
        given, replaces = self.given, self.replaces_mask
        given.check()
        if self.painted is not None:
            painted_masks.check_painted(self.painted)
        if replaces and self.verdict != VerdictKind.FIX:
            raise UsageError(f"another mask goes with the verdict fix, not {self.verdict}")

    @property
    def _masks(self) -> list[bool]:
        named = (self.mask_from, self.mask_of, self.use_edit)
        return [*map(bool, named), self.painted is not None]

    @property
    def replaces_mask(self) -> bool:
        """Whether the decision replaces the mask."""
        return any(self._masks)

    @property
    def given(self) -> Verdict:
        """The verdict without the mask."""
        return Verdict(self.pair, self.verdict, self.phrase, self.note, self.texts)


def judge(
    dataset: Any,
    pair: str,
    verdict: str | None,
    *,
    session: str | None = None,
    reviewer: str | None = None,
    force: bool = False,
    **more: Any,
) -> Judged:
    """Sets the verdict on a pair; see :func:`judge_all`.

    Args:
        dataset: a dataset that PairLens imported
        pair: the pair's key or its sample's id
        verdict: ``keep``, ``drop``, ``fix`` or ``unsure``
        session: the session in which it is given, by id or name
        reviewer: the reviewer's name; by default that in PAIRLENS_REVIEWER
        force: whether to overwrite what another reviewer decided meanwhile
        more: further members of :class:`Decision`
    """
    decision = Decision(pair, verdict, **more)
    done = judge_all(dataset, [decision], session=session, reviewer=reviewer, force=force)
    return done[0]


def judge_all(
    dataset: Any,
    decisions: Sequence[Decision],
    *,
    session: str | None = None,
    reviewer: str | None = None,
    force: bool = False,
) -> list[Judged]:
    """Sets verdicts on pairs that were shown together, as one step of undo: all of them or none.

    An edited phrase is stripped of white space at its ends. The published phrase is kept in
    ``original_phrase``; editing back to it clears that field.

    Once this returns, the verdicts are in the database: first in the log, then on the pairs, which
    are written only if they are unchanged since they were shown. A mask that several queries share
    is replaced for all of them, in the same step.

    Args:
        dataset: a dataset that PairLens imported
        decisions: on different pairs
        session: the session in which they are given, by id or name
        reviewer: the reviewer's name; by default that in PAIRLENS_REVIEWER
        force: whether to overwrite what another reviewer decided meanwhile

    Raises:
        Conflict: if a pair changed since it was shown; nothing was written
        UsageError: for an unknown pair, verdict, session or field, a text or mask that cannot be
            stored, or a pair with another key than given
        StateError: if the session is finished, or a mask cannot be read or written
    """
    for one in decisions:
        one.check()
    who = texts.reviewer_of(reviewer)
    working_set.check(dataset)
    read = [review_fields.find(dataset, one.pair, key=one.key) for one in decisions]
    if len({pair.sample_id for pair in read}) < len(read):
        raise UsageError("a pair is given two verdicts at once")
    ids = [pair.sample_id for pair in read]
    opened = None if session is None else queue.find_open(dataset, session)
    places = {} if opened is None else queue.places_of(opened, ids)
    blind = set[ObjectId]() if opened is None else queue.blind(opened, places)
    in_sight = [pair.key for pair in read if pair.sample_id not in blind]
    several = ChangeLog(dataset).judged_by_several(in_sight)
    about = ChangeStep(
        "set",
        who,
        None if opened is None else opened["_id"],
        places=places,
        settles=opinions.disagreeing(dataset, several) if several else (),
    )
    step = _write(dataset, decisions, read, about, None if force else blind)
    if edited_in_app := [
        str(p.sample_id) for p, d in zip(read, decisions, strict=True) if d.use_edit
    ]:
        # Another edit starts from the mask as it is now.
        editable_masks.clear_editable(dataset, edited_in_app)
    return [_judged(review_fields.find(dataset, each), who, step) for each in ids]


def _refuse_changed(
    decisions: Sequence[Decision], pairs: Sequence[ReviewedPair], blind: Collection[ObjectId]
) -> None:
    """Raises a conflict over a pair that is not what was seen.

    Of a pair that is judged by several, each blind for the others, text and mask alone count.
    """
    for decision, pair in zip(decisions, pairs, strict=True):
        hidden = pair.sample_id in blind
        if decision.seen is not None and not pair.is_as_seen(decision.seen, blind=hidden):
            raise Conflict.of(pair)


def _judged(pair: ReviewedPair, who: str, step: int) -> Judged:
    return {
        "key": pair.key,
        "sample_id": str(pair.sample_id),
        "verdict": pair.review["verdict"] or "",
        "version": pair.version,
        "reviewer": who,
        "reviewed_at": texts.text_of(pair.review["reviewed_at"]),
        "step": step,
    }


def _write(
    dataset: Any,
    decisions: Sequence[Decision],
    pairs: Sequence[ReviewedPair],
    about: ChangeStep,
    blind: Collection[ObjectId] | None,
) -> int:
    """Writes the verdicts on what the pairs are at that moment; gives the number of the step.

    Args:
        dataset: that the pairs belong to
        decisions: on them
        pairs: as they were read
        about: the step
        blind: those judged without knowing of other verdicts; ``None`` overwrites any change
    """
    masks = any(one.replaces_mask for one in decisions)
    for _ in range(MAX_TRIES):
        if blind is not None:
            _refuse_changed(decisions, pairs, blind)
        changes = _changes(dataset, decisions, pairs, about.reviewer)
        if not masks or _are_of_masks(changes, pairs):
            step = review_fields.write_whole(dataset, list(changes.values()), about)
            if step is not None:
                return step
        pairs = [review_fields.find(dataset, pair.sample_id) for pair in pairs]
    raise StateError(
        f"the pair {pairs[0].key!r} is being changed by others all the time; try again"
    )


def _changes(
    dataset: Any, decisions: Sequence[Decision], pairs: Sequence[ReviewedPair], who: str
) -> dict[ObjectId, Change]:
    """One change of each pair, of those that share a replaced mask too."""
    made: dict[ObjectId, Change] = {}
    for decision, pair in zip(decisions, pairs, strict=True):
        changes = [decision.given.change_to(pair, who)]
        if decision.use_edit or decision.mask_from:
            source = EDITABLE_MASK if decision.use_edit else str(decision.mask_from)
            changes = mask_replacement.with_mask(dataset, changes[0], source)
        elif decision.mask_of:
            changes = mask_replacement.with_mask_of(dataset, changes[0], decision.mask_of)
        elif decision.painted is not None:
            changes = painted_masks.with_painted(dataset, changes[0], decision.painted)
        for change in changes:
            made[change.sample_id] = change.with_earlier(made.get(change.sample_id))
    return made


def _are_of_masks(changes: Mapping[ObjectId, Change], pairs: Sequence[ReviewedPair]) -> bool:
    """Whether the masks that are to be replaced still are those that were read with the pairs."""
    replaced = (
        (changes[p.sample_id], p) for p in pairs if SEGMENTATION in changes[p.sample_id].old
    )
    return all(
        ((change.old[SEGMENTATION] or {}).get("mask_path") or "") == pair.mask_path
        for change, pair in replaced
    )


def set_verdicts(dataset: Any, verdicts: Iterable[Verdict], *, reviewer: str | None = None) -> int:
    """Sets verdicts on many pairs, as one step of undo.

    All are validated before the first is written. Pairs that change meanwhile get their verdict all
    the same; :func:`judge` is for a reviewer who saw the pair.

    Args:
        dataset: a dataset that PairLens imported
        verdicts: of different pairs
        reviewer: the reviewer's name; by default that in PAIRLENS_REVIEWER

    Returns:
        the number of pairs written

    Raises:
        UsageError: for an unknown key or verdict, a phrase that is not a line of text, or a key
            that is given twice
        StateError: if the dataset has no pairs
    """
    working_set.check(dataset)
    wanted = list(verdicts)
    who = texts.reviewer_of(reviewer)
    for one in wanted:
        one.check()
    pairs = review_fields.read(dataset, [one.key for one in wanted])
    _check_keys(dataset, wanted, pairs)
    changes = [one.change_to(pairs[one.key], who) for one in wanted]
    about = ChangeStep("set", who, settles=opinions.disagreeing(dataset, list(pairs)))
    return changing.write(dataset, changes, about).count


def _check_keys(dataset: Any, wanted: list[Verdict], pairs: dict[str, ReviewedPair]) -> None:
    seen: set[str] = set()
    for one in wanted:
        if one.key not in pairs:
            raise UsageError(f"dataset {dataset.name!r} has no pair {one.key!r}")
        if one.key in seen:
            raise UsageError(f"the pair {one.key!r} is given two verdicts at once")
        seen.add(one.key)
