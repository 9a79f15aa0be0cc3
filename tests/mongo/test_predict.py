"""Running predictors over a dataset: on after failures, resumed, never over ground truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import fiftyone as fo
import numpy as np
import pytest

from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.predictors.base import (
    PREDICTORS,
    NoPrediction,
    Prediction,
    PredictorSpec,
    Query,
)
from pairlens.fiftyone_plugin.predictors.queries import Estimate, estimate_work
from pairlens.fiftyone_plugin.predictors.runner import predict, request_stop
from pairlens.importers import fields
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.files import safe_name, write_atomic
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.masks import encode_png, load_stored


class Moody:
    """A real predictor of this test's own: it fails, declines and breaks off on demand."""

    asked: ClassVar[list[str]] = []

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        for query in batch:
            self.asked.append(query.key)
            mood = query.phrase.split()[0]
            if mood == "fail":
                yield ValueError("too foggy")
            elif mood == "decline":
                yield NoPrediction("not asked before")
            elif mood == "raise":
                raise RuntimeError("out of memory")
            elif mood == "nonsense":
                yield np.zeros((2, 2, 2), np.uint8)
            else:
                width, height = query.image_size
                mask = np.zeros((height, width), np.uint8)
                mask[: height // 2] = 1
                yield mask


@pytest.fixture(autouse=True)
def moody() -> Iterator[type[Moody]]:
    Moody.asked = []
    PREDICTORS._things["moody"] = PredictorSpec(
        "moody", "For tests.", lambda settings, device: Moody()
    )
    yield Moody
    del PREDICTORS._things["moody"]


@pytest.fixture(scope="module")
def imported(shared_name: str, tmp_path_factory: pytest.TempPathFactory) -> fo.Dataset:
    """Imported once: nothing changes it or its files."""
    root = make_gres(tmp_path_factory.mktemp("predict") / "published", images=5).root
    import_dataset("auto", root, shared_name)
    return fo.load_dataset(shared_name)


@pytest.fixture
def dataset(imported: fo.Dataset, dataset_name: str) -> fo.Dataset:
    return imported.clone(dataset_name)


def set_phrases(dataset: fo.Dataset, moods: dict[int, str]) -> list[str]:
    """Makes the n-th pair's phrase a mood; returns all keys in order."""
    keys = sorted(dataset.values(fields.KEY))
    for number, mood in moods.items():
        sample = dataset.one(fo.ViewField(fields.KEY) == keys[number])
        sample[fields.PHRASE] = mood
        sample.save()
    return keys


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("field", "words"),
    [
        pytest.param("segmentation", "is a name that PairLens uses itself", id="ground truth"),
        pytest.param("phrase", "is a name that PairLens uses itself", id="another field"),
        pytest.param("a.b", "no field name", id="embedded"),
        pytest.param("_x", "no field name", id="private"),
    ],
)
def test_a_field_that_is_not_the_predictors_is_left_alone(
    dataset: fo.Dataset, field: str, words: str
) -> None:
    before = list(dataset._sample_collection.find())
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=words):
            predict(dataset, predictor="moody", field_name=field, overwrite=overwrite)
    assert list(dataset._sample_collection.find()) == before


def test_captions_are_no_queries(tmp_path: Path, dataset_name: str) -> None:
    root = make_rsteller(tmp_path / "published", 4, size=64).root
    import_dataset("rsteller", root, dataset_name)
    captions = fo.load_dataset(dataset_name)
    with pytest.raises(StateError, match="holds captions and no queries"):
        predict(captions, predictor="cues", field_name="cues")
    assert not captions.has_field("cues")


def test_a_second_run_must_say_what_it_wants(dataset: fo.Dataset) -> None:
    predict(dataset, predictor="moody", field_name="m")
    with pytest.raises(StateError, match="--resume adds what is missing"):
        predict(dataset, predictor="moody", field_name="m")
    with pytest.raises(StateError, match="made by moody"):
        predict(dataset, predictor="cues", field_name="m", resume=True)


def test_a_refused_parameter_deletes_nothing(dataset: fo.Dataset) -> None:
    predict(dataset, predictor="cues", field_name="c", params={"segments": 100})
    before = dataset.values("c.mask_path")
    with pytest.raises(UsageError):
        predict(dataset, predictor="cues", field_name="c", params={"no": "1"}, overwrite=True)
    assert dataset.values("c.mask_path") == before and all(Path(p).is_file() for p in before)


# ------------------------------------------------------------------------------ on it goes


def test_failures_are_named_and_the_rest_goes_on(dataset: fo.Dataset) -> None:
    keys = set_phrases(dataset, {0: "fail", 1: "decline", 2: "nonsense"})
    done = predict(dataset, predictor="moody", field_name="m", batch_size=2)
    assert (done.predicted, done.failed, done.skipped) == (len(keys) - 3, 2, 1)
    assert {f["key"]: f["reason"] for f in done.failures} == {
        keys[0]: "too foggy",
        keys[2]: "the predictor gave an array of shape (2, 2, 2) and uint8",
    }
    assert done.skips == {"not asked before": 1}
    stored = {s[fields.KEY]: s["m"] for s in dataset}
    assert [stored[k] for k in keys[:3]] == [None, None, None]
    for key in keys[3:]:
        assert Path(stored[key].mask_path).name == f"{safe_name(key)}.png"
        assert load_stored(stored[key].mask_path).sum() == 512 * 256
        assert stored[key].mask is None


def test_what_raises_fails_the_rest_of_its_batch_only(dataset: fo.Dataset) -> None:
    keys = set_phrases(dataset, {0: "raise"})
    done = predict(dataset, predictor="moody", field_name="m", batch_size=3)
    assert 1 <= done.failed <= 3 and done.predicted == len(keys) - done.failed
    assert {f["reason"] for f in done.failures} == {"out of memory"}
    assert keys[0] in {f["key"] for f in done.failures}


def test_resume_asks_only_for_what_is_missing(dataset: fo.Dataset) -> None:
    keys = set_phrases(dataset, {0: "fail", 1: "fail"})
    predict(dataset, predictor="moody", field_name="m")
    set_phrases(dataset, {0: "now", 1: "it works"})
    Moody.asked.clear()
    done = predict(dataset, predictor="moody", field_name="m", resume=True)
    assert sorted(Moody.asked) == keys[:2]
    assert (done.predicted, done.skips) == (2, {"predicted already": len(keys) - 2})


def test_an_interrupted_run_keeps_whole_batches(dataset: fo.Dataset) -> None:
    keys = sorted(dataset.values(fields.KEY))

    def interrupt(done: int, total: int | None) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(dataset, predictor="moody", field_name="m", batch_size=2, progress=interrupt)
    assert dataset.exists("m").count() == 4
    done = predict(dataset, predictor="moody", field_name="m", batch_size=2, resume=True)
    assert done.predicted == len(keys) - 4 and dataset.exists("m").count() == len(keys)


def test_overwrite_starts_anew(dataset: fo.Dataset) -> None:
    predict(dataset, predictor="cues", field_name="m")
    first = load_stored(dataset.first()["m"].mask_path)
    predict(dataset, predictor="moody", field_name="m", overwrite=True)
    dataset.reload()
    second = load_stored(dataset.first()["m"].mask_path)
    assert second.sum() == 512 * 256 and not np.array_equal(first, second)


def test_pairs_without_their_image_are_skipped_by_what_looks_at_pixels(
    tmp_path: Path, dataset_name: str
) -> None:
    root = make_gres(tmp_path / "published", images=4).root
    for image in list(root.glob("gres_images/train/*.jpg"))[:1]:
        image.unlink()
    import_dataset("auto", root, dataset_name, ImportOptions(placeholders=True))
    dataset = fo.load_dataset(dataset_name)
    missing = dataset.match(fo.ViewField(fields.IMAGE_MISSING))
    done = predict(dataset, predictor="cues", field_name="c")
    assert done.skips == {"the image is missing": len(missing)} and len(missing) == 3
    assert done.predicted == len(dataset) - 3
    folder = tmp_path / "masks"
    for key in missing.values(fields.KEY):
        write_atomic(folder / f"{safe_name(key)}.png", encode_png(np.ones((512, 512), np.uint8)))
    elsewhere = predict(dataset, predictor="results", field_name="r", params={"path": str(folder)})
    assert elsewhere.predicted == 3 and elsewhere.failed == 0


# ------------------------------------------------------------- estimated, tried out, stopped


def test_the_work_is_estimated(dataset: fo.Dataset) -> None:
    pairs = len(dataset)
    first = estimate_work(dataset, "moody", "m")
    assert (first.pairs, first.seconds) == (pairs, None)
    assert "not known yet" in str(first)
    predict(dataset, predictor="moody", field_name="m", limit=3)
    later = estimate_work(dataset, "moody", "m")
    assert later.pairs == pairs - 3 and 0 < (later.seconds or 0) < 60
    assert str(later) == f"{pairs - 3} pairs to predict, about 1 s as last time"
    assert estimate_work(dataset, "moody", "m", anew=True).pairs == pairs
    assert estimate_work(dataset.limit(4), "moody", "other").limited_to(2).pairs == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1, "1 s"), (80, "80 s"), (100, "2 min"), (5000, "83 min"), (9000, "2.5 h")],
)
def test_durations_are_told_roughly(seconds: float, words: str) -> None:
    assert str(Estimate(7, seconds)) == f"7 pairs to predict, about {words} as last time"


def test_the_first_pairs_alone_and_then_the_rest(dataset: fo.Dataset) -> None:
    told: list[tuple[int, int | None]] = []
    done = predict(
        dataset, predictor="moody", field_name="m", batch_size=2, limit=3,
        progress=lambda *at: told.append(at),
    )  # fmt: skip
    assert done.predicted == 3 and not done.stopped
    assert sorted(done.first) == sorted(str(i) for i in dataset.exists("m").values("id"))
    assert told[-1] == (3, 3)
    predict(
        dataset, predictor="moody", field_name="m", resume=True, limit=1,
        progress=lambda *at: told.append(at),
    )  # fmt: skip
    assert told[-1] == (4, 4)
    rest = predict(
        dataset, predictor="moody", field_name="m", resume=True,
        progress=lambda *at: told.append(at),
    )  # fmt: skip
    assert rest.predicted == len(dataset) - 4 and told[-1] == (len(dataset), len(dataset))
    with pytest.raises(UsageError, match="limit cannot be 0 pairs"):
        predict(dataset, predictor="moody", field_name="n", limit=0)


def test_the_first_masks_can_be_looked_at_before_the_last_are_made(dataset: fo.Dataset) -> None:
    set_phrases(dataset, {0: "fail", 1: "decline"})
    looked: list[tuple[list[str], int]] = []

    def look(ids: Sequence[str]) -> None:
        stored = fo.load_dataset(dataset.name).select(ids).exists("m.mask_path")
        assert all(Path(p).is_file() for p in stored.values("m.mask_path"))
        looked.append((list(ids), len(stored)))

    done = predict(dataset, predictor="moody", field_name="m", batch_size=2, look=look)
    ((ids, stored),) = looked
    assert 0 < len(ids) == stored <= 2 and ids == done.first[: len(ids)]


def test_a_run_stops_when_asked_and_goes_on(dataset: fo.Dataset) -> None:
    def ask(done: int, total: int | None) -> None:
        if done == 4:
            request_stop(fo.load_dataset(dataset.name), "m")

    done = predict(dataset, predictor="moody", field_name="m", batch_size=2, progress=ask)
    assert done.stopped and done.predicted == 4 == dataset.exists("m").count()
    assert done.notes == ["stopped on request; --resume predicts the rest"]
    rest = predict(dataset, predictor="moody", field_name="m", resume=True)
    assert rest.predicted == len(dataset) - 4 and not rest.stopped


@pytest.mark.parametrize("field", ["m", "../m", "segmentation"])
def test_what_no_run_fills_cannot_be_stopped(dataset: fo.Dataset, field: str) -> None:
    with pytest.raises(StateError, match="no run fills field"):
        request_stop(dataset, field)


def test_the_next_batch_is_announced_before_it_is_asked(
    dataset: fo.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int]] = []

    class Reading(Moody):
        def prefetch(self, batch: Sequence[Query]) -> None:
            told.append(("read", len(batch)))

        def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
            told.append(("ask", len(batch)))
            yield from super().predict(batch)

        def notes(self) -> list[str]:
            return ["it rained"]

    spec = PredictorSpec("reading", "For tests.", lambda settings, device: Reading())
    monkeypatch.setitem(PREDICTORS._things, "reading", spec)
    done = predict(dataset.limit(5), predictor="reading", field_name="m", batch_size=2)
    read, ask = ("read", 2), ("ask", 2)
    assert told == [read, read, ask, ("read", 1), ask, ("ask", 1)]
    assert done.notes == ["it rained"] and done.predicted == 5
