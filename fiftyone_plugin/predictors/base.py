"""The Protocol that every predictor keeps.

A predictor takes images and queries and gives masks. It never touches FiftyOne or the
database: :mod:`fiftyone_plugin.predictors.runner` feeds it, stores what it gives and goes on
where one pair fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from importers.registry import Registry


@dataclass(frozen=True, slots=True)
class Query:
    """One pair for a predictor: it sees no ground truth.

    Attributes:
        key: the pair's key
        image_id: pairs with equal ``image_id`` and ``split`` share the image
        split: the pair's split
        phrase: the query
        image: the image file, as published, or what stands in for it
        image_name: the file name the annotations give the image, there or not
        image_size: (width, height) in pixels
    """

    key: str
    image_id: str
    split: str
    phrase: str
    image: Path
    image_name: str
    image_size: tuple[int, int]


Prediction = NDArray[np.uint8]
"""(height, width) of 0 background and 1 target, normally in the image's size."""


class NoPrediction(Exception):
    """A predictor has nothing for this pair, which is no failure: it is counted as skipped.

    Its text is a reason that many pairs can share: runs count skipped pairs by it.
    """


class Predictor(Protocol):
    """What predicts masks.

    ``predict`` takes a batch and yields, in the batch's order, a mask or the exception that
    stands for it (:class:`NoPrediction`, or whatever failed), one for each query.

    It may have more, which is used where it is there: ``prefetch(batch)`` is told the batch
    after the one it is about to be asked; ``notes()`` gives sentences for whoever started the
    run, ``unused()`` the files that no query asked for; ``close()`` ends what is under way.
    """

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """Masks for the batch, in its order."""
        ...


@dataclass(frozen=True)
class PredictorSpec:
    """A predictor as listed.

    Attributes:
        name: for ``--predictor``
        about: one sentence for people
        params: parameter name to what it means
        needs: packages beyond those PairLens installs
        reads_images: whether it looks at pixels; pairs whose image is missing are then skipped
        load: makes the predictor from its parameters (texts) and a device name; imports
            what it needs only then. Raises ``UsageError`` for a bad parameter.
    """

    name: str
    about: str
    params: dict[str, str]
    load: Callable[[dict[str, Any], str], Predictor]
    needs: tuple[str, ...] = ()
    reads_images: bool = True


PREDICTORS: Registry[PredictorSpec] = Registry("predictor", "pairlens.predictors")
