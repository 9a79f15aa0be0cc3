"""What the curation panel's figures are about, and which of their bars the grid shows.

A click on a bar has the grid show the bar's pairs by stages of their own behind the App's view, as
the App does itself for what is selected in a plot: a new view has it load the dataset's page again,
which takes most of a click's time. The figures must not follow those stages: they stay with the
view that the curator chose, so that the next bar is one click away. A view that is set in the view
bar or the sidebar, by a saved view or another operator, or a selection in a plot, is a choice: they
follow it.

What a panel keeps between two events lies in the server's memory, and not in the panel's state:
the App stores that among its panels' places, and whenever those change it loads the dataset's page
again, takes back the filters of the sidebar that led to the change, and counts everything anew.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from bson import json_util

from pairlens.fiftyone_plugin.curation.latest_count import CountRunner
from pairlens.importers import fo_internals

T = TypeVar("T")

Stages = list[Any]
Behind = dict[str, Any]
"""Stages behind the App's view as it takes them: arguments by class."""
_LATE = 8
"""What quick clicks have set that is remembered."""
_PANELS = 100
"""Panels that are remembered, the last used: a browser that is closed tells nobody, and what a
panel keeps can be views of many thousands of ids."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The panel's place between two events.

    Attributes:
        base: stages of the view that the figures are about; none for the whole dataset
        bar: the bar that was clicked, as :func:`pairlens.fiftyone_plugin.curation.summary.view_of`
            takes it
        view: stages of the App's view that the curator chose, to which leaving the bar goes back
        behind: what shows the bar's pairs, where the grid shows them
        shown: what the App tells of its view and of what is behind it when it shows that
        before: what it may still tell of: that in which the click was made, and what earlier clicks
            set, if all that was quick
    """

    base: Stages
    bar: str | None = None
    view: Stages = field(default_factory=list[Any])
    behind: Behind | None = None
    shown: Stages | None = None
    before: list[Stages] = field(default_factory=list[Stages])


WHOLE = Scope([])


@dataclass(slots=True)
class PanelState:
    """What a panel keeps between two events.

    Attributes:
        scope: its place
        seen: whether the view of the scope has arrived in the grid
        evaluation: the scoring of its histogram; blank for the quality, ``None`` for any
        own: what clicks have set behind the App's view, the newest first
    """

    scope: Scope = WHOLE
    seen: bool = False
    evaluation: str | None = None
    own: list[Behind] = field(default_factory=list[Behind])


_kept: OrderedDict[tuple[Any, str | None], PanelState] = OrderedDict()
_lock = Lock()


def state_of(ctx: Any) -> PanelState:
    """What the panel of an event keeps on its dataset; to be changed in place."""
    place = ctx.panel.id, getattr(ctx.dataset, "name", None)
    return _last_used(_kept, place, PanelState)


def _last_used(known: OrderedDict[Any, T], place: Any, make: Callable[[], T]) -> T:
    """What is known of a panel, made where nothing is; those used last stay."""
    with _lock:  # events of a panel come in several threads at once
        if place not in known:
            known[place] = make()
        known.move_to_end(place)
        while len(known) > _PANELS:
            known.popitem(last=False)
        return known[place]


_counts: OrderedDict[Any, CountRunner] = OrderedDict()


def counts_of(ctx: Any) -> CountRunner:
    """The counts of the panel of an event, whatever dataset they are of."""
    return _last_used(_counts, ctx.panel.id, CountRunner)


def scope_of(ctx: Any) -> Scope:
    """The scope that the panel keeps, or the whole dataset."""
    return state_of(ctx).scope


def keep(ctx: Any, scope: Scope) -> None:
    """Keeps a scope whose view has not been seen yet."""
    mine = state_of(ctx)
    mine.scope, mine.seen = scope, False


def follow(ctx: Any) -> Scope | None:
    """The new scope after the App's view has changed; ``None`` where it stays as it is.

    The App tells of a change several times and late: of an earlier view after the next click,
    of a view before it is shown. So nothing is counted again that is as it was, and what was there
    before a click counts as a choice only when what was clicked has been seen.
    """
    mine, at = state_of(ctx), _told(ctx)
    # Filters of the sidebar are no part of the view that the App tells of.
    filtered = mine.scope.bar is None and ctx.request_params.get("filters")
    if at == mine.scope.shown:
        mine.seen = True
        if not filtered:
            return None
    if at in mine.scope.before and not mine.seen:
        return None
    now = chosen(ctx)
    if mine.scope.bar is None and mine.scope.base == now.base:
        return None
    keep(ctx, now)
    return now


def anew(ctx: Any) -> Scope | None:
    """The new scope on a page that was loaded again, on which nothing is behind the view yet."""
    state_of(ctx).seen = False
    return follow(ctx)


def chosen(ctx: Any) -> Scope:
    """The scope of what the curator chose: the App's view with the filters of the sidebar."""
    if ctx.request_params.get("extended") in state_of(ctx).own:
        ctx.request_params = {n: v for n, v in ctx.request_params.items() if n != "extended"}
    return WHOLE if ctx.view is None else Scope(stages_of(ctx.view))


def go(
    ctx: Any, base: Stages, bar: str | None, view: Stages | None = None, behind: Any = None
) -> Scope:
    """The scope after a click that shows a bar's pairs or, without one, what it is of.

    Args:
        ctx: of the click
        base: stages of the view that the figures are about
        bar: its name
        view: stages of the view that the click sets, if it sets one
        behind: stages that show the bar's pairs behind it
    """
    mine, now = state_of(ctx), at_click(ctx)
    last = mine.scope
    coming = last.shown is not None and not mine.seen
    before = [_told(ctx), *(_with(now, each) for each in mine.own)]
    before += [last.shown, *last.before] if last.shown is not None and coming else []
    theirs = last.view if coming or last.bar is not None else now
    if view is None:
        view = theirs if coming else now
    else:  # of two changes the App may tell one by one
        before = [_with(now, behind), view, *before]
    own = theirs if bar is not None else view
    scope = Scope(base, bar, own, behind, _with(view, behind), before[: 2 * _LATE])
    keep(ctx, scope)
    if behind:
        mine.own = [behind, *mine.own][:_LATE]
    return scope


def at_click(ctx: Any) -> Stages:
    """Stages of the App's view, as far as it is the curator's."""
    return _plain(ctx.request_params.get("view"))


def _told(ctx: Any) -> Stages:
    """What an event tells of the App's view and of what is behind it."""
    return _with(at_click(ctx), ctx.request_params.get("extended"))


def _with(view: Stages, behind: Behind | None) -> Stages:
    return [*view, behind] if behind else view


def view_in(ctx: Any, scope: Scope) -> Any:
    """The view that the figures are about, ``None`` for the whole dataset.

    Stages that the dataset no longer bears, such as those of a deleted field, are dropped.
    """
    if not scope.base:
        return None
    try:
        return fo_internals.view_from_stages(ctx.dataset, json_util.loads(json.dumps(scope.base)))
    except Exception:  # whatever a stage of anybody's can raise
        keep(ctx, WHOLE)
        return None


def stages_of(view: Any) -> Stages:
    """A view's stages as plain data."""
    return _plain(fo_internals.stages(view))


def _plain(stages: Any) -> Stages:
    """Stages as they come back from a browser, without the ids that it gives them."""
    plain = json.loads(json_util.dumps(stages or []))
    return [{name: value for name, value in one.items() if name != "_uuid"} for one in plain]


def behind_of(view: Any) -> Behind:
    """The stages of a view of the whole dataset, of which no two have a class, for the App."""
    return {stage["_cls"]: dict(stage["kwargs"]) for stage in stages_of(view)}
