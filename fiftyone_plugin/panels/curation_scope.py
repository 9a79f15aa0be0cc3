"""What the curation panel's figures are about, and which of their bars the grid shows.

A click on a bar changes the App's view, and the figures must not follow it: they stay with the
view that the curator chose, so that the next bar is one click away. A view that is set
otherwise, in the view bar or by a saved view or another operator, is a choice: they follow it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from bson import json_util

from pairlens.importers import fo_internals

Stages = list[Any]
STATE = "scope"
_SEEN = "seen"
"""Where the panel's state has the scope whose view has arrived in the grid."""
_LATE = 8
"""Views of quick clicks that are remembered."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The panel's place between two events, kept in the panel's state.

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

    def to_text(self) -> str:
        """For the panel's state, which merges what is not a text."""
        return json.dumps(asdict(self))


WHOLE = Scope([])


def scope_of(ctx: Any) -> Scope:
    """The scope as the panel's state has it, or the whole dataset."""
    try:
        stored = json.loads(ctx.panel.get_state(STATE) or "")
        return Scope(list(stored["base"]), stored["bar"], stored["shown"], list(stored["before"]))
    except (TypeError, ValueError, KeyError):
        return WHOLE


def keep(ctx: Any, scope: Scope) -> None:
    """Puts the scope into the panel's state."""
    ctx.panel.set_state(STATE, scope.to_text())


def follow(ctx: Any) -> Scope | None:
    """The new scope after the App's view has changed; ``None`` where it stays as it is.

    The App tells of a change several times and late: of an earlier view after the next click,
    of a view before it is shown. So nothing is written that is as it was, and a view from
    before a click counts as a choice only when what was clicked has been seen.
    """
    scope, at = scope_of(ctx), _plain(ctx.request_params.get("view"))
    if at == scope.shown:
        ctx.panel.set_state(_SEEN, scope.to_text())
        return None
    if at in scope.before and not _is_seen(ctx, scope):
        return None
    now = WHOLE if ctx.view is None else Scope(stages_of(ctx.view))
    if scope.bar is None and scope.base == now.base:
        return None
    keep(ctx, now)
    return now


def go(ctx: Any, base: Stages, bar: str | None, shown: Stages) -> Scope:
    """The scope after a click that shows a bar's pairs or, without one, what it is of."""
    last = scope_of(ctx)
    late = [] if last.shown is None or _is_seen(ctx, last) else [last.shown, *last.before]
    before = [_plain(ctx.request_params.get("view")), base, *late]
    scope = Scope(base, bar, shown, before[:_LATE])
    ctx.panel.set_state(_SEEN, None)
    keep(ctx, scope)
    return scope


def _is_seen(ctx: Any, scope: Scope) -> bool:
    return ctx.panel.get_state(_SEEN) == scope.to_text()


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
