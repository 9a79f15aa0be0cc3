"""The pairs of a session that wait for a verdict, for programs that have no panel to look at."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from pairlens.fiftyone_plugin.checks.finding import LABEL_VALUES
from pairlens.fiftyone_plugin.curation import queue
from pairlens.importers import fields, store
from pairlens.importers.stored_values import Document

MOST = 20
"""Pairs that are told where no number is given."""

_WANTED = (
    fields.KEY, "filepath", fields.RENDITION, fields.IMAGE_MISSING, fields.PHRASE,
    f"{fields.SEGMENTATION}.mask_path", f"{fields.CAPTIONS}.text",
    f"{fields.CONVERSATIONS}.question", f"{fields.CONVERSATIONS}.answers", fields.FINDINGS,
)  # fmt: skip


class PendingPair(TypedDict):
    """A pair that waits.

    Attributes:
        key: of the pair
        image: the path of its image, as a browser can show it; ``None`` where that is missing
        mask: the path of its mask, where 1 is the target
        text: the query, the captions or the questions and answers
        findings: what the checks found; not there where the session hides it
    """

    key: str
    image: str | None
    mask: str | None
    text: str | list[Any]
    findings: NotRequired[list[dict[str, Any]]]


def pending_pairs(dataset: Any, session: str, most: int | None = None) -> list[PendingPair]:
    """The next pairs of a session that nobody has judged in it.

    Findings are hidden in a session over a random sample, and so are those of pairs that others
    judge as well: whoever knows them does not judge by the pair alone.

    Args:
        dataset: that the session is of
        session: its id or name
        most: how many

    Raises:
        UsageError: if the dataset has no such session
        StateError: if it is finished
    """
    document = queue.find_open(dataset, session)
    ids = queue.left(document, MOST if most is None else max(0, most))
    found = {doc["_id"]: doc for doc in store.stream(dataset, _WANTED, where={"_id": {"$in": ids}})}
    hidden = document["over"]["kind"] == "sample" or bool(document.get("shared"))
    return [_waiting(found[each], hidden) for each in ids if each in found]


def _waiting(doc: Document, hidden: bool) -> PendingPair:
    shown = doc.get(fields.RENDITION) or doc["filepath"]
    one: PendingPair = {
        "key": doc[fields.KEY],
        "image": None if doc.get(fields.IMAGE_MISSING) else shown,
        "mask": (doc.get(fields.SEGMENTATION) or {}).get("mask_path"),
        "text": _text(doc),
    }
    if not hidden:
        labels = (doc.get(fields.FINDINGS) or {}).get("classifications") or ()
        one["findings"] = [{name: label.get(name) for name in LABEL_VALUES} for label in labels]
    return one


def _text(doc: Document) -> str | list[Any]:
    if (phrase := doc.get(fields.PHRASE)) is not None:
        return phrase
    if turns := doc.get(fields.CONVERSATIONS):
        return [[turn.get("question"), *(turn.get("answers") or ())] for turn in turns]
    return [caption.get("text") for caption in doc.get(fields.CAPTIONS) or ()]
