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
"""Maximum compression ratio of a whole archive; TIFF masks of one value compress to a 250th."""

_SPARE = 1 << 30
"""Bytes that must stay free on the disk."""


def unzip(
    archive: Path,
    folder: Path,
    *,
    leftovers: bool = False,
    on_note: OnNote = ignore_note,
    progress: Progress = no_progress,
) -> None:
    """Unpacks a zip archive into a folder, except files that exist with the right size.

    Members that would be outside of the folder, links, encrypted and damaged members, and those
    whose name conflicts with an earlier one are left out with a note.

    Args:
        archive: the zip file
        folder: the folder to unpack into
        leftovers: whether to unpack files of file managers, such as ``__MACOSX``
        on_note: receives the notes
        progress: called with members done and members in all

    Raises:
        StateError: if it is not a complete zip archive, if all of it is encrypted, or if it would
            fill the disk
    """
    with _explaining_errors(archive), open_zip(archive) as opened:
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
def _explaining_errors(archive: Path) -> Iterator[None]:
    """Turns errors of reading an archive into :class:`StateError`."""
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
    """Validates the declared sizes of all members; unpacking stops at these.

    Raises:
        StateError: if they are implausible, or there is not enough room on the disk
    """
    total = sum(member.file_size for member in members)
    if total > MAX_RATIO * archive.stat().st_size:
        raise StateError(
            f"{archive.name} would unpack to {len(members):,} files of {total:,} bytes, which "
            "is no dataset's archive; unpack it yourself if you trust it"
        )
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if total + _SPARE > free:
        raise StateError(
            f"{archive.name} unpacks to {total:,} bytes, and {existing} has {free:,} left; make "
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
        # zipfile stops at the declared size, and verifies the checksum.
        with opened.open(member) as stream:
            write_stream(target, stream)
    except BROKEN_ZIP as error:
        return f"it is damaged ({error}); fetch the archive again"
    return ""
