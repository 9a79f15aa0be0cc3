"""Unpacks a published ``.zip`` member by member, trusting nothing in it."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from importers.decisions import of_leftovers
from importers.errors import OnNote, StateError, ignore_note
from importers.files import is_leftover, is_plain_name, write_stream
from importers.parallel import Progress, no_progress

MAX_MEMBERS = 20_000_000
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
    """Unpacks an archive into a folder; files that are there with their size are kept.

    Members that would lie outside the folder, links, encrypted ones and second ones of a name
    are left out with a note; so is what a file manager left, unless ``leftovers`` is set.

    Raises:
        StateError: if it is no zip archive or a broken one, or if it would fill the disk
    """
    with _said_plainly(archive), zipfile.ZipFile(archive) as opened:
        members = [m for m in opened.infolist() if not m.is_dir()]
        _check_size(archive, folder, members)
        done: set[str] = set()
        left = [] if leftovers else [m for m in members if is_leftover(m.filename)]
        if left:
            on_note(of_leftovers([member.filename for member in left]))
            members = [member for member in members if not is_leftover(member.filename)]
        for number, member in enumerate(members, 1):
            reason = _refusal(member, done)
            if reason:
                on_note(f"{archive.name}: {member.filename[:200]!r} is left out: {reason}")
            else:
                done.add(member.filename.casefold())
                _unpack(opened, member, folder / member.filename)
            progress(number, len(members))


@contextmanager
def _said_plainly(archive: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError) as error:
        raise StateError(
            f"{archive.name} is no whole zip archive ({error}); fetch it again"
        ) from error
    except OSError as error:
        raise StateError(f"{archive.name} cannot be unpacked ({error})") from error


def _check_size(archive: Path, folder: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuses members that declare too much; those that declare it wrongly are cut off later."""
    total = sum(member.file_size for member in members)
    if total > MAX_RATIO * archive.stat().st_size or len(members) > MAX_MEMBERS:
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


def _refusal(member: zipfile.ZipInfo, done: set[str]) -> str:
    mode = member.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        return "it is no plain file"
    if not all(is_plain_name(part) for part in member.filename.split("/")):
        return "its name leads out of the folder or is none"
    if member.flag_bits & 1:
        return "it is encrypted"
    if member.filename.casefold() in done:
        return "another has that name"
    return ""


def _unpack(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    if target.is_file() and target.stat().st_size == member.file_size:
        return
    # zipfile itself stops at the size that the member declares, and checks its sum.
    with opened.open(member) as stream:
        write_stream(target, stream)
