"""Makes documents of the records of an image: what workers of an import run.

They come back as BSON, which takes a worker the time and memory that it would take this process
otherwise, and lack what only the process that inserts them can tell: their ids, which ascend in
the order of the source, and the time of their batch.
"""

from __future__ import annotations

import struct
from calendar import timegm
from collections.abc import Collection, Sequence
from datetime import datetime

import bson
from bson import ObjectId
from bson.raw_bson import RawBSONDocument

from pairlens.importers.decisions import Decision, taken
from pairlens.importers.documents import values
from pairlens.importers.errors import RecordError
from pairlens.importers.frozen import frozen
from pairlens.importers.prepare import Group, MediaPlace, Prepared, prepare_missing
from pairlens.importers.stored_values import NOT_STORABLE, why_not_stored

_HEAD = struct.Struct("<i5s12s12sq18sq")
"""Of a document: its size, its id and two times, each with its type and name (bsonspec.org)."""

_SIZE = 4


@frozen
class Made:
    """What was made of an image's records.

    Attributes:
        documents: of samples, as BSON, to be completed by :func:`whole`
        decisions: how the image and its masks were read
        faults: of the records that no database stores: where they stand, and why
    """

    documents: list[bytes]
    decisions: tuple[Decision, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()


NOTHING = Made([])


def make(group: Group, place: MediaPlace, dataset_id: ObjectId, tags: Collection[str]) -> Made:
    """Prepares what the database lacks of an image's records, and makes documents of it.

    Args:
        group: the records
        place: where their media goes
        dataset_id: of the dataset
        tags: for each sample

    Raises:
        RecordError, StateError: as of :func:`.prepare.prepare`
    """
    return made_of(prepare_missing(group, place), dataset_id, tags)


def made_of(prepared: Sequence[Prepared], dataset_id: ObjectId, tags: Collection[str]) -> Made:
    """Makes documents of the prepared records of an image."""
    documents: list[bytes] = []
    faults: list[tuple[str, str]] = []
    for one in prepared:
        doc = values(one, dataset_id)
        doc["tags"].extend(tags)
        try:
            documents.append(bson.encode(doc)[_SIZE:])
        except NOT_STORABLE as error:
            faults.append((str(one.record.source), why_not_stored(error)))
    return Made(documents, tuple(taken(prepared)), tuple(faults))


def whole(rest: bytes, now: datetime) -> RawBSONDocument:
    """The document of a sample, with a new id and its times.

    Args:
        rest: as of :class:`Made`
        now: when it is made
    """
    at = timegm(now.utctimetuple()) * 1000 + now.microsecond // 1000
    head = _HEAD.pack(
        _HEAD.size + len(rest), b"\x07_id\0", ObjectId().binary, b"\x09created_at\0", at,
        b"\x09last_modified_at\0", at,
    )  # fmt: skip
    return RawBSONDocument(head + rest)


def errors_of(made: Made) -> list[RecordError]:
    """Of the records that no database stores."""
    return [RecordError(source, why) for source, why in made.faults]
