"""Run the checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.checks import CHECKS, Check
from pairlens.fiftyone_plugin.metrics.runs import scored_fields
from pairlens.fiftyone_plugin.operators.base import PairOperator, tick
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import Option
from pairlens.importers import fields
from pairlens.importers.store import kind_of


class FlagPairs(PairOperator):
    """``pairlens flag`` in the App."""

    step = steps.flag
    title = "flag pairs"
    icon = "flag"
    risk = types.RiskLevel.MEDIUM

    def options(self, ctx: Any) -> dict[str, Option]:
        """With the checks for the kind of dataset, and its scored predictions."""
        options, scored = super().options(ctx), sorted(scored_fields(ctx.dataset))
        checks = {one.name: one.about for one in _checks(ctx)}
        return options | {
            "checks": replace(options["checks"], choices=lambda: checks),
            "predictions": replace(options["predictions"], choices=scored, in_form=bool(scored)),
            # The App's server is no place to start processes from.
            "workers": replace(options["workers"], default=1),
        }

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields; those of the checks come from their parameters."""
        super().form(ctx, inputs)
        inputs.bool("tune", default=False, label="Change thresholds")
        if ctx.params.get("tune"):
            _add_thresholds(ctx, inputs)

    def after(self, ctx: Any, report: Report) -> Iterator[Any]:
        """Shows the chips, and what they are about: mask and query, or boxes and caption."""
        about = (fields.SEGMENTATION, fields.PHRASE, fields.BOXES, fields.CAPTION)
        there = [name for name in about if ctx.dataset.has_field(name)]
        yield tick(ctx, fields.FINDINGS, *there)


def _checks(ctx: Any) -> list[Check]:
    kind = kind_of(ctx.dataset)
    return [one for one in CHECKS.values() if kind in one.kinds]


def _add_thresholds(ctx: Any, inputs: types.Object) -> None:
    chosen = ctx.params.get("checks") or list(CHECKS)
    thresholds = types.Object()
    for one in (c for c in _checks(ctx) if c.name in chosen and c.params):
        group = types.Object()
        for name, default in one.params.items():
            if isinstance(default, str):
                group.str(name, default=default, label=name)
            elif isinstance(default, int):
                group.int(name, default=default, label=name)
            else:
                group.float(name, default=default, label=name)
        thresholds.define_property(one.name, group, label=one.name, description=one.about)
    inputs.define_property("params", thresholds, label="Thresholds")
