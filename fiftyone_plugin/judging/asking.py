"""Asks several questions at a time, within a budget, and gives answers as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait

from pairlens.fiftyone_plugin.checks.judgements import Judgement
from pairlens.fiftyone_plugin.judging.base import Outcome, Question
from pairlens.fiftyone_plugin.judging.budget import Budget

Submit = Callable[[Question], Future[Outcome]]
Estimate = Callable[[Question], tuple[int, int]]


def ask(
    questions: Iterable[Question], submit: Submit, estimate: Estimate, width: int, budget: Budget
) -> Iterator[tuple[Question, Outcome]]:
    """Asks questions until there are none or the budget is spent.

    Args:
        questions: read no farther than is asked
        submit: asks one
        estimate: tokens of a question and its answer
        width: how many are under way at once
        budget: told what is asked and answered
    """
    under_way: dict[Future[Outcome], tuple[Question, tuple[int, int]]] = {}
    waiting, more = iter(questions), True
    try:
        while more or under_way:
            while more and len(under_way) < width:
                question = next(waiting, None)
                tokens = (0, 0) if question is None else estimate(question)
                more = question is not None and budget.begin(tokens)
                if question is not None and more:
                    under_way[submit(question)] = (question, tokens)
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                question, tokens = under_way.pop(future)
                outcome = future.result()
                settle(budget, tokens, outcome)
                yield question, outcome
    finally:
        for future in under_way:
            future.cancel()


def settle(budget: Budget, estimate: tuple[int, int], outcome: Outcome) -> None:
    """Tells a budget what came of a question: what failed is not charged."""
    if isinstance(outcome, Judgement):
        budget.end(estimate, outcome.tokens_in, outcome.tokens_out)
    else:
        budget.end(estimate, 0, 0)
