"""Reports of inventories, unused folders and file checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pairlens.fiftyone_plugin.reports import Report, counts, table

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.curation.file_check import FileCheck
    from pairlens.fiftyone_plugin.curation.inventory import Folder, Inventory

_LISTED = ("name", "format", "samples", "flagged", "media_bytes")


def of_list(found: Sequence[Inventory]) -> Report:
    """The report of all datasets that PairLens imported."""
    head = ("dataset", "format", "samples", "flagged", "media")
    rows = [
        (
            inventory.name,
            inventory.format,
            f"{inventory.samples:,}",
            f"{inventory.flagged:,}",
            size(inventory.media_bytes),
        )
        for inventory in found
    ]
    lines = table([head, *rows], indent="") if found else ["PairLens imported no dataset yet."]
    data = [{name: getattr(inventory, name) for name in _LISTED} for inventory in found]
    return Report({"datasets": data}, lines)


def of_info(inventory: Inventory) -> Report:
    """The report of a dataset."""
    rows = [
        (
            "dataset",
            inventory.name if inventory.persistent else f"{inventory.name} (not persistent)",
        ),
        ("format", inventory.format),
        ("imported from", inventory.root or "unknown; pairlens relocate tells"),
        ("created", inventory.created),
        ("samples", f"{inventory.samples:,}: {counts(inventory.splits) or 'no splits'}"),
        ("flagged", f"{inventory.flagged:,}"),
        ("verdicts", counts(inventory.verdicts) or "none"),
        ("sessions", f"{inventory.sessions:,}, and {inventory.changes:,} entries in the log"),
        ("predictions", ", ".join(inventory.predictions) or "none"),
        ("scorings", ", ".join(inventory.scorings) or "none"),
        *([("copies of media", inventory.store)] if inventory.store else []),
        *(("media", _described(folder)) for folder in inventory.folders),
    ]
    return Report(asdict(inventory), table(rows, indent=""))


def shown(inventory: Inventory) -> list[str]:
    """Lines that list what is deleted with a dataset, and what is not."""
    gone = [
        f"dataset {inventory.name} ({inventory.format}): {inventory.samples:,} samples, "
        f"{inventory.flagged:,} with findings, verdicts: {counts(inventory.verdicts) or 'none'}",
        f"{inventory.sessions:,} sessions, {inventory.changes:,} entries of the log",
    ]
    copies = (
        [f"{inventory.store}: stays; the tools of the store delete it"] if inventory.store else []
    )
    return [*gone, *(_described(folder) for folder in inventory.folders), *copies]


def of_delete(inventory: Inventory, left: Sequence[str], deleted: bool) -> Report:
    """The report of a dataset that was deleted, or would be."""
    head = "Deleted:" if deleted else "Would be deleted:"
    lines = [head, *(f"  {line}" for line in shown(inventory)), *(f"  note: {why}" for why in left)]
    return Report(asdict(inventory) | {"deleted": deleted, "left": [*left]}, lines)


def of_unused(folders: Sequence[Folder], left: Sequence[str], removed: bool) -> list[str]:
    """Lines that list folders that no dataset uses, which were removed or can be."""
    prefix = "Removed" if removed else "->    no dataset uses"
    lines = [f"{prefix} {_described(folder)}" for folder in folders]
    lines += [f"  note: {why}" for why in left]
    if folders and not removed:
        lines.append("->    pairlens doctor --remove-unused deletes what no dataset uses")
    if removed and not folders:
        lines.append("No media folder is unused.")
    return lines


def of_file_checks(seen: Sequence[FileCheck]) -> list[str]:
    """Lines for datasets whose files are missing or differ from the imported ones."""
    lines = [_unseen(one) for one in seen if one.gone]
    return lines + [_another(one) for one in seen if one.other]


def _unseen(check: FileCheck) -> str:
    remedy = f"run pairlens sync {check.dataset}, which fetches what lacks"
    if not check.store and "://" not in (check.root or ""):
        remedy = (
            f"mount them here by that path, or run pairlens relocate {check.dataset} --source DIR "
            "--media-dir DIR; its import with --resume makes masks anew"
        )
    return (
        f"->    files of {check.gone} of {check.samples} samples of {check.dataset} are not on "
        f"this machine, such as {check.example}: {remedy}"
    )


def _another(check: FileCheck) -> str:
    return (
        f"->    the images of {check.other} of {check.samples} samples of {check.dataset} are not "
        f"those that were imported, such as {check.example}: machines that work on one database "
        "must see the same files; bring these here, or import again with --overwrite"
    )


def size(bytes: float) -> str:
    """Bytes as text in a suitable unit, such as ``12.3 MB``."""
    for unit in ("B", "KB", "MB", "GB"):
        if bytes < 1000:
            return f"{bytes:.0f} {unit}" if unit == "B" else f"{bytes:.1f} {unit}"
        bytes /= 1000
    return f"{bytes:.1f} TB"


def _described(folder: Any) -> str:
    stays = f"; it stays: {folder.used}" if folder.used else ""
    return f"{folder.path}: {folder.files:,} files, {size(folder.bytes)}{stays}"
