"""Which prediction fields of a dataset were scored, and in what evaluation."""

from __future__ import annotations

from typing import Any

from pairlens.importers import fo_internals
from pairlens.importers.errors import StateError

METHOD = "pairlens"
"""The ``method`` of every scoring, by which they are told from other evaluations."""


def finished(dataset: Any) -> list[str]:
    """Keys of the scorings that came to an end."""
    keys = dataset.list_evaluations(method=METHOD)
    return [key for key in keys if fo_internals.has_results(dataset, key)]


def scored_fields(dataset: Any) -> dict[str, str]:
    """Prediction fields that were scored against something, and the key of the newest scoring."""
    newest: dict[str, tuple[Any, str]] = {}
    for key in finished(dataset):
        run = dataset.get_evaluation_info(key)
        found = (run.timestamp, key)
        newest[run.config.pred_field] = max(newest.get(run.config.pred_field, found), found)
    return {name: key for name, (_, key) in newest.items()}


def evaluation_of(samples: Any, pred: str) -> str:
    """The key of the newest scoring of a prediction field.

    Raises:
        StateError: if the field was never scored
    """
    dataset = fo_internals.dataset_of(samples)
    try:
        return scored_fields(dataset)[pred]
    except KeyError:
        raise StateError(
            f"field {pred!r} was not scored; run: pairlens score {dataset.name} --pred {pred} "
            f"--key {pred}"
        ) from None
