"""Asks a judge about a dataset and stores what it answers.

Answers are stored as they arrive, so that a killed run can be repeated: a question with an answer
is not asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.checks.judgements import NO, YES, Judgement, plain
from pairlens.fiftyone_plugin.judging import JUDGES
from pairlens.fiftyone_plugin.judging.base import Judge, Outcome, Question
from pairlens.fiftyone_plugin.judging.budget import Budget, Price, read_price
from pairlens.fiftyone_plugin.judging.embedding import stored_vector
from pairlens.fiftyone_plugin.judging.questions import Pending
from pairlens.importers import fields, fo_internals, leases, schema, store, working_set
from pairlens.importers.errors import StateError, UnknownName, UsageError, check_memory
from pairlens.importers.parallel import Progress, no_progress
from pairlens.importers.store import kind_of
from pairlens.importers.stored_values import embedded

STEP = "judges"
"""Key in PairLens' info of the last run of each judge."""

WRITE_BATCH = 16
"""Answers per write to the database; a killed run loses at most as many."""

MAX_LISTED = 1000


@dataclass
class JudgeSummary:
    """Summary of a run.

    Attributes:
        dataset, judge, model: their names
        samples: number of samples in the dataset or view
        asked: number of questions that were asked, or in a dry run would be
        answered: number of valid answers
        doubted: number of those that deny something
        unsure: number of those that cannot tell
        not_believed: number of rejected answers by kind of fault
        failed: number of questions without an answer; ``failures`` names the first thousand
        unchanged: number of samples with an earlier answer to the same question
        skipped: number of samples that were not asked about; ``skips`` counts them by reason
        spoken: number of samples with a prompt injection, which was removed
        tokens_in, tokens_out: tokens of questions and of answers; in a dry run, estimates
        uncounted: number of answers without a count of tokens; the sums have their estimates
        cost: cost by the price table, ``None`` without one
        ended: why the run ended early, ``""`` if it did not
        dry_run: whether nothing was asked
        seconds: duration of the run
    """

    dataset: str
    judge: str
    model: str = ""
    samples: int = 0
    asked: int = 0
    answered: int = 0
    doubted: int = 0
    unsure: int = 0
    not_believed: dict[str, int] = field(default_factory=dict[str, int])
    failed: int = 0
    failures: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    unchanged: int = 0
    skipped: int = 0
    skips: dict[str, int] = field(default_factory=dict[str, int])
    spoken: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    uncounted: int = 0
    cost: float | None = None
    ended: str = ""
    notes: list[str] = field(default_factory=list[str])
    dry_run: bool = False
    seconds: float = 0.0

    def add(self, key: str, outcome: Outcome) -> None:
        """Counts an answer or an error."""
        if isinstance(outcome, Exception):
            check_memory(outcome)
            self.failed += 1
            if len(self.failures) < MAX_LISTED:
                reason = str(outcome) or type(outcome).__name__
                self.failures.append({"key": key, "reason": reason})
            return
        self.spoken += bool(outcome.spoken)
        if outcome.fault:
            kind = outcome.fault.partition(":")[0]
            self.not_believed[kind] = self.not_believed.get(kind, 0) + 1
            return
        self.answered += 1
        self.doubted += bool(outcome.denied)
        self.unsure += outcome.shows not in (YES, NO)


@leases.holding("judge", "answers of {judge}")
def judge(
    samples: Any,
    *,
    judge: str,
    params: Mapping[str, Any] | None = None,
    device: str = "auto",
    view: str | None = None,
    max_calls: int | None = None,
    max_tokens: int | None = None,
    max_cost: float | None = None,
    prices: Path | None = None,
    dry_run: bool = False,
    anew: bool = False,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress = no_progress,
) -> JudgeSummary:
    """Asks a judge about every sample without an answer to the present question.

    Args:
        samples: a dataset or view that PairLens imported
        judge: one of :data:`pairlens.fiftyone_plugin.judging.base.JUDGES`
        params: parameters of the judge, as texts or values
        device: device of judges with a local model
        view: name of a saved view of the dataset, whose samples are judged
        max_calls: maximum of questions
        max_tokens: maximum of tokens of questions and answers
        max_cost: maximum of the cost by the price table
        prices: a price table, see :func:`pairlens.fiftyone_plugin.judging.budget.read_price`
        dry_run: whether only the number of questions and tokens is estimated
        anew: whether answered questions are asked again
        stop: called before each question; the run ends if it returns ``True``
        progress: called with samples done and samples in all

    Raises:
        UsageError: for an unknown judge, parameter or view, or a limit out of range
        StateError: if all images are missing, or the view is empty
    """
    started = time.perf_counter()
    texts = {name: str(value) for name, value in (params or {}).items()}
    _check_bounds(max_calls, max_tokens, max_cost, prices)
    samples = samples if view is None else _saved_view(samples, view)
    dataset = fo_internals.dataset_of(samples)
    summary = JudgeSummary(dataset.name, judge, dry_run=dry_run)
    summary.samples = working_set.count(samples)
    _check_images(samples, summary.samples, dataset.name)
    with closing(JUDGES[judge].load(texts, device)) as loaded:
        summary.model = loaded.model
        price = read_price(prices, loaded.model) if prices else None
        budget = Budget(max_calls, max_tokens, max_cost, price)
        pending = Pending(samples, loaded, judge, kind_of(samples) == "pairs", anew)
        if dry_run:
            _estimate(loaded, pending, budget, stop)
        else:
            outcomes = loaded.judge(_until(pending, stop), budget)
            _store(dataset, pending, outcomes, summary, price, progress)
            facts = {"model": loaded.model, "by": loaded.by, "time": datetime.now(UTC)}
            store.add_to_info(dataset, STEP, {judge: facts})
    _finish(summary, pending, budget, stop)
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


def _check_bounds(
    calls: int | None, tokens: int | None, cost: float | None, prices: Path | None
) -> None:
    for flag, value in (("--max-calls", calls), ("--max-tokens", tokens), ("--max-cost", cost)):
        if value is not None and not value > 0:
            raise UsageError(f"{flag} must be greater than 0, not {value}")
    if cost is not None and prices is None:
        raise UsageError("--max-cost needs a price table; give it with --prices")


def _saved_view(samples: Any, name: str) -> Any:
    dataset = fo_internals.dataset_of(samples)
    if not dataset.has_saved_view(name):
        raise UnknownName("saved view", name, dataset.list_saved_views())
    view = dataset.load_saved_view(name)
    working_set.check_any(view)
    return view


def _check_images(samples: Any, total: int, name: str) -> None:
    """Refuses a dataset or view without any image."""
    has_image = {fields.IMAGE_MISSING: {"$ne": True}}
    if total and next(store.stream(samples, ("_id",), where=has_image), None) is None:
        raise StateError(
            f"a judge looks at images, and those of all {total:,} samples of {name} are missing; "
            "put the images beside the annotations and import again with --overwrite"
        )


def _until(pending: Pending, stop: Callable[[], bool]) -> Iterator[Question]:
    for question in pending:
        if stop():
            return
        yield question


def _estimate(judge: Judge, pending: Pending, budget: Budget, stop: Callable[[], bool]) -> None:
    """Charges the estimated tokens of all questions to the budget."""
    for question in _until(pending, stop):
        if question.vectors is not None:
            continue
        tokens = judge.tokens(question)
        if not budget.begin(tokens):
            break
        budget.end(tokens, *tokens)


def _store(
    dataset: Any,
    pending: Pending,
    outcomes: Iterator[tuple[Question, Outcome]],
    summary: JudgeSummary,
    price: Price | None,
    progress: Progress,
) -> None:
    schema.declare_judgements(dataset)
    if pending.judge.compares:
        schema.declare_embeddings(dataset)

    def answered() -> Iterator[tuple[Any, dict[str, Any]]]:
        for question, outcome in outcomes:
            summary.add(question.sample.key, outcome)
            progress(pending.seen, summary.samples)
            sample_id = pending.ids.pop(question.sample.key)
            if isinstance(outcome, Judgement):
                yield sample_id, _values(_priced(outcome, price)) | _vectors(question)
        yield from ((sample_id, _values(one)) for sample_id, one in pending.refused)

    pending_changes: list[tuple[Any, dict[str, Any]]] = []
    try:
        for change in answered():
            pending_changes.append(change)
            if len(pending_changes) == WRITE_BATCH:
                store.update(dataset, pending_changes)
                pending_changes = []
    finally:  # answers cost money, so they are stored even if the run fails
        store.update(dataset, pending_changes)
    progress(pending.seen, summary.samples)  # less than all if the budget ended the run


def _priced(judgement: Judgement, price: Price | None) -> Judgement:
    tokens = judgement.tokens_in, judgement.tokens_out
    if price is None or tokens[0] is None or tokens[1] is None:
        return judgement
    return replace(judgement, cost=price.of(tokens[0], tokens[1]))


def _values(judgement: Judgement) -> dict[str, Any]:
    stored = plain(judgement)
    if quotes := stored.get("wrong"):
        stored["wrong"] = [embedded(one) for one in quotes]
    path = f"{fields.JUDGEMENTS}.{judgement.judge}"
    return {
        f"{fields.JUDGEMENTS}._cls": "DynamicEmbeddedDocument",
        path: embedded(stored | {"time": datetime.now(UTC)}),
    }


def _vectors(question: Question) -> dict[str, Any]:
    """The new vectors of a question; those in bytes are stored already."""
    image, text = question.vectors or (None, None)
    if image is None or isinstance(image, bytes):
        return {}
    vectors = {fields.IMAGE_EMBEDDING: image, fields.TEXT_EMBEDDING: text}
    return {name: stored_vector(vector) for name, vector in vectors.items()}


def _finish(
    summary: JudgeSummary, pending: Pending, budget: Budget, stop: Callable[[], bool]
) -> None:
    summary.asked, summary.unchanged = budget.calls, pending.unchanged
    summary.skips = dict(pending.skips.most_common())
    summary.skipped = pending.skips.total()
    summary.spoken += len(pending.refused)
    summary.tokens_in, summary.tokens_out = budget.tokens_in, budget.tokens_out
    summary.uncounted, summary.cost = budget.uncounted, budget.cost
    summary.ended = budget.ended or ("stopped on request" if stop() else "")
    if pending.left_out:
        summary.notes.append(
            f"{pending.left_out:,} texts did not fit into their question, and are not judged"
        )
