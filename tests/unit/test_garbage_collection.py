"""The garbage collector is left as it was found, whatever happens."""

from __future__ import annotations

import gc

import pytest

from pairlens.importers.parallel import rare_collections


def test_collections_are_rare_within_and_as_before_after() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), rare_collections():
        assert gc.get_threshold()[0] > before[0]
        assert gc.get_threshold()[1:] == before[1:]
        raise KeyError
    assert gc.get_threshold() == before


@pytest.mark.parametrize("chosen", [(0, 5, 5), (1_000_000, 5, 5)])
def test_who_wants_fewer_gets_no_more(chosen: tuple[int, int, int]) -> None:
    before = gc.get_threshold()
    gc.set_threshold(*chosen)
    try:
        with rare_collections():
            assert gc.get_threshold() == chosen
        assert gc.get_threshold() == chosen
    finally:
        gc.set_threshold(*before)
