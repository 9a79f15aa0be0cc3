"""A judge measured: a model on loopback whose errors are known, and the figures that come of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from scipy.stats import beta

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.bench import judged
from pairlens.fiftyone_plugin.bench.judge_cases import PLANTED, Case
from pairlens.fiftyone_plugin.bench.judged import bench_judge
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.judging import pictures, prompts
from pairlens.fiftyone_plugin.judging.base import Question
from pairlens.fiftyone_plugin.judging.views import ViewSettings
from pairlens.importers.errors import UsageError
from pairlens.importers.ingest import import_dataset
from tests.unit.chatting import QUICK, Seen, model, pair_answer
from tests.unit.web import serve

SEED, QUESTIONS = 4, 60


@pytest.fixture(scope="module")
def dataset(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[fo.Dataset]:
    root = make_gres(tmp_path_factory.mktemp("bench") / "published", 90, seed=11, size=128).root
    import_dataset("gres", root, "test-bench-judge")
    yield fo.load_dataset("test-bench-judge")
    fo.delete_dataset("test-bench-judge")


@pytest.fixture(scope="module")
def cases(dataset: fo.Dataset) -> list[Case]:
    checks = judged._checks(dataset, {})
    return list(judged._cases(dataset, checks, QUESTIONS, 20_000, SEED).cases)


def lines_of(question: Question) -> tuple[str, ...]:
    """All that is written to a model about a pair, which tells the pair."""
    shown = pictures.draw_pictures(question, ViewSettings())
    asked = prompts.question_texts(question.sample, True)
    words = prompts.prompt_text(asked, question.sample, True)
    return (*prompts.picture_captions([one.about for one in shown]), words)


def measured(dataset: fo.Dataset, answer: Any, **options: Any) -> Any:
    with serve(model(answer)) as server:
        params = QUICK | {"url": server.url}
        options = {"seed": SEED, "questions": QUESTIONS} | options
        return bench_judge(dataset, judge="vlm", judge_params=params, **options)


# ------------------------------------------------------------------------------ must not


def test_nothing_is_written_to_the_dataset(dataset: fo.Dataset, cases: list[Case]) -> None:
    before = list(dataset._sample_collection.find())
    done = measured(dataset, lambda seen: pair_answer())
    assert list(dataset._sample_collection.find()) == before
    assert done.found["judge"]["recall"] == 0.0 and done.found["judge"]["precision"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [({"questions": 1}, "give 2 or more"), ({"judge_params": {}}, "needs the parameter 'url'")],
    ids=str,
)
def test_a_wrong_call(dataset: fo.Dataset, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        bench_judge(dataset, judge="vlm", **options)


# -------------------------------------------------------------------------------- figures


def test_half_of_the_cases_are_faulty_in_turn_and_equal_seeds_plant_equally(
    dataset: fo.Dataset, cases: list[Case]
) -> None:
    faults = [case.fault for case in cases]
    assert len(cases) == QUESTIONS and faults.count("") == QUESTIONS // 2
    assert set(faults) == {"", *PLANTED}
    assert len({case.question.sample.image_id for case in cases}) == QUESTIONS
    again = judged._cases(dataset, judged._checks(dataset, {}), QUESTIONS, 20_000, SEED).cases
    assert [(c.question.sample.key, c.fault) for c in again] == [
        (c.question.sample.key, c.fault) for c in cases
    ]
    for case in cases:
        if case.fault == "shifted_mask":
            assert isinstance(case.question.mask, np.ndarray)


def test_of_a_judge_with_known_errors_the_figures_come_out_right(
    dataset: fo.Dataset, cases: list[Case], tmp_path: Path
) -> None:
    """Every third fault is missed, every fifth good pair accused, some answers are none."""
    truth = {lines_of(case.question): bool(case.fault) for case in cases}
    assert len(truth) == len(cases)
    faulty = [lines for lines, bad in truth.items() if bad]
    good = [lines for lines, bad in truth.items() if not bad]
    missed, accused = set(faulty[::3]), set(good[::5])
    unread, unsure = faulty[1], good[1]

    def answer(seen: Seen) -> Any:
        lines = tuple(seen.lines)
        if lines == unread:
            return "I would rather not say."
        if lines == unsure:
            return pair_answer("cannot tell")
        says_bad = truth[lines] != (lines in missed or lines in accused)
        return pair_answer("no" if says_bad else "yes", confidence=80)

    done = measured(dataset, answer)
    right, wrong = len(faulty) - len(missed) - 1, len(accused)
    own = done.found["judge"]
    assert own["flagged"] == right + wrong
    assert own["recall"] == pytest.approx(right / len(faulty), abs=1e-4)
    assert own["precision"] == pytest.approx(right / (right + wrong), abs=1e-4)
    low = beta.ppf(0.025, right, len(faulty) - right + 1)
    assert own["recall_interval"][0] == pytest.approx(low, abs=1e-3)
    assert (done.unsure, done.not_believed, done.failed) == (1, {"malformed": 1}, [])
    # 80 % sure and right as often as it errs: doubts are 0.2 and 0.8.
    told = {one.low: one for one in done.calibration}
    yes, no = told[0.1], told[0.7]
    assert no.pairs == right + wrong and no.found == pytest.approx(own["precision"], abs=1e-4)
    assert yes.pairs == len(truth) - 2 - no.pairs
    assert yes.found == pytest.approx(len(missed) / yes.pairs)
    squares = [
        0.64 if lines in missed | accused else 0.04
        for lines in truth
        if lines not in (unread, unsure)
    ]
    assert done.brier == pytest.approx(np.mean(squares), abs=1e-4)
    # Beside the checks, and beside both.
    found = done.found
    assert found["either"]["recall"] >= max(found["checks"]["recall"], own["recall"])
    assert found["both"]["recall"] <= min(found["checks"]["recall"], own["recall"])
    assert found["checks"]["flagged"] + own["flagged"] == (
        found["either"]["flagged"] + found["both"]["flagged"]
    )


def test_the_command_writes_the_numbers(dataset: fo.Dataset, tmp_path: Path) -> None:
    out = tmp_path / "new"
    with serve(model(lambda seen: pair_answer("no"))) as server:
        params = [f"--judge-param={k}={v}" for k, v in (QUICK | {"url": server.url}).items()]
        data = cli.run(["bench-checks", dataset.name, "--judge", "vlm", "--questions", "10",
                        *params, "--out", str(out)])  # fmt: skip
    assert json.loads((out / "bench-judge.json").read_text()) == data
    assert data["found"]["judge"]["recall"] == 1.0 and data["asked"] == 10
    with pytest.raises(UsageError, match="--fault is of the checks"):
        cli.run(["bench-checks", dataset.name, "--judge", "vlm", "--fault", "tiny_mask"])
    with pytest.raises(UsageError, match="name it with --judge"):
        cli.run(["bench-checks", dataset.name, "--judge-param", "model=m"])
