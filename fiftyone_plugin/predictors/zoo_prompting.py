"""Ways to give a model of FiftyOne's zoo another text prompt for every pair.

``apply_model`` uses one text for the whole run. Here a model has one of these kinds, by its class
or its interface:

- :class:`PromptedBySample`: reads the text from the sample, so that a batch may have any texts
- :class:`PromptedByItem`: likewise, from the items of a data loader
- :class:`PromptedOneByOne`: likewise, one item at a time
- :class:`PromptedByText`: has one text at a time. Pairs are grouped by text, and the group of the
  model's current text comes first, so that the text changes as rarely as possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any, Protocol

from pairlens.fiftyone_plugin.predictors.pipeline import ModelQuery
from pairlens.fiftyone_plugin.predictors.zoo_internals import (
    SetPrompt,
    is_classifier,
    prompt_setter,
)
from pairlens.importers.errors import UsageError

ONE_BY_ONE = "SegmentAnything3ImageModel"
PROMPTED_BY_BOXES = ("SegmentAnythingModel", "SegmentAnything2ImageModel")


class Prompting(Protocol):
    """A way to run a model on images with a text each."""

    def labels(self, items: Sequence[ModelQuery], texts: Sequence[str]) -> Sequence[Any]:
        """The FiftyOne label for each item and its text, in order."""
        ...


class PromptedBySample:
    """Models that read their text from the sample (``SamplesMixin``).

    Args:
        model: the model
        key: the entry of ``needs_fields`` that holds the text's field
    """

    def __init__(self, model: Any, key: str) -> None:
        self._model, self._key = model, key

    def labels(self, items: Sequence[ModelQuery], texts: Sequence[str]) -> Sequence[Any]:
        """Predicts with temporary samples that hold the texts."""
        import fiftyone as fo

        self._model.needs_fields = {self._key: "phrase"}
        samples = [
            fo.Sample(filepath=str(item.path), phrase=text)
            for item, text in zip(items, texts, strict=True)
        ]
        images = [item.picture.inputs for item in items]
        return self._model.predict_all(images, samples=samples)


class PromptedByItem:
    """Models whose data loader combines an image and its text (``SupportsGetItem``).

    Args:
        model: the model
        key: key of the text among the loader's required keys
    """

    def __init__(self, model: Any, key: str) -> None:
        self._model, self._key = model, key

    def labels(self, items: Sequence[ModelQuery], texts: Sequence[str]) -> Sequence[Any]:
        """Predicts with items that are made and collated as in ``apply_model``."""
        import fiftyone.core.models as fom
        import fiftyone.core.utils as fou

        model = self._model
        get_item = model.build_get_item()
        keys = dict.fromkeys(get_item.required_keys)
        model_items = [
            # Models that cache image features identify the image by the sample's id.
            get_item(keys | {"id": str(item.path), "filepath": str(item.path), self._key: text})
            for item, text in zip(items, texts, strict=True)
        ]
        collate = fom.ErrorHandlingCollate(
            False,
            ragged_batches=model.ragged_batches,
            use_numpy=not isinstance(model, fom.TorchModelMixin),
            user_collate_fn=model.collate_fn if model.has_collate_fn else None,
        )
        with fou.SetAttributes(model, preprocess=False):
            return model.predict_all(collate(model_items))


class PromptedOneByOne(PromptedByItem):
    """Models whose loader has one text, and which do not support batches of several texts.

    FiftyOne 1.22 reads the output of Meta's SAM 3 as one label per image, although it is one for
    all queries of the batch.

    Args:
        model: the model
        set_prompt: sets its text
    """

    def __init__(self, model: Any, set_prompt: SetPrompt) -> None:
        super().__init__(model, "")
        self._set_prompt = set_prompt

    def labels(self, items: Sequence[ModelQuery], texts: Sequence[str]) -> Sequence[Any]:
        """Predicts the items one by one."""
        labels: list[Any] = []
        for item, text in zip(items, texts, strict=True):
            self._set_prompt(text)
            labels += super().labels([item], [text])
        return labels


class PromptedByText:
    """Models that have one text at a time, for any number of images.

    Args:
        model: the model
        set_prompt: sets its text
    """

    def __init__(self, model: Any, set_prompt: SetPrompt) -> None:
        self._model, self._set_prompt = model, set_prompt
        self._text: str | None = None

    def labels(self, items: Sequence[ModelQuery], texts: Sequence[str]) -> Sequence[Any]:
        """Predicts the items in groups of equal text."""
        labels: list[Any] = [None] * len(items)

        def group_of(index: int) -> tuple[bool, str, tuple[int, int]]:
            # Images of other sizes would be padded to a common size, which changes the output.
            return texts[index] != self._text, texts[index], items[index].picture.size

        for key, members in groupby(sorted(range(len(items)), key=group_of), key=group_of):
            group = list(members)
            group_labels = self._ask([items[index] for index in group], key[1])
            for index, label in zip(group, group_labels, strict=True):
                labels[index] = label
        return labels

    def _ask(self, items: Sequence[ModelQuery], text: str) -> Sequence[Any]:
        if text != self._text:
            self._text = None  # unknown if set_prompt fails
            self._set_prompt(text)
            self._text = text
        return self._model.predict_all([item.picture.inputs for item in items])


def find_prompting(model: Any, name: str, key: str, background: str) -> Prompting:
    """Finds the way to give a model another text for every pair.

    Args:
        model: a loaded model of FiftyOne's zoo
        name: its name in the zoo, for messages
        key: name under which models read the text from their sample or item
        background: text for the background, for models that label every pixel

    Raises:
        UsageError: if there is no such way, or the model's outputs mark no pixels
    """
    import fiftyone.core.models as fom

    kinds = [kind.__name__ for kind in type(model).__mro__]
    if getattr(model, "media_type", "image") != "image":
        raise UsageError(f"zoo.model: {name} is a model of {model.media_type}s, not of images")
    if is_classifier(model):
        raise UsageError(f"zoo.model: {name} classifies images and marks no pixels")
    if set_prompt := prompt_setter(model, name, background):
        one_by_one = ONE_BY_ONE in kinds
        return (PromptedOneByOne if one_by_one else PromptedByText)(model, set_prompt)
    if not set(kinds) & set(PROMPTED_BY_BOXES):
        if key in _item_keys(model):
            return PromptedByItem(model, key)
        if isinstance(model, fom.SamplesMixin):
            return PromptedBySample(model, key)
        if set_prompt := _find_setter(model):
            return PromptedByText(model, set_prompt)
    raise UsageError(
        f"zoo.model: {name} ({type(model).__name__}) takes no text; docs/predictors.md says which "
        "models of FiftyOne's zoo do"
    )


def _item_keys(model: Any) -> Sequence[str]:
    with suppress(Exception):  # a model's own code, which may raise anything
        return list(model.required_keys)
    return ()


def _find_setter(model: Any) -> SetPrompt | None:
    """A function that sets the text of a model of an unknown class, by its members' names."""
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
