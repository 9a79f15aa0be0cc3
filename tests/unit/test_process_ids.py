"""Whether a process runs: alive, dead, on another machine."""

from __future__ import annotations

import subprocess
import sys

from pairlens.importers import process_ids


def test_this_process_is_alive() -> None:
    assert not process_ids.is_dead(process_ids.this_process())
    assert set(process_ids.this_process()) <= set("0123456789abcdef-")


def test_one_that_ended_is_dead_and_its_number_does_not_count_alone() -> None:
    code = "from pairlens.importers import process_ids; print(process_ids.this_process())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process_ids.is_dead(done.stdout.strip())
    machine, number, started = process_ids.this_process().split("-")
    assert process_ids.is_dead(f"{machine}-{number}-{int(started) + 1}")


def test_nothing_is_known_of_another_machine_or_of_another_text() -> None:
    _, number, started = process_ids.this_process().split("-")
    for owner in (f"{'0' * 12}-{number}-1", "somebody", "", f"{number}-{started}"):
        assert not process_ids.is_dead(owner)


_OF_ANOTHER = """
import os, sys
from pairlens.importers import process_ids
if os.geteuid() == 0:
    os.setuid(65534)
process_ids._started = lambda number: ""  # as where /proc is mounted with hidepid
print(process_ids.is_dead(sys.argv[1]), process_ids.is_dead(sys.argv[2]))
"""


def test_a_process_of_another_user_that_is_not_shown_is_not_dead() -> None:
    machine = process_ids.this_process().partition("-")[0]
    hidden, gone = f"{machine}-1-7", f"{machine}-{2**22 + 1}-7"
    done = subprocess.run(
        [sys.executable, "-c", _OF_ANOTHER, hidden, gone], capture_output=True, text=True
    )
    assert done.stdout.split() == ["False", "True"], done.stderr
