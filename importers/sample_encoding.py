"""Encodes the records of an image as BSON documents of samples, in the workers of an import.

This saves time and memory in the process that inserts them. That process adds what only it knows:
the ids, which ascend in the order of the source, and the time of the batch.
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
"""The beginning of a document: its size, its id and two times, each with type and name
(https://bsonspec.org)."""

_SIZE = 4
"""Bytes of a document's size."""


@frozen
class EncodedSamples:
    """The records of an image as documents of samples.

    Attributes:
        documents: BSON without the leading size, id and times, which :func:`complete` adds
        decisions: how the image and its masks were read
        faults: source and reason for each record that cannot be encoded
    """

    documents: list[bytes]
    decisions: tuple[Decision, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()


NOTHING = EncodedSamples([])


def encode_missing(
    group: Group, place: MediaPlace, dataset_id: ObjectId, tags: Collection[str]
) -> EncodedSamples:
    """Prepares and encodes those records of an image that the database lacks.

    Args:
        group: the records
        place: where media are written
        dataset_id: of the dataset
        tags: further tags of each sample

    Raises:
        RecordError, StateError: as :func:`.prepare.prepare`
    """
    return encode(prepare_missing(group, place), dataset_id, tags)


def encode(
    prepared: Sequence[Prepared], dataset_id: ObjectId, tags: Collection[str]
) -> EncodedSamples:
    """Encodes the prepared records of an image."""
    documents: list[bytes] = []
    faults: list[tuple[str, str]] = []
    for one in prepared:
        doc = values(one, dataset_id)
        doc["tags"].extend(tags)
        try:
            documents.append(bson.encode(doc)[_SIZE:])
        except NOT_STORABLE as error:
            faults.append((str(one.record.source), why_not_stored(error)))
    return EncodedSamples(documents, tuple(taken(prepared)), tuple(faults))


def complete(rest: bytes, now: datetime) -> RawBSONDocument:
    """Returns the complete document of a sample, with a new id.

    Args:
        rest: one of :attr:`EncodedSamples.documents`
        now: time of creation and of last change, in UTC
    """
    at = timegm(now.utctimetuple()) * 1000 + now.microsecond // 1000
    head = _HEAD.pack(
        _HEAD.size + len(rest), b"\x07_id\0", ObjectId().binary, b"\x09created_at\0", at,
        b"\x09last_modified_at\0", at,
    )  # fmt: skip
    return RawBSONDocument(head + rest)


def errors_of(encoded: EncodedSamples) -> list[RecordError]:
    """Returns the errors of records that cannot be encoded."""
    return [RecordError(source, why) for source, why in encoded.faults]
