"""Keeps the answers of judges when an import replaces a dataset: they cost money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.finding import batches
from pairlens.fiftyone_plugin.checks.judgements import CHECK, content_of
from pairlens.fiftyone_plugin.checks.rows import Columns
from pairlens.fiftyone_plugin.judging.runner import STEP
from pairlens.importers import fields, schema, store

_ANSWERED = {fields.JUDGEMENTS: {"$type": "object"}}


def carry_judgements(old: Any, new: Any) -> int:
    """Copies the answers on samples whose image, mask and texts are unchanged.

    Verdicts must be copied before, since an answer can be about an edited text or mask.

    Args:
        old: the dataset that is replaced
        new: the complete new dataset

    Returns:
        the number of samples with copied answers
    """
    if next(store.stream(old, ("_id",), where=_ANSWERED), None) is None:
        return 0
    schema.declare_judgements(new)
    count = store.update(new, _changes(old, new))
    store.add_to_info(new, STEP, store.info(old).get(STEP) or {})
    return count


def _changes(old: Any, new: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    columns = Columns.of([CHECKS[CHECK]], {}, "_id")
    for rows in batches(new, columns):
        samples = {sample.key: (columns.value(row, "_id"), content_of(sample))
                   for row in rows for sample in (columns.sample(row),)}  # fmt: skip
        where = {fields.KEY: {"$in": list(samples)}, **_ANSWERED}
        for document in store.stream(old, (fields.KEY, fields.JUDGEMENTS), where=where):
            sample_id, content = samples[document[fields.KEY]]
            if answers := _with_content(document[fields.JUDGEMENTS], content):
                yield sample_id, {fields.JUDGEMENTS: answers}


def _with_content(stored: dict[str, Any], content: str) -> dict[str, Any]:
    """The stored answers about a content, by its digest; empty if there are none."""
    kept = {
        name: answer
        for name, answer in stored.items()
        if isinstance(answer, dict) and answer.get("of") == content
    }
    return {"_cls": stored.get("_cls", "DynamicEmbeddedDocument"), **kept} if kept else {}
