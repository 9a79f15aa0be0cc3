"""FiftyOne's model classes under other versions than the one that was tested."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pairlens.fiftyone_plugin.predictors.zoo_internals import prompt_setter
from pairlens.importers.errors import StateError


class FCCLIPModel:
    """As FiftyOne's, with or without what is set on it."""

    def __init__(self, **members: Any) -> None:
        self.config, self._output_processor = SimpleNamespace(), SimpleNamespace()
        vars(self).update(members)

    def _parse_classes(self, config: Any) -> list[str]:
        return [*config.classes, "background"]


def test_a_text_reaches_all_that_hold_it() -> None:
    holder = SimpleNamespace(classes=["a"])
    model = FCCLIPModel(config=SimpleNamespace(classes=None), _output_processor=holder, _classes=[])
    set_prompt = prompt_setter(model, "fcclip", "")
    assert set_prompt is not None
    set_prompt("two ships")
    assert vars(model)["_classes"] == holder.classes == ["two ships", "background"]


def test_a_model_of_another_class_has_none() -> None:
    assert prompt_setter(object(), "mine", "") is None


@pytest.mark.parametrize("missing", ["_classes", "classes"])
def test_a_version_that_holds_the_text_elsewhere_is_refused(missing: str) -> None:
    members: dict[str, Any] = {"config": SimpleNamespace(classes=None)}
    if missing == "_classes":
        members["_output_processor"] = SimpleNamespace(classes=None)
    set_prompt = prompt_setter(FCCLIPModel(**members), "fcclip", "")
    assert set_prompt is not None
    with pytest.raises(StateError, match=rf"has no \w+\.{missing}, through which .* 1\.22 has it"):
        set_prompt("two ships")
