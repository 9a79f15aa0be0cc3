"""The file ``manifest.json`` of an export: counts, edited samples, left out ones with reasons.

It contains no path of the machine. The lists of dropped and edited pairs can be as long as the
dataset, so they are spooled to disk during the export.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any

LISTS = ("dropped", "edited", "skipped_at_import")


class ManifestLists:
    """The lists of a manifest, spooled to disk, and their lengths.

    Args:
        private: folders whose paths are removed from every entry, since the note of a finding can
            quote one
    """

    def __init__(self, *private: str) -> None:
        self._private = [json.dumps(f"{folder}/", ensure_ascii=False)[1:-1] for folder in private]
        self._stack = ExitStack()
        self._spools: dict[str, IO[bytes]] = {}
        for name in LISTS:
            spool = TemporaryFile()  # noqa: SIM115 - the stack closes it
            self._spools[name] = self._stack.enter_context(spool)
        self.counts: dict[str, int] = dict.fromkeys(LISTS, 0)

    def __enter__(self) -> ManifestLists:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, name: str, entry: dict[str, Any]) -> None:
        """Adds an entry to a list."""
        line = json.dumps(entry, ensure_ascii=False)
        for path in self._private:
            line = line.replace(path, "")
        self._spools[name].write(line.encode("utf-8", "backslashreplace") + b"\n")
        self.counts[name] += 1

    def write(self, path: Path, head: dict[str, Any]) -> None:
        """Writes the manifest: the head, then the lists, an entry a line."""
        text = json.dumps(head, ensure_ascii=False, indent=2)
        with open(path, "wb") as stream:
            stream.write(text.removesuffix("\n}").encode())
            for name, spool in self._spools.items():
                stream.write(f',\n  "{name}": ['.encode())
                spool.seek(0)
                for number, line in enumerate(spool):
                    stream.write((b"," if number else b"") + b"\n    " + line.rstrip(b"\n"))
                stream.write(b"\n  ]" if self.counts[name] else b"]")
            stream.write(b"\n}\n")
