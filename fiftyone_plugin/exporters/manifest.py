"""The files beside an export: ``manifest.json`` and the dataset card.

Neither names a path of the machine. The lists of dropped and edited pairs can be as long as
the dataset, so they go to spools on disk while the export runs.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any

from pairlens.importers.formats import FORMATS

LISTS = ("dropped", "edited", "skipped_at_import")


class ManifestLists:
    """The growing lists of a manifest, spooled to disk, and their lengths.

    Args:
        private: folders whose paths are cut out of every entry: the note of a finding can
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


_CARD = """\
# {dataset}

A cleaned copy of {root}, in the layout of {format}, written by PairLens from the FiftyOne
dataset {dataset} with the selection `{select}`.

| | |
|---|---|
| {what} exported | {exported:,} |
| of these with an edited text | {edited:,} |
| {what} left out | {dropped:,} |
| records of these files that were not imported | {not_imported:,} |
| images copied | {images:,} |
{splits}
- `manifest.json` says which {what} were left out or edited, and why.
- `decisions.jsonl` holds the reviewers' verdicts. With one's own copy of the published data,
  the same cleaning is had by `pairlens import {source_format} ROOT --name N` and
  `pairlens review N --apply decisions.jsonl`.
{reading}
## Licence

The licence of the published dataset holds for this copy, for its annotations and for its
images each. Read it before passing the copy on; some images may not be passed on at all.
"""


_NATIVE = """\
- This copy is read back by `pairlens import {format} THIS_FOLDER --name N`.

Records that were not edited are byte for byte as published.
"""


def card(head: dict[str, Any]) -> str:
    """The dataset card of an export, in Markdown, from the head of its manifest."""
    counts = head["counts"]
    splits = "".join(
        f"| {_code(split)}: exported of {numbers['pairs']:,} | {numbers['exported']:,} |\n"
        for split, numbers in head["splits"].items()
    )
    native = head["format"] == head["source"]["format"]
    return _CARD.format(
        reading=_NATIVE.format(format=head["format"]) if native else "",
        source_format=head["source"]["format"],
        what=FORMATS[head["source"]["format"]].samples,
        dataset=_code(head["dataset"]),
        root=_code(head["source"]["root"]),
        format=head["format"],
        select=head["select"].replace("`", "'"),
        splits=splits,
        **{k: counts[k] for k in ("exported", "edited", "dropped", "not_imported", "images")},
    )


def _code(name: str) -> str:
    """A name as code, which Markdown shows as it is."""
    return f"`{' '.join(name.replace('`', chr(39)).split())}`"
