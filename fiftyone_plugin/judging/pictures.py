"""Reads and draws the pictures of a question, and estimates its tokens."""

from __future__ import annotations

from pathlib import Path

from pairlens.fiftyone_plugin.judging import prompts
from pairlens.fiftyone_plugin.judging.base import Question
from pairlens.fiftyone_plugin.judging.prompts import QuestionTexts
from pairlens.fiftyone_plugin.judging.views import Picture, ViewSettings, draw, sizes
from pairlens.importers.errors import MaskError
from pairlens.importers.fields import TARGET
from pairlens.importers.masks import Pixels, load_stored
from pairlens.importers.media import read_rgb

PIXELS_PER_TOKEN = 28 * 28
"""Pixels of a picture per token for Qwen2-VL; 750 for Claude, 900 for GPT-4o with high detail."""

CHARACTERS_PER_TOKEN = 4
ANSWER_TOKENS = 150
"""Estimated tokens of an answer, before any were counted."""


def draw_pictures(question: Question, settings: ViewSettings) -> list[Picture]:
    """Draws the pictures of a question.

    Raises:
        ImageError: if the image cannot be read
        MaskError: if the mask cannot be read, has another size than the image, or is empty without
            a declared empty target
    """
    mask = mask_of(question)
    if mask is not None and not question.sample.no_target and not (mask == TARGET).any():
        raise MaskError("the mask is empty")
    return draw(read_rgb(question.image), mask, settings)


def mask_of(question: Question) -> Pixels | None:
    """The mask of a question, (height, width); ``None`` for an image with texts."""
    return load_stored(question.mask) if isinstance(question.mask, Path) else question.mask


def estimate_tokens(
    question: Question, asked: QuestionTexts, settings: ViewSettings
) -> tuple[int, int]:
    """Estimated tokens of a question, by its pictures and texts, and of its answer."""
    pixels = sum(width * height for width, height in sizes(question.sample, settings))
    words = prompts.prompt_text(asked, question.sample, question.is_pair)
    letters = len(prompts.SYSTEM) + len(words)
    return -(-pixels // PIXELS_PER_TOKEN) + -(-letters // CHARACTERS_PER_TOKEN), ANSWER_TOKENS
