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
from pairlens.importers.errors import StateError
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


_FLAGS = """
import sys
import fiftyone as fo
from pairlens.fiftyone_plugin.checks import runner
real = runner.choose
def choose(*args, **options):
    print("begun", flush=True)
    sys.stdin.readline()
    return real(*args, **options)
runner.choose = choose
runner.flag(fo.load_dataset(sys.argv[1]), predictions=["model"])
"""


def test_a_scoring_that_begins_during_a_flagging_takes_no_findings_away(
    dataset: Any, tmp_path: Path
) -> None:
    for mask in (tmp_path / "model").iterdir():
        mask.write_bytes(b"no mask")
    score(dataset, pred="model", key="model")
    flag(dataset, predictions=["model"])
    before = findings(dataset)
    assert sum(map(len, before.values())) >= 8
    flagging = start(_FLAGS, dataset.name)
    assert flagging.stdout is not None and flagging.stdout.readline() == "begun\n"
    scoring = start(_SCORES, dataset.name)
    assert scoring.stdout is not None and scoring.stdout.readline() == "begun\n"
    assert ended(flagging)[0] == 0  # its input ends, so that it goes on
    assert findings(dataset) == before
    assert ended(scoring)[0] == 0


def test_a_scoring_again_that_is_killed_leaves_the_earlier_one(dataset: Any) -> None:
    done = score(dataset, pred="model", key="model")
    before = numbers(dataset)
    scoring = start(_SCORES, dataset.name)
    assert scoring.stdout is not None and scoring.stdout.readline() == "begun\n"
    scoring.send_signal(signal.SIGKILL)
    ended(scoring)
    dataset.reload()
    assert load_score(dataset, "model") == done and numbers(dataset) == before


_STOPS_HALFWAY = """
import sys
import fiftyone as fo
from pairlens.fiftyone_plugin.metrics import dataset_overlaps
from pairlens.fiftyone_plugin.metrics.runs import score
real = dataset_overlaps.store.update
def update(dataset, changes):
    changes = list(changes)
    real(dataset, changes[:3])
    print("begun", flush=True)
    if sys.argv[2] == "fail":
        raise OSError("no space left on device")
    sys.stdin.readline()
dataset_overlaps.store.update = update
score(fo.load_dataset(sys.argv[1]), pred="model", key="model")
"""


@pytest.mark.parametrize("how", ["kill", "fail"])
def test_numbers_of_two_scorings_are_told_and_mended_by_the_next(
    dataset: Any, tmp_path: Path, how: str
) -> None:
    score(dataset, pred="model", key="model")
    score(dataset, pred="model", key="other")
    before = numbers(dataset)
    for mask in (tmp_path / "model").iterdir():
        mask.write_bytes(b"no mask")
    scoring = start(_STOPS_HALFWAY, dataset.name, how)
    assert scoring.stdout is not None and scoring.stdout.readline() == "begun\n"
    dataset.reload()
    if how == "kill":
        load_score(dataset, "model")  # while it is at work, nothing is amiss
        scoring.send_signal(signal.SIGKILL)
    ended(scoring)
    changed = [key for key, values in numbers(dataset).items() if values != before[key]]
    assert 0 < len(changed) < len(before)
    told = (
        f"scoring 'model' was interrupted when it was repeated, so some pairs have its new numbers "
        f"and others the earlier ones; run: pairlens score {dataset.name} --pred model --key model"
    )
    dataset.reload()
    # The newest scoring of the field is another one, which is whole.
    assert flag(dataset, predictions=["model"]).pairs == len(before)
    dataset.delete_evaluation("other")
    for use in (
        lambda: load_score(dataset, "model"),
        lambda: flag(dataset, predictions=["model"]),
    ):
        with pytest.raises(StateError) as refused:
            use()
        assert str(refused.value) == told
    done = score(dataset, pred="model", key="model")
    again = numbers(dataset)
    undisturbed = score(dataset, pred="model", key="undisturbed")
    fresh = {
        key: tuple(d.get(name) for name in fields.score_fields("undisturbed"))
        for key, d in documents(dataset).items()
    }
    assert again == fresh and load_score(dataset, "model") == done
    assert (done.missing, done.cIoU) == (undisturbed.missing, undisturbed.cIoU)
    assert flag(dataset, predictions=["model"]).pairs == len(before)


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
