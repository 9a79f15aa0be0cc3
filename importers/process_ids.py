"""Identities of processes, and whether the process of one still runs.

What a killed process leaves, such as the folder of an unfinished export, carries the identity of
its owner: the next process clears it if the owner is dead, and leaves it alone if it runs or is on
another machine.
"""

from __future__ import annotations

import hashlib
import os
import socket
from functools import cache
from pathlib import Path


def this_process() -> str:
    """The identity of this process, unique for all time, of letters, digits and ``-``."""
    return _identity(os.getpid())  # a forked process has an identity of its own


def is_dead(owner: str) -> bool:
    """Whether the process of an identity has ended; ``False`` if that is unknown.

    Args:
        owner: as :func:`this_process` gave it, or any text
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
    """When a process was started, in ticks since the machine was; ``""`` where there is none."""
    try:
        facts = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return ""
    # After the name of the program, which can hold anything.
    state, *others = facts.rpartition(")")[2].split()
    return "" if state in "ZX" else others[18]


def _is_hidden(number: int) -> bool:
    """Whether a process of another user runs: ``/proc`` may be mounted so that it does not show."""
    try:
        os.kill(number, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return False  # one's own, and shown: it ended, and its parent has not asked for it


@cache
def _machine() -> str:
    """A digest of where numbers of processes are unique: this machine's run, and its container."""
    parts = [socket.gethostname()]
    for file in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        path = Path(file)
        try:
            parts.append(str(path.readlink()) if path.is_symlink() else path.read_text())
        except OSError:
            parts.append("")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
