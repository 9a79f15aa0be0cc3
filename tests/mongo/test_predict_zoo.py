"""``zoo``: models published for FiftyOne's zoo, loaded by it, asked a query per pair."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Query
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.fiftyone_plugin.predictors.zoo_labels import label_to_mask
from pairlens.importers import fields
from pairlens.importers.errors import MaskError, UsageError
from pairlens.importers.ingest import import_dataset
from pairlens.importers.masks import load_stored

PUBLISHED = '''
"""Zoo models that mark the left, right, upper or lower half, as their text says."""

import fiftyone as fo
import fiftyone.core.models as fom
import numpy as np
from PIL import Image

CALLS = []


def half(image, text):
    mask = np.zeros(image.shape[:2], np.uint8)
    height, width = mask.shape
    part = {"left": np.s_[:, : width // 2], "right": np.s_[:, width // 2 :],
            "top": np.s_[: height // 2], "bottom": np.s_[height // 2 :]}
    for word, place in part.items():
        if word in text:
            mask[place] = 7
    return mask


class FromSamples(fom.SamplesMixin, fom.Model):
    """Reads its text from a field of the sample."""

    media_type = "image"

    def predict(self, image, sample=None):
        text = sample[self.needs_fields["prompt_field"]]
        CALLS.append(text)
        if "break" in text:
            raise ValueError("the model broke")
        return fo.Segmentation(mask=half(image, text))


class Prompted(fom.Model):
    """Is told its text before it runs."""

    media_type = "image"
    prompt = None

    def predict_all(self, images):
        CALLS.append((self.prompt, len(images)))
        return [fo.Segmentation(mask=half(i, self.prompt)) for i in images]


class Listing(fom.Model):
    """Has a list of classes that can be changed."""

    media_type = "image"

    def set_classes(self, classes):
        (self.text,) = classes

    def predict_all(self, images):
        return [fo.Segmentation(mask=half(i, self.text)) for i in images]


class Item:
    """As FiftyOne's GetItem, which needs torchvision."""

    required_keys = ["filepath", "prompt_field"]

    def __call__(self, d):
        return np.asarray(Image.open(d["filepath"])), d["prompt_field"]


class Loading(fom.SupportsGetItem, fom.TorchModelMixin, fom.Model):
    """Has a loader of its own, which joins images and texts."""

    media_type, has_collate_fn, ragged_batches, preprocess = "image", True, False, True

    def build_get_item(self, field_mapping=None):
        return Item()

    @staticmethod
    def collate_fn(batch):
        return batch

    def predict_all(self, batch):
        assert not self.preprocess
        return [fo.Segmentation(mask=half(image, text)) for image, text in batch]


class ClassifierOutputProcessor:
    """As FiftyOne's, likewise."""


class Naming(Listing):
    """Says what an image shows."""

    _output_processor = ClassifierOutputProcessor()


class Fixed(fom.Model):
    media_type = "image"


class Video(Fixed):
    media_type = "video"


def load_model(model_name, model_path, **kwargs):
    kinds = {"samples": FromSamples, "prompted": Prompted, "listing": Listing,
             "loading": Loading, "naming": Naming, "fixed": Fixed, "video": Video}
    return kinds[model_name.split("/")[1]]()
'''


KINDS = ("samples", "prompted", "listing", "loading", "naming", "fixed", "video")


@pytest.fixture(autouse=True)
def zoo_folder(tmp_path: Path) -> Iterator[None]:
    """A model zoo of this test's own, with a repository as FiftyOne leaves it when registered."""
    before, fo.config.model_zoo_dir = fo.config.model_zoo_dir, str(tmp_path / "zoo")
    folder = tmp_path / "zoo" / "test"
    folder.mkdir(parents=True)
    names = [f"test/{kind}" for kind in KINDS]
    entries = [{"base_name": name, "base_filename": name.split("/")[1]} for name in names]
    manifest = {"name": "test", "url": "https://github.com/test/test", "models": entries}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "__init__.py").write_text(PUBLISHED)
    for name in names:
        (folder / name.split("/")[1]).touch()  # downloaded
    yield
    fo.config.model_zoo_dir = before


@pytest.fixture
def queries(tmp_path: Path) -> list[Query]:
    made = []
    for number, (width, height) in enumerate([(40, 20), (40, 20), (30, 50)]):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (width, height)).save(path)
        for place in ("left", "top"):
            text = f"the ship at the {place}"
            key = f"{number}#{place}"
            made.append(Query(key, str(number), "t", text, path, path.name, (width, height)))
    return made


# -------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("params", "words"),
    [
        pytest.param({"model": "test/fixed"}, "Fixed.* takes no text; docs", id="no text"),
        pytest.param({"model": "test/naming"}, "marks no pixels", id="classes"),
        pytest.param({"model": "test/video"}, "a model of videos, not of images", id="video"),
        pytest.param({"model": "test/none"}, "zoo has no model 'test/none'", id="unknown"),
        pytest.param({}, "needs the parameter 'model'", id="none given"),
        pytest.param({"model": "test/samples", "options": "["}, "options is not valid", id="JSON"),
        pytest.param({"model": "test/samples", "options": "[]"}, "JSON object", id="no object"),
        pytest.param({"model": "test/samples", "merge": "all"}, "union or best", id="merge"),
    ],
)
def test_what_cannot_be_asked_is_refused(params: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        PREDICTORS["zoo"].load(params, "auto")


# ------------------------------------------------------------------------------------ runs


@pytest.mark.parametrize("model", ["test/samples", "test/prompted", "test/listing", "test/loading"])
def test_each_pair_gets_its_own_query(model: str, queries: list[Query]) -> None:
    masks: list[Any] = list(PREDICTORS["zoo"].load({"model": model}, "auto").predict(queries))
    for query, mask in zip(queries, masks, strict=True):
        width, height = query.image_size
        expected = np.zeros((height, width), np.uint8)
        expected[np.s_[:, : width // 2] if "left" in query.phrase else np.s_[: height // 2]] = 1
        assert np.array_equal(mask, expected)


def test_equal_queries_are_asked_together(queries: list[Query]) -> None:
    predictor: Any = PREDICTORS["zoo"].load({"model": "test/prompted", "template": "a {}"}, "cpu")
    list(predictor.predict(queries))
    calls = predictor._segmenter._model.predict_all.__globals__["CALLS"]
    left, top = "a the ship at the left", "a the ship at the top"
    assert calls == [(left, 2), (left, 1), (top, 2), (top, 1)]  # by image size as well
    calls.clear()
    list(predictor.predict(queries[:2]))
    assert calls == [(top, 1), (left, 1)]  # what it was told last comes first


def test_a_query_that_breaks_the_model_fails_alone(queries: list[Query]) -> None:
    values = {name: getattr(queries[1], name) for name in queries[1].__slots__}
    broken = Query(**values | {"phrase": "break at the top"})
    predictor = PREDICTORS["zoo"].load({"model": "test/samples"}, "auto")
    answers: list[Any] = list(predictor.predict([queries[0], broken, queries[2]]))
    assert [isinstance(a, ValueError) for a in answers] == [False, True, False]


def test_over_a_dataset(tmp_path: Path, dataset_name: str) -> None:
    import_dataset("auto", make_gres(tmp_path / "published", images=4).root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    done = predict(dataset, predictor="zoo", field_name="z", params={"model": "test/samples"})
    assert (done.predicted, done.failed) == (len(dataset), 0)
    for sample in dataset:
        words = [w for w in ("left", "right", "top", "bottom") if w in sample[fields.PHRASE]]
        assert load_stored(sample["z"].mask_path).any() == bool(words)
        assert sample["z"].mask is None  # on disk, never in the database


# ---------------------------------------------------------------------------- labels to masks


def found(box: list[float], confidence: float | None, mask: Any = None) -> fo.Detection:
    return fo.Detection(label="x", bounding_box=box, confidence=confidence, mask=mask)


LEFT, RIGHT = [0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("label", "options", "expected"),
    [
        pytest.param(fo.Detections(), {}, [[0, 0, 0, 0]] * 2, id="none"),
        pytest.param(
            fo.Detections(detections=[found(LEFT, 0.9), found(RIGHT, 0.1)]),
            {},
            [[1, 1, 0, 0]] * 2,
            id="one above the threshold",
        ),
        pytest.param(
            fo.Detections(detections=[found(LEFT, 0.9), found(RIGHT, 0.8)]),
            {"merge": "best"},
            [[1, 1, 0, 0]] * 2,
            id="best",
        ),
        pytest.param(
            fo.Detections(detections=[found(LEFT, 0.1), found(RIGHT, 0.2)]),
            {"always": True},
            [[0, 0, 1, 1]] * 2,
            id="always",
        ),
        pytest.param(
            fo.Detections(detections=[found(LEFT, None)]), {}, [[1, 1, 0, 0]] * 2, id="no score"
        ),
        pytest.param(
            fo.Detections(detections=[found(RIGHT, 0.9, np.array([[True, False]] * 2))]),
            {},
            [[0, 0, 1, 0]] * 2,
            id="a mask in its box",
        ),
        pytest.param(
            fo.Detections(detections=[found([0.75, -1, 9, 9], 0.9)]),
            {},
            [[0, 0, 0, 1]] * 2,
            id="box beyond the image",
        ),
        pytest.param(
            fo.Detections(detections=[found([float("nan"), 0, 1, 1], 0.9)]),
            {},
            [[0, 0, 0, 0]] * 2,
            id="no box",
        ),
        pytest.param(
            fo.Segmentation(mask=np.array([[0, 3]])), {}, [[0, 0, 1, 1]] * 2, id="segmentation"
        ),
        pytest.param(fo.Heatmap(map=np.array([[0.2, 0.9]])), {}, [[0, 0, 1, 1]] * 2, id="heatmap"),
        pytest.param(
            fo.Heatmap(map=np.array([[250, 9]], np.uint8)), {}, [[1, 1, 0, 0]] * 2, id="8-bit map"
        ),
        pytest.param(
            fo.Polylines(polylines=[fo.Polyline(points=[[(0, 0), (0.2, 0), (0.2, 1), (0, 1)]])]),
            {},
            [[1, 0, 0, 0]] * 2,
            id="polyline",
        ),
        pytest.param(
            {"a": fo.Segmentation(mask=np.ones((2, 4)))}, {}, [[1, 1, 1, 1]] * 2, id="dict"
        ),
    ],
)
def test_labels_become_masks(label: Any, options: dict[str, Any], expected: Any) -> None:
    settings = {"threshold": 0.5, "merge": "union", "always": False} | options
    mask = label_to_mask(label, (2, 4), **settings)
    assert mask.dtype == np.uint8 and mask.tolist() == expected


@pytest.mark.parametrize(
    ("label", "error"),
    [
        pytest.param(None, NoPrediction, id="nothing"),
        pytest.param({}, NoPrediction, id="empty dict"),
        pytest.param(fo.Segmentation(), NoPrediction, id="no pixels"),
        pytest.param(fo.Classification(label="ship"), MaskError, id="a word"),
    ],
)
def test_labels_that_are_no_masks(label: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        label_to_mask(label, (2, 4), 0.5, "union", False)
