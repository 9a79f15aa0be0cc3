"""The Protocol of judges, and the questions that they get.

A judge gets samples with their image and mask, and answers whether the image shows what the texts
say. It does not use the database: :mod:`pairlens.fiftyone_plugin.judging.runner` passes questions
to it and stores its answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Sample
from pairlens.fiftyone_plugin.checks.judgements import Judgement, content_of
from pairlens.fiftyone_plugin.judging.budget import Budget
from pairlens.fiftyone_plugin.predictors.params import describe, read_params
from pairlens.importers.registry import Registry

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Question:
    """A sample for a judge.

    Attributes:
        sample: the sample in the form of the checks
        image: the image file
        mask: the stored mask, or its pixels: (height, width) of 0, 1 target and 255 ignore;
            ``None`` for an image with texts
        vectors: stored vectors of image and text, if they are of the present content
    """

    sample: Sample
    image: Path
    mask: Path | Pixels | None = None
    vectors: tuple[Any, Any] | None = field(default=None, compare=False)

    @property
    def is_pair(self) -> bool:
        """Whether a mask is judged, and not captions or conversations."""
        return self.mask is not None

    @property
    def content(self) -> str:
        """A digest of image, mask and texts; see :func:`content_of`."""
        return content_of(self.sample)


Outcome = Judgement | Exception
"""An answer, or the error in its place; a rejected answer has a ``fault``."""


class Judge(Protocol):
    """Judges samples.

    Attributes:
        model: name of the model, as stored and shown
        by: digest of everything besides the samples that the answers depend on
        compares: whether its answers depend on all samples, so that it must get all of them
    """

    model: str
    by: str
    compares: bool

    def judge(
        self, questions: Iterable[Question], budget: Budget
    ) -> Iterator[tuple[Question, Outcome]]:
        """Yields questions with their answers, in any order, until the budget is spent."""
        ...

    def tokens(self, question: Question) -> tuple[int, int]:
        """Estimated tokens of a question and of its answer; 0 if tokens cost nothing."""
        ...

    def close(self) -> None:
        """Cancels pending questions and releases resources."""
        ...


@dataclass(frozen=True)
class JudgeSpec:
    """The declaration of a judge.

    Attributes:
        name: its name for ``--judge``
        about: one sentence about it, for users
        make: makes the judge from its settings and a device name, and imports what it needs
        settings: the dataclass of its parameters, made with
            :func:`pairlens.fiftyone_plugin.predictors.params.option`
    """

    name: str
    about: str
    make: Callable[[Any, str], Judge]
    settings: type[Any]

    @property
    def params(self) -> dict[str, str]:
        """The parameters by name, with their meaning and default, required ones first."""
        return describe(self.settings)

    def load(self, params: Mapping[str, Any], device: str) -> Judge:
        """Makes the judge.

        Args:
            params: parameters by name, as texts or values
            device: name of a device, or ``auto``

        Raises:
            UsageError: for an unknown, missing or invalid parameter
        """
        return self.make(read_params(self.name, self.settings, params, "judge"), device)


JUDGES: Registry[JudgeSpec] = Registry("judge", "pairlens.judges")
