"""Set, take back, write and apply verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import reports
from pairlens.fiftyone_plugin.curation import decisions, errata, undoing
from pairlens.fiftyone_plugin.curation.texts import VERDICTS, VerdictKind
from pairlens.fiftyone_plugin.curation.verdicts import Verdict, set_verdicts
from pairlens.fiftyone_plugin.operators.base import PairOperator, reviewer_in, waits_for_result
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.reviewing import NOTE, PHRASE, REVIEWER, counted
from pairlens.fiftyone_plugin.steps.step import ITSELF, OVERWRITE, Option, Texts, Watch, step
from pairlens.importers import fields, fo_internals, store
from pairlens.importers.errors import StateError, UsageError

_ACTIONS = {
    "set": "Set a verdict on the selected pairs",
    "undo": "Take back the newest step",
    "status": "Count the verdicts",
    "dump": "Write the decisions file",
    "apply": "Apply a decisions file",
}


@step(
    "review",
    "Sets verdicts on the selected pairs, takes them back, dumps and applies them",
    Option("action", "what is done", default="set", choices=lambda: _ACTIONS, label="What to do"),
    Option(
        "file",
        "one verdict a line, as JSON, with hashes of what it was made on: it can be applied to "
        "another copy of the dataset; such as /data/decisions.jsonl",
        label="Decisions file",
        path=True,
    ),
    Option("keys", "pairs to judge; by default those that are selected", Texts, (), in_form=False),
    Option("verdict", "on each of them", choices=VERDICTS, preset=VerdictKind.KEEP.value),
    PHRASE,
    NOTE,
    replace(REVIEWER, in_form=False),
    operator="review_pairs",
)
def review_pairs(
    samples: Any,
    watch: Watch,
    *,
    action: str,
    file: str | None,
    keys: Texts,
    verdict: str | None,
    phrase: str | None,
    note: str | None,
    reviewer: str | None,
) -> Report:
    """Reviews."""
    dataset = fo_internals.dataset_of(samples)
    if action in ("undo", "apply") and fo_internals.is_view(samples):
        raise UsageError(
            f"{action} goes over the whole dataset; give the dataset, not a view of it"
        )
    if action == "set":
        if not keys:
            raise UsageError("no pair is selected; select some in the grid, or open one")
        _check_in_view(samples, keys)
        given = [Verdict(key, _required_value(verdict, "verdict"), phrase, note) for key in keys]
        count = set_verdicts(dataset, given, reviewer=reviewer)
        return counted(samples, f"{reports.verdicts(count)} set.")
    if action == "undo":
        count = undoing.undo(dataset, reviewer=reviewer, force=True)["pairs"]
        return counted(samples, f"{reports.verdicts(count)} undone.")
    if action == "dump":
        file = _required_value(file, "file")
        return reports.of_dump(decisions.dump(samples, file), file)
    if action == "apply":
        return reports.of_apply(dict(errata.apply(dataset, _required_value(file, "file"))))
    if action == "status":
        return counted(samples)
    raise UsageError(f"there is no action {action!r}; known: {', '.join(_ACTIONS)}")


class ReviewPairs(PairOperator):
    """``pairlens review`` in the App."""

    step = review_pairs
    title = "review pairs"
    icon = "rate_review"
    risk = types.RiskLevel.MEDIUM
    long = False

    def samples(self, ctx: Any) -> Any:
        """In the App the whole dataset, but where a view has its own verdicts to count or write."""
        of_view = (ctx.params.get("action") or "set") in ("status", "dump")
        return ctx.target_view() if of_view or not waits_for_result(ctx) else ctx.dataset

    def options(self, ctx: Any) -> dict[str, Option]:
        """With those that the chosen action takes, for the pairs that are selected."""
        options = super().options(ctx)
        action = ctx.params.get("action") or "set"
        keys: list[str] = []
        if action == "set":
            keys = ctx.params.get("keys") or _keys(ctx.dataset, _selected(ctx))
            if not keys:
                raise StateError("Select the pairs in the grid, or open one")
        fixed = len(keys) == 1 and ctx.params.get("verdict") == VerdictKind.FIX
        label = f"Verdict on {len(keys):,} pair{'s' * (len(keys) != 1)}"
        return options | {
            "file": replace(
                options["file"],
                required=action in ("dump", "apply"),
                in_form=action in ("dump", "apply"),
                writes=ITSELF if action == "dump" else (),
            ),
            "overwrite": replace(OVERWRITE, in_form=action == "dump"),
            "keys": replace(options["keys"], default=tuple(keys)),
            "verdict": replace(options["verdict"], label=label, in_form=action == "set"),
            "phrase": replace(options["phrase"], in_form=fixed),
            "note": replace(options["note"], in_form=action == "set"),
            "reviewer": replace(
                options["reviewer"], default=reviewer_in(ctx), in_form=action in ("set", "undo")
            ),
        }


def _check_in_view(samples: Any, keys: Texts) -> None:
    """Raises a ``UsageError`` for a pair of the dataset that a view does not have."""
    if not fo_internals.is_view(samples):
        return
    found = store.stream(samples, (fields.KEY,), where={fields.KEY: {"$in": list(keys)}})
    if lacking := set(keys) - {doc[fields.KEY] for doc in found}:
        raise UsageError(f"the view does not have the pair {min(lacking)!r}")


def _required_value(value: str | None, name: str) -> str:
    if value is None:
        raise UsageError(f"{name} is missing")
    return value


def _selected(ctx: Any) -> list[str]:
    """Ids of the selected samples, else of the one that is open."""
    return list(ctx.selected) or ([ctx.current_sample] if ctx.current_sample else [])


def _keys(dataset: Any, ids: list[str]) -> list[str]:
    chosen = dataset.select(ids, ordered=True)
    return [doc[fields.KEY] for doc in store.stream(chosen, (fields.KEY,))] if ids else []
