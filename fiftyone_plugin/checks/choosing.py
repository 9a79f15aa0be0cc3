"""Chooses the checks that run, by what a dataset is and has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pairlens.fiftyone_plugin.checks import CHECKS, Check
from pairlens.fiftyone_plugin.checks.base import EMBEDDINGS, OUTLINES, PREDICTIONS
from pairlens.fiftyone_plugin.checks.rows import EMBEDDING_PARAMS
from pairlens.fiftyone_plugin.checks.texts import in_texts
from pairlens.importers import fields
from pairlens.importers.errors import StateError
from pairlens.importers.formats.base import Kind


def choose(
    names: Collection[str] | None,
    params: Mapping[str, Mapping[str, Any]],
    *,
    with_predictions: bool,
    kind: Kind = "pairs",
    has_field: Callable[[str], bool] = lambda name: False,
    lacking: dict[str, str] | None = None,
) -> list[Check]:
    """The checks to run, with their parameters set.

    Args:
        names: all that apply if not given
        params: by name
        with_predictions: whether scored predictions were named
        kind: of the dataset
        has_field: whether the dataset has a field of that name
        lacking: takes the checks that would apply and lack something, with what that is

    Raises:
        UsageError: for an unknown name or parameter
        StateError: for a check that was named and does not apply, or whose needs are not met
    """
    for name in params:
        CHECKS[name]  # a misspelt name is said, not passed over
    chosen = []
    for name in names if names is not None else CHECKS:
        one = CHECKS[name]
        if given := params.get(name):
            one = one.with_params(dict(given))
        want = _want(one, with_predictions, has_field)
        if kind in one.kinds and not want:
            chosen.append(for_kind(one, kind))
        elif names is not None:
            raise StateError(
                f"check {name} {want}" if kind in one.kinds else
                f"check {name} is for {' and '.join(one.kinds)}, and the dataset holds {kind}"
            )  # fmt: skip
        elif kind in one.kinds and lacking is not None:
            lacking[name] = want
    return chosen


def _want(one: Check, with_predictions: bool, has_field: Callable[[str], bool]) -> str:
    """What a check lacks, or nothing."""
    if PREDICTIONS in one.needs and not with_predictions:
        return "needs predictions; name a scored field with --pred"
    if OUTLINES in one.needs and has_field(fields.TARGET_BOX):
        return "needs outlines; the targets of the dataset are boxes"
    if EMBEDDINGS in one.needs:
        wanted = [one.params[name] for name in EMBEDDING_PARAMS]
        if missing := [name for name in wanted if not has_field(name)]:
            return f"needs embeddings; the dataset has no field {' and '.join(missing)}"
    if fields.JUDGEMENTS in one.needs and not has_field(fields.JUDGEMENTS):
        return "needs the answers of a judge; pairlens judge N asks one"
    if fields.SOURCE_BOXES in one.needs and not has_field(fields.SOURCE_BOXES):
        return "needs the boxes of the images' source; pairlens sources N PATH stores them"
    return ""


def for_kind(one: Check, kind: Kind) -> Check:
    """A check as it runs on a kind of dataset.

    Checks of queries go through captions instead, and where there are conversations through
    answers of more than a word or two.
    """
    if kind == "pairs" or one.needs != (fields.PHRASE,):
        return one
    needs = (
        (fields.CAPTIONS, fields.CONVERSATIONS) if kind == "instructions" else (fields.CAPTIONS,)
    )
    return replace(one, needs=needs, function=partial(in_texts, one.function))
