"""Entry point of the command ``pairlens``, which works even if required packages crash.

A build of NumPy for another processor ends Python without a message when it is imported, and all
commands except ``doctor`` import it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

DOCTOR = "doctor"
FAILED = 1


def main() -> int:
    """Runs the command line.

    Returns:
        the exit code
    """
    asked = sys.argv[1:]
    if DOCTOR in asked and not _starts():
        return _doctor_alone("--json" in asked)
    try:
        return _run()
    except KeyboardInterrupt:  # before there is anything to tidy up
        print("Interrupted.", file=sys.stderr)
        return FAILED


def _run() -> int:
    try:
        from pairlens.fiftyone_plugin import cli
    except (ImportError, MemoryError) as error:
        why = str(error) or "memory ran out"
        print(f"pairlens: it does not start ({why}); see why: pairlens doctor", file=sys.stderr)
        return FAILED
    code = cli.main()
    # All is done and said; what Python and libraries tidy up takes up to some seconds.
    signal.signal(signal.SIGINT, lambda *_: os._exit(code))
    return code


def _starts() -> bool:
    """Whether the command line can be imported, tested in a child process."""
    tried = subprocess.run(
        [sys.executable, "-c", "import pairlens.fiftyone_plugin.cli"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    return tried.returncode == 0


def _doctor_alone(as_json: bool) -> int:
    """Runs ``pairlens doctor`` without the command line."""
    from pairlens.fiftyone_plugin import doctor

    report = doctor.run()
    print(json.dumps(report) if as_json else doctor.describe(report))
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
