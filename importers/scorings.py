"""Which prediction fields of a dataset were scored, and in what evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pairlens.importers import fo_internals, process_ids, store
from pairlens.importers.errors import StateError

METHOD = "pairlens"
"""The ``method`` of every scoring, which distinguishes them from other evaluations."""

_WRITTEN_OVER = "written_over"
"""Name of a fact: by key of a scoring, the process that is replacing its numbers; ``""`` if that
failed."""


def finished(dataset: Any) -> list[str]:
    """Returns the keys of the finished scorings."""
    return list(fo_internals.finished_evaluations(dataset, METHOD))


def scored_fields(dataset: Any) -> dict[str, str]:
    """Returns the scored prediction fields, each with the key of its newest scoring."""
    newest: dict[str, tuple[Any, str]] = {}
    for key, (timestamp, config) in fo_internals.finished_evaluations(dataset, METHOD).items():
        field, found = config["pred_field"], (timestamp, key)
        newest[field] = max(newest.get(field, found), found)
    return {name: key for name, (_, key) in newest.items()}


def check_whole(dataset: Any, key: str) -> None:
    """Checks that the stored numbers of all pairs are of the same scoring.

    Raises:
        StateError: if a repeated scoring of the key was interrupted while it replaced them
    """
    owner = _written_over(dataset).get(key)
    if owner is None or (owner and not process_ids.is_dead(owner)):
        return
    run = dataset.get_evaluation_info(key)
    raise StateError(
        f"scoring {key!r} was interrupted when it was repeated, so some pairs have its new numbers "
        f"and others the earlier ones; run: pairlens score {dataset.name} --pred "
        f"{run.config.pred_field} --key {key}"
    )


@contextmanager
def writing_over(dataset: Any, key: str) -> Iterator[Callable[[], None]]:
    """A context in which a scoring replaces the numbers of an earlier one.

    Yields:
        a function to call before the first number is written. If the process is killed or fails
        after that and before the end of the context, :func:`check_whole` raises
    """
    begun = False

    def begin() -> None:
        nonlocal begun
        if not begun:
            store.add_to_info(dataset, _WRITTEN_OVER, {key: process_ids.this_process()})
        begun = True

    try:
        yield begin
    except BaseException:
        if begun:
            store.add_to_info(dataset, _WRITTEN_OVER, {key: ""})
        raise
    if _written_over(dataset).get(key) is not None:
        store.add_to_info(dataset, _WRITTEN_OVER, {key: None})


def _written_over(dataset: Any) -> dict[str, str | None]:
    return store.info(dataset).get(_WRITTEN_OVER) or {}


def evaluation_of(samples: Any, pred: str) -> str:
    """Returns the key of the newest scoring of a prediction field.

    Raises:
        StateError: if the field was not scored, or its numbers are of two scorings
    """
    dataset = fo_internals.dataset_of(samples)
    try:
        key = scored_fields(dataset)[pred]
    except KeyError:
        raise StateError(
            f"field {pred!r} was not scored; run: pairlens score {dataset.name} --pred {pred} "
            f"--key {pred}"
        ) from None
    check_whole(dataset, key)
    return key
