"""The Protocol that every predictor keeps.

A predictor takes images and queries and gives masks. It never touches FiftyOne or the
database: :mod:`pairlens.fiftyone_plugin.predictors.runner` feeds it, stores what it gives and goes
on where one pair fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.predictors.params import describe, read_params
from pairlens.importers.registry import Registry


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
class NoSettings:
    """The parameters of a predictor that has none."""


@dataclass(frozen=True)
class PredictorSpec:
    """A predictor as it is listed, documented and made.

    Attributes:
        name: for ``--predictor``
        about: one sentence for people
        make: makes the predictor from its settings and a device name (``auto``, ``cuda``,
            ``cpu``, ...); imports what it needs only then. Raises ``UsageError`` for settings
            that cannot be meant.
        settings: the dataclass of its parameters, made with
            :func:`pairlens.fiftyone_plugin.predictors.params.option`
        needs: packages beyond those PairLens installs
        setup: what to have at hand before it runs, for the table in docs/predictors.md
        reads_images: whether it looks at pixels; pairs whose image is missing are then skipped
    """

    name: str
    about: str
    make: Callable[[Any, str], Predictor]
    settings: type[Any] = NoSettings
    needs: tuple[str, ...] = ()
    setup: str = "nothing"
    reads_images: bool = True

    @property
    def params(self) -> dict[str, str]:
        """Parameter name to what it means and its default; those that must be given first."""
        return describe(self.settings)

    def load(self, params: Mapping[str, Any], device: str) -> Predictor:
        """Makes the predictor from parameters as they are given, as texts or values.

        Raises:
            UsageError: for an unknown, missing or bad parameter
        """
        return self.make(read_params(self.name, self.settings, params), device)


PREDICTORS: Registry[PredictorSpec] = Registry("predictor", "pairlens.predictors")
