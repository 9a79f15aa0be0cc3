"""What the curation panel's figures are about, and which of their bars the grid shows.

A click on a bar changes the App's view, and the figures must not follow it: they stay with the
view that the curator chose, so that the next bar is one click away. A view that is set
otherwise, in the view bar or the sidebar, by a saved view or another operator, is a choice: they
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

from pairlens.fiftyone_plugin.curation.turns import Turns
from pairlens.importers import fo_internals

T = TypeVar("T")

Stages = list[Any]
_LATE = 8
"""Views of quick clicks that are remembered."""
_PANELS = 100
"""Panels that are remembered, the last used: a browser that is closed tells nobody, and what a
panel keeps can be views of many thousands of ids."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The panel's place between two events.

    Attributes:
        base: stages of the view that the figures are about; none for the whole dataset
        bar: the bar that was clicked, as :func:`pairlens.fiftyone_plugin.curation.sessions.view_of`
            takes it
        shown: stages of the view that the click set
        before: stages of views that the App may still tell of: that in which the click was made,
            the base, and those that earlier clicks set, if all that was quick
    """

    base: Stages
    bar: str | None = None
    shown: Stages | None = None
    before: list[Stages] = field(default_factory=list[Stages])


WHOLE = Scope([])


@dataclass(slots=True)
class Kept:
    """What a panel keeps between two events.

    Attributes:
        scope: its place
        seen: whether the view of the scope has arrived in the grid
        evaluation: the scoring of its histogram; blank for the quality, ``None`` for any
    """

    scope: Scope = WHOLE
    seen: bool = False
    evaluation: str | None = None


_kept: OrderedDict[tuple[Any, str | None], Kept] = OrderedDict()
_lock = Lock()


def kept(ctx: Any) -> Kept:
    """What the panel of an event keeps on its dataset; to be changed in place."""
    place = ctx.panel.id, getattr(ctx.dataset, "name", None)
    return _last_used(_kept, place, Kept)


def _last_used(known: OrderedDict[Any, T], place: Any, make: Callable[[], T]) -> T:
    """What is known of a panel, made where nothing is; those used last stay."""
    with _lock:  # events of a panel come in several threads at once
        if place not in known:
            known[place] = make()
        known.move_to_end(place)
        while len(known) > _PANELS:
            known.popitem(last=False)
        return known[place]


_turns: OrderedDict[Any, Turns] = OrderedDict()


def turns_of(ctx: Any) -> Turns:
    """The counts of the panel of an event, whatever dataset they are of."""
    return _last_used(_turns, ctx.panel.id, Turns)


def scope_of(ctx: Any) -> Scope:
    """The scope that the panel keeps, or the whole dataset."""
    return kept(ctx).scope


def keep(ctx: Any, scope: Scope) -> None:
    """Keeps a scope whose view has not been seen yet."""
    mine = kept(ctx)
    mine.scope, mine.seen = scope, False


def follow(ctx: Any) -> Scope | None:
    """The new scope after the App's view has changed; ``None`` where it stays as it is.

    The App tells of a change several times and late: of an earlier view after the next click,
    of a view before it is shown. So nothing is counted again that is as it was, and a view from
    before a click counts as a choice only when what was clicked has been seen.
    """
    mine, at = kept(ctx), _plain(ctx.request_params.get("view"))
    # Filters of the sidebar are no part of the view that the App tells of.
    filtered = mine.scope.bar is None and ctx.request_params.get("filters")
    if at == mine.scope.shown:
        mine.seen = True
        if not filtered:
            return None
    if at in mine.scope.before and not mine.seen:
        return None
    now = WHOLE if ctx.view is None else Scope(stages_of(ctx.view))
    if mine.scope.bar is None and mine.scope.base == now.base:
        return None
    keep(ctx, now)
    return now


def go(ctx: Any, base: Stages, bar: str | None, shown: Stages) -> Scope:
    """The scope after a click that shows a bar's pairs or, without one, what it is of."""
    mine = kept(ctx)
    last = mine.scope
    late = [] if last.shown is None or mine.seen else [last.shown, *last.before]
    before = [_plain(ctx.request_params.get("view")), base, *late]
    scope = Scope(base, bar, shown, before[:_LATE])
    keep(ctx, scope)
    return scope


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
