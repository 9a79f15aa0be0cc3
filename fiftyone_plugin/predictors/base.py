"""The Protocol of predictors.

A predictor takes images and queries and returns masks. It does not use FiftyOne or the database:
:mod:`pairlens.fiftyone_plugin.predictors.runner` passes queries to it, stores its masks and
continues if one pair fails.
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
    """One pair in the form that predictors take, without the ground truth.

    Attributes:
        key: the pair's key
        image_id: pairs with equal ``image_id`` and ``split`` share the image
        split: the pair's split
        phrase: the query
        image: the published image file, or its placeholder
        image_name: the file name in the annotations, whether the file exists or not
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
    """Raised or yielded for a pair without a prediction; it counts as skipped, not as failed.

    Its text is the reason, by which runs count skipped pairs.
    """


class Predictor(Protocol):
    """Predicts masks.

    ``predict`` takes a batch and yields a mask or an exception for each query, in order:
    :class:`NoPrediction`, or the error that prevented the prediction.

    Optional methods: ``prefetch(batch)`` is called with the batch after the next call of
    ``predict``; ``notes()`` returns sentences for the run's summary, ``unused()`` the files that no
    query used; ``close()`` releases resources.
    """

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """Yields a mask or an exception for each query, in order."""
        ...


@dataclass(frozen=True)
class NoSettings:
    """Settings of a predictor without parameters."""


@dataclass(frozen=True)
class PredictorSpec:
    """The declaration of a predictor.

    Attributes:
        name: its name for ``--predictor``
        about: one sentence about it, for users
        make: makes the predictor from its settings and a device name (``auto``, ``cuda``,
            ``cpu``, ...), and imports the packages that it needs. Raises ``UsageError`` for invalid
            settings.
        settings: the dataclass of its parameters, made with
            :func:`pairlens.fiftyone_plugin.predictors.params.option`
        needs: packages beyond those that PairLens installs
        setup: requirements of a run, for the table in docs/predictors.md
        reads_images: whether it reads images; if so, pairs without an image are skipped
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
        """The parameters by name, with their meaning and default, required ones first."""
        return describe(self.settings)

    def load(self, params: Mapping[str, Any], device: str) -> Predictor:
        """Makes the predictor.

        Args:
            params: parameters by name, as texts or values
            device: name of a device, such as ``auto``, ``cuda`` or ``cpu``

        Raises:
            UsageError: for an unknown, missing or invalid parameter
        """
        return self.make(read_params(self.name, self.settings, params), device)


PREDICTORS: Registry[PredictorSpec] = Registry("predictor", "pairlens.predictors")
