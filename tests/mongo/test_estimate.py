"""Random samples as sessions, and what follows from their verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.audit import audit
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.curation import queue, verdicts
from pairlens.fiftyone_plugin.curation.evidence import pair_view
from pairlens.fiftyone_plugin.curation.verdicts import Verdict
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.demo.planting import plant
from pairlens.fiftyone_plugin.estimate import drawing, report
from pairlens.importers import store
from pairlens.importers.errors import UsageError
from pairlens.importers.ingest import import_dataset
from pairlens.importers.options import ImportOptions


@pytest.fixture(scope="module")
def flagged(shared_name: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A dataset of which some pairs are bad, and flagged; nothing changes it."""
    root = make_gres(tmp_path_factory.mktemp("estimate") / "gres", images=40, size=128).root
    plant(root, "gres", ["exchanged_place", "empty_query"], rate=0.3, seed=2)
    import_dataset("gres", root, shared_name, ImportOptions(placeholders=True))
    flag(store.load(shared_name))
    return store.load(shared_name)


@pytest.fixture
def name(flagged: Any, dataset_name: str) -> str:
    flagged.clone(dataset_name)
    return dataset_name


def queued(dataset: Any, session: str) -> list[Any]:
    found = queue.find(dataset, session)
    chunks = queue.collection(queue.QUEUES).find({"session": found["_id"]}, sort=[("chunk", 1)])
    return [sample_id for chunk in chunks for sample_id in chunk["ids"]]


def test_a_sample_is_drawn_judged_and_reported(name: str, tmp_path: Path) -> None:
    dataset = store.load(name)
    drawn = cli.run(["estimate", name, "--size", "40", "--session", "a", "--reviewer", "me"])
    cli.run(["estimate", name, "--size", "40", "--session", "b", "--reviewer", "me"])
    cli.run(["estimate", name, "--size", "40", "--session", "c", "--seed", "2", "--reviewer", "me"])
    ids = {each: queued(dataset, each) for each in "abc"}
    assert ids["a"] == ids["b"] != ids["c"] and len({*ids["a"]}) == drawn["pairs"] == 40
    strata = {one[0]: one[1:] for one in drawn["strata"]}
    assert "no finding" in " ".join(strata) and len(strata) > 1
    assert cli.main(["estimate", name, "--report"]) == 1  # nothing is judged yet

    bad = 0
    for number, sample_id in enumerate(ids["a"]):
        worst = str(dataset[str(sample_id)]["quality"] < 0.2)
        verdict = "drop" if worst == "True" else "unsure" if number == 0 else "keep"
        bad += verdict == "drop"
        verdicts.judge(dataset, str(sample_id), verdict, session="a", reviewer="me")
    result = cli.run(["estimate", name, "--report", "--session", "a"])
    assert (result["judged"], result["drawn"], result["decided"]) == (40, 40, 0)
    assert sum(int(one["bad"]) for one in result["strata"]) >= bad > 0
    value, low, high = result["before"]
    assert 0 < low < value < high < 1
    assert result["after"]["quiet"][1][2] <= result["before"][2]
    assert json.loads(json.dumps(result)) is not None

    audit(dataset, tmp_path / "audit.md", examples=0)
    lines = (tmp_path / "audit.md").read_text().splitlines()
    headings = [line for line in lines if line.startswith("## ")]
    # The newest sample counts, of which nothing was judged: the page says nothing of it.
    assert headings[0] == "## What is there"
    for each in "bc":
        cli.run(["review", name, "--delete", each])
    audit(dataset, tmp_path / "audit.md", examples=0)
    assert "## How many pairs are bad" in (tmp_path / "audit.md").read_text().split("## What")[0]

    after = cli.run(["estimate", name, "--size", "30", "--session", "d", "--reviewer", "me"])
    assert not {*queued(dataset, "d")} & {*ids["a"][1:]}
    verdicts.judge(dataset, str(queued(dataset, "d")[0]), "keep", session="d", reviewer="me")
    assert cli.run(["estimate", name, "--report"])["decided"] == 39 and after["pairs"] == 30


def test_findings_are_hidden_in_a_sample_and_nowhere_else(name: str) -> None:
    dataset = store.load(name)
    cli.run(["estimate", name, "--size", "1000", "--session", "all", "--reviewer", "me"])
    cli.run(["review", name, "--start", "worst", "--reviewer", "me"])
    [worst, *_] = queued(dataset, "worst")
    seen = pair_view(dataset, str(worst), session="worst")
    assert seen["findings"] and seen["group"]["members"]
    blind = pair_view(dataset, str(worst), session="all")
    assert blind["findings"] == [] and blind["words"] == [] and blind["suggestion"] is None
    assert [one["key"] for one in blind["group"]["members"]] == [blind["key"]]
    assert all(one["findings"] == 0 for one in blind["siblings"])


def test_what_cannot_be_estimated_is_told(
    name: str, dataset_name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["estimate", name, "--report"]) == 1
    assert "no sample was drawn" in capsys.readouterr().err
    cli.run(["review", name, "--start", "other", "--reviewer", "me"])
    assert cli.main(["estimate", name, "--report", "--session", "other"]) == 2
    assert "is not over a random sample" in capsys.readouterr().err
    assert cli.main(["estimate", name, "--size", "0", "--reviewer", "me"]) == 2
    assert cli.main(["estimate", name, "--plan", "--at-most", "1"]) == 2
    assert cli.run(["estimate", name, "--plan", "--at-most", "10%"])["plans"][0]["accept"] == 0
    other = f"{dataset_name}-unchecked"
    root = make_gres(tmp_path / "more", images=6, size=64).root
    import_dataset("gres", root, other, ImportOptions(placeholders=True))
    assert cli.main(["estimate", other, "--reviewer", "me"]) == 1
    assert f"run: pairlens flag {other}" in capsys.readouterr().err
    assert cli.main(["estimate", name, "--report", "--plan"]) == 2
    assert "give --report or --plan, not both" in capsys.readouterr().err
    cli.run(["estimate", name, "--size", "9", "--session", "s", "--reviewer", "me"])
    assert cli.main(["estimate", name, "--report"]) == 1
    assert "no pair was judged in the session 's' yet" in capsys.readouterr().err
    with pytest.raises(UsageError, match="--confidence 100%: give one above 0% and below 100%"):
        report.report(store.load(name), confidence=1)
    keys = store.load(name).values("key")
    verdicts.set_verdicts(store.load(name), [Verdict(key, "keep") for key in keys])
    assert cli.main(["estimate", name, "--reviewer", "me"]) == 1
    assert "have a verdict; none can be drawn" in capsys.readouterr().err


def test_a_verdict_while_pairs_are_drawn_stops_the_drawing(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It comes between the counting of the pairs and the second look at them."""
    dataset, allocate = store.load(name), drawing.allocate
    key = dataset.first().key

    def meanwhile(*args: Any) -> list[int]:
        verdicts.judge(dataset, key, "drop", reviewer="other")
        return allocate(*args)

    monkeypatch.setattr(drawing, "allocate", meanwhile)
    assert cli.main(["estimate", name, "--reviewer", "me"]) == 1
    assert "changed while pairs were drawn; run this again" in capsys.readouterr().err
    monkeypatch.setattr(drawing, "allocate", allocate)
    assert cli.main(["estimate", name, "--reviewer", "me"]) == 0
