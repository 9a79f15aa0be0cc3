"""``p_bad`` of a dataset, and the order of sessions by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.curation import queue, verdicts
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.panels import curation_facts
from pairlens.importers import store
from pairlens.importers.ingest import import_dataset
from pairlens.importers.options import ImportOptions


@pytest.fixture
def name(tmp_path: Path, dataset_name: str) -> str:
    """A dataset in which a reviewer takes every third pair for bad, which says "somehow"."""
    root = make_gres(tmp_path / "gres", images=40, size=64).root
    import_dataset("gres", root, dataset_name, ImportOptions(placeholders=True))
    dataset = store.load(dataset_name)
    for number, sample in enumerate(dataset.sort_by("key").iter_samples(autosave=True)):
        if number % 3 == 0:
            sample["phrase"] += " somehow"
    flag(dataset)
    return dataset_name


def queued(dataset: Any, session: str) -> list[str]:
    found = queue.find(dataset, session)
    chunks = queue.collection(queue.QUEUES).find({"session": found["_id"]}, sort=[("chunk", 1)])
    return [str(sample_id) for chunk in chunks for sample_id in chunk["ids"]]


def test_verdicts_order_what_is_left(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = store.load(name)
    assert cli.main(["review", name, "--start", "x", "--order", "p_bad", "--reviewer", "me"]) == 1
    assert f"run: pairlens rank {name}" in capsys.readouterr().err
    before = cli.run(["rank", name])
    assert not before["learned"] and before["verdicts"] == 0
    assert curation_facts.ranking_of(dataset) is None
    by_check = dict(zip(dataset.values("id"), dataset.values("p_bad"), strict=True))
    start = ["review", name, "--order", "p_bad", "--over", "all", "--reviewer", "me", "--start"]
    cli.run([*start, "first"])
    order = queued(dataset, "first")
    assert len(order) == len(dataset)
    assert by_check[order[0]] == max(by_check.values())
    judged = order[:36]
    for sample_id in judged:
        bad = "somehow" in dataset[sample_id]["phrase"]
        verdict = "drop" if bad else "keep"
        verdicts.judge(dataset, sample_id, verdict, session="first", reviewer="me")
    done = cli.run(["rank", name, "--session", "first"])
    assert done["learned"] and (done["verdicts"], done["reordered"]) == (36, len(order) - 36)
    assert any("somehow" in one["name"] and one["weight"] > 0 for one in done["weights"])
    after = queued(dataset, "first")
    assert after[:36] == judged and {*after} == {*order}
    rest = ["somehow" in dataset[sample_id]["phrase"] for sample_id in after[36:]]
    assert sum(rest[: sum(rest)]) >= 0.9 * sum(rest) > 0.9  # the bad ones come first
    facts = store.info(dataset)["ranking"]
    told = curation_facts.ranking_of(dataset)
    assert told and (told["verdicts"], told["bad"]) == (36, done["bad"])
    assert sum(row["pairs"] for row in told["reliability"]) == 36
    assert json.loads(json.dumps(told))["time"].endswith("Z")
    assert facts["verdicts"] == 36 and facts["time"] is not None and facts["learned"]
    assert "no finding, " not in str(cli.run(["estimate", name, "--size", "60", "--session", "e",
                                              "--reviewer", "me"])["strata"][0][1:])  # fmt: skip
    assert cli.main(["rank", name, "--session", "e"]) == 2
    assert "is part of what it is for" in capsys.readouterr().err
