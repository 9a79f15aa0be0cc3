"""A FiftyOne that nobody compared: slower, with a warning, and with the same documents."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.curation import undoing
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.layouts import make_refsegrs
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.importers import fields, fo_internals, safe_writes, store
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.layouts import PUBLISHED
from tests.mongo.scoring import PRED, predict

OWN = {"_id", "_dataset_id", "_rand", "created_at", "last_modified_at"}


def another(monkeypatch: pytest.MonkeyPatch, version: str = "1.99.0") -> None:
    fo_internals._warn.cache_clear()
    monkeypatch.setattr(fo, "__version__", version)


def comparable(value: Any, folder: str) -> Any:
    """Without ids and times, which differ by nature, and the folder of the media."""
    if isinstance(value, dict):
        return {k: comparable(v, folder) for k, v in value.items() if k not in OWN}
    if isinstance(value, list):
        return [comparable(v, folder) for v in value]
    return value.replace(f"{folder}/", "MEDIA/") if isinstance(value, str) else value


def stored(name: str) -> dict[str, dict[str, Any]]:
    dataset = fo.load_dataset(name)
    folder = store.info(dataset)["media_dir"]
    found = dataset._sample_collection.find()
    return {doc[fields.KEY]: comparable(doc, folder) for doc in found}


@pytest.mark.parametrize("version", ["1.22", "1.22.1", "1.22.3.dev4"])
def test_compared_versions_are_written_straight(version: str, recwarn: Any) -> None:
    assert fo_internals._is_compared(version)


@pytest.mark.parametrize("version", ["1.21.9", "1.23.0", "2.0", "0.25.2", "", "unknown"])
def test_all_others_are_not(version: str) -> None:
    assert not fo_internals._is_compared(version)


@pytest.mark.parametrize("name", PUBLISHED)
def test_documents_are_those_that_fiftyone_writes(
    name: str, dataset_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = PUBLISHED[name].make(tmp_path / "published")
    options = ImportOptions(media_dir=tmp_path / "media")
    import_dataset(name, root, dataset_name, options)
    straight = stored(dataset_name)
    another(monkeypatch)
    with pytest.warns(UserWarning, match=r"FiftyOne 1\.99\.0 may store samples differently"):
        import_dataset(name, root, dataset_name, ImportOptions(
            media_dir=tmp_path / "media", overwrite=True
        ))  # fmt: skip
    by_fiftyone = stored(dataset_name)
    assert len(straight) >= 5
    assert by_fiftyone.keys() == straight.keys()
    for key, doc in straight.items():
        assert doc == by_fiftyone[key]


def test_resuming_adds_what_is_missing(
    dataset_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_rsteller(tmp_path / "published", 6, size=64).root
    another(monkeypatch)
    with pytest.warns(UserWarning, match="written through Dataset.add_samples"):
        import_dataset("rsteller", root, dataset_name, ImportOptions(limit=4))
    dataset = fo.load_dataset(dataset_name)
    dataset._sample_collection.delete_one({fields.IMAGE_ID: "701"})
    options = ImportOptions(resume=True)
    assert import_dataset("rsteller", root, dataset_name, options).added == 3
    assert import_dataset("rsteller", root, dataset_name, options).added == 0
    assert len(dataset) == 6


def worked_on(dataset: fo.Dataset, folder: Path) -> None:
    """Measures, flags, predicts, scores and reviews: every way in which samples are changed."""
    flag(dataset)
    predict(dataset, folder)
    score(dataset, pred=PRED, key="scored")
    flag(dataset, predictions=[PRED])
    keys = sorted(dataset.values(fields.KEY))
    judge(dataset, keys[0], "drop", note="not needed")
    judge(dataset, keys[1], "fix", phrase="the other road")
    judge(dataset, keys[2], "keep")
    undoing.undo(dataset, force=True)


def without_nulls(value: Any) -> Any:
    """FiftyOne stores ``None`` where PairLens removes a field: both are no value."""
    if isinstance(value, dict):
        kept = {k: without_nulls(v) for k, v in value.items() if v is not None}
        return {k: v for k, v in kept.items() if k != fields.REVIEWED_AT}
    if isinstance(value, list):
        return [without_nulls(v) for v in value]
    return value


def test_updates_are_those_that_fiftyone_writes(
    dataset_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_refsegrs(tmp_path / "published", 12, size=128).root
    stored_by = {}
    for version in (fo.__version__, "1.99.0"):
        another(monkeypatch, version)
        options = ImportOptions(media_dir=tmp_path / "media", overwrite=bool(stored_by))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            import_dataset("refsegrs", root, dataset_name, options)
            worked_on(fo.load_dataset(dataset_name), tmp_path / "predictions")
        stored_by[version] = without_nulls(stored(dataset_name))
    straight, by_fiftyone = stored_by.values()
    assert any(fields.FINDINGS in doc for doc in straight.values())
    for key, doc in straight.items():
        assert doc == by_fiftyone[key]


def test_a_change_of_what_was_changed_meanwhile_is_left(
    dataset_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_rsteller(tmp_path / "published", 6, size=64).root
    import_dataset("rsteller", root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    first, second = list(dataset._sample_collection.find())[:2]
    another(monkeypatch)
    changes = [
        ({"_id": first["_id"], fields.CAPTION: first[fields.CAPTION]}, {fields.CAPTION: "new"}),
        ({"_id": second["_id"], fields.CAPTION: "not what it is"}, {fields.CAPTION: "lost"}),
    ]
    with pytest.warns(UserWarning, match=r"Sample\.save"):
        assert safe_writes.update_matching(dataset, changes) == 1
    after = {doc["_id"]: doc[fields.CAPTION] for doc in dataset._sample_collection.find()}
    assert (after[first["_id"]], after[second["_id"]]) == ("new", second[fields.CAPTION])
