"""Default appearance of a dataset in the App: visible fields, colors and sidebar groups.

Users can change all of it in the App; a later import keeps their changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fiftyone as fo

from pairlens.importers import fencing, fields

MASK = "#ff2d9b"  # a color that no roof, field or water has
PREDICTIONS = ("#00b8d4", "#ffb300", "#7c4dff", "#00c853")
IGNORED = "#9e9e9e"
CHIP = "#64748b"
"""Color of fields without a color of their own, mostly texts; white is legible on it in the light
and in the dark theme."""

SEVERITIES = {"error": "#c62828", "warning": "#8f5600", "info": "#2a6a96"}
VERDICTS = {"keep": "#1e7a46", "drop": "#a1264f", "fix": "#2f5fc4", "unsure": "#7a4fb0"}

_SHOWN = (
    fields.SEGMENTATION, fields.BOXES, fields.ROTATED_BOXES, fields.VERDICT, fields.FINDINGS,
    fields.PHRASE, fields.CAPTION,
)  # fmt: skip

_SHOWN_BEFORE = (
    fields.SEGMENTATION, fields.BOXES, fields.ROTATED_BOXES, fields.PHRASE, fields.CAPTION,
    fields.FINDINGS,
)  # fmt: skip
_COLORS_BEFORE = {
    **dict.fromkeys((fields.SEGMENTATION, fields.BOXES, fields.ROTATED_BOXES), MASK),
    fields.TARGET_BOX: MASK,
    **dict.fromkeys((fields.PHRASE, fields.CAPTION), "#2f3e55"),
    fields.FINDINGS: "#c62828",
}
"""The defaults of versions up to 0.1.0, with all findings in red and verdicts not shown."""

_GROUPS: dict[str, tuple[str, ...]] = {
    "tags": ("tags", "_label_tags"),  # the App shows no others there
    "labels": (
        fields.SEGMENTATION, fields.TARGET_BOX, fields.BOXES, fields.ROTATED_BOXES,
        fields.FINDINGS,
    ),
    "review": (
        fields.QUALITY, fields.WORST_SEVERITY, fields.VERDICT, fields.REVIEWER, fields.REVIEWED_AT,
        fields.SPLIT,
    ),
    "record": (
        fields.PHRASE, fields.CAPTION, fields.CAPTIONS, fields.CONVERSATIONS, fields.KEY,
        fields.IMAGE_ID, fields.NO_TARGET, fields.IMAGE_MISSING, fields.CAPTURE_DATE,
        fields.LOCATION, fields.ORIGINAL_PHRASE, fields.REVIEW_NOTE,
    ),
}  # fmt: skip
_OPEN = ("tags", "labels", "review")
"""Groups that are expanded. Fields whose texts differ in every sample must not be in one: their
filters make the App slow on large datasets."""


def arrange(dataset: Any) -> None:
    """Sets the defaults, except where the user has changed those of this or an earlier version."""
    config = dataset.app_config
    shown, before = (
        [n for n in names if dataset.has_field(n)] for names in (_SHOWN, _SHOWN_BEFORE)
    )
    if config.active_fields is None or config.active_fields.paths == before:
        config.active_fields = fo.ActiveFields(paths=shown)
    if config.color_scheme is None or _is_former(config.color_scheme):
        config.color_scheme = _scheme(dataset)
    if config.sidebar_groups is None:
        config.sidebar_groups = _groups(dataset)
    _show_split(config.sidebar_groups)
    _show_severity(dataset, config.sidebar_groups)
    save(dataset)


def save(dataset: Any) -> None:
    """Stores changed settings of the App."""
    fencing.check_writing()
    dataset.save()


def color_masks(dataset: Any, field: str) -> None:
    """Gives a new field of masks the color that the fewest other fields have."""
    scheme = dataset.app_config.color_scheme
    if scheme is None or scheme.color_by != "value":
        return
    others = [one for one in scheme.fields or () if one.get("path") != field]
    used = [one.get("fieldColor") for one in others]
    scheme.fields = [*others, _masks(field, min(PREDICTIONS, key=used.count))]
    save(dataset)


def _scheme(dataset: Any) -> fo.ColorScheme:
    """Colors findings by severity, verdicts by value, and masks and boxes by field."""
    chosen = [
        _masks(fields.SEGMENTATION, MASK),
        *(_boxes(path, "Detection") for path in (fields.BOXES, fields.TARGET_BOX)),
        _boxes(fields.ROTATED_BOXES, "Polyline"),
        _values(fields.FINDINGS, SEVERITIES, SEVERITIES["error"])
        | {"colorByAttribute": "severity"},
        _values(fields.VERDICT, VERDICTS, CHIP),
    ]
    return fo.ColorScheme(
        color_by="value",
        color_pool=[CHIP],
        opacity=0.6,
        fields=[one for one in chosen if dataset.has_field(one["path"])],
        default_mask_targets_colors=_by_target(PREDICTIONS[0]),
    )


def _values(path: str, colors: Mapping[str, str], otherwise: str) -> dict[str, Any]:
    values = [{"value": value, "color": color} for value, color in colors.items()]
    return {"path": path, "fieldColor": otherwise, "valueColors": values}


def _boxes(path: str, label_type: str) -> dict[str, Any]:
    """Gives all boxes of a field one color, by their common attribute ``_cls``."""
    return _values(path, {label_type: MASK}, MASK) | {"colorByAttribute": "_cls"}


def _masks(path: str, color: str) -> dict[str, Any]:
    return {"path": path, "fieldColor": color, "maskTargetsColors": _by_target(color)}


def _by_target(color: str) -> list[dict[str, Any]]:
    colors = {fields.TARGET: color, fields.IGNORE: IGNORED}
    return [{"intTarget": target, "color": one} for target, one in colors.items()]


def _is_former(scheme: Any) -> bool:
    """Whether a color scheme is the default of versions up to 0.1.0."""
    colored: Any = scheme.fields or ()
    chosen = {one.get("path"): one.get("fieldColor") for one in colored}
    return scheme.color_by == "field" and chosen.items() <= _COLORS_BEFORE.items()


def _groups(dataset: Any) -> list[Any]:
    """Returns the groups of PairLens, then FiftyOne's with the remaining fields, collapsed."""
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


def _show_split(groups: list[Any]) -> None:
    """Moves the split out of the group ``tags``, in which the App hides fields (up to 0.1.0)."""
    by_name = {group.name: group for group in groups}
    hidden, review = by_name.get("tags"), by_name.get("review")
    if hidden and review and fields.SPLIT in hidden.paths:
        hidden.paths.remove(fields.SPLIT)
        review.paths.append(fields.SPLIT)


def _show_severity(dataset: Any, groups: list[Any]) -> None:
    """Moves the worst severity next to the quality in groups of an earlier version."""
    name = fields.WORST_SEVERITY
    placed = next((group.paths for group in groups if fields.QUALITY in group.paths), None)
    others = [group.paths for group in groups if name in group.paths]
    if placed is None or placed in others or not dataset.has_field(name):
        return
    for paths in others:
        paths.remove(name)
    placed.insert(placed.index(fields.QUALITY) + 1, name)


def _is_there(dataset: Any, path: str) -> bool:
    return path.startswith("_") or dataset.has_field(path)
