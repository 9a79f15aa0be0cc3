"""What PairLens knows of a dataset, set by several processes at once: nothing gets lost."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers import leases, store
from pairlens.importers.fields import CHECKS_RUN
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.processes import ended, start

_SETS = """
import sys
import fiftyone as fo
from pairlens.importers import store
dataset = fo.load_dataset(sys.argv[1])
print("loaded", flush=True)
sys.stdin.readline()
for number in range(40):
    store.update_info(dataset, **{f"{sys.argv[2]}_{number}": number})
    store.add_to_info(dataset, "shared", {f"{sys.argv[2]}.{number}": {"$x": number}})
    store.add_decisions(dataset, [{"step": f"{sys.argv[2]} {number}", "rule": "$x"}])
"""


@pytest.fixture
def dataset(dataset_name: str) -> Any:
    return fo.Dataset(dataset_name, persistent=True)


def test_two_processes_keep_each_others_facts(dataset: Any) -> None:
    store.update_info(dataset, format="gres")
    setters = [start(_SETS, dataset.name, name) for name in ("one", "two")]
    for process in setters:
        assert process.stdout is not None and process.stdout.readline() == "loaded\n"
    for process in setters:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [ended(process) for process in setters] == [(0, "")] * 2
    facts = store.info(dataset)
    for name in ("one", "two"):
        assert [facts[f"{name}_{n}"] for n in range(40)] == list(range(40))
        assert [facts["shared"][f"{name}.{n}"] for n in range(40)] == [{"$x": n} for n in range(40)]
        assert sum(d["step"].startswith(name) for d in facts["decisions"]) == 40
    assert facts["format"] == "gres"


def test_what_was_loaded_earlier_overwrites_nothing(dataset: Any) -> None:
    store.update_info(dataset, notes=["old"])
    dataset.info["mine"] = 1  # not saved yet
    store.update_info(dataset, notes=["new"])
    assert dataset.info["pairlens"] == {"notes": ["new"]}
    dataset.save()
    dataset.reload()
    assert dataset.info == {"pairlens": {"notes": ["new"]}, "mine": 1}


def test_decisions_replace_those_of_their_step_alone(dataset: Any) -> None:
    store.add_decisions(dataset, [{"step": "a", "rule": "1"}, {"step": "b", "rule": "2"}])
    store.add_decisions(dataset, [{"step": "a", "rule": "3"}])
    assert [d["rule"] for d in store.info(dataset)["decisions"]] == ["2", "3"]


def test_checks_count_as_run_only_over_all_samples(dataset_name: str, tmp_path: Path) -> None:
    root = make_gres(tmp_path / "gres", images=4, size=64).root
    import_dataset("gres", root, dataset_name, ImportOptions(limit=3))
    dataset = fo.load_dataset(dataset_name)
    flag(dataset, checks=["tiny_mask"])
    assert set(store.info(dataset)[CHECKS_RUN]) == {"tiny_mask"}
    import_dataset("gres", root, dataset_name, ImportOptions(resume=True))
    assert not store.info(dataset)[CHECKS_RUN]
    flag(dataset, checks=["box_mask"])
    assert set(store.info(dataset)[CHECKS_RUN]) == {"box_mask"}


def test_a_flagging_during_an_import_counts_for_what_it_saw(
    dataset_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import lost its lease, and is in its last batch while the checks run over the first."""
    monkeypatch.setattr(leases, "held", lambda *args, **options: nullcontext())
    root = make_gres(tmp_path / "gres", images=4, size=64).root
    monkeypatch.setattr(store, "BATCH", 3)
    insert, inserted = store.insert, []

    def and_flag(*args: Any) -> int:
        added = insert(*args)
        inserted.append(added)
        if len(inserted) == 1:
            flag(fo.load_dataset(dataset_name))
        return added

    monkeypatch.setattr(store, "insert", and_flag)
    done = import_dataset("gres", root, dataset_name)
    facts = store.info(fo.load_dataset(dataset_name))
    assert facts["complete"] and facts["notes"] == done.notes
    assert len(inserted) > 1 and not facts.get(CHECKS_RUN)
