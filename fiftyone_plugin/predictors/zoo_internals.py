"""The private names of FiftyOne's model classes: giving a loaded model another text.

All of these models take their texts in the configuration they are made with. What each makes of
it is set anew here, as its own class does it; only YOLO-World and YOLOE, which melt their texts
into their weights, are made anew, from a copy in memory.

Tested with FiftyOne 1.22. A version that lacks one of the names is refused: set in vain, a model
would go on answering its first text. This is not in ``pairlens.importers.fo_internals``, since it
is of models alone, which nothing but the predictor ``zoo`` loads.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from pairlens.importers.errors import StateError, UsageError

SetPrompt = Callable[[str], None]
"""Gives a model the text that its next images are asked for."""

_CLASSIFIERS = "ClassifierOutputProcessor"


def marks_no_pixels(model: Any) -> bool:
    """Whether a model says what an image shows, and not where."""
    output = type(getattr(model, "_output_processor", None))
    return _CLASSIFIERS in {kind.__name__ for kind in output.__mro__}


def _replace(thing: Any, **values: Any) -> None:
    """Sets attributes that are there.

    Raises:
        StateError: if one is not, in this version of FiftyOne
    """
    for name, value in values.items():
        if not hasattr(thing, name):
            import fiftyone as fo  # listing predictors must not load it

            raise StateError(
                f"FiftyOne {fo.__version__} has no {type(thing).__name__}.{name}, through which "
                "PairLens gives a zoo model its text; 1.22 has it"
            )
        setattr(thing, name, value)


def _prompt_detector(model: Any, name: str, background: str) -> SetPrompt:
    """Zero-shot detectors on ``transformers``: Grounding DINO, OWL-ViT, OmDet-Turbo, LLMDet."""
    _cut_long_texts(model)

    def set_prompt(text: str) -> None:
        _set_texts(model, [text])
        _replace(model.transforms, text=model.text_prompts, text_per_image=True)

    return set_prompt


def _prompt_segmenter(model: Any, name: str, background: str) -> SetPrompt:
    """GroupViT, which gives each pixel to the text that fits it best.

    It is told what the rest is as well: with one text alone, all pixels would be target. The
    rest comes first, which makes it 0 in the answer where FiftyOne does not count from 1.
    """
    _cut_long_texts(model)
    _replace(model._output_processor, no_background_cls=False)
    return lambda text: _set_texts(model, [background, text])


def _cut_long_texts(model: Any) -> None:
    """Queries are longer than class names; OWL-ViT reads 16 tokens and fails beyond them."""
    model.transforms.kwargs.setdefault("truncation", True)


def _set_texts(model: Any, texts: list[str]) -> None:
    # class_prompts names classes that are not there any more.
    _replace(model.config, classes=texts, class_prompts=None)
    _replace(model._output_processor, classes=texts)
    # The last two are made on demand.
    _replace(model, _classes=texts, _text_prompts=None, _input_ids=None)


def _prompt_sam3(model: Any, name: str, background: str) -> SetPrompt:
    """Meta's SAM 3, whose loader takes the text from the configuration for each item."""
    if model.operation_mode != "concept":
        raise UsageError(
            f"zoo.model: {name} takes text with \"operation_mode\": \"concept\" alone, which is "
            "what it is made with unless zoo.options says otherwise"
        )  # fmt: skip

    def set_prompt(text: str) -> None:
        model.config.classes = [text]
        if model.config.get_item_args:
            model.config.get_item_args.pop("text_prompts", None)

    return set_prompt


def _prompt_fcclip(model: Any, name: str, background: str) -> SetPrompt:
    """FC-CLIP: its own remainder class takes what no text fits."""

    def set_prompt(text: str) -> None:
        _replace(model.config, classes=[text])
        classes = model._parse_classes(model.config)
        _replace(model._output_processor, classes=classes)
        _replace(model, _classes=classes)

    return set_prompt


def _prompt_chat(model: Any, name: str, background: str) -> SetPrompt:
    """Qwen3-VL, which is asked in words and looks its words up for each image."""
    framed = model.config.prompt

    def set_prompt(text: str) -> None:
        model.config.classes = [text]
        if framed and "{}" in framed:
            model.config.prompt = framed.replace("{}", text)

    if framed and "{}" not in framed:
        raise UsageError("zoo.options: a prompt of its own must hold {} where the query goes")
    return set_prompt


def _prompt_yolo(model: Any, name: str, background: str) -> SetPrompt:
    """YOLO-World and YOLOE: a copy as it was loaded is given the text and set up as FiftyOne does.

    Raises:
        UsageError: if this one takes no text, as those do not that are free of prompts
    """
    from eta.core.utils import get_function

    config = model.config
    make = config.entrypoint_fcn
    make = get_function(make) if isinstance(make, str) else make
    fresh = make(**(config.entrypoint_args or {}))

    def set_prompt(text: str) -> None:
        config.classes, config.model = [text], copy.deepcopy(fresh)
        try:
            with _one_text_encoder():
                _replace(model, _model=model._load_model(config))
        finally:
            config.model = None
        output = model._build_output_processor(config)
        _replace(model, _classes=[text], _output_processor=output)

    if not hasattr(fresh, "set_classes"):
        raise UsageError(f"zoo.model: {name} takes no text; YOLO-World and YOLOE do")
    try:
        set_prompt("object")
    except AssertionError as error:  # how ultralytics refuses
        raise UsageError(f"zoo.model: {name} takes no text ({error})") from error
    return set_prompt


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


_SETTERS: dict[str, Callable[[Any, str, str], SetPrompt]] = {
    "FiftyOneZeroShotTransformerForObjectDetection": _prompt_detector,
    "FiftyOneZeroShotTransformerForSemanticSegmentation": _prompt_segmenter,
    "SegmentAnything3ImageModel": _prompt_sam3,
    "FCCLIPModel": _prompt_fcclip,
    "Qwen3VLModel": _prompt_chat,
    "FiftyOneYOLOModel": _prompt_yolo,
}
"""By the name of FiftyOne's class, which is loaded with its library only where it is used."""


def prompt_setter(model: Any, name: str, background: str) -> SetPrompt | None:
    """What gives one of FiftyOne's own models a text; ``None`` for any other model.

    Args:
        model: a model of FiftyOne's zoo, loaded
        name: what it was loaded as, for messages
        background: text for the rest of the image, for models that label every pixel

    Raises:
        UsageError: if the model was made in a way that takes no text
        StateError: if FiftyOne's class is another than the one that was tested
    """
    kinds = (kind.__name__ for kind in type(model).__mro__)
    make = next((_SETTERS[kind] for kind in kinds if kind in _SETTERS), None)
    return make(model, name, background) if make else None
