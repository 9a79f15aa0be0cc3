"""Small models saved once, and images with several queries each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import Prediction, Query
from pairlens.fiftyone_plugin.predictors.pipeline import Pipeline
from tests.models import tiny

SIZES = ((80, 100), (80, 100), (64, 90), (120, 70))
"""(height, width) of the images."""

PHRASES = ("a red car", "the large building at the top left", "x", "two ships")

MAKERS = {
    "clipseg": {"model": tiny.save_clipseg},
    "groundingdino+sam2": {"model": tiny.save_grounding_dino, "sam2": tiny.save_sam2},
    "sam3": {"model": tiny.save_sam3},
    "florence2": {"model": tiny.save_florence2},
}

PARAMS = {
    "clipseg": {},
    # The union of all boxes covers nearly every image.
    "groundingdino+sam2": {"merge": "best"},
    "sam3": {"threshold": "0.1", "merge": "best"},
    "florence2": {"tokens": "24"},
}
"""Parameters with which the random weights give masks that differ."""

Load = Callable[..., Pipeline]


@pytest.fixture(autouse=True, scope="session")
def _few_threads() -> None:
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """The folders of a predictor's models, by parameter."""
    made: dict[str, dict[str, str]] = {}

    def folders(name: str) -> dict[str, str]:
        if name not in made:
            root = tmp_path_factory.mktemp(name)
            made[name] = {p: str(save(root / p)) for p, save in MAKERS[name].items()}
        return made[name]

    return folders


@pytest.fixture
def load(saved: Callable[[str], dict[str, str]]) -> Load:
    """Loads a predictor as the command line does."""

    def loaded(name: str, device: str = "auto", **params: str) -> Pipeline:
        return PREDICTORS[name].load(saved(name) | PARAMS[name] | params, device)

    return loaded


@pytest.fixture(scope="session")
def queries(tmp_path_factory: pytest.TempPathFactory) -> list[Query]:
    """Two queries for each image."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(5)
    made = []
    for number, (height, width) in enumerate(SIZES):
        path = folder / f"{number}.png"
        blocks = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST).save(path)
        for nth in range(2):
            phrase = PHRASES[(number + nth) % len(PHRASES)]
            key = f"t/{number}#{nth}"
            made.append(Query(key, str(number), "t", phrase, path, path.name, (width, height)))
    return made


def masks_of(predictor: Pipeline, batch: list[Query]) -> list[Prediction]:
    """Masks alone; a failure is raised."""
    answers = []
    for answer in predictor.predict(batch):
        if isinstance(answer, Exception):
            raise answer
        answers.append(answer)
    return answers
