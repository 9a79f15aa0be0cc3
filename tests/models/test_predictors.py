"""What holds for every predictor with a model: real classes, small random weights."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import Query
from pairlens.importers import media
from pairlens.importers.errors import UsageError
from pairlens.importers.media import ImageError, read_rgb
from tests.models.conftest import MAKERS, Load, masks_of

EACH = pytest.mark.parametrize("name", list(MAKERS))


@EACH
@pytest.mark.parametrize(
    ("param", "value"),
    [
        pytest.param("template", "no place", id="template without a place"),
        pytest.param("half", "perhaps", id="no yes or no"),
        pytest.param("device", "cpu", id="no such parameter"),
    ],
)
def test_bad_parameters_are_refused(load: Load, name: str, param: str, value: str) -> None:
    params = {param: value}
    with pytest.raises(UsageError, match=f"{re.escape(name)}.*{param}"):
        PREDICTORS[name].load(params, "auto")


@EACH
def test_masks_have_the_size_of_their_images(load: Load, name: str, queries: list[Query]) -> None:
    masks = masks_of(load(name), queries)
    assert [m.shape for m in masks] == [q.image_size[::-1] for q in queries]
    assert all(m.dtype == np.uint8 and set(np.unique(m)) <= {0, 1} for m in masks)


@EACH
def test_masks_follow_from_image_and_query(load: Load, name: str, queries: list[Query]) -> None:
    first = queries[0]
    other_image = Query(**_fields(first) | {"image": queries[2].image})
    other_phrase = Query(**_fields(first) | {"phrase": "two ships"})
    mask, *others = masks_of(load(name), [first, other_image, other_phrase])
    assert 0 < mask.mean() < 1
    assert [np.array_equal(mask, other) for other in others] == [False, False]


@EACH
def test_masks_do_not_depend_on_batch_or_order(load: Load, name: str, queries: list[Query]) -> None:
    eight = masks_of(load(name), queries)
    predictor = load(name)
    one = [masks_of(predictor, [query])[0] for query in queries]
    order = np.random.default_rng(1).permutation(len(queries))
    mixed = masks_of(load(name), [queries[i] for i in order])
    for number, mask in enumerate(eight):
        assert np.array_equal(mask, one[number])
        assert np.array_equal(mask, mixed[list(order).index(number)])


@EACH
def test_each_image_is_decoded_once(
    load: Load, name: str, queries: list[Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Counter[Path] = Counter()

    def counting(path: Path) -> Any:
        read[path] += 1
        return read_rgb(path)

    monkeypatch.setattr(media, "read_rgb", counting)
    predictor = load(name)
    batches = [queries[:3], queries[3:6], queries[6:]]
    predictor.prefetch(batches[0])
    for batch, following in zip(batches, [*batches[1:], []], strict=True):
        predictor.prefetch(following)
        masks_of(predictor, batch)
    assert set(read) == {q.image for q in queries} and set(read.values()) == {1}


@EACH
def test_an_unreadable_image_fails_alone(
    load: Load, name: str, queries: list[Query], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    bad = Query(**_fields(queries[0]) | {"image": broken})
    answers = list(load(name).predict([queries[0], bad, queries[1]]))
    assert isinstance(answers[1], ImageError)
    expected = masks_of(load(name), queries[:2])
    assert np.array_equal(answers[0], expected[0]) and np.array_equal(answers[2], expected[1])


@EACH
def test_memory_that_runs_out_halves_the_batch(load: Load, name: str, queries: list[Query]) -> None:
    predictor = load(name)
    seen = _run_out_above(predictor, 2)
    assert all(map(np.array_equal, masks_of(predictor, queries), masks_of(load(name), queries)))
    assert predictor.notes() == ["memory of cpu ran out; went on with 2 pairs at once"]
    assert seen == [8, 4, 2, 2, 2, 2]
    seen.clear()
    masks_of(predictor, queries)
    assert seen == [2, 2, 2, 2]  # what was learnt is kept


@EACH
def test_a_pair_too_large_for_memory_fails_alone(
    load: Load, name: str, queries: list[Query]
) -> None:
    predictor = load(name)
    _run_out_above(predictor, 0)
    answers = list(predictor.predict(queries[:2]))
    words = [str(a) for a in answers]
    assert words == ["one pair alone does not fit into memory of cpu (image of 100x80); take a "
                     "smaller model or --device cpu"] * 2  # fmt: skip


@EACH
def test_a_pair_that_breaks_the_model_fails_alone(
    load: Load, name: str, queries: list[Query]
) -> None:
    predictor = load(name)
    segment = predictor._segmenter.segment

    def breaking(items: Any) -> Any:
        if any(item.phrase == "x" for item in items):
            raise ValueError("no such letter")
        return segment(items)

    predictor._segmenter.segment = breaking  # type: ignore[method-assign]
    answers = list(predictor.predict(queries))
    failed = [isinstance(a, ValueError) for a in answers]
    assert failed == [q.phrase == "x" for q in queries] and any(failed)


def _run_out_above(predictor: Any, most: int) -> list[int]:
    """Lets torch say that memory ran out where more pairs are asked for at once."""
    segment, seen = predictor._segmenter.segment, []

    def limited(items: Any) -> Any:
        seen.append(len(items))
        if len(items) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return segment(items)

    predictor._segmenter.segment = limited
    return seen


def _fields(query: Query) -> dict[str, Any]:
    return {name: getattr(query, name) for name in query.__slots__}
