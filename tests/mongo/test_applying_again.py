"""A decisions file applied again: after a crash, to pairs that came in later, twice at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.curation import decisions
from pairlens.fiftyone_plugin.curation.undoing import undo
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.curating import load, predict
from tests.mongo.processes import ended, start
from tests.mongo.reviewing import documents, history, keys


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "gres", images=3, size=64).root


@pytest.fixture
def dataset(dataset_name: str, source: Path) -> Any:
    return load("gres", source, dataset_name)


def family_of(dataset: Any) -> list[str]:
    """Keys of pairs that share one mask."""
    found: dict[str, list[str]] = {}
    for key, document in sorted(documents(dataset).items()):
        found.setdefault(document["segmentation"]["mask_path"], []).append(key)
    return max(found.values(), key=len)


def digests(dataset: Any, family: list[str]) -> set[str]:
    there = documents(dataset)
    return {there[key]["mask_stats"]["digest"] for key in family if key in there}


@pytest.fixture
def mended(dataset: Any, tmp_path: Path) -> tuple[Path, list[str], str]:
    """A decisions file with a mended mask that pairs share, those pairs, and its digest."""
    predict(dataset, tmp_path / "model")
    family = family_of(dataset)
    judge(dataset, family[0], "fix", mask_from="model", reviewer="ann")
    [digest] = digests(dataset, family)
    decisions.dump(dataset, tmp_path / "decisions.jsonl")
    return tmp_path / "decisions.jsonl", family, digest


@pytest.mark.parametrize("lines", ["of one", "of all"])
def test_pairs_that_came_in_later_get_the_mask_that_they_share(
    dataset: Any, source: Path, mended: tuple[Path, list[str], str], lines: str
) -> None:
    file, family, digest = mended
    if lines == "of all":
        for key in family[1:]:
            judge(dataset, key, "keep")
        decisions.dump(dataset, file)
    name = f"{dataset.name}-other"
    import_dataset("gres", source, name)
    other = fo.load_dataset(name)
    other.delete_samples([str(documents(other)[key]["_id"]) for key in family[1:]])
    decisions.apply(other, file)
    assert digests(other, family) == {digest}
    import_dataset("gres", source, name, ImportOptions(resume=True))
    assert len(digests(other, family)) == 2
    count = len(file.read_text().splitlines())
    assert decisions.apply(other, file) == {
        "applied": count,
        "edited": count,
        "stale": [],
        "unknown": [],
    }
    assert digests(other, family) == {digest}
    before, logged = documents(other), len(history(other))
    decisions.apply(other, file)
    assert (documents(other), len(history(other))) == (before, logged)


@pytest.mark.parametrize("lost", [0, 1, -1])
def test_what_a_crash_lost_of_a_shared_mask_is_completed(
    dataset: Any, source: Path, mended: tuple[Path, list[str], str], lost: int
) -> None:
    file, family, digest = mended
    name = f"{dataset.name}-other"
    import_dataset("gres", source, name)
    other = fo.load_dataset(name)
    published = documents(other)[family[lost]]
    decisions.apply(other, file)
    other._sample_collection.replace_one({"_id": published["_id"]}, published)
    assert len(digests(other, family)) == 2
    decisions.apply(other, file)
    assert digests(other, family) == {digest}


def test_a_mask_that_only_some_have_goes_where_the_file_has_the_published_one(
    dataset: Any, mended: tuple[Path, list[str], str], tmp_path: Path
) -> None:
    _, family, digest = mended
    undo(dataset)
    [published] = digests(dataset, family)
    judge(dataset, family[0], "keep")
    decisions.dump(dataset, tmp_path / "published.jsonl")
    before = documents(dataset)[family[0]]
    judge(dataset, family[0], "fix", mask_from="model")
    dataset._sample_collection.replace_one({"_id": before["_id"]}, before)
    assert digests(dataset, family) == {published, digest}
    decisions.apply(dataset, tmp_path / "published.jsonl")
    assert digests(dataset, family) == {published}


_APPLIES = """
import sys
from contextlib import nullcontext
import fiftyone as fo
from pairlens.fiftyone_plugin.curation import changing, decisions, mask_replacement
from pairlens.importers import leases
leases.held = lambda *args, **options: nullcontext()  # as if it had been lost
dataset = fo.load_dataset(sys.argv[1])
write = changing.write
def wait(*args, **options):
    args = (args[0], list(args[1]), *args[2:])  # planned before the other one writes
    print("planned", flush=True)
    sys.stdin.readline()
    return write(*args, **options)
changing.write = wait
decisions.apply(dataset, sys.argv[2])
"""


def test_two_that_apply_one_file_at_once_log_each_change_once(
    dataset: Any, source: Path, mended: tuple[Path, list[str], str]
) -> None:
    file, family, digest = mended
    judge(dataset, keys(dataset)[-1], "drop")
    decisions.dump(dataset, file)
    name = f"{dataset.name}-other"
    import_dataset("gres", source, name)
    both = [start(_APPLIES, name, str(file)) for _ in range(2)]
    for process in both:
        assert process.stdout is not None and process.stdout.readline() == "planned\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [ended(process) for process in both] == [(0, "")] * 2
    other = fo.load_dataset(name)
    assert digests(other, family) == {digest}
    logged = [entry["key"] for entry in history(other)]
    assert sorted(logged) == sorted({*family, keys(dataset)[-1]})
