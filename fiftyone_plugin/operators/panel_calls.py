"""What the panels' JavaScript calls: one function each, plain JSON in and out.

None is listed in the operator browser. A refusal is an answer like any other, so that a panel
can tell a conflict from a mistake: ``{"ok": false, "kind", "message"}``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import fiftyone.operators as foo
import fiftyone.operators.types as types

from pairlens.fiftyone_plugin.curation import (
    evidence,
    mask_replacement,
    panel_types,
    queue,
    sessions,
    summary,
    verdicts,
)
from pairlens.fiftyone_plugin.curation.review_fields import Conflict
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.operators.base import required, text
from pairlens.importers import working_set
from pairlens.importers.errors import PairLensError, StateError, UsageError
from pairlens.importers.fields import SEGMENTATION
from pairlens.importers.upgrade import complete_schema

Answer = dict[str, Any]


class PanelOperator(foo.Operator):
    """A call of a panel.

    Subclasses set the class attributes and implement :meth:`answer`.
    """

    operator_name: ClassVar[str]
    about: ClassVar[str]
    risk: ClassVar[types.RiskLevel] = types.RiskLevel.LOW

    @property
    def config(self) -> foo.OperatorConfig:
        """The configuration of the operator."""
        return foo.OperatorConfig(
            name=self.operator_name,
            label=f"PairLens panel: {self.operator_name.replace('_', ' ')}",
            description=self.about,
            unlisted=True,
            risk_level=self.risk,
        )

    def answer(self, ctx: Any) -> Answer:
        """Handles the call."""
        raise NotImplementedError

    def execute(self, ctx: Any) -> Answer:
        """Handles the call; a PairLens error becomes an answer with its message."""
        try:
            if not working_set.is_imported(ctx.dataset):
                raise StateError("the dataset was not imported by PairLens")
            complete_schema(ctx.dataset)
            return {"ok": True} | self.answer(ctx)
        except Conflict as error:
            return {
                "ok": False, "kind": "conflict", "message": str(error), "conflict": error.facts
            }  # fmt: skip
        except PairLensError as error:
            kind = "usage" if isinstance(error, UsageError) else "state"
            return {"ok": False, "kind": kind, "message": str(error)}


def _pair(ctx: Any) -> str:
    """The sample id or key of the pair that is meant: the one named, else the open one."""
    named = text(ctx.params.get("sample_id")) or text(ctx.params.get("key"))
    pair = named or ctx.current_sample
    if not pair:
        raise UsageError("no pair is named and none is open")
    return str(pair)


def _who(ctx: Any) -> str | None:
    return text(ctx.params.get("reviewer")) or ctx.user_id


def _view(ctx: Any, pair: str) -> panel_types.PairView:
    session = text(ctx.params.get("session"))
    return evidence.pair_view(ctx.dataset, pair, session=session)


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


class JudgePair(PanelOperator):
    """A verdict, and the next pair."""

    operator_name = "judge_pair"
    about = "Sets the verdict on one pair"
    risk = types.RiskLevel.MEDIUM

    def answer(self, ctx: Any) -> Answer:
        """The verdict as it is stored, the next item of the session, and the next pair."""
        params, who = ctx.params, _who(ctx)
        session = text(params.get("session"))
        done = judge(
            ctx.dataset,
            _pair(ctx),
            required(params, "verdict"),
            session=session,
            reviewer=who,
            phrase=params.get("phrase"),
            note=text(params.get("note")),
            mask_from=text(params.get("mask_from")),
            use_edit=_flag(ctx, "use_edit"),
            seen=text(params.get("seen")),
            force=_flag(ctx, "force"),
        )
        item = None
        if session is not None and _flag(ctx, "advance", default=True):
            at = _place(ctx, session, done["sample_id"])
            item = queue.next_item(ctx.dataset, session, reviewer=who, after=at)
        shown = (item["sample_id"] if item else None) or done["sample_id"]
        return {"judged": done, "next": item, "pair": _view(ctx, shown)}


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
            return queue.go_to(ctx.dataset, session, position, reviewer=_who(ctx))
        if to == "resume":
            return queue.resume(ctx.dataset, session, reviewer=_who(ctx))
        # From the pair that is shown, which need not be where the reviewer was left.
        pair = text(params.get("sample_id"))
        at = _place(ctx, session, pair) if pair else None
        judged = _flag(ctx, "judged", default=to == "previous")
        if to == "next":
            return queue.next_item(
                ctx.dataset, session, reviewer=_who(ctx), after=at, judged=judged
            )
        if to == "previous":
            return queue.previous_item(
                ctx.dataset, session, reviewer=_who(ctx), before=at, judged=judged
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
        go = verdicts.redo if _flag(ctx, "redo") else verdicts.undo
        done = go(
            ctx.dataset,
            reviewer=_who(ctx),
            session=session,
            only_mine=_flag(ctx, "only_mine"),
            force=_flag(ctx, "force"),
        )
        first = next(iter(done["sample_ids"]), None)
        if first and session:
            place = _place(ctx, session, first)
            if place is not None:  # so that going on later does not pass over the pair
                queue.go_to(ctx.dataset, session, place, reviewer=_who(ctx))
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
            return {"made": mask_replacement.clear_editable(ctx.dataset, [_pair(ctx)])}
        if do != "make":
            raise UsageError(f"there is no way to edit {do!r}; known: clear, make")
        source = text(ctx.params.get("source")) or SEGMENTATION
        return mask_replacement.make_editable(ctx.dataset, [_pair(ctx)], source=source)


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
            reviewer=_who(ctx),
            view=ctx.view if _flag(ctx, "use_view") else None,
            check=text(params.get("check")),
            saved_view=text(params.get("saved_view")),
            severity=text(params.get("severity")),
            include_judged=_flag(ctx, "include_judged"),
            limit=_whole(ctx, "limit"),
        )


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
    JudgePair,
    MovePair,
    UndoPair,
    EditMask,
    CurationSession,
    CurationOverview,
)
