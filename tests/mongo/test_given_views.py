"""What a step is given is what it works on: views of every kind, of every kind of dataset."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest
from fiftyone import ViewField as F

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.operators.review_pairs import review_pairs
from pairlens.fiftyone_plugin.steps.step import Watch, parse_options
from pairlens.importers import fo_internals, working_set
from pairlens.importers.errors import UsageError
from pairlens.importers.ingest import import_dataset
from tests.layouts import PUBLISHED
from tests.mongo.exporting import manifest_of
from tests.mongo.reviewing import documents, verdicts_in

FORMATS = ("gres", "refsegrs", "rsteller", "rsgpt4v", "pregres")


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    folder = tmp_path_factory.mktemp("published")
    yield {name: PUBLISHED[name].make(folder / name) for name in FORMATS}
    shutil.rmtree(folder)


@pytest.fixture
def load(roots: dict[str, Path], dataset_name: str) -> Callable[[str], Any]:
    def imported(name: str) -> Any:
        import_dataset(name, roots[name], dataset_name)
        return fo.load_dataset(dataset_name)

    return imported


def run(step: Any, samples: Any, **given: Any) -> dict[str, Any]:
    return step.run(samples, Watch(), **parse_options(step.options, given)).data


HIDING: dict[str, Callable[[Any], Any]] = {
    "exclude the mask": lambda d: d.exclude_fields("segmentation"),
    "exclude what is measured": lambda d: d.exclude_fields(["mask_stats", "key", "phrase"]),
    "exclude the source": lambda d: d.exclude_fields(["source", "split", "image_id"]),
    "select the query": lambda d: d.select_fields("phrase"),
    "select nothing": lambda d: d.select_fields(),
    "project": lambda d: d.mongo([{"$project": {"filepath": 1}}]),
    "set a field": lambda d: d.set_field("phrase", F("filepath"), _allow_missing=True),
    "filter a field": lambda d: d.filter_field("phrase", F() == "none", only_matches=False),
    "map values": lambda d: d.map_values("split", {"train": "val", "test": "val"}),
    "filter labels": lambda d: d.filter_labels("findings", F("label") == "", only_matches=False),
    "group": lambda d: d.group_by("image_id"),
    "group in order": lambda d: d.group_by("image_id", order_by="phrase"),
    "group and hide": lambda d: d.select_fields("image_id").group_by("image_id"),
    "flat groups": lambda d: d.group_by("image_id", flat=True),
    "shuffle": lambda d: d.shuffle(seed=1),
    "twice": lambda d: d.limit(4).concat(d),
    "sort": lambda d: d.sort_by("filepath", reverse=True),
    "a view": lambda d: d.view(),
}

SOME: dict[str, Callable[[Any], Any]] = {
    "limit": lambda d: d.limit(3),
    "skip": lambda d: d.skip(2),
    "match": lambda d: d.match(F("split") == "train"),
    "match tags": lambda d: d.match_tags("train"),
    "select": lambda d: d.select(d.values("id")[1:4], ordered=True),
    "exclude": lambda d: d.exclude(d.values("id")[:2]),
    "select by": lambda d: d.select_by("key", sorted(d.values("key"))[:3]),
    "exclude by": lambda d: d.exclude_by("key", sorted(d.values("key"))[:2]),
    "take": lambda d: d.take(3, seed=1),
    "slice": lambda d: d[1:4],
    "first of groups": lambda d: d.group_by("image_id").flatten(fo.Limit(1)),
    "saved": lambda d: (d.save_view("v", d.limit(2)), d.load_saved_view("v"))[1],
    "groups": lambda d: d.group_by("image_id").limit(2),
    "hidden": lambda d: d.limit(3).select_fields("filepath"),
    "exists": lambda d: d.limit(3).exists("key"),
}


def own_keys(view: Any) -> list[str]:
    """By FiftyOne alone: the keys of a view, of all samples of its groups where it has groups."""
    ids = [s.id for g in view.iter_dynamic_groups() for s in g] if _grouped(view) else None
    dataset = fo.load_dataset(view.dataset_name)
    chosen = view.values("id") if ids is None else ids
    return sorted(dataset.select(chosen).values("key"))


def _grouped(view: Any) -> bool:
    return view.media_type == "group"


@pytest.fixture(scope="module")
def whole(
    roots: dict[str, Path], shared_name: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, dict[str, Any]]:
    """A dataset with predictions in the field a, and what the steps say of all its samples."""
    import_dataset("gres", roots["gres"], shared_name)
    dataset = fo.load_dataset(shared_name)
    run(steps.flag, dataset)  # scores are sliced by findings
    return dataset, _worked(dataset, dataset, "a", tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("name", HIDING)
def test_views_that_hide_or_group_mean_all_their_samples(
    whole: tuple[Any, dict[str, Any]], dataset_name: str, name: str, tmp_path: Path
) -> None:
    dataset = whole[0].clone(dataset_name)
    assert _worked(dataset, HIDING[name](dataset), "b", tmp_path) == whole[1]
    both = run(steps.consensus, HIDING[name](dataset), fields=["a", "b"], field="c")
    assert (both["agreed"], both["agreement"]) == (len(documents(dataset)), 1.0)


def _worked(dataset: Any, samples: Any, field: str, folder: Path) -> dict[str, Any]:
    """What the steps say of samples of a dataset, with predictions in a field of their own."""
    out, dump = folder / "out", folder / "decisions.jsonl"
    return {
        "predict": _told(run(steps.predict, samples, predictor="cues", field=field)),
        "masks": _masks(dataset, field),
        "score": _told(run(steps.score, samples, pred=field, key=field)),
        "flag": _told(run(steps.flag, samples)),
        "export": _files(
            run(steps.export_dataset, samples, format="gres", select="all", out=out), out
        ),
        "status": run(review_pairs, samples, action="status"),
        "dump": run(review_pairs, samples, action="dump", file=str(dump))["dumped"],
    }


def _told(report: dict[str, Any]) -> dict[str, Any]:
    left_out = ("seconds", "field", "key", "pred", "dataset", "first", "written", "images_read")
    return {name: _rounded(value) for name, value in report.items() if name not in left_out}


def _rounded(value: Any) -> Any:
    """Without what the order of a sum of floats changes."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return round(value, 9) if isinstance(value, float) else value


def _masks(dataset: Any, field: str) -> dict[str, str]:
    return {
        key: hashlib.sha256(Path(one[field]["mask_path"]).read_bytes()).hexdigest()
        for key, one in documents(dataset).items()
    }


def _files(report: dict[str, Any], out: Path) -> dict[str, Any]:
    found = (path for path in out.rglob("*") if path.is_file())
    told = {path.relative_to(out).as_posix(): path.read_bytes() for path in found}
    told.pop("manifest.json")
    told.pop("README.md")
    return {"exported": report["exported"], "dropped": report["dropped"], **told}


PARTS = [("gres", name) for name in SOME]
PARTS += [(name, part) for name in FORMATS[1:] for part in ("limit", "groups", "hidden")]


@pytest.mark.parametrize(("format_name", "name"), PARTS)
def test_a_part_of_the_samples_is_what_is_worked_on(
    load: Callable[[str], Any], format_name: str, name: str, tmp_path: Path
) -> None:
    dataset = load(format_name)
    view = SOME[name](dataset)
    wanted = own_keys(view)
    assert 0 < len(wanted) < len(dataset)
    run(steps.flag, view)
    flagged = {key for key, one in documents(dataset).items() if one.get("quality") is not None}
    assert flagged == set(wanted)
    status = verdicts_in(run(review_pairs, view, action="status"))
    assert sum(status.values()) == len(wanted)
    done = run(steps.export_dataset, view, format=format_name, select="all", out=tmp_path / "out")
    assert done["exported"] == len(wanted)
    dropped = {entry["key"]: entry["because"] for entry in manifest_of(done)["dropped"]}
    assert dropped == dict.fromkeys(set(dataset.values("key")) - set(wanted), "not selected")
    import_dataset(format_name, tmp_path / "out", f"{dataset.name}-back")
    back: Any = fo.load_dataset(f"{dataset.name}-back")
    assert len(back) == len(wanted)
    audited = run(steps.audit, view, out=tmp_path / "audit.md", examples=0)
    assert audited["pairs"] == len(wanted)


def test_a_selection_of_a_view_is_within_it(load: Callable[[str], Any], tmp_path: Path) -> None:
    dataset = load("gres")
    keys = sorted(dataset.values("key"))
    run(review_pairs, dataset, action="set", keys=keys[:4], verdict="keep")
    view = dataset.select_by("key", keys[2:6])
    done = run(steps.export_dataset, view, format="coco", select="kept", out=tmp_path / "out")
    assert done["exported"] == 2
    assert run(review_pairs, view, action="status")["keep"] == 2
    dump = tmp_path / "decisions.jsonl"
    assert run(review_pairs, view, action="dump", file=str(dump))["dumped"] == 2
    assert len(dump.read_text().splitlines()) == 2
    with pytest.raises(UsageError, match=f"does not have the pair '{keys[0]}'"):
        run(review_pairs, view, action="set", keys=[keys[2], keys[0]], verdict="drop")
    for action in ("undo", "apply"):
        with pytest.raises(UsageError, match="whole dataset"):
            run(review_pairs, view, action=action, file=str(dump))
    assert run(review_pairs, dataset, action="status")["keep"] == 4


def test_a_view_of_parts_is_refused_and_nothing_is_written(
    load: Callable[[str], Any], tmp_path: Path
) -> None:
    dataset = load("rsgpt4v")
    before = documents(dataset)
    patches = dataset.to_patches("boxes")
    for work in (
        lambda: run(steps.flag, patches),
        lambda: run(steps.predict, patches, predictor="cues", field="m"),
        lambda: run(steps.export_dataset, patches, format="coco", out=tmp_path / "out"),
        lambda: run(review_pairs, patches, action="status"),
        lambda: run(steps.audit, patches, out=tmp_path / "audit.md"),
    ):
        with pytest.raises(UsageError, match="parts of samples"):
            work()
    assert documents(dataset) == before
    assert list(tmp_path.iterdir()) == []


def test_labels_that_a_view_filters_are_scored_as_it_has_them(load: Callable[[str], Any]) -> None:
    dataset = load("gres")
    for sample in dataset:
        boxes = [
            fo.Detection(label="x", bounding_box=[0, 0, w, 1], mask=_ones(), confidence=w)
            for w in (0.5, 1.0)
        ]
        sample["found"] = fo.Detections(detections=boxes)
        sample.save()
    view = dataset.filter_labels("found", F("confidence") < 0.9)
    run(steps.score, view, pred="found", key="half")
    run(steps.score, view.exclude_fields("phrase"), pred="found", key="hidden")
    run(steps.score, dataset, pred="found", key="whole")
    areas = {key: dataset.values(f"{key}_predicted_area") for key in ("half", "hidden", "whole")}
    assert areas["half"] == areas["hidden"]
    assert [2 * area for area in areas["half"]] == areas["whole"]


def _ones() -> Any:
    import numpy as np

    return np.ones((4, 4), bool)


def test_the_working_set_of_a_dataset_is_read_without_a_look_up(load: Callable[[str], Any]) -> None:
    dataset = load("gres")
    assert working_set.pipeline(dataset) == working_set.pipeline(dataset.view())
    assert working_set.pipeline(dataset) == [{"$match": working_set.OWN}]
    assert fo_internals.dataset_of(dataset.view()) is dataset


def test_slices_and_leaks_go_by_the_split_and_not_by_tags(
    load: Callable[[str], Any], tmp_path: Path
) -> None:
    dataset = load("gres")
    twin = dataset.match(F("split") == "test").first()
    for sample in dataset.match(F("split") == "train").limit(1):
        sample["source"]["image_digest"] = twin["source"]["image_digest"]
        sample["image_id"] = twin["image_id"]
        sample.save()
    found = []
    for tags in (None, [], ["mine", "train"], ["val"]):
        if tags is not None:
            for sample in dataset:
                sample.tags = tags
                sample.save()
        told = _told(run(steps.flag, dataset))
        told.pop("notes", None)
        found.append(told)
    assert "split_leak" in found[0]["findings"]
    assert found[1:] == found[:1] * 3
    for sample in dataset:
        sample["split"] = "train"
        sample.save()
    assert "split_leak" not in run(steps.flag, dataset)["findings"]
