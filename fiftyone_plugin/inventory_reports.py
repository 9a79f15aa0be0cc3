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
    """The datasets that PairLens imported."""
    head = ("dataset", "format", "samples", "flagged", "media")
    rows = [
        (one.name, one.format, f"{one.samples:,}", f"{one.flagged:,}", size(one.media_bytes))
        for one in found
    ]
    lines = table([head, *rows], indent="") if found else ["PairLens imported no dataset yet."]
    return Report({"datasets": [{name: getattr(one, name) for name in _LISTED} for one in found]},
                  lines)  # fmt: skip


def of_info(one: Inventory) -> Report:
    """What there is of a dataset."""
    rows = [
        ("dataset", one.name if one.persistent else f"{one.name} (not persistent)"),
        ("format", one.format),
        ("imported from", one.root or "unknown; pairlens relocate tells"),
        ("created", one.created),
        ("samples", f"{one.samples:,}: {counts(one.splits) or 'no splits'}"),
        ("flagged", f"{one.flagged:,}"),
        ("verdicts", counts(one.verdicts) or "none"),
        ("sessions", f"{one.sessions:,}, and {one.changes:,} entries in the log"),
        ("predictions", ", ".join(one.predictions) or "none"),
        ("scorings", ", ".join(one.scorings) or "none"),
        *([("copies of media", one.store)] if one.store else []),
        *(("media", _described(folder)) for folder in one.folders),
    ]
    return Report(asdict(one), table(rows, indent=""))


def shown(one: Inventory) -> list[str]:
    """What is deleted with a dataset, and what is not."""
    gone = [
        f"dataset {one.name} ({one.format}): {one.samples:,} samples, {one.flagged:,} with "
        f"findings, verdicts: {counts(one.verdicts) or 'none'}",
        f"{one.sessions:,} sessions, {one.changes:,} entries of the log",
    ]
    copies = [f"{one.store}: stays; the tools of the store delete it"] if one.store else []
    return [*gone, *(_described(folder) for folder in one.folders), *copies]


def of_delete(one: Inventory, left: Sequence[str], deleted: bool) -> Report:
    """A dataset that was deleted, or would be."""
    head = "Deleted:" if deleted else "Would be deleted:"
    lines = [head, *(f"  {line}" for line in shown(one)), *(f"  note: {why}" for why in left)]
    return Report(asdict(one) | {"deleted": deleted, "left": [*left]}, lines)


def of_unused(folders: Sequence[Folder], left: Sequence[str], removed: bool) -> list[str]:
    """Folders that no dataset uses, which were removed or can be."""
    did = "Removed" if removed else "->    no dataset uses"
    lines = [f"{did} {_described(folder)}" for folder in folders]
    lines += [f"  note: {why}" for why in left]
    if folders and not removed:
        lines.append("->    pairlens doctor --remove-unused deletes what no dataset uses")
    if removed and not folders:
        lines.append("No media folder is unused.")
    return lines


def of_file_checks(seen: Sequence[FileCheck]) -> list[str]:
    """Datasets whose files are not here, or not those that were imported, with what to do."""
    lines = [_unseen(one) for one in seen if one.gone]
    return lines + [_another(one) for one in seen if one.other]


def _unseen(one: FileCheck) -> str:
    way_out = f"run pairlens sync {one.dataset}, which fetches what lacks"
    if not one.store and "://" not in (one.root or ""):
        way_out = (
            f"mount them here by that path, or run pairlens relocate {one.dataset} --source DIR "
            "--media-dir DIR; its import with --resume makes masks anew"
        )
    return (
        f"->    files of {one.gone} of {one.samples} samples of {one.dataset} are not on this "
        f"machine, such as {one.example}: {way_out}"
    )


def _another(one: FileCheck) -> str:
    return (
        f"->    the images of {one.other} of {one.samples} samples of {one.dataset} are not those "
        f"that were imported, such as {one.example}: machines that work on one database must see "
        "the same files; bring these here, or import again with --overwrite"
    )


def size(bytes: float) -> str:
    """Bytes in the unit that makes the figure short: ``12.3 MB``."""
    for unit in ("B", "KB", "MB", "GB"):
        if bytes < 1000:
            return f"{bytes:.0f} {unit}" if unit == "B" else f"{bytes:.1f} {unit}"
        bytes /= 1000
    return f"{bytes:.1f} TB"


def _described(folder: Any) -> str:
    stays = f"; it stays: {folder.used}" if folder.used else ""
    return f"{folder.path}: {folder.files:,} files, {size(folder.bytes)}{stays}"
