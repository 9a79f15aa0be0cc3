"""Asks several questions concurrently, within a budget."""

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
    """Asks questions until there are no more or the budget is spent.

    Args:
        questions: the questions; one is read only when it can be asked
        submit: sends a question
        estimate: estimates the tokens of a question and its answer
        width: maximum of concurrent questions
        budget: the budget, which is updated

    Yields:
        questions with their answers, in the order in which these arrive
    """
    under_way: dict[Future[Outcome], tuple[Question, tuple[int, int]]] = {}
    remaining, more = iter(questions), True
    try:
        while more or under_way:
            while more and len(under_way) < width:
                question = next(remaining, None)
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
    """Charges an answered question to a budget; a failed one costs nothing."""
    if isinstance(outcome, Judgement):
        budget.end(estimate, outcome.tokens_in, outcome.tokens_out)
    else:
        budget.end(estimate, 0, 0)
