"""Ask a model that looks at the images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.judging import JUDGES, JudgeSpec
from pairlens.fiftyone_plugin.operators.base import PairOperator, Work, with_secrets
from pairlens.fiftyone_plugin.steps.step import Option


class AskJudge(PairOperator):
    """``pairlens judge`` in the App."""

    step = steps.judge
    title = "ask a judge"
    icon = "visibility"
    risk = types.RiskLevel.MEDIUM

    def options(self, ctx: Any) -> dict[str, Option]:
        """With what the chosen judge takes."""
        options, chosen = super().options(ctx), _chosen(ctx)
        return options | {
            "judge": replace(
                options["judge"], default=chosen.name, required=False, help=chosen.about
            ),
            "settings": replace(options["settings"], choices=lambda: chosen.params),
        }

    def work(self, ctx: Any) -> Work:
        """Asks, with the plugin's secrets."""
        return with_secrets(ctx, super().work(ctx))


def _chosen(ctx: Any) -> JudgeSpec:
    """The judge of the form; the first where none is chosen."""
    named = ctx.params.get("judge")
    return JUDGES[named if named in set(JUDGES) else next(iter(JUDGES))]
