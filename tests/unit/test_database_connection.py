"""Addresses of a database that cannot be used: one sentence each, and no password in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pymongo.errors import NotPrimaryError, OperationFailure, ServerSelectionTimeoutError

from pairlens.importers.database_connection import attempts, check
from pairlens.importers.errors import StateError, UsageError

NOWHERE = "127.0.0.1:1/?serverSelectionTimeoutMS=100"


def test_an_address_at_which_nothing_listens_is_no_wrong_one() -> None:
    with pytest.raises(StateError, match=r"the database does not answer \(127.0.0.1:1: "):
        check(f"mongodb://{NOWHERE}")


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("postgres://127.0.0.1", "Invalid URI scheme"),
        ("mongodb://[::1", "must be enclosed in"),
        ("mongodb://127.0.0.1:99999", "between 0 and 65535"),
        ("mongodb://ada:se:cret@127.0.0.1", "must be escaped"),
        ("mongodb://h1:1,h2:1/?directConnection=true", "Cannot specify multiple hosts"),
        (f"mongodb://{NOWHERE}&tls=true&tlsCAFile=/none.pem", "No such file .*: /none.pem"),
        (f"mongodb://{NOWHERE}&tls=true&tlsCAFile={Path(__file__)}", "no certificate or crl"),
    ],
)
def test_a_wrong_address_is_told_with_where_to_correct_it(uri: str, why: str) -> None:
    words = rf"cannot be asked under this address \(.*{why}.*\); correct FIFTYONE_DATABASE_URI"
    with pytest.raises(UsageError, match=words) as told:
        check(uri)
    assert "se:cret" not in str(told.value)


def test_what_may_be_done_twice_is_done_again_where_another_server_took_over() -> None:
    def tried(*errors: Exception | None) -> int:
        coming, times = iter(errors), 0
        for attempt in attempts():
            with attempt:
                times += 1
                if error := next(coming):
                    raise error
        return times

    gone = NotPrimaryError("not primary", {"code": 10107})
    assert (tried(None), tried(gone, None)) == (1, 2)
    for errors in ((gone, gone), (OperationFailure("no", 13), None)):
        with pytest.raises(type(errors[0])):
            tried(*errors)
    with pytest.raises(ServerSelectionTimeoutError):
        tried(ServerSelectionTimeoutError("nobody"), None)
