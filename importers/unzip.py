"""Unpacks a published ``.zip`` member by member, trusting nothing in it."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pairlens.importers.decisions import of_leftovers
from pairlens.importers.errors import OnNote, StateError, ignore_note
from pairlens.importers.files import is_leftover, write_stream
from pairlens.importers.member_names import Names, name_refusal
from pairlens.importers.parallel import Progress, no_progress
from pairlens.importers.source_files import reason_of
from pairlens.importers.zips import BROKEN_ZIP, ENCRYPTED, TooManyMembers, open_zip

MAX_RATIO = 300
"""Bytes out for a byte in, over the whole archive: TIFF masks of one value shrink to a 250th."""

_SPARE = 1 << 30


def unzip(
    archive: Path,
    folder: Path,
    *,
    leftovers: bool = False,
    on_note: OnNote = ignore_note,
    progress: Progress = no_progress,
) -> None:
    """Unpacks a zip archive into a folder; files that are there with the right size are kept.

    Left out with a note are members that would lie outside the folder, links, encrypted and damaged
    ones, second ones of a name and those below a file.

    Args:
        archive: the zip file
        folder: where to
        leftovers: whether to unpack what file managers leave behind, such as ``__MACOSX``
        on_note: takes the notes
        progress: called with members done and members in all

    Raises:
        StateError: if it is no zip archive or not a whole one, if all of it is encrypted, or if it
            would fill the disk
    """
    with _said_plainly(archive), open_zip(archive) as opened:
        members = [m for m in opened.infolist() if not m.is_dir()]
        _check_size(archive, folder, members)
        if members and all(member.flag_bits & ENCRYPTED for member in members):
            raise StateError(f"{archive.name} is encrypted; unpack it yourself, with its password")
        names = Names()
        left = [] if leftovers else [m for m in members if is_leftover(m.filename)]
        if left:
            on_note(of_leftovers([member.filename for member in left]))
            members = [member for member in members if not is_leftover(member.filename)]
        for number, member in enumerate(members, 1):
            reason = _refusal(member) or names.refusal(member.filename)
            if not reason:
                reason = _unpack(opened, member, folder / member.filename)
            if reason:
                on_note(f"{archive.name}: {member.filename[:200]!r} is left out: {reason}")
            progress(number, len(members))


@contextmanager
def _said_plainly(archive: Path) -> Iterator[None]:
    try:
        yield
    except TooManyMembers as error:
        raise StateError(
            f"{archive.name} is not unpacked ({error}); unpack it yourself if you trust it"
        ) from error
    except BROKEN_ZIP as error:
        raise StateError(
            f"{archive.name} is no whole zip archive ({error}); fetch it again"
        ) from error
    except OSError as error:
        raise StateError(f"{archive.name} cannot be unpacked ({reason_of(error)})") from error


def _check_size(archive: Path, folder: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuses members that declare too much; those that declare it wrongly are cut off later."""
    total = sum(member.file_size for member in members)
    if total > MAX_RATIO * archive.stat().st_size:
        raise StateError(
            f"{archive.name} would unpack to {len(members):,} files of {total:,} bytes, which "
            "is no dataset's archive; unpack it yourself if you trust it"
        )
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if total + _SPARE > free:
        raise StateError(
            f"{archive.name} unpacks to {total:,} bytes, and {there} has {free:,} left; make "
            "room or choose another --media-dir"
        )


def _refusal(member: zipfile.ZipInfo) -> str:
    mode = member.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        return "it is no plain file"
    if reason := name_refusal(member.filename):
        return reason
    return "it is encrypted" if member.flag_bits & ENCRYPTED else ""


def _unpack(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> str:
    """Writes a member; returns ``""``, or why it cannot be read."""
    if target.is_file() and target.stat().st_size == member.file_size:
        return ""
    try:
        # zipfile itself stops at the size that the member declares, and checks its sum.
        with opened.open(member) as stream:
            write_stream(target, stream)
    except BROKEN_ZIP as error:
        return f"it is damaged ({error}); fetch the archive again"
    return ""
