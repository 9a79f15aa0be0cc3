"""Digests of what was imported: they are stored, so that no later version may make others."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.digests import texts_digest


def stored(texts: list[Any]) -> str:
    """As it always was."""
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:32]


@given(st.lists(st.text(st.characters())))
def test_a_digest_of_texts_is_the_one_that_is_stored(texts: list[str]) -> None:
    assert texts_digest(iter(texts)) == stored(texts)


@pytest.mark.parametrize("texts", [[None], ["a", 3], [["a"], {"b": 1.5}]], ids=str)
def test_what_was_edited_to_be_no_text_has_a_digest(texts: list[Any]) -> None:
    assert texts_digest(texts) == stored(texts)
