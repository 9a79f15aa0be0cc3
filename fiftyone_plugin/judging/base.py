"""The Protocol that every judge keeps, and what it is asked.

A judge is given samples with their image and mask and answers whether the one shows what the texts
say. It never touches the database: :mod:`pairlens.fiftyone_plugin.judging.runner` feeds it and
stores what it answers.
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
    """One sample for a judge.

    Attributes:
        sample: as the checks see it
        image: the image file
        mask: the stored mask, or its pixels: (height, width) of 0, 1 target and 255 ignore;
            ``None`` for an image with texts
        vectors: of the image and the text, where they were made of just this before
    """

    sample: Sample
    image: Path
    mask: Path | Pixels | None = None
    vectors: tuple[Any, Any] | None = field(default=None, compare=False)

    @property
    def is_pair(self) -> bool:
        """Whether a mask is judged, and not what was written about the image."""
        return self.mask is not None

    @property
    def of(self) -> str:
        """A digest of what is shown; see :func:`content_of`."""
        return content_of(self.sample)


Outcome = Judgement | Exception
"""An answer, or why there is none; an answer that is not believed has a ``fault``."""


class Judge(Protocol):
    """What judges samples.

    Attributes:
        model: as it is stored and shown
        by: a digest of what the answers depend on besides the samples
        compares: whether its answers depend on the other samples, so that it is given all of them
    """

    model: str
    by: str
    compares: bool

    def judge(
        self, questions: Iterable[Question], budget: Budget
    ) -> Iterator[tuple[Question, Outcome]]:
        """Answers, in any order; it takes no further question where the budget is spent."""
        ...

    def tokens(self, question: Question) -> tuple[int, int]:
        """About how many tokens a question and its answer take; 0 where nobody counts any."""
        ...

    def close(self) -> None:
        """Ends what is under way."""
        ...


@dataclass(frozen=True)
class JudgeSpec:
    """A judge as it is listed, documented and made.

    Attributes:
        name: for ``--judge``
        about: one sentence for people
        make: makes the judge from its settings and a device name; imports what it needs only then
        settings: the dataclass of its parameters, made with
            :func:`pairlens.fiftyone_plugin.predictors.params.option`
    """

    name: str
    about: str
    make: Callable[[Any, str], Judge]
    settings: type[Any]

    @property
    def params(self) -> dict[str, str]:
        """Parameter name to what it means and its default; those that must be given first."""
        return describe(self.settings)

    def load(self, params: Mapping[str, Any], device: str) -> Judge:
        """Makes the judge from parameters as they are given.

        Raises:
            UsageError: for an unknown, missing or bad parameter
        """
        return self.make(read_params(self.name, self.settings, params, "judge"), device)


JUDGES: Registry[JudgeSpec] = Registry("judge", "pairlens.judges")
