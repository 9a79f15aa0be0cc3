"""``clip``: whether a text fits its picture better than the other texts of the dataset do.

A dual-encoder model embeds the part of the image around the target, and the query; the query is
ranked among all others by similarity. No server is needed. The vectors are stored in the fields
that the check ``embedding_outlier`` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.catalogue.embeddings import (
    LEAST,
    Fits,
    image_text_fits,
    vector_of,
)
from pairlens.fiftyone_plugin.checks.judgements import CANNOT_TELL, NO, YES, Judgement, digest
from pairlens.fiftyone_plugin.judging import pictures, prompts
from pairlens.fiftyone_plugin.judging.base import JudgeSpec, Outcome, Question
from pairlens.fiftyone_plugin.judging.budget import Budget
from pairlens.fiftyone_plugin.judging.embedding import Embedder, Floats, open_embedder
from pairlens.fiftyone_plugin.judging.identity import new_judgement
from pairlens.fiftyone_plugin.judging.views import ViewSettings, window
from pairlens.fiftyone_plugin.predictors import models
from pairlens.fiftyone_plugin.predictors.params import option
from pairlens.importers.errors import MaskError, StateError
from pairlens.importers.fields import TARGET
from pairlens.importers.media import read_rgb

NAME = "clip"

MAX_COMPARED = 100_000
"""Maximum of samples that are compared with each other; further ones are not judged."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The parameters of ``clip``."""

    model: str = option("folder or hub id OWNER/NAME[@REVISION] of a CLIP or SigLIP")
    context: float = option(
        "how far the part reaches beyond the target, in sides of its box", 0.5, low=0, high=20
    )
    least: int = option("least side in pixels of the image that the part shows", 48, low=4,
                        high=4096)  # fmt: skip
    min_rank: float = option(
        "share of the others that must fit better for a text to be doubted", 0.25, low=0, high=1
    )
    neighbors: int = option("nearest ones that the scaling goes by", 10, low=1, high=1000)
    batch: int = option("pictures at once", 16, low=1, high=1024)
    half: bool = option(models.HALF, True)


class Similarity:
    """Compares pictures and texts.

    Args:
        embedder: the model
        settings: the parameters
    """

    compares = True

    def __init__(self, embedder: Embedder, settings: Settings) -> None:
        self._embedder, self._settings = embedder, settings
        self.model = settings.model
        self.by = digest(NAME, settings.model, settings.context, settings.least)
        self._texts: dict[str, Floats] = {}

    def judge(
        self, questions: Iterable[Question], budget: Budget
    ) -> Iterator[tuple[Question, Outcome]]:
        """Computes missing vectors, then compares all."""
        compared: list[Question] = []
        vectors: list[tuple[Floats, Floats]] = []
        affordable = self._within_budget(questions, budget)
        while group := list(islice(affordable, self._settings.batch)):
            for question, outcome in self._embed(group):
                if isinstance(outcome, Exception):
                    yield question, outcome
                elif len(compared) == MAX_COMPARED:
                    yield question, StateError(f"more than {MAX_COMPARED:,} are not compared")
                else:
                    compared.append(question)
                    vectors.append(outcome)
        yield from self._compare(compared, vectors)

    def tokens(self, question: Question) -> tuple[int, int]:
        """No tokens: the model runs locally."""
        return 0, 0

    def close(self) -> None:
        """Does nothing: no question is pending between answers."""

    def _within_budget(self, questions: Iterable[Question], budget: Budget) -> Iterator[Question]:
        for question in questions:
            if question.vectors is None:
                if not budget.begin((0, 0)):
                    return
                budget.end((0, 0), 0, 0)
            yield question

    def _embed(
        self, questions: Sequence[Question]
    ) -> Iterator[tuple[Question, tuple[Floats, Floats] | Exception]]:
        vectors: dict[int, tuple[Floats, Floats] | Exception] = {}
        crops: dict[int, NDArray[np.uint8]] = {}
        for number, question in enumerate(questions):
            stored = _stored_vectors(question)
            if stored is not None:
                vectors[number] = stored
                continue
            try:
                crops[number] = self._part(question)
            except Exception as error:  # one unreadable image does not end the run
                vectors[number] = error
        if crops:
            rows = self._embedder.pictures([*crops.values()])
            texts = self._encode_texts([text_of(questions[number]) for number in crops])
            vectors |= dict(zip(crops, zip(rows, texts, strict=True), strict=True))
        yield from ((question, vectors[number]) for number, question in enumerate(questions))

    def _part(self, question: Question) -> NDArray[np.uint8]:
        """The part of the image around the target, or the whole image without a target.

        Raises:
            ImageError: if the image cannot be read
            MaskError: if there is no text, or the mask is unreadable, empty or of another size
        """
        if not text_of(question).strip():
            raise MaskError("there is no text to compare")
        rgb, mask = read_rgb(question.image), pictures.mask_of(question)
        if mask is None or question.sample.no_target:
            return rgb
        if mask.shape != rgb.shape[:2]:
            raise MaskError("the mask and the image differ in size")
        rows, columns = np.nonzero(mask == TARGET)
        if not len(rows):
            raise MaskError("the mask is empty")
        left, top = int(columns.min()), int(rows.min())
        box = (left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top)
        views = ViewSettings(context=self._settings.context, least=self._settings.least)
        x, y, width, height = window(box, (rgb.shape[1], rgb.shape[0]), views)
        return np.ascontiguousarray(rgb[y : y + height, x : x + width])

    def _encode_texts(self, texts: Sequence[str]) -> list[Floats]:
        """The vector of each text; equal texts are embedded once."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._texts]
        if missing:
            self._texts |= dict(zip(missing, self._embedder.texts(missing), strict=True))
        return [self._texts[text] for text in texts]

    def _compare(
        self, questions: Sequence[Question], vectors: Sequence[tuple[Floats, Floats]]
    ) -> Iterator[tuple[Question, Judgement]]:
        targets = [n for n, one in enumerate(questions) if not one.sample.no_target]
        fits, places = None, dict[int, int]()
        if len(targets) >= LEAST:
            images, texts = (np.stack([vectors[n][side] for n in targets]) for side in (0, 1))
            fits = image_text_fits(images, texts, self._settings.neighbors)
            places = {number: place for place, number in enumerate(targets)}
        for number, question in enumerate(questions):
            is_stored = question.vectors is not None
            answered = question if is_stored else replace(question, vectors=vectors[number])
            judgement = new_judgement(self, NAME, question)
            yield answered, replace(judgement, **self._answer(fits, places.get(number)))

    def _answer(self, fits: Fits | None, place: int | None) -> dict[str, Any]:
        if fits is None or place is None:
            why = "no target to compare" if fits else f"fewer than {LEAST} to compare with"
            return {"shows": CANNOT_TELL, "why": f"There is {why}."}
        rank, min_rank = float(fits.rank[place]), self._settings.min_rank
        odd = rank >= min_rank
        # The doubt rises with the rank, and is 0.5 at min_rank.
        confidence = (rank - min_rank) / max(1 - min_rank, 1e-9) if odd else 1 - rank / min_rank
        why = (
            f"{100 * rank:.0f} % of the others fit better (cosine {fits.cosine[place]:.2f}, "
            f"median {fits.median:.2f})."
        )
        return {
            "shows": NO if odd else YES,
            "confidence": round(0.5 + confidence / 2, 4),
            "why": why,
        }


def _stored_vectors(question: Question) -> tuple[Floats, Floats] | None:
    """The stored vectors of image and text, or ``None`` if one is missing or invalid."""
    image, text = (vector_of(one) for one in question.vectors or (None, None))
    return None if image is None or text is None else (image, text)


def text_of(question: Question) -> str:
    """The text that is compared: the query, or the main caption, without prompt injections."""
    from pairlens.importers.documents import standing_caption  # imports FiftyOne

    parts = prompts.question_texts(question.sample, question.is_pair).parts
    captions = question.sample.captions
    number = standing_caption(captions) if captions and not question.is_pair else 0
    return parts[number].shown if number < len(parts) else ""


def load(settings: Settings, device: str) -> Similarity:
    """Loads the model and its processor.

    Raises:
        UsageError: for a missing package or device
        LayoutError, StateError: if the model cannot be loaded
    """
    models.require(NAME)
    return Similarity(open_embedder(NAME, settings.model, device, settings.half), settings)


SPEC = JudgeSpec(
    name=NAME,
    about="CLIP or SigLIP: how well a text fits its part of the image, among all others.",
    settings=Settings,
    make=load,
)
