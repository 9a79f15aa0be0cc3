"""The step that asks a judge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.judging import JUDGES
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import Option, Settings, Watch, step

JUDGE = Option(
    "judge", "name of the judge", required=True, metavar="JUDGE",
    choices=lambda: {name: JUDGES[name].about for name in JUDGES},
)  # fmt: skip
PARAMS = Option("params", "setting of the judge; docs/judge.md has them", Settings,
                param="settings", flag="--param", metavar="NAME=VALUE")  # fmt: skip
DEVICE = Option("device", "auto, cuda, mps or cpu", default="auto", metavar="DEVICE")


@step(
    "judge",
    "Ask a vision-language model whether the images show what the texts say.",
    JUDGE,
    PARAMS,
    DEVICE,
    Option("view", "only the samples of this saved view", metavar="VIEW", in_form=False),
    Option("max_calls", "ask at most this many questions", int, metavar="COUNT", least=1),
    Option("max_tokens", "use at most this many tokens, in and out", int, metavar="COUNT", least=1),
    Option("max_cost", "spend at most this much, by --prices", float, metavar="AMOUNT"),
    Option("prices", "JSON file with the price of a million tokens, by model", Path,
           metavar="FILE"),
    Option("dry_run", "ask nothing; show how many questions there are and what they cost", bool,
           False, label="Only estimate"),
    Option("anew", "ask again about samples that have an answer", bool, False),
    operator="ask_judge",
    unit="samples",
    stoppable=True,
    examples=(
        "judge gres --judge vlm --param url=http://localhost:8000 --param model=qwen --dry-run",
        "judge gres --judge clip --param model=openai/clip-vit-base-patch32",
    ),
)  # fmt: skip
def judge(samples: Any, watch: Watch, **options: Any) -> Report:
    """Asks a judge."""
    from pairlens.fiftyone_plugin.judge_reports import of_judge
    from pairlens.fiftyone_plugin.judging.runner import judge

    return of_judge(judge(samples, **options, stop=watch.stopped, progress=watch.progress))
