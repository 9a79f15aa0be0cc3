"""The checks measured on a dataset that was reviewed: what was dropped is set aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.bench.run import bench_checks
from pairlens.fiftyone_plugin.curation.verdicts import Verdict, judge, set_verdicts
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.fields import IMAGE_ID, KEY, PHRASE
from pairlens.importers.ingest import import_dataset

NAME = "test-bench-verdicts"
REFUSAL = "I'm sorry, but I cannot identify the object in this image."


@pytest.fixture
def dataset(mongo: str, tmp_path: Any) -> Iterator[fo.Dataset]:
    root = make_gres(tmp_path / "published", 24, seed=5, size=128).root
    import_dataset("gres", root, NAME)
    yield fo.load_dataset(NAME)
    fo.delete_dataset(NAME)


def figures(dataset: fo.Dataset, **arguments: Any) -> dict[str, Any]:
    """What one run tells, without the time that it took."""
    done = asdict(bench_checks(dataset, seed=2, rate=0.5, **arguments))
    return {name: value for name, value in done.items() if name != "seconds"}


def pairs(dataset: fo.Dataset) -> dict[str, str]:
    """Image ids by key."""
    return {doc[KEY]: doc[IMAGE_ID] for doc in dataset._sample_collection.find()}


def words(dataset: fo.Dataset, key: str) -> str:
    return dataset._sample_collection.find_one({KEY: key})[PHRASE]


@pytest.mark.parametrize("verdict", ["keep", "fix", "unsure"])
def test_other_verdicts_change_nothing(dataset: fo.Dataset, verdict: str) -> None:
    before = figures(dataset)
    assert before["known_bad"] == 0 and before["faults"]
    set_verdicts(dataset, [Verdict(key, verdict) for key in pairs(dataset)])
    assert figures(dataset) == before


def test_a_fixed_pair_counts_as_it_now_is(dataset: fo.Dataset) -> None:
    key = min(pairs(dataset))
    judge(dataset, key, "fix", phrase=REFUSAL)
    done = figures(dataset, faults=["boilerplate"])
    assert done["known_bad"] == 0
    assert done["before_checks"]["boilerplate"] == 1
    (row,) = done["faults"].values()
    assert row["precision_all"] < row["precision"] == 1.0


def test_a_dropped_pair_is_no_false_alarm(dataset: fo.Dataset) -> None:
    clean = figures(dataset, faults=["boilerplate"])
    key, *others = sorted(pairs(dataset))
    # Edited, so that a check accuses it whatever is planted.
    judge(dataset, key, "fix", phrase=REFUSAL)
    accused = figures(dataset, faults=["boilerplate"])
    judge(dataset, key, "drop")
    done = figures(dataset, faults=["boilerplate"])
    assert words(dataset, key) == REFUSAL
    assert (done["known_bad"], done["pairs"]) == (1, len(others) + 1)
    assert done["good"] == accused["good"] == clean["good"] - 1
    assert done["before"] == accused["before"] and done["before"]["warning"] > 0
    for run, share in ((accused, False), (done, True)):
        (row,) = run["faults"].values()
        assert (row["precision_all"] == 1.0) is share
        assert (row["average_precision_all"] == row["average_precision"]) is share


def test_nothing_is_planted_in_the_image_of_a_dropped_pair(dataset: fo.Dataset) -> None:
    images = pairs(dataset)
    only = images[min(images)]
    first = {image: key for key, image in sorted(images.items(), reverse=True)}
    set_verdicts(dataset, [Verdict(k, "drop") for image, k in first.items() if image != only])
    done = figures(dataset, faults=["empty_query"])
    assert done["known_bad"] == len(first) - 1
    assert done["faults"]["empty_query"]["planted"] == 1
    judge(dataset, first[only], "drop")
    done = figures(dataset, faults=["empty_query"])
    assert (done["faults"], done["not_planted"]) == ({}, ["empty_query"])
