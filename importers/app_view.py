"""Default appearance of a dataset in the App: visible fields, colors and sidebar groups.

Everything here is a default that curators change in the App and that a later import leaves
as they left it.
"""

from __future__ import annotations

from typing import Any

import fiftyone as fo

from pairlens.importers import fields

COLORS = {
    fields.SEGMENTATION: "#ff2d9b",  # what no roof, field or water is
    fields.BOXES: "#ff2d9b",
    fields.PHRASE: "#2f3e55",
    fields.CAPTION: "#2f3e55",
    fields.FINDINGS: "#c62828",
}

_SHOWN = (fields.SEGMENTATION, fields.BOXES, fields.PHRASE, fields.CAPTION, fields.FINDINGS)

_GROUPS: dict[str, tuple[str, ...]] = {
    "tags": ("tags", "_label_tags", fields.SPLIT),
    "labels": (fields.SEGMENTATION, fields.BOXES, fields.FINDINGS),
    "review": (fields.QUALITY, fields.VERDICT, fields.REVIEWER, fields.REVIEWED_AT),
    "record": (
        fields.PHRASE, fields.CAPTION, fields.CAPTIONS, fields.CONVERSATIONS, fields.KEY,
        fields.IMAGE_ID, fields.NO_TARGET, fields.IMAGE_MISSING, fields.CAPTURE_DATE,
        fields.LOCATION, fields.ORIGINAL_PHRASE, fields.REVIEW_NOTE,
    ),
}  # fmt: skip
_OPEN = ("tags", "labels", "review")
"""Groups that stand open. Texts of which each record has its own do not belong here: their
filters make the App slow on large datasets."""


def arrange(dataset: Any) -> None:
    """Sets the defaults where nothing is set yet."""
    config = dataset.app_config
    if config.active_fields is None:
        shown = [name for name in _SHOWN if dataset.has_field(name)]
        config.active_fields = fo.ActiveFields(paths=shown)
    if config.color_scheme is None:
        colors = {path: color for path, color in COLORS.items() if dataset.has_field(path)}
        chosen = [{"path": path, "fieldColor": color} for path, color in colors.items()]
        config.color_scheme = fo.ColorScheme(color_by="field", opacity=0.6, fields=chosen)
    if config.sidebar_groups is None:
        config.sidebar_groups = _groups(dataset)
    dataset.save()


def _groups(dataset: Any) -> list[Any]:
    """The groups of PairLens, then FiftyOne's own with the remaining fields, closed."""
    taken = {path for paths in _GROUPS.values() for path in paths}
    groups = [
        fo.SidebarGroupDocument(
            name=name, paths=[p for p in paths if _is_there(dataset, p)], expanded=name in _OPEN
        )
        for name, paths in _GROUPS.items()
    ]
    defaults: Any = fo.DatasetAppConfig.default_sidebar_groups(dataset)
    for group in defaults:
        rest = [path for path in group.paths if path not in taken]
        if group.name not in _GROUPS and rest:
            groups.append(fo.SidebarGroupDocument(name=group.name, paths=rest, expanded=False))
    return groups


def _is_there(dataset: Any, path: str) -> bool:
    return path.startswith("_") or dataset.has_field(path)
