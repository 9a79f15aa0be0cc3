"""Identities of processes, and whether the process of an identity still runs.

Unfinished things, such as the folder of an export, have the identity of their process in the name.
The next process deletes them if that process has ended, and keeps them if it runs or is on another
machine.
"""

from __future__ import annotations

import hashlib
import os
import socket
from functools import cache
from pathlib import Path


def this_process() -> str:
    """Returns the identity of this process: letters, digits and ``-``, never used again."""
    return _identity(os.getpid())  # by number, since a forked process has another identity


def is_dead(owner: str) -> bool:
    """Whether the process of an identity has ended; ``False`` if that is unknown.

    Args:
        owner: an identity as :func:`this_process` returned it, or any text
    """
    machine, _, process = owner.partition("-")
    number, _, started = process.partition("-")
    if machine != _machine() or not number.isdigit():
        return False
    now = _started(int(number))
    return now != started and not (now == "" and _is_hidden(int(number)))


@cache
def _identity(number: int) -> str:
    return f"{_machine()}-{number}-{_started(number)}"


def _started(number: int) -> str:
    """Returns the start time of a process in clock ticks since boot; ``""`` if it does not run."""
    try:
        facts = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return ""
    # The fields after the name of the program, which can contain any characters.
    state, *others = facts.rpartition(")")[2].split()
    return "" if state in "ZX" else others[18]


def _is_hidden(number: int) -> bool:
    """Whether a process of another user runs that ``/proc`` may hide (``hidepid``)."""
    try:
        os.kill(number, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return False  # it is this user's, so a zombie, which its parent has not waited for


@cache
def _machine() -> str:
    """Returns a digest of what process numbers are unique in: host, boot and PID namespace."""
    parts = [socket.gethostname()]
    for file in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        path = Path(file)
        try:
            parts.append(str(path.readlink()) if path.is_symlink() else path.read_text())
        except OSError:
            parts.append("")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
