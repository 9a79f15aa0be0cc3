"""Giving one of FiftyOne's own models another text after it was made.

All of these take their texts in the configuration they are made with. What each makes of it
is set anew here, as its own class does it; only YOLO-World and YOLOE, which melt their texts
into their weights, are made anew, from a copy in memory.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from importers.errors import UsageError

Teller = Callable[[str], None]
"""Gives a model the text that its next images are asked for."""


def tell_detector(model: Any, name: str, background: str) -> Teller:
    """Zero-shot detectors on ``transformers``: Grounding DINO, OWL-ViT, OmDet-Turbo, LLMDet."""
    _cut_long_texts(model)

    def tell(text: str) -> None:
        _set_texts(model, [text])
        model.transforms.text = model.text_prompts
        model.transforms.text_per_image = True

    return tell


def tell_segmenter(model: Any, name: str, background: str) -> Teller:
    """GroupViT, which gives each pixel to the text that fits it best.

    It is told what the rest is as well: with one text alone, all pixels would be target. The
    rest comes first, which makes it 0 in the answer where FiftyOne does not count from 1.
    """
    _cut_long_texts(model)
    model._output_processor.no_background_cls = False
    return lambda text: _set_texts(model, [background, text])


def _cut_long_texts(model: Any) -> None:
    """Queries are longer than class names; OWL-ViT reads 16 tokens and fails beyond them."""
    model.transforms.kwargs.setdefault("truncation", True)


def _set_texts(model: Any, texts: list[str]) -> None:
    model.config.classes = model._classes = model._output_processor.classes = texts
    model.config.class_prompts = None  # names of classes that are not there any more
    model._text_prompts = model._input_ids = None  # both are made on demand


def tell_sam3(model: Any, name: str, background: str) -> Teller:
    """Meta's SAM 3, whose loader takes the text from the configuration for each item."""
    if model.operation_mode != "concept":
        raise UsageError(
            f"zoo.model: {name} takes text with \"operation_mode\": \"concept\" alone, which is "
            "what it is made with unless zoo.options says otherwise"
        )  # fmt: skip

    def tell(text: str) -> None:
        model.config.classes = [text]
        if model.config.get_item_args:
            model.config.get_item_args.pop("text_prompts", None)

    return tell


def tell_fcclip(model: Any, name: str, background: str) -> Teller:
    """FC-CLIP: its own remainder class takes what no text fits."""

    def tell(text: str) -> None:
        model.config.classes = [text]
        model._classes = model._output_processor.classes = model._parse_classes(model.config)

    return tell


def tell_chat(model: Any, name: str, background: str) -> Teller:
    """Qwen3-VL, which is asked in words and looks its words up for each image."""
    framed = model.config.prompt

    def tell(text: str) -> None:
        model.config.classes = [text]
        if framed and "{}" in framed:
            model.config.prompt = framed.replace("{}", text)

    if framed and "{}" not in framed:
        raise UsageError("zoo.options: a prompt of its own must hold {} where the query goes")
    return tell


def tell_yolo(model: Any, name: str, background: str) -> Teller:
    """YOLO-World and YOLOE: a copy as it was loaded is given the text and set up as FiftyOne does.

    Raises:
        UsageError: if this one takes no text, as those do not that are free of prompts
    """
    from eta.core.utils import get_function

    config = model.config
    make = config.entrypoint_fcn
    make = get_function(make) if isinstance(make, str) else make
    fresh = make(**(config.entrypoint_args or {}))

    def tell(text: str) -> None:
        config.classes, config.model = [text], copy.deepcopy(fresh)
        try:
            with _one_text_encoder():
                model._model = model._load_model(config)
        finally:
            config.model = None
        model._classes = [text]
        model._output_processor = model._build_output_processor(config)

    if not hasattr(fresh, "set_classes"):
        raise UsageError(f"zoo.model: {name} takes no text; YOLO-World and YOLOE do")
    try:
        tell("object")
    except AssertionError as error:  # how ultralytics refuses
        raise UsageError(f"zoo.model: {name} takes no text ({error})") from error
    return tell


@contextmanager
def _one_text_encoder() -> Iterator[None]:
    """ultralytics would read its text encoder from disk again for each text."""
    from ultralytics.nn import text_model  # type: ignore[import-not-found]

    kept = text_model.build_text_model
    text_model.build_text_model = _text_encoders(kept)
    try:
        yield
    finally:
        text_model.build_text_model = kept


@cache
def _text_encoders(build: Any) -> Any:
    return cache(build)


TELLERS: dict[str, Callable[[Any, str, str], Teller]] = {
    "FiftyOneZeroShotTransformerForObjectDetection": tell_detector,
    "FiftyOneZeroShotTransformerForSemanticSegmentation": tell_segmenter,
    "SegmentAnything3ImageModel": tell_sam3,
    "FCCLIPModel": tell_fcclip,
    "Qwen3VLModel": tell_chat,
    "FiftyOneYOLOModel": tell_yolo,
}
"""By the name of FiftyOne's class, which is loaded with its library only where it is used."""
