"""A scoring that is made again: the earlier one stands until the new one is whole."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.metrics import dataset_overlaps
from pairlens.fiftyone_plugin.metrics.runs import METHOD, load_score, score
from pairlens.importers import fields
from tests.mongo.curating import load, predict
from tests.mongo.processes import ended, start
from tests.mongo.reviewing import documents

NAMES = fields.score_fields("model")


@pytest.fixture
def dataset(dataset_name: str, tmp_path: Path) -> Any:
    made = load("gres", make_gres(tmp_path / "gres", images=4, size=64).root, dataset_name)
    predict(made, tmp_path / "model")
    return made


def numbers(dataset: Any) -> dict[str, tuple[Any, ...]]:
    return {k: tuple(d.get(name) for name in NAMES) for k, d in documents(dataset).items()}


def findings(dataset: Any) -> dict[str, Any]:
    return {
        key: [
            (one["label"], one["score"])
            for one in (document.get("findings") or {}).get("classifications", ())
        ]
        for key, document in documents(dataset).items()
    }


_SCORES = """
import sys
import fiftyone as fo
from pairlens.fiftyone_plugin.metrics import dataset_overlaps
from pairlens.fiftyone_plugin.metrics.runs import score
real = dataset_overlaps._counts
def counts(*args):
    print("begun", flush=True)
    sys.stdin.readline()
    yield from real(*args)
dataset_overlaps._counts = counts
score(fo.load_dataset(sys.argv[1]), pred="model", key="model")
"""


def test_flagging_beside_a_scoring_of_the_same_key_finds_the_same(
    dataset: Any, tmp_path: Path
) -> None:
    for mask in (tmp_path / "model").iterdir():
        mask.write_bytes(b"no mask")
    score(dataset, pred="model", key="model")
    flag(dataset, predictions=["model"])
    before, scored = findings(dataset), numbers(dataset)
    assert any(before.values())
    scoring = start(_SCORES, dataset.name)
    assert scoring.stdout is not None and scoring.stdout.readline() == "begun\n"
    dataset.reload()
    flag(dataset, predictions=["model"])
    assert findings(dataset) == before
    assert ended(scoring)[0] == 0
    assert numbers(dataset) == scored


def test_a_scoring_again_that_is_killed_leaves_the_earlier_one(dataset: Any) -> None:
    done = score(dataset, pred="model", key="model")
    before = numbers(dataset)
    scoring = start(_SCORES, dataset.name)
    assert scoring.stdout is not None and scoring.stdout.readline() == "begun\n"
    scoring.send_signal(signal.SIGKILL)
    ended(scoring)
    dataset.reload()
    assert load_score(dataset, "model") == done and numbers(dataset) == before


def test_pairs_that_are_not_in_the_new_one_lose_their_numbers(dataset: Any) -> None:
    score(dataset, pred="model", key="model")
    whole = numbers(dataset)
    some = dataset.limit(3)
    ids = set(some.values("id"))
    done = score(some, pred="model", key="model")
    assert done.pairs == 3
    for key, document in documents(dataset).items():
        expected = whole[key] if str(document["_id"]) in ids else (None,) * len(NAMES)
        assert numbers(dataset)[key] == expected
    dataset.reload()
    assert dataset.list_evaluations(method=METHOD) == ["model"]
    assert load_score(dataset, "model").pairs == 3


def test_a_scoring_that_fails_leaves_the_earlier_one(
    dataset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = score(dataset, pred="model", key="model")
    before = numbers(dataset)
    monkeypatch.setattr(dataset_overlaps, "_counts", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        score(dataset, pred="model", key="model")
    assert load_score(dataset, "model") == done and numbers(dataset) == before
