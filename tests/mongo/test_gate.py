"""The gate over datasets: as over their files, and after a review."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.checks.base import SEVERITIES
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.planting import plant
from pairlens.fiftyone_plugin.demo.run import _MAKERS
from pairlens.fiftyone_plugin.gate.dataset_findings import find_in_dataset
from pairlens.fiftyone_plugin.gate.file_findings import find_in_files
from pairlens.fiftyone_plugin.gate.findings import SKIPPED, Wanted
from pairlens.importers import store
from pairlens.importers.errors import StateError
from pairlens.importers.ingest import import_dataset
from pairlens.importers.options import ImportOptions

ALL = Wanted(SEVERITIES, ())
OPTIONS = ImportOptions(placeholders=True)


@pytest.mark.parametrize("name", ["gres", "refsegrs", "rsteller", "rsgpt4v"])
def test_files_have_the_findings_of_their_dataset(
    tmp_path: Path, dataset_name: str, name: str
) -> None:
    root = tmp_path / "published"
    _MAKERS[name](root, 30, 1, size=128)
    plant(root, name, rate=0.8, seed=1)
    imported = import_dataset(name, root, dataset_name, OPTIONS)
    found = find_in_files(root, name, ALL, options=OPTIONS, workers=1)
    stored = find_in_dataset(store.load(dataset_name), ALL, checks=found.checks)
    skipped = [key for key, some in found.findings.items() if some[0].check == SKIPPED]
    for key in skipped:
        del found.findings[key]
    both = [{f for some in one.findings.values() for f in some} for one in (found, stored)]
    assert len(both[0]) > 10
    assert {f[:-1] for f in both[0]} == {f[:-1] for f in both[1]}
    assert found.total == stored.total == imported.samples
    assert found.counts[SKIPPED] == imported.skipped_total == len(skipped)
    assert all(found.places[key] == stored.places[key] for key in stored.findings)


def test_verdicts_close_findings(tmp_path: Path, dataset_name: str) -> None:
    root = tmp_path / "published"
    _MAKERS["gres"](root, 30, 1, size=128)
    plant(root, "gres", ["exchanged_place"], rate=0.2, seed=1)
    import_dataset("gres", root, dataset_name, OPTIONS)
    before = cli.run(["check", dataset_name, "--fail-on", "warning"])
    assert not before["passed"]
    keys = sorted({one["key"] for one in before["failing"]})
    dataset = store.load(dataset_name)
    for number, key in enumerate(keys):
        judge(dataset, key, "drop" if number % 2 else "keep", reviewer="me")
    after = cli.run(["check", dataset_name, "--fail-on", "warning"])
    assert after["passed"] and after["dropped"] == len(keys) // 2
    assert after["samples"] == before["samples"] - after["dropped"]
    assert dataset.first().get_field("quality") is None  # nothing was stored


def test_a_folder_without_a_format_is_no_dataset(
    tmp_path: Path, dataset_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StateError) as no_folder:
        cli.run(["check", dataset_name])
    assert "--format" not in str(no_folder.value)
    (tmp_path / dataset_name).mkdir()
    with pytest.raises(StateError, match=f"--format auto reads the files in {dataset_name}$"):
        cli.run(["check", dataset_name])
