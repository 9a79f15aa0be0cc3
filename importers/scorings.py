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
"""The fact that says, by key, which process writes over the numbers of a scoring, or that one
failed to (``""``)."""


def finished(dataset: Any) -> list[str]:
    """Keys of the scorings that came to an end."""
    return list(fo_internals.finished_evaluations(dataset, METHOD))


def scored_fields(dataset: Any) -> dict[str, str]:
    """Prediction fields that were scored against something, and the key of the newest scoring."""
    newest: dict[str, tuple[Any, str]] = {}
    for key, (timestamp, config) in fo_internals.finished_evaluations(dataset, METHOD).items():
        field, found = config["pred_field"], (timestamp, key)
        newest[field] = max(newest.get(field, found), found)
    return {name: key for name, (_, key) in newest.items()}


def check_whole(dataset: Any, key: str) -> None:
    """Checks that the numbers of the pairs are all of one scoring.

    Raises:
        StateError: if a later scoring of the key was interrupted while it replaced them
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
    """Within it, a scoring is made whose numbers replace those of an earlier one.

    Yields:
        what to call before the first number is written; from then on, until the end,
        :func:`check_whole` finds out where the process is killed or fails
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
    """The key of the newest scoring of a prediction field.

    Raises:
        StateError: if the field was never scored, or its numbers are of two scorings
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
