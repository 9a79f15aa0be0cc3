"""The report of a judge."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pairlens.fiftyone_plugin.reports import Report, counts, listed

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.judging.runner import JudgeSummary


def of_judge(done: JudgeSummary) -> Report:
    """The report of a run, or of a dry run."""
    who = f"{done.judge} ({done.model})"
    if done.dry_run:
        lines = [f"{who} would be asked {done.asked:,} questions: {_spent(done, 'about ')}."]
    else:
        lines = [
            f"{who} answered {done.answered:,} of {done.asked:,} questions in {done.seconds:.1f} "
            f"s: {done.doubted:,} doubted, {done.unsure:,} cannot tell; {done.failed:,} failed.",
            f"  {_spent(done)}",
        ]
    if done.not_believed:
        lines.append(f"  not believed: {counts(done.not_believed)}")
    if done.spoken:
        lines.append(
            f"  {done.spoken:,} texts contain prompt injections, which the judge is not shown"
        )
    if done.unchanged:
        lines.append(f"  {done.unchanged:,} not asked again: answered before, and not changed")
    lines += [f"  {count:,} skipped: {reason}" for reason, count in done.skips.items()]
    lines += listed(done.failures, "key") + [f"  note: {note}" for note in done.notes]
    if done.ended:
        lines.append(f"  ended early: {done.ended}; the same command asks the rest")
    nothing = not done.dry_run and done.asked > 0 and not done.answered
    failed = done.failed > 0 and not done.not_believed
    if nothing and failed:
        lines.append("Every question failed.")
    elif nothing and done.not_believed:
        lines.append("No answer is believed; see the model's own answers, then ask with --anew.")
    elif not done.dry_run:
        lines.append(f"pairlens flag {done.dataset} makes findings of it.")
    return Report(asdict(done), lines, ok=not (nothing and (failed or done.not_believed)))


def _spent(done: JudgeSummary, about: str = "") -> str:
    """Tokens and cost as text."""
    text = f"{about}{done.tokens_in:,} tokens in, {done.tokens_out:,} out"
    if done.uncounted:
        text += f" ({done.uncounted:,} answers estimated: the server counts none)"
    return text if done.cost is None else f"{text}, cost {done.cost:,.4f}"
