"""Run the checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone.operators.types as types

from fiftyone_plugin import reports
from fiftyone_plugin.checks import CHECKS
from fiftyone_plugin.checks.runner import flag, kind_of
from fiftyone_plugin.metrics.runs import scored_fields
from fiftyone_plugin.operators.base import PairOperator, Work, text
from importers import fields
from importers.parallel import Progress


class FlagPairs(PairOperator):
    """``pairlens flag`` in the App."""

    operator_name = "flag_pairs"
    title = "flag pairs"
    about = "Runs the checks and shows what they find as chips on the samples"
    icon = "flag"
    risk = types.RiskLevel.MEDIUM

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds the form's fields; those of the checks come from their parameters."""
        listed = types.AutocompleteView(allow_user_input=False, allow_duplicates=False)
        kind = kind_of(ctx.dataset)
        for one in (c for c in CHECKS.values() if kind in c.kinds):
            listed.add_choice(one.name, label=one.name, description=one.about)
        inputs.list("checks", types.String(), label="Checks (all if empty)", view=listed)
        if scored := sorted(scored_fields(ctx.dataset)):
            view = types.AutocompleteView(allow_user_input=False, allow_duplicates=False)
            for name in scored:
                view.add_choice(name, label=name)
            inputs.list("predictions", types.String(), label="Scored predictions", view=view)
        inputs.bool("tune", default=False, label="Change thresholds")
        if ctx.params.get("tune"):
            self._add_thresholds(ctx, inputs)
        inputs.str("out", label="Findings file", description="JSON Lines, worst first")
        ctx.target_view()

    def _add_thresholds(self, ctx: Any, inputs: types.Object) -> None:
        chosen = ctx.params.get("checks") or list(CHECKS)
        kind = kind_of(ctx.dataset)
        thresholds = types.Object()
        for one in (c for c in CHECKS.values() if c.name in chosen and c.params):
            if kind not in one.kinds:
                continue
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

    def work(self, ctx: Any) -> Work:
        """Flags."""
        params = ctx.params
        samples = ctx.target_view()
        out = text(params.get("out"))
        arguments = {
            "checks": params.get("checks") or None,
            "predictions": params.get("predictions") or (),
            "params": params.get("params") or {},
            "out": Path(out) if out else None,
        }

        def run(progress: Progress) -> reports.Report:
            done = flag(samples, **arguments, progress=progress)
            return reports.of_flag(done, out, kind_of(samples))

        return run

    def after(self, ctx: Any, report: reports.Report) -> Iterator[Any]:
        """Shows the chips, and what they are about: mask and query, or boxes and caption."""
        about = (fields.SEGMENTATION, fields.PHRASE, fields.BOXES, fields.CAPTION)
        there = [name for name in about if ctx.dataset.has_field(name)]
        yield ctx.ops.set_active_fields([fields.FINDINGS, *there])
