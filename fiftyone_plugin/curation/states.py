"""The review fields of samples: read by key, written in bulk with the log.

The log is written before the samples. A process killed between the two leaves an entry for a
change that did not arrive; taking that back writes what is there already.
"""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import fiftyone as fo

from fiftyone_plugin.curation.log import Change, ChangeLog, Kind, State
from importers import store
from importers.errors import StateError, UsageError
from importers.fields import (
    KEY,
    MASK_STATS,
    ORIGINAL_PHRASE,
    PHRASE,
    REVIEW_NOTE,
    REVIEWED_AT,
    REVIEWER,
    VERDICT,
)

VERDICTS = ("keep", "drop", "fix", "unsure")
REVIEW_FIELDS = (VERDICT, REVIEWER, REVIEWED_AT, REVIEW_NOTE, PHRASE, ORIGINAL_PHRASE)
MASK_DIGEST = f"{MASK_STATS}.digest"

MAX_TEXT = 10_000
"""Characters in an edited phrase, a note or a reviewer's name."""


class Stored:
    """One pair's review fields as the database holds them."""

    __slots__ = ("key", "mask_digest", "sample_id", "state")

    def __init__(self, document: dict[str, Any]) -> None:
        self.sample_id = document["_id"]
        self.key: str = document[KEY]
        self.state: State = {name: document.get(name) for name in REVIEW_FIELDS}
        if self.state[REVIEWED_AT] is not None:
            self.state[REVIEWED_AT] = to_utc(self.state[REVIEWED_AT])
        self.mask_digest: str = (document.get(MASK_STATS) or {}).get("digest") or ""

    @property
    def published_phrase(self) -> str:
        """The phrase as it was imported, before any edit."""
        edited_from = self.state[ORIGINAL_PHRASE]
        return (self.state[PHRASE] or "") if edited_from is None else edited_from

    def change(self, new: State) -> Change:
        """The change from here to ``new``."""
        return Change(self.sample_id, self.key, self.state, self.state | new)


def read(dataset: Any, keys: Sequence[str]) -> dict[str, Stored]:
    """The pairs of these keys that the dataset holds."""
    found: dict[str, Stored] = {}
    for batch in store.batched(keys, store.BATCH):
        documents = dataset._sample_collection.find({KEY: {"$in": batch}}, projection())
        found |= {document[KEY]: Stored(document) for document in documents}
    return found


def projection() -> dict[str, int]:
    """What :class:`Stored` needs of a document."""
    return dict.fromkeys((KEY, MASK_DIGEST, *REVIEW_FIELDS), 1)


def write(
    dataset: Any,
    changes: Iterable[Change],
    *,
    kind: Kind,
    reviewer: str,
    undoes: int | None = None,
) -> int:
    """Writes changes as one step: to the log, then to the samples.

    Returns:
        the number of pairs written
    """
    log = ChangeLog(dataset)
    step: int | None = None
    count = 0
    for batch in store.batched(changes, store.BATCH):
        now = this_instant()
        step = log.append(batch, step=step, kind=kind, reviewer=reviewer, time=now, undoes=undoes)
        count += store.update(dataset, ((c.sample_id, c.new) for c in batch))
        # Samples that this process holds in memory must not write their old values back.
        fo.Sample._reload_docs(
            dataset._sample_collection_name, sample_ids=[str(c.sample_id) for c in batch]
        )
    return count


def check_pairs(dataset: Any) -> None:
    """Makes sure that the dataset has pairs.

    Raises:
        StateError: if PairLens did not import it
    """
    if not dataset.has_field(KEY) or not dataset.has_field(PHRASE):
        raise StateError(f"dataset {dataset.name!r} was not imported by PairLens: it has no pairs")


def check_verdict(verdict: object) -> str:
    """The verdict.

    Raises:
        UsageError: if it is none
    """
    if verdict not in VERDICTS:
        raise UsageError(f"there is no verdict {verdict!r}; known: {', '.join(VERDICTS)}")
    return str(verdict)


def check_text(what: str, text: object) -> str | None:
    """A note or a name: a text that the database can hold, or ``None``; ``""`` is ``None``.

    Raises:
        UsageError: if it is no such text
    """
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise UsageError(f"the {what} is {type(text).__name__}, not a text")
    if len(text) > MAX_TEXT:
        raise UsageError(f"the {what} has {len(text):,} characters; at most {MAX_TEXT:,} are kept")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise UsageError(f"the {what} holds half a surrogate pair, which is no character")
    return text


def check_phrase(phrase: object) -> str:
    """An edited phrase: one line of text, not blank, without control characters.

    Raises:
        UsageError: if it is anything else
    """
    text = check_text("phrase", phrase)
    if text is None or not text.strip():
        raise UsageError("the edited phrase is empty; to remove the pair, give the verdict drop")
    if len(text.splitlines()) > 1 or text.splitlines()[0] != text:
        raise UsageError("the edited phrase has a line break; a query is one line")
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise UsageError("the edited phrase holds a control character; a query is plain text")
    return text


def default_reviewer() -> str:
    """Who reviews where nobody is named: the user of this machine, if that can be told."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def this_instant() -> datetime:
    """Now, in whole milliseconds of UTC, which is what the database keeps."""
    return to_utc(datetime.now(UTC))


def to_utc(time: datetime) -> datetime:
    """A time in whole milliseconds of UTC; without a zone it is taken to be UTC."""
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def text_digest(text: str) -> str:
    """SHA-256 of a phrase in utf-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
