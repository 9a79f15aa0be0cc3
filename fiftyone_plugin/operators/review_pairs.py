"""Set, take back, write and apply verdicts."""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from fiftyone_plugin import reports
from fiftyone_plugin.curation import decisions, review
from fiftyone_plugin.curation.review_fields import VERDICTS
from fiftyone_plugin.operators.base import PairOperator, Work, required, text
from fiftyone_plugin.operators.forms import add_choice
from importers import fields, store
from importers.errors import UsageError

_ACTIONS = {
    "set": "Set a verdict on the selected pairs",
    "undo": "Take back the newest step",
    "status": "Count the verdicts",
    "dump": "Write the decisions file",
    "apply": "Apply a decisions file",
}


class ReviewPairs(PairOperator):
    """``pairlens review`` in the App."""

    operator_name = "review_pairs"
    title = "review pairs"
    about = "Sets verdicts on the selected pairs, takes them back, dumps and applies them"
    icon = "rate_review"
    risk = types.RiskLevel.MEDIUM
    long = False

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields."""
        add_choice(inputs, "action", _ACTIONS, default="set", label="What to do")
        action = ctx.params.get("action") or "set"
        if action in ("dump", "apply"):
            inputs.str("file", required=True, label="Decisions file")
        if action != "set":
            return
        selected = _selected(ctx)
        if ctx.params.get("keys"):
            selected = ctx.params["keys"]
        elif not selected:
            label = "Select the pairs in the grid, or open one"
            inputs.view("nothing", types.Warning(label=label)).invalid = True
            return
        add_choice(
            inputs, "verdict", {v: v for v in VERDICTS}, default="keep",
            label=f"Verdict on {len(selected):,} pair{'s' * (len(selected) != 1)}",
        )  # fmt: skip
        if len(selected) == 1 and ctx.params.get("verdict") == "fix":
            inputs.str("phrase", label="Phrase", description="the corrected one")
        inputs.str("note", label="Note")

    def work(self, ctx: Any) -> Work:
        """Reviews."""
        dataset, params = ctx.dataset, ctx.params
        action = params.get("action") or "set"
        if action not in _ACTIONS:
            raise UsageError(f"there is no action {action!r}; known: {', '.join(_ACTIONS)}")
        if action == "dump":
            file = required(params, "file")
            return lambda progress: reports.of_dump(decisions.dump(dataset, file), file)
        if action == "apply":
            file = required(params, "file")
            return lambda progress: reports.of_apply(decisions.apply(dataset, file))
        if action == "set":
            verdicts = self._verdicts(ctx)
            return lambda progress: _set(dataset, verdicts, ctx.user_id)
        if action == "undo":
            return lambda progress: _undo(dataset, ctx.user_id)
        return lambda progress: reports.of_status(review.status(dataset))

    def _verdicts(self, ctx: Any) -> list[review.Verdict]:
        params = ctx.params
        keys = params.get("keys") or _keys(ctx.dataset, _selected(ctx))
        if not keys:
            raise UsageError("no pair is selected; select some in the grid, or open one")
        verdict = required(params, "verdict")
        phrase, note = text(params.get("phrase")), text(params.get("note"))
        return [review.Verdict(key, verdict, phrase, note) for key in keys]


def _selected(ctx: Any) -> list[str]:
    """Ids of the selected samples, else of the one that is open."""
    return list(ctx.selected) or ([ctx.current_sample] if ctx.current_sample else [])


def _keys(dataset: Any, ids: list[str]) -> list[str]:
    chosen = dataset.select(ids, ordered=True)
    return [doc[fields.KEY] for doc in store.stream(chosen, (fields.KEY,))] if ids else []


def _set(dataset: Any, verdicts: list[review.Verdict], user: str | None) -> reports.Report:
    count = review.set_verdicts(dataset, verdicts, reviewer=user)
    return reports.of_status(review.status(dataset), f"{count:,} verdicts set.")


def _undo(dataset: Any, user: str | None) -> reports.Report:
    count = review.undo(dataset, reviewer=user)
    return reports.of_status(review.status(dataset), f"{count:,} verdicts taken back.")
