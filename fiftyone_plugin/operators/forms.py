"""Options of steps as fields of a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fiftyone.operators.types as types

from pairlens.fiftyone_plugin.operators.wording import in_app
from pairlens.fiftyone_plugin.steps.step import Option, Settings, Texts


def add_field(inputs: types.Object, option: Option) -> None:
    """Adds the field of an option.

    A drop-down is not required: FiftyOne would then refuse a call from Python that leaves it out,
    whatever its default.
    """
    about: dict[str, Any] = {"label": option.label, "description": in_app(option.help)}
    default = option.default if option.preset is None else option.preset
    if option.type == Settings:
        add_settings(inputs, option.param, option.labels(), option.label)
    elif option.type == Texts:
        view = types.AutocompleteView(allow_user_input=False, allow_duplicates=False)
        for value, label in option.labels().items():
            view.add_choice(value, label=value, description=label if label != value else None)
        inputs.list(option.param, types.String(), default=option.preset, view=view, **about)
    elif option.choices:
        add_choice(inputs, option.param, option.labels(), default=default, **about)
    elif option.type is bool:
        inputs.bool(option.param, default=default, **about)
    elif option.type is int:
        inputs.int(
            option.param, default=default, min=option.least, required=option.required, **about
        )
    else:
        default = None if default is None else str(default)
        inputs.str(option.param, default=default, required=option.required, **about)


def add_choice(
    inputs: types.Object, name: str, labels: Mapping[str, str], *, default: str | None, **about: Any
) -> None:
    """Adds a drop-down of values with their labels."""
    view = types.DropdownView()
    for value, label in labels.items():
        view.add_choice(value, label=label)
    inputs.enum(name, list(labels), default=default, view=view, **about)


def add_settings(inputs: types.Object, name: str, labels: Mapping[str, str], label: str) -> None:
    """Adds a group of text fields with descriptions; no group where there are no fields."""
    if not labels:
        return
    group = types.Object()
    for setting, about in labels.items():
        group.str(setting, label=setting, description=about)
    inputs.define_property(name, group, label=label)
