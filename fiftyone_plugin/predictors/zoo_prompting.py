"""How models of FiftyOne's zoo take text, and how each is given another one for every pair.

``apply_model`` gives one text to the whole run. Here a model is known by its class, or by what
it offers, and falls into one of these kinds:

- :class:`PromptedBySample`: reads its text from the sample, so that a batch may hold any texts
- :class:`PromptedByItem`: likewise, through the items of a data loader
- :class:`PromptedOneByOne`: likewise, one item at a time
- :class:`PromptedByText`: takes a text first and then images; pairs are grouped by text, and
  the text of the last group is asked first, so that it is changed as seldom as can be
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any, Protocol

from pairlens.fiftyone_plugin.predictors.pipeline import ModelQuery
from pairlens.fiftyone_plugin.predictors.zoo_internals import (
    SetPrompt,
    marks_no_pixels,
    prompt_setter,
)
from pairlens.importers.errors import UsageError

ONE_BY_ONE = "SegmentAnything3ImageModel"
PROMPTED_BY_BOXES = ("SegmentAnythingModel", "SegmentAnything2ImageModel")


class Prompting(Protocol):
    """How a model is asked."""

    def labels(self, items: Sequence[ModelQuery], asked: Sequence[str]) -> Sequence[Any]:
        """FiftyOne labels for each item and its text, in order."""
        ...


class PromptedBySample:
    """Models that read their text from their sample (``SamplesMixin``).

    Args:
        model: the model
        key: under which name it looks for the text
    """

    def __init__(self, model: Any, key: str) -> None:
        self._model, self._key = model, key

    def labels(self, items: Sequence[ModelQuery], asked: Sequence[str]) -> Sequence[Any]:
        """Hands each image over with a sample that holds its text; it is never stored."""
        import fiftyone as fo

        self._model.needs_fields = {self._key: "phrase"}
        samples = [
            fo.Sample(filepath=str(item.path), phrase=text)
            for item, text in zip(items, asked, strict=True)
        ]
        images = [item.picture.inputs for item in items]
        return self._model.predict_all(images, samples=samples)


class PromptedByItem:
    """Models whose loader makes an item of an image and its text (``SupportsGetItem``).

    Args:
        model: the model
        key: under which name it looks for the text
    """

    def __init__(self, model: Any, key: str) -> None:
        self._model, self._key = model, key

    def labels(self, items: Sequence[ModelQuery], asked: Sequence[str]) -> Sequence[Any]:
        """Makes and collates items as ``apply_model`` does."""
        import fiftyone.core.models as fom
        import fiftyone.core.utils as fou

        model = self._model
        get_item = model.build_get_item()
        keys = dict.fromkeys(get_item.required_keys)
        made = [
            # Models that keep an image's features know it by its sample's id.
            get_item(keys | {"id": str(item.path), "filepath": str(item.path), self._key: text})
            for item, text in zip(items, asked, strict=True)
        ]
        collate = fom.ErrorHandlingCollate(
            False,
            ragged_batches=model.ragged_batches,
            use_numpy=not isinstance(model, fom.TorchModelMixin),
            user_collate_fn=model.collate_fn if model.has_collate_fn else None,
        )
        with fou.SetAttributes(model, preprocess=False):
            return model.predict_all(collate(made))


class PromptedOneByOne(PromptedByItem):
    """Models whose loader has a text of its own, and which mix up the images of a batch.

    FiftyOne 1.22 takes the answer of Meta's SAM 3 for a list of images, where it is one answer
    to all queries of the batch.

    Args:
        model: the model
        set_prompt: gives it a text
    """

    def __init__(self, model: Any, set_prompt: SetPrompt) -> None:
        super().__init__(model, "")
        self._set_prompt = set_prompt

    def labels(self, items: Sequence[ModelQuery], asked: Sequence[str]) -> Sequence[Any]:
        """Pair by pair."""
        labels: list[Any] = []
        for item, text in zip(items, asked, strict=True):
            self._set_prompt(text)
            labels += super().labels([item], [text])
        return labels


class PromptedByText:
    """Models that take a text first and then images.

    Args:
        model: the model
        set_prompt: gives it a text
    """

    def __init__(self, model: Any, set_prompt: SetPrompt) -> None:
        self._model, self._set_prompt = model, set_prompt
        self._text: str | None = None

    def labels(self, items: Sequence[ModelQuery], asked: Sequence[str]) -> Sequence[Any]:
        """Text by text: one text for several images is what these models are made for."""
        labels: list[Any] = [None] * len(items)

        def group_of(at: int) -> tuple[bool, str, tuple[int, int]]:
            # Padded to a common size, an image would get other answers in other company.
            return asked[at] != self._text, asked[at], items[at].picture.size

        for key, members in groupby(sorted(range(len(items)), key=group_of), key=group_of):
            group = list(members)
            found = self._ask([items[at] for at in group], key[1])
            for at, label in zip(group, found, strict=True):
                labels[at] = label
        return labels

    def _ask(self, items: Sequence[ModelQuery], text: str) -> Sequence[Any]:
        if text != self._text:
            self._text = None  # where it fails half-way
            self._set_prompt(text)
            self._text = text
        return self._model.predict_all([item.picture.inputs for item in items])


def prompting_of(model: Any, name: str, key: str, background: str) -> Prompting:
    """How a model takes text.

    Args:
        model: a model of FiftyOne's zoo, loaded
        name: what it was loaded as, for messages
        key: under which name models look for text in their sample or item
        background: text for the rest of the image, for models that label every pixel

    Raises:
        UsageError: if there is no way to give it one per pair, or its answers mark no pixels
    """
    import fiftyone.core.models as fom

    kinds = [kind.__name__ for kind in type(model).__mro__]
    if getattr(model, "media_type", "image") != "image":
        raise UsageError(f"zoo.model: {name} is a model of {model.media_type}s, not of images")
    if marks_no_pixels(model):
        raise UsageError(f"zoo.model: {name} says what an image shows and marks no pixels")
    if set_prompt := prompt_setter(model, name, background):
        one_by_one = ONE_BY_ONE in kinds
        return (PromptedOneByOne if one_by_one else PromptedByText)(model, set_prompt)
    if not set(kinds) & set(PROMPTED_BY_BOXES):
        if key in _item_keys(model):
            return PromptedByItem(model, key)
        if isinstance(model, fom.SamplesMixin):
            return PromptedBySample(model, key)
        if set_prompt := _offered(model):
            return PromptedByText(model, set_prompt)
    raise UsageError(
        f"zoo.model: {name} ({type(model).__name__}) takes no text; docs/predictors.md says which "
        "models of FiftyOne's zoo do"
    )


def _item_keys(model: Any) -> Sequence[str]:
    with suppress(Exception):  # a model's own code: what has no keys is asked otherwise
        return list(model.required_keys)
    return ()


def _offered(model: Any) -> SetPrompt | None:
    """What gives a text to a model of an unknown class, by the names of its members."""
    if hasattr(model, "prompt") and _settable(model, "prompt"):
        return lambda text: setattr(model, "prompt", text)
    if callable(getattr(model, "set_classes", None)):
        return lambda text: model.set_classes([text])
    for name in ("text_prompts", "classes"):
        if isinstance(getattr(type(model), name, None), property) and _settable(model, name):
            return lambda text, name=name: setattr(model, name, [text])
    return None


def _settable(model: Any, name: str) -> bool:
    member = getattr(type(model), name, None)
    return member.fset is not None if isinstance(member, property) else True
