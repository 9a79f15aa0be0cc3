"""Tests that every predictor must pass: a test file names one and inherits them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import Query
from pairlens.importers.errors import UsageError

SIZES = ((40, 30), (64, 48))
"""(width, height) of the images."""


class PredictorContract:
    """Base class of the tests of a predictor.

    Attributes:
        name: name of the predictor
        params: its parameters, as texts
    """

    name: ClassVar[str]
    params: ClassVar[dict[str, str]] = {}

    @pytest.fixture
    def predictor(self) -> Iterator[Any]:
        """The predictor; overridden if its parameters are only known within a test."""
        made = PREDICTORS[self.name].load(self.params, "cpu")
        yield made
        getattr(made, "close", lambda: None)()

    @pytest.fixture
    def queries(self, tmp_path: Path) -> list[Query]:
        """Two queries for each of two images of gray blocks."""
        rng = np.random.default_rng(3)
        made = []
        for number, size in enumerate(SIZES):
            path = tmp_path / f"{number}.png"
            blocks = Image.fromarray(rng.integers(0, 255, (3, 4), dtype=np.uint8))
            blocks.resize(size, Image.Resampling.NEAREST).convert("RGB").save(path)
            for nth, phrase in enumerate(("the large car at the top left", "two ships")):
                key = f"t/{number}#{nth}"
                made.append(Query(key, str(number), "t", phrase, path, path.name, size))
        return made

    def test_it_tells_what_it_is(self) -> None:
        spec = PREDICTORS[self.name]
        assert spec.about.endswith(".") and spec.setup and all(spec.params.values())

    def test_an_unknown_parameter_is_refused(self) -> None:
        with pytest.raises(UsageError, match="has no parameter 'no_such'"):
            PREDICTORS[self.name].load(self.params | {"no_such": "1"}, "cpu")

    def test_masks_have_the_size_of_their_images(
        self, predictor: Any, queries: list[Query]
    ) -> None:
        masks = masks_of(predictor, queries)
        assert [m.shape[::-1] for m in masks] == [q.image_size for q in queries]
        assert all(m.dtype == np.uint8 and set(np.unique(m)) <= {0, 1} for m in masks)

    def test_masks_do_not_depend_on_their_batch(self, predictor: Any, queries: list[Query]) -> None:
        together = masks_of(predictor, queries)
        backwards = masks_of(predictor, queries[::-1])[::-1]
        alone = [masks_of(predictor, [query])[0] for query in queries]
        for mask, other, single in zip(together, backwards, alone, strict=True):
            np.testing.assert_array_equal(mask, other)
            np.testing.assert_array_equal(mask, single)

    def test_an_image_that_cannot_be_read_fails_alone(
        self, predictor: Any, queries: list[Query], tmp_path: Path
    ) -> None:
        """One that does not look at images answers for it as well."""
        broken = tmp_path / "broken.png"
        broken.write_bytes(b"\x89PNG\r\n\x1a\n")
        bad = replace(queries[0], key="t/bad#0", image=broken)
        first, of_broken, last = predictor.predict([queries[0], bad, queries[1]])
        if PREDICTORS[self.name].reads_images:
            assert isinstance(of_broken, Exception) and str(of_broken)
        else:
            assert not isinstance(of_broken, Exception)
        for mask, expected in zip((first, last), masks_of(predictor, queries[:2]), strict=True):
            np.testing.assert_array_equal(mask, expected)


def masks_of(predictor: Any, batch: list[Query]) -> list[np.ndarray]:
    """The masks of a batch; a failure is raised."""
    answers = list(predictor.predict(batch))
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
