"""Takes the answers of judges along when an import replaces a dataset: they were paid for."""

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
    """Copies answers about just what the new dataset holds: image, mask and texts are the same.

    Verdicts are carried over before: an answer may be about a text or mask that mends a sample.

    Args:
        old: the dataset that is replaced
        new: the one that takes its place, whole

    Returns:
        how many samples got answers
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
            if held := _about(document[fields.JUDGEMENTS], content):
                yield sample_id, {fields.JUDGEMENTS: held}


def _about(stored: dict[str, Any], content: str) -> dict[str, Any]:
    """The answers about a content, as they are stored; empty if there are none."""
    kept = {
        name: one
        for name, one in stored.items()
        if isinstance(one, dict) and one.get("of") == content
    }
    return {"_cls": stored.get("_cls", "DynamicEmbeddedDocument"), **kept} if kept else {}
