"""Each threshold and rule that is told to people does what is told."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from pairlens.fiftyone_plugin.predictors.base import Query
from pairlens.fiftyone_plugin.predictors.devices import Runtime, choose_device
from tests.models.conftest import Load, masks_of


def areas(load: Load, name: str, queries: list[Query], **params: str) -> np.ndarray:
    return np.array([m.sum() for m in masks_of(load(name, **params), queries)])


@pytest.mark.parametrize(
    ("name", "param", "values"),
    [
        pytest.param("clipseg", "threshold", ("0", "0.45", "0.55", "1"), id="clipseg"),
        pytest.param("sam3", "mask_threshold", ("0", "0.45", "0.55", "1"), id="sam3 pixels"),
        pytest.param("sam3", "threshold", ("0", "0.15", "0.2", "1"), id="sam3 instances"),
        pytest.param("groundingdino+sam2", "threshold", ("0", "0.99", "0.9997", "1"), id="boxes"),
        pytest.param("groundingdino+sam2", "mask_logit", ("-32", "-0.5", "0.5", "32"), id="logits"),
    ],
)
def test_a_higher_threshold_leaves_less(
    load: Load, name: str, param: str, values: tuple[str, ...], queries: list[Query]
) -> None:
    merge = {} if name == "clipseg" else {"merge": "union"}
    rows = [areas(load, name, queries, **merge, **{param: value}) for value in values]
    for lower, higher in pairwise(rows):
        assert (lower >= higher).all()
    assert rows[0].sum() > rows[1].sum() > rows[2].sum() > 0
    assert rows[-1].sum() == 0


@pytest.mark.parametrize("name", ["sam3", "groundingdino+sam2"])
def test_the_best_candidate_lies_in_the_union(load: Load, name: str, queries: list[Query]) -> None:
    best = masks_of(load(name, merge="best", threshold="0"), queries)
    union = masks_of(load(name, merge="union", threshold="0"), queries)
    assert all((b <= u).all() for b, u in zip(best, union, strict=True))
    assert sum(int(b.sum()) for b in best) < sum(int(u.sum()) for u in union)


@pytest.mark.parametrize("name", ["sam3", "groundingdino+sam2"])
def test_always_answers_where_nothing_passes(load: Load, name: str, queries: list[Query]) -> None:
    assert areas(load, name, queries, threshold="1").sum() == 0
    forced = masks_of(load(name, threshold="1", always="yes"), queries)
    best = masks_of(load(name, threshold="0", merge="best"), queries)
    assert all(map(np.array_equal, forced, best))


def test_no_more_boxes_than_told(load: Load, queries: list[Query]) -> None:
    one = masks_of(load("groundingdino+sam2", merge="union", boxes="1"), queries)
    best = masks_of(load("groundingdino+sam2", merge="best"), queries)
    assert all(map(np.array_equal, one, best))


@pytest.mark.parametrize("name", ["clipseg", "florence2"])
def test_the_largest_region_alone(load: Load, name: str, queries: list[Query]) -> None:
    whole = masks_of(load(name), queries)
    alone = masks_of(load(name, regions="largest"), queries)
    assert any(a.sum() < w.sum() for a, w in zip(alone, whole, strict=True)) or name == "florence2"
    for part, mask in zip(alone, whole, strict=True):
        assert (part <= mask).all()
        assert cv2.connectedComponents(part, connectivity=8)[0] == 1 + bool(mask.any())


@pytest.mark.parametrize("name", ["clipseg", "sam3", "groundingdino+sam2", "florence2"])
def test_the_template_frames_the_query(load: Load, name: str, queries: list[Query]) -> None:
    framed = masks_of(load(name, template="no {}"), queries[:2])
    written = [_asking(q, f"no {q.phrase}") for q in queries[:2]]
    assert all(map(np.array_equal, framed, masks_of(load(name), written)))
    assert not all(map(np.array_equal, framed, masks_of(load(name), queries[:2])))


def _asking(query: Query, phrase: str) -> Query:
    values = {name: getattr(query, name) for name in query.__slots__}
    return Query(**values | {"phrase": phrase})


@pytest.mark.parametrize("name", ["clipseg", "sam3", "groundingdino+sam2", "florence2"])
def test_queries_of_any_length_and_kind(load: Load, name: str, queries: list[Query]) -> None:
    phrases = ["", "a " * 40, "船", "a.b. c?", "<loc_5> {} %s", "\n\t"]
    asked = [_asking(queries[0], phrase) for phrase in phrases]
    masks = masks_of(load(name), asked)
    assert [m.shape for m in masks] == [(80, 100)] * len(phrases)


def test_half_precision_is_for_gpus(load: Load) -> None:
    assert load("clipseg", device="cpu", half="yes")._segmenter.runtime.half is False
    best = "cuda" if torch.cuda.is_available() else "cpu"
    assert choose_device("auto", half=True).device.type in (best, "mps")
    assert choose_device("auto", half=False).half is False


@pytest.mark.parametrize("name", ["clipseg", "sam3", "groundingdino+sam2"])
def test_half_precision_gives_nearly_the_same(load: Load, name: str, queries: list[Query]) -> None:
    full, half = load(name), load(name)
    runtime = half._segmenter.runtime
    # What a GPU would be given; autocast does on a CPU what it does there.
    half._segmenter.runtime = Runtime(runtime.device, half=True)
    pairs = zip(masks_of(full, queries), masks_of(half, queries), strict=True)
    agreement = [float((a == b).mean()) for a, b in pairs]
    assert np.mean(agreement) > 0.8


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("name", ["clipseg", "sam3", "groundingdino+sam2", "florence2"])
def test_half_precision_runs_through(
    load: Load, name: str, kind: torch.dtype, queries: list[Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[torch.dtype] = []
    autocast = torch.autocast

    def noting(device: str, dtype: torch.dtype) -> Any:
        used.append(dtype)
        return autocast(device, dtype=kind)

    monkeypatch.setattr(torch, "autocast", noting)
    predictor = load(name)
    device = predictor._segmenter.runtime.device
    predictor._segmenter.runtime = Runtime(device, half=True)
    masks = masks_of(predictor, queries[:3])
    assert used == [torch.bfloat16]
    assert [m.shape for m in masks] == [q.image_size[::-1] for q in queries[:3]]
    assert all(m.dtype == np.uint8 and set(np.unique(m)) <= {0, 1} for m in masks)
