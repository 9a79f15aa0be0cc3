"""Private members of FiftyOne's model classes: gives a loaded model another text prompt.

These models read their texts from the configuration when they are loaded. The attributes derived
from it are set again here, as the model's own class does. YOLO-World and YOLOE fuse the texts
into their weights; a copy of the loaded model is set up again for each text.

Tested with FiftyOne 1.22. A version that lacks one of the attributes is refused, since the model
would continue to use its first text. The module is separate from
``pairlens.importers.fo_internals``, since only the predictor ``zoo`` loads models.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from pairlens.importers.errors import StateError, UsageError

SetPrompt = Callable[[str], None]
"""Sets the text prompt of a model for its next images."""

_CLASSIFIERS = "ClassifierOutputProcessor"


def is_classifier(model: Any) -> bool:
    """Whether a model classifies images and marks no pixels."""
    output = type(getattr(model, "_output_processor", None))
    return _CLASSIFIERS in {kind.__name__ for kind in output.__mro__}


def _set_existing(target: Any, **values: Any) -> None:
    """Sets attributes that must exist already.

    Raises:
        StateError: if this version of FiftyOne lacks one
    """
    for name, value in values.items():
        if not hasattr(target, name):
            import fiftyone as fo  # listing predictors must not load it

            raise StateError(
                f"FiftyOne {fo.__version__} has no {type(target).__name__}.{name}, through which "
                "PairLens gives a zoo model its text; 1.22 has it"
            )
        setattr(target, name, value)


def _prompt_detector(model: Any, name: str, background: str) -> SetPrompt:
    """Zero-shot detectors on ``transformers``: Grounding DINO, OWL-ViT, OmDet-Turbo, LLMDet."""
    _cut_long_texts(model)

    def set_prompt(text: str) -> None:
        _set_texts(model, [text])
        _set_existing(model.transforms, text=model.text_prompts, text_per_image=True)

    return set_prompt


def _prompt_segmenter(model: Any, name: str, background: str) -> SetPrompt:
    """GroupViT, which labels each pixel with the text that fits it best.

    It also gets a text for the background: with one text alone, all pixels would be target. The
    background comes first, so that its value is 0.
    """
    _cut_long_texts(model)
    _set_existing(model._output_processor, no_background_cls=False)
    return lambda text: _set_texts(model, [background, text])


def _cut_long_texts(model: Any) -> None:
    """Truncates texts: queries are longer than class names, and OWL-ViT fails beyond 16 tokens."""
    model.transforms.kwargs.setdefault("truncation", True)


def _set_texts(model: Any, texts: list[str]) -> None:
    # class_prompts is for the earlier classes.
    _set_existing(model.config, classes=texts, class_prompts=None)
    _set_existing(model._output_processor, classes=texts)
    # The last two are computed on demand.
    _set_existing(model, _classes=texts, _text_prompts=None, _input_ids=None)


def _prompt_sam3(model: Any, name: str, background: str) -> SetPrompt:
    """Meta's SAM 3, which reads the text from its configuration for each item."""
    if model.operation_mode != "concept":
        raise UsageError(
            f"zoo.model: {name} takes text only with \"operation_mode\": \"concept\", its "
            "default; remove the other mode from zoo.options"
        )  # fmt: skip

    def set_prompt(text: str) -> None:
        model.config.classes = [text]
        if model.config.get_item_args:
            model.config.get_item_args.pop("text_prompts", None)

    return set_prompt


def _prompt_fcclip(model: Any, name: str, background: str) -> SetPrompt:
    """FC-CLIP, which has a class of its own for the background."""

    def set_prompt(text: str) -> None:
        _set_existing(model.config, classes=[text])
        classes = model._parse_classes(model.config)
        _set_existing(model._output_processor, classes=classes)
        _set_existing(model, _classes=classes)

    return set_prompt


def _prompt_chat(model: Any, name: str, background: str) -> SetPrompt:
    """Qwen3-VL, a chat model that reads its prompt from the configuration for each image."""
    template = model.config.prompt

    def set_prompt(text: str) -> None:
        model.config.classes = [text]
        if template and "{}" in template:
            model.config.prompt = template.replace("{}", text)

    if template and "{}" not in template:
        raise UsageError("zoo.options: a prompt of its own must hold {} where the query goes")
    return set_prompt


def _prompt_yolo(model: Any, name: str, background: str) -> SetPrompt:
    """YOLO-World and YOLOE: a copy of the loaded model is set up for the text, as FiftyOne does.

    Raises:
        UsageError: if the model takes no text, such as the prompt-free ones
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
                _set_existing(model, _model=model._load_model(config))
        finally:
            config.model = None
        output = model._build_output_processor(config)
        _set_existing(model, _classes=[text], _output_processor=output)

    if not hasattr(fresh, "set_classes"):
        raise UsageError(f"zoo.model: {name} takes no text; YOLO-World and YOLOE do")
    try:
        set_prompt("object")
    except AssertionError as error:  # how ultralytics refuses
        raise UsageError(f"zoo.model: {name} takes no text ({error})") from error
    return set_prompt


@contextmanager
def _one_text_encoder() -> Iterator[None]:
    """Caches the text encoder, which ultralytics reads from disk again for each text."""
    from ultralytics.nn import text_model  # type: ignore[import-not-found]

    original = text_model.build_text_model
    text_model.build_text_model = _text_encoders(original)
    try:
        yield
    finally:
        text_model.build_text_model = original


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
"""By the name of FiftyOne's class, so that its library need not be imported."""


def prompt_setter(model: Any, name: str, background: str) -> SetPrompt | None:
    """A function that sets the text of one of FiftyOne's own models; ``None`` for other models.

    Args:
        model: a loaded model of FiftyOne's zoo
        name: its name in the zoo, for messages
        background: text for the background, for models that label every pixel

    Raises:
        UsageError: if the model takes no text with the given options
        StateError: if FiftyOne's class differs from the tested version
    """
    kinds = (kind.__name__ for kind in type(model).__mro__)
    make = next((_SETTERS[kind] for kind in kinds if kind in _SETTERS), None)
    return make(model, name, background) if make else None
