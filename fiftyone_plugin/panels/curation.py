"""The panel beside the grid: what is in the dataset, how bad it is, and the sessions over it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import fiftyone.operators.types as types
from bson import ObjectId
from fiftyone.operators.categories import Categories
from fiftyone.operators.constants import ViewTarget
from fiftyone.operators.panel import Panel, PanelConfig

from pairlens.fiftyone_plugin import PLUGIN_NAME
from pairlens.fiftyone_plugin.curation import bulk, queue, sessions, sharing, summary, team, undoing
from pairlens.fiftyone_plugin.curation.latest_count import Superseded
from pairlens.fiftyone_plugin.operators.base import required, reviewer_in, text
from pairlens.fiftyone_plugin.operators.wording import in_app
from pairlens.fiftyone_plugin.panels import curation_scope
from pairlens.fiftyone_plugin.panels.curation_facts import STEPS, facts_of
from pairlens.fiftyone_plugin.panels.curation_scope import (
    WHOLE,
    Scope,
    scope_of,
    view_in,
)
from pairlens.importers import fo_internals, store
from pairlens.importers.errors import PairLensError, UnknownName, UsageError

COMPONENT = "PairLensCuration"
Answer = dict[str, Any]

_MANY = 50_000
"""Samples of which the grid is shown first: counting them takes the database from it."""
_GRID_FIRST = 1.5
"""Seconds in which it should be there."""

_TEXTS = ("name", "reviewer", "check", "severity", "saved_view")
"""What the form of a new session may hold."""

_FLAGS = ("include_judged", "warnings", "disagreements")


def _wait(dataset: Any) -> float:
    """Seconds for which figures wait for the grid, which is loaded at the same time."""
    if dataset is None:
        return 0
    large = fo_internals.collection(dataset).estimated_document_count() > _MANY
    return _GRID_FIRST if large else 0


def _answering(method: Callable[[Any, Any], Answer]) -> Callable[[Any, Any], Answer]:
    """Tells the App of an error in the sentence that the command line would print."""

    @wraps(method)
    def answer(self: Any, ctx: Any) -> Answer:
        try:
            return {"ok": True} | method(self, ctx)
        except PairLensError as error:
            said = in_app(str(error))
            ctx.ops.notify(said, variant="error")
            return {"ok": False, "message": said}

    return answer


class CurationPanel(Panel):
    """The panel ``curation`` of the grid; drawn by a component of its own."""

    @property
    def config(self) -> PanelConfig:
        """The configuration of the panel."""
        return PanelConfig(
            name="curation",
            label="Curation",
            icon="fact_check",
            category=Categories.CURATE,
            surfaces="grid",
        )

    def render(self, ctx: Any) -> types.Property:
        """The component, with the methods that it may call."""
        view = types.View(
            component=COMPONENT,
            composite_view=True,
            refresh=self.refresh,
            show=self.show,
            reset=self.reset,
            leave=self.leave,
            choose=self.choose,
            step=self.step,
            start=self.start,
            resume=self.resume,
            change=self.change,
            judge=self.judge,
            take_back=self.take_back,
            share=self.share,
            team=self.team,
        )
        return types.Property(types.Object(), view=view)

    def on_load(self, ctx: Any) -> None:
        """Shows the figures of the view that is open."""
        self._count(ctx, curation_scope.anew(ctx) or scope_of(ctx), wait=_wait(ctx.dataset))

    def on_unload(self, ctx: Any) -> None:
        """Takes out of the grid what the panel that is closed has it show."""
        if scope_of(ctx).bar is not None:
            curation_scope.keep(ctx, WHOLE)
            ctx.ops.set_extended_selection(reset=True)

    def on_change_view(self, ctx: Any) -> None:
        """Follows the view, unless the panel itself has set it."""
        scope = curation_scope.follow(ctx)
        if scope is not None:
            self._count(ctx, scope, wait=_wait(ctx.dataset))

    def on_change_dataset(self, ctx: Any) -> None:
        """Resets the panel and counts the new dataset."""
        curation_scope.state_of(ctx).evaluation = None
        curation_scope.keep(ctx, WHOLE)
        self._count(ctx, WHOLE, wait=_wait(ctx.dataset))

    def on_change_current_sample(self, ctx: Any) -> None:
        """Counts again when a sample is closed, since it may have got a verdict."""
        if not ctx.current_sample:
            self._count(ctx, scope_of(ctx))

    def refresh(self, ctx: Any) -> None:
        """Counts again."""
        self._count(ctx, scope_of(ctx))

    def choose(self, ctx: Any) -> None:
        """Draws the histogram of another evaluation, of the quality where ``key`` is blank."""
        curation_scope.state_of(ctx).evaluation = text(ctx.params.get("key")) or ""
        self._count(ctx, scope_of(ctx))

    @_answering
    def show(self, ctx: Any) -> Answer:
        """Shows the pairs of ``bar`` in the grid, worst first."""
        self._show(ctx, required(ctx.params, "bar"))
        return {}

    @_answering
    def reset(self, ctx: Any) -> Answer:
        """Shows what the figures are about; where it does already, the whole dataset."""
        scope = scope_of(ctx)
        if scope.bar is None:
            self._mark(ctx, curation_scope.go(ctx, [], None, []))
            ctx.ops.clear_view()
        else:
            self._leave(ctx, scope)
        if scope_of(ctx).base != scope.base:
            self._count(ctx, scope_of(ctx))
        return {}

    @_answering
    def leave(self, ctx: Any) -> Answer:
        """Follows the App, in which something else than the bar is shown now."""
        scope = scope_of(ctx)
        if scope.bar is not None:
            curation_scope.keep(ctx, curation_scope.chosen(ctx))
            self._count(ctx, scope_of(ctx))
        return {}

    @_answering
    def step(self, ctx: Any) -> Answer:
        """Opens the form of a step of the work, and counts again when that is done.

        The step is for what the figures are about, not for a session or bar that the grid shows;
        the form lets people choose.
        """
        name = required(ctx.params, "step")
        if name not in STEPS:
            raise UnknownName("step", name, STEPS)
        params = {} if scope_of(ctx).base else {"view_target": ViewTarget.DATASET}
        ctx.prompt(f"{PLUGIN_NAME}/{STEPS[name]}", params=params, on_success=self.refresh)
        return {}

    @_answering
    def start(self, ctx: Any) -> Answer:
        """Starts a session over the view, a check, a severity, a saved view or all findings."""
        given = {name: text(value) for name, value in ctx.params.items() if name in _TEXTS}
        view = ctx.view if ctx.params.get("use_view") else None
        given["reviewer"] = reviewer_in(ctx)
        flags = {name: bool(ctx.params.get(name)) for name in _FLAGS}
        start: Any = sessions.start
        session = start(ctx.dataset, view=view, behind=True, **flags, **given)
        return self._open(ctx, session["id"])

    @_answering
    def share(self, ctx: Any) -> Answer:
        """Shares pairs out among reviewers, and opens the session of the one who asks for it."""
        params, who = ctx.params, reviewer_in(ctx)
        parts = sharing.share(
            ctx.dataset,
            among=str(params.get("among") or "").split(","),
            by=text(params.get("by")) or "count",
            overlap=float(params.get("overlap") or 0) / 100,
            reviewer=who,
            name=text(params.get("name")),
            include_judged=params.get("include_judged") is True,
            over={
                "view": ctx.view if params.get("use_view") else None,
                "warnings": params.get("warnings") is True,
                **{name: text(params.get(name)) for name in ("check", "severity", "saved_view")},
            },
        )
        self._count(ctx, scope_of(ctx))
        return {"sessions": parts, "mine": [one["id"] for one in parts if one["reviewer"] == who]}

    @_answering
    def team(self, ctx: Any) -> Answer:
        """How well the reviewers agree, and how fast they are."""
        return {"team": team.team(ctx.dataset)}

    @_answering
    def resume(self, ctx: Any) -> Answer:
        """Shows a session's queue in the grid and says which pair is the reviewer's."""
        return self._open(ctx, required(ctx.params, "session"))

    @_answering
    def change(self, ctx: Any) -> Answer:
        """Renames, finishes, reopens or deletes a session."""
        name, session = required(ctx.params, "do"), required(ctx.params, "session")
        changes: dict[str, Callable[[], Any]] = {
            "rename": lambda: sessions.rename(ctx.dataset, session, required(ctx.params, "name")),
            "finish": lambda: sessions.finish(ctx.dataset, session),
            "reopen": lambda: sessions.reopen(ctx.dataset, session),
            "delete": lambda: sessions.delete(ctx.dataset, session),
        }
        if name not in changes:
            raise UnknownName("change of a session", name, changes)
        changes[name]()
        self._count(ctx, scope_of(ctx))
        return {}

    @_answering
    def judge(self, ctx: Any) -> Answer:
        """One verdict on the selected pairs, else on those of the bar that is shown.

        With ``count`` nothing is written: it is told how many they are, and how many another
        reviewer judged.
        """
        params, ids = ctx.params, self._meant(ctx)
        who = reviewer_in(ctx) or ""
        if params.get("count"):
            return {"pairs": len(ids), "others": bulk.judged_by_others(ctx.dataset, ids, who)}
        done = bulk.judge_alike(
            ctx.dataset,
            ids,
            required(params, "verdict"),
            reviewer=who,
            note=text(params.get("note")),
            session=text(params.get("session")),
            over_others=params.get("over_others") is True,
        )
        ctx.ops.reload_samples()
        self._count(ctx, scope_of(ctx))
        return {"done": done}

    @_answering
    def take_back(self, ctx: Any) -> Answer:
        """Takes the reviewer's newest step back."""
        session = text(ctx.params.get("session"))
        done = undoing.undo(ctx.dataset, reviewer=reviewer_in(ctx), session=session, only_mine=True)
        ctx.ops.reload_samples()
        self._count(ctx, scope_of(ctx))
        return {"done": done}

    def _meant(self, ctx: Any) -> list[ObjectId]:
        """The samples that are selected in the grid, else those of the bar that it shows."""
        if ctx.selected:
            return [ObjectId(one) for one in ctx.selected]
        scope = scope_of(ctx)
        if scope.bar is None:
            raise UsageError("select pairs in the grid, or click a bar")
        base = None if scope.bar.startswith("session:") else view_in(ctx, scope)
        view = summary.view_of(ctx.dataset, scope.bar, view=base)
        ids = [one["_id"] for one in store.stream(view, ("_id",))]
        if not ctx.request_params.get("filters"):
            return ids
        # Of a bar's pairs the grid shows those that the sidebar leaves.
        left = {one["_id"] for one in store.stream(ctx.view, ("_id",))}
        return [one for one in ids if one in left]

    def _open(self, ctx: Any, session: str) -> Answer:
        """Shows a session's queue, and says which pair comes first.

        A pass over all pairs would keep the reviewer waiting; they are counted when the pair is
        closed.
        """
        item = queue.resume(ctx.dataset, session, reviewer=reviewer_in(ctx))
        self._show(ctx, f"session:{item['session']}")
        return {"item": item}

    def _show(self, ctx: Any, bar: str) -> None:
        """Shows a bar's pairs in the grid."""
        scope = scope_of(ctx)
        behind = curation_scope.behind_of(summary.view_of(ctx.dataset, bar))
        # A session is of the dataset: its queue is not cut down to the view.
        view = [] if bar.startswith("session:") else None
        # First what it is for: the App may tell of it before it reads what follows.
        self._mark(ctx, curation_scope.go(ctx, scope.base, bar, view, behind))
        if view is not None and curation_scope.at_click(ctx):
            ctx.ops.clear_view()

    def _leave(self, ctx: Any, scope: Scope) -> None:
        """Shows what the bar was clicked in."""
        view = scope.view if scope.view != curation_scope.at_click(ctx) else None
        now = curation_scope.chosen(ctx).base if view is None else scope.base
        self._mark(ctx, curation_scope.go(ctx, now, None, view))
        if view:
            ctx.ops.set_view(view=view_in(ctx, Scope(view)))
        elif view is not None:
            ctx.ops.clear_view()

    def _count(self, ctx: Any, scope: Scope, *, wait: float = 0) -> None:
        """Counts, and sends the component the figures, unless it asks for others meanwhile."""
        self._mark(ctx, scope)
        with suppress(Superseded):
            with curation_scope.counts_of(ctx).run(wait):
                facts = facts_of(ctx, scope)
            ctx.panel.set_data("facts", facts)

    def _mark(self, ctx: Any, scope: Scope) -> None:
        """Tells the component which bar the grid shows, and by which stages."""
        ctx.panel.set_data("bar", scope.bar)
        ctx.panel.set_data("behind", scope.behind)
