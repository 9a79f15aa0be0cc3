"""Addresses of a database that cannot be used: one sentence each, and no password in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairlens.importers.database_connection import check
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
