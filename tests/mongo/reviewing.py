"""What a dataset under review looks like, straight from the database."""

from __future__ import annotations

from typing import Any

from pairlens.fiftyone_plugin.curation.log import ChangeEntry, ChangeLog
from pairlens.fiftyone_plugin.curation.texts import PENDING, VERDICTS

FIELDS = ("verdict", "reviewer", "reviewed_at", "review_note", "phrase", "original_phrase")


def documents(dataset: Any) -> dict[str, dict[str, Any]]:
    return {d["key"]: d for d in dataset._sample_collection.find()}


def state(dataset: Any, key: str) -> tuple[Any, ...]:
    document = documents(dataset)[key]
    return tuple(document.get(name) for name in FIELDS)


def keys(dataset: Any) -> list[str]:
    return sorted(documents(dataset))


def verdicts_in(status: dict[str, Any]) -> dict[str, int]:
    """Of what ``review --status`` tells, the pairs by verdict."""
    return {name: status[name] for name in (PENDING, *VERDICTS)}


def set_states(dataset: Any) -> list[tuple[Any, ...]]:
    return [state(dataset, key) for key in keys(dataset)]


def history(dataset: Any, key: str | None = None) -> list[ChangeEntry]:
    return ChangeLog(dataset).entries(key)
