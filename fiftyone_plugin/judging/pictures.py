"""The pictures of a question, read and drawn once for both judges that look at images."""

from __future__ import annotations

from pathlib import Path

from pairlens.fiftyone_plugin.judging import prompts
from pairlens.fiftyone_plugin.judging.base import Question
from pairlens.fiftyone_plugin.judging.prompts import Asked
from pairlens.fiftyone_plugin.judging.views import Picture, ViewSettings, draw, sizes
from pairlens.importers.errors import MaskError
from pairlens.importers.fields import TARGET
from pairlens.importers.masks import Pixels, load_stored
from pairlens.importers.media import read_rgb

PIXELS_A_TOKEN = 28 * 28
"""Of a picture, as Qwen2-VL counts; others count from 750 (Claude) to 900 (GPT-4o, high detail)."""

LETTERS_A_TOKEN = 4
ANSWER_TOKENS = 150
"""What an answer takes, where none was counted yet."""


def drawn(question: Question, settings: ViewSettings) -> list[Picture]:
    """The pictures of a question.

    Raises:
        ImageError: if the image cannot be read
        MaskError: if the mask cannot be read, does not fit the image, or is empty although there
            should be a target
    """
    mask = mask_of(question)
    if mask is not None and not question.sample.no_target and not (mask == TARGET).any():
        raise MaskError("the mask is empty")
    return draw(read_rgb(question.image), mask, settings)


def mask_of(question: Question) -> Pixels | None:
    """The pixels of the mask that is judged, ``None`` for an image with texts."""
    return load_stored(question.mask) if isinstance(question.mask, Path) else question.mask


def estimated(question: Question, asked: Asked, settings: ViewSettings) -> tuple[int, int]:
    """About how many tokens a question and its answer take, by the size of its pictures."""
    pixels = sum(width * height for width, height in sizes(question.sample, settings))
    words = prompts.words_of(asked, question.sample, question.is_pair)
    letters = len(prompts.SYSTEM) + len(words)
    return -(-pixels // PIXELS_A_TOKEN) + -(-letters // LETTERS_A_TOKEN), ANSWER_TOKENS
