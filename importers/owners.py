"""Which process an unfinished thing belongs to, and whether that process is still there.

What a killed process leaves, such as the folder of an unfinished export, carries the name of its
owner: whoever comes next clears it if the owner is dead, and leaves it alone if it is alive or
works on another machine.
"""

from __future__ import annotations

import hashlib
import os
import socket
from functools import cache
from pathlib import Path


def this_process() -> str:
    """A name for this process that no other process ever has, of letters, digits and ``-``."""
    return _named(os.getpid())  # which a forked process has one of its own of


def is_dead(owner: str) -> bool:
    """Whether a process that :func:`this_process` named has ended; ``False`` if unknown."""
    machine, _, process = owner.partition("-")
    number, _, started = process.partition("-")
    if machine != _machine() or not number.isdigit():
        return False
    now = _started(int(number))
    return now != started and not (now == "" and _is_hidden(int(number)))


@cache
def _named(number: int) -> str:
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
