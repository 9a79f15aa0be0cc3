"""What the panels' JavaScript calls: one function each, plain JSON in and out.

None is listed in the operator browser. A refusal is an answer like any other, so that a panel
can tell a conflict from a mistake: ``{"ok": false, "kind", "message"}``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fiftyone.operators.types as types
from bson import ObjectId

from pairlens.fiftyone_plugin.curation import (
    editable_masks,
    evidence,
    opinions,
    painted_masks,
    panel_types,
    queue,
    second_opinions,
    sessions,
    shared_masks,
    summary,
    undoing,
)
from pairlens.fiftyone_plugin.curation.texts import check_edits
from pairlens.fiftyone_plugin.curation.verdicts import Decision, judge_all
from pairlens.fiftyone_plugin.operators.base import required, reviewer_in, text
from pairlens.fiftyone_plugin.operators.panel_operator import Answer, PanelOperator
from pairlens.importers.errors import UsageError
from pairlens.importers.fields import SEGMENTATION

MOST_AHEAD = 5
"""Groups that are read before they are asked for."""


def _pair(ctx: Any) -> str:
    """The sample id or key of the pair that is meant: the one named, else the open one."""
    named = text(ctx.params.get("sample_id")) or text(ctx.params.get("key"))
    pair = named or ctx.current_sample
    if not pair:
        raise UsageError("no pair is named and none is open")
    return str(pair)


def _view(ctx: Any, pair: str) -> panel_types.PairView:
    session = text(ctx.params.get("session"))
    return evidence.pair_view(ctx.dataset, pair, session=session, reviewer=reviewer_in(ctx))


def _place(ctx: Any, session: str, sample_id: str) -> int | None:
    return queue.place_of(queue.find(ctx.dataset, session), sample_id)


def _flag(ctx: Any, name: str, default: bool = False) -> bool:
    value = ctx.params.get(name)
    return default if value is None else value is True


def _whole(ctx: Any, name: str) -> int | None:
    value = ctx.params.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise UsageError(f"{name} is {value!r}; give a whole number")
    return int(value)


class PairView(PanelOperator):
    """What the panel ``pair`` shows."""

    operator_name = "pair_view"
    about = "One pair with its findings, masks and history"

    def answer(self, ctx: Any) -> Answer:
        """The pair."""
        return {"pair": _view(ctx, _pair(ctx))}


class PairsAhead(PanelOperator):
    """What is shown next."""

    operator_name = "pairs_ahead"
    about = "The next groups of a session, to be shown without waiting"

    def answer(self, ctx: Any) -> Answer:
        """The pairs that lead the next groups."""
        params = ctx.params
        ahead = evidence.views_ahead(
            ctx.dataset,
            required(params, "session"),
            reviewer=reviewer_in(ctx),
            after=text(params.get("after")),
            skip=list(map(str, params.get("skip") or ())),
            most=min(_whole(ctx, "most") or MOST_AHEAD, MOST_AHEAD),
        )
        return {"ahead": ahead}


class JudgePairs(PanelOperator):
    """Verdicts on pairs that were seen together."""

    operator_name = "judge_pairs"
    about = "Sets the verdicts on the pairs of a group"
    risk = types.RiskLevel.MEDIUM

    def answer(self, ctx: Any) -> Answer:
        """The verdicts as they are stored, and how far the session is.

        ``moved`` are the pairs that have another mask now, with their versions. ``at`` is the
        pair that the reviewer sees by now: going on later begins there.
        """
        params, who = ctx.params, reviewer_in(ctx)
        session, at = text(params.get("session")), text(params.get("at"))
        decisions = [_decision(one) for one in params.get("decisions") or ()]
        if not decisions:
            raise UsageError("no pair is named")
        done = judge_all(
            ctx.dataset, decisions, session=session, reviewer=who, force=_flag(ctx, "force")
        )
        progress = None
        if session is not None:
            opened = queue.find(ctx.dataset, session)
            place = queue.place_of(opened, at) if at else None
            if place is not None:
                queue.go_to(ctx.dataset, session, place, reviewer=who)
            progress = queue.item_at(opened, place, None, None)
        replaced = any(one.replaces_mask for one in decisions)
        moved = shared_masks.versions_moved(ctx.dataset, done[0]["step"]) if replaced else []
        return {"judged": done, "moved": moved, "progress": progress}


def _decision(given: Any) -> Decision:
    """A decision as the panel sends it: on a sample with its key, in the version that was seen."""
    if not isinstance(given, dict):
        raise UsageError("a decision is no object")
    for name in ("sample_id", "key", "seen"):
        required(given, name)
    edits = check_edits(given.get("texts") or ())
    return Decision(
        given["sample_id"],
        text(given.get("verdict")) if edits else required(given, "verdict"),
        phrase=given.get("phrase"),
        note=text(given.get("note")),
        texts=edits,
        mask_from=text(given.get("mask_from")),
        mask_of=text(given.get("mask_of")),
        use_edit=given.get("use_edit") is True,
        painted=given.get("painted"),
        seen=given["seen"],
        key=given["key"],
    )


class MovePair(PanelOperator):
    """Through the queue."""

    operator_name = "move_pair"
    about = "Goes to another pair of a session"

    def answer(self, ctx: Any) -> Answer:
        """The item and its pair."""
        item = self._item(ctx)
        shown = item["sample_id"]
        return {"item": item, "pair": _view(ctx, shown) if shown else None}

    def _item(self, ctx: Any) -> panel_types.QueueItem:
        params = ctx.params
        session, to = required(params, "session"), params.get("to") or "next"
        if to == "position":
            position = _whole(ctx, "position")
            if position is None:
                raise UsageError("position is missing")
            return queue.go_to(ctx.dataset, session, position, reviewer=reviewer_in(ctx))
        if to == "resume":
            return queue.resume(ctx.dataset, session, reviewer=reviewer_in(ctx))
        # From the pair that is shown, which need not be where the reviewer was left.
        pair = text(params.get("sample_id"))
        at = _place(ctx, session, pair) if pair else None
        judged = _flag(ctx, "judged", default=to == "previous")
        if to == "next":
            return queue.next_item(
                ctx.dataset, session, reviewer=reviewer_in(ctx), after=at, judged=judged
            )
        if to == "previous":
            return queue.previous_item(
                ctx.dataset, session, reviewer=reviewer_in(ctx), before=at, judged=judged
            )
        raise UsageError(f"there is no way {to!r}; known: next, position, previous, resume")


class UndoPair(PanelOperator):
    """A step back, or forward again."""

    operator_name = "undo_pair"
    about = "Takes back the newest step, or makes it again"
    risk = types.RiskLevel.MEDIUM

    def answer(self, ctx: Any) -> Answer:
        """What was restored, and the first pair of it."""
        session = text(ctx.params.get("session"))
        go = undoing.redo if _flag(ctx, "redo") else undoing.undo
        done = go(
            ctx.dataset,
            reviewer=reviewer_in(ctx),
            session=session,
            only_mine=_flag(ctx, "only_mine"),
            force=_flag(ctx, "force"),
        )
        first = next(iter(done["sample_ids"]), None)
        if first and session:
            opened = queue.find(ctx.dataset, session)
            places = queue.places_of(opened, map(ObjectId, done["sample_ids"]))
            if places:  # so that going on later does not pass over the pairs
                first = str(min(places, key=places.__getitem__))
                queue.go_to(ctx.dataset, session, min(places.values()), reviewer=reviewer_in(ctx))
        return {"undone": done, "pair": _view(ctx, first) if first else None}


class EditMask(PanelOperator):
    """The editable copy of a mask."""

    operator_name = "edit_mask"
    about = "Makes a mask editable in the App, or takes the copy away"
    risk = types.RiskLevel.MEDIUM

    def answer(self, ctx: Any) -> Answer:
        """How many pairs were changed."""
        do = ctx.params.get("do") or "make"
        if do == "clear":
            return {"made": editable_masks.clear_editable(ctx.dataset, [_pair(ctx)])}
        if do != "make":
            raise UsageError(f"there is no way to edit {do!r}; known: clear, make")
        source = text(ctx.params.get("source")) or SEGMENTATION
        return editable_masks.make_editable(ctx.dataset, [_pair(ctx)], source=source)


class MaskToPaint(PanelOperator):
    """What the brush starts from."""

    operator_name = "mask_to_paint"
    about = "The pixels of a mask, to be painted on"

    def answer(self, ctx: Any) -> Answer:
        """The mask."""
        source = text(ctx.params.get("source")) or SEGMENTATION
        return {"mask": painted_masks.mask_to_paint(ctx.dataset, _pair(ctx), source=source)}


class CurationSession(PanelOperator):
    """Sessions: start, list, resume, rename, finish, delete."""

    operator_name = "curation_session"
    about = "Starts, lists and changes curation sessions"
    risk = types.RiskLevel.MEDIUM

    def answer(self, ctx: Any) -> Answer:
        """The session, or the sessions."""
        do = ctx.params.get("do") or "list"
        if do == "list":
            return {"sessions": sessions.list_sessions(ctx.dataset)}
        if do == "start":
            return {"session": self._start(ctx)}
        session = required(ctx.params, "session")
        if do == "delete":
            sessions.delete(ctx.dataset, session)
            return {"session": None}
        if do == "rename":
            name = required(ctx.params, "name")
            return {"session": sessions.rename(ctx.dataset, session, name)}
        changes: dict[str, Callable[[Any, str], panel_types.SessionView]] = {
            "get": sessions.get, "finish": sessions.finish, "reopen": sessions.reopen
        }  # fmt: skip
        if do not in changes:
            known = ", ".join(sorted(("delete", "list", "rename", "start", *changes)))
            raise UsageError(f"there is nothing to do {do!r} with a session; known: {known}")
        return {"session": changes[do](ctx.dataset, session)}

    def _start(self, ctx: Any) -> panel_types.SessionView:
        params = ctx.params
        return sessions.start(
            ctx.dataset,
            name=text(params.get("name")),
            reviewer=reviewer_in(ctx),
            view=ctx.view if _flag(ctx, "use_view") else None,
            check=text(params.get("check")),
            saved_view=text(params.get("saved_view")),
            severity=text(params.get("severity")),
            include_judged=_flag(ctx, "include_judged"),
            limit=_whole(ctx, "limit"),
            behind=True,
        )


class TakeOpinion(PanelOperator):
    """Settling a disagreement."""

    operator_name = "take_opinion"
    about = "Lets the verdict of one of several reviewers stand"
    risk = types.RiskLevel.MEDIUM

    def answer(self, ctx: Any) -> Answer:
        """The number of the step."""
        step = opinions.take(
            ctx.dataset,
            _pair(ctx),
            required(ctx.params, "of"),
            reviewer=reviewer_in(ctx),
            session=text(ctx.params.get("session")),
        )
        return {"step": step}


class AskOpinion(PanelOperator):
    """Asking for a second opinion."""

    operator_name = "ask_opinion"
    about = "Puts a pair into the queue of another reviewer, or of anybody"

    def answer(self, ctx: Any) -> Answer:
        """The session into which it comes."""
        asked = second_opinions.ask(
            ctx.dataset,
            _pair(ctx),
            of=text(ctx.params.get("of")),
            note=text(ctx.params.get("note")),
            reviewer=reviewer_in(ctx),
        )
        return {"session": asked}


class CurationOverview(PanelOperator):
    """What the panel ``curation`` shows."""

    operator_name = "curation_overview"
    about = "Counts pairs, findings, scores and verdicts"

    def answer(self, ctx: Any) -> Answer:
        """The counts."""
        view = ctx.view if _flag(ctx, "use_view") else None
        key = text(ctx.params.get("eval_key"))
        return {"overview": summary.overview(ctx.dataset, view, eval_key=key)}


PANEL_OPERATORS: tuple[type[PanelOperator], ...] = (
    PairView,
    PairsAhead,
    JudgePairs,
    MovePair,
    UndoPair,
    EditMask,
    MaskToPaint,
    CurationSession,
    TakeOpinion,
    AskOpinion,
    CurationOverview,
)
