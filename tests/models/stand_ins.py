"""Stand-ins for libraries whose weights are too large: what FiftyOne's classes call of them.

Each network marks a band of the image whose place follows from the text. As in the real
libraries, YOLOE's text is melted into the weights when it is set up, and SAM 3 gives one
answer for all queries of a batch.
"""

from __future__ import annotations

import sys
import types
import zlib
from typing import Any

import numpy as np
import torch

SIDE = 16


def place_of(text: str) -> int:
    """The first column of a text's band."""
    return zlib.crc32(text.encode()) % (SIDE - 4)


def module(name: str, **members: Any) -> Any:
    """A module of that name, and the packages above it."""
    made = types.ModuleType(name)
    vars(made).update(members)
    above, _, last = name.rpartition(".")
    if above:
        setattr(sys.modules.get(above) or module(above), last, made)
    sys.modules[name] = made
    return made


# ------------------------------------------------------------------------------ ultralytics


class Network(torch.nn.Module):
    """Boxes and masks of the text that was melted in."""

    stride, fp16 = 32, False

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.text: str | None = None
        self.fused: str | None = None


class Predictor:
    """Of ultralytics: sets the network up for one text, and makes results of its output."""

    def __init__(self, overrides: dict[str, Any], _callbacks: Any) -> None:
        self.args = types.SimpleNamespace(imgsz=SIDE, rect=False, conf=0.0)
        self.dataset: list[Any] = [None]

    def setup_model(self, model: Network, verbose: bool) -> None:
        model.fused = model.text
        self.model = model

    def setup_source(self, images: Any) -> None:
        """Nothing to read ahead."""

    def inference(self, images: torch.Tensor) -> list[str]:
        assert self.model.fused is not None
        return [self.model.fused] * len(images)

    def postprocess(self, texts: list[str], images: Any, originals: list[Any]) -> list[Any]:
        return [result_of(t, o.shape[:2]) for t, o in zip(texts, originals, strict=True)]


def result_of(text: str, size: tuple[int, int]) -> Any:
    """What ultralytics calls a result: the box of the text's band, and of a worse one."""
    height, width = size
    starts = (place_of(text), 0)
    rows = [[s * width / SIDE, 0, (s + 4) * width / SIDE, height] for s in starts]
    boxes = types.SimpleNamespace(
        xyxy=torch.tensor(rows).float(),
        cls=torch.zeros(2),
        conf=torch.tensor([0.9, 0.6]),
        id=None,
        is_track=False,
    )
    return types.SimpleNamespace(boxes=boxes)


class YOLOE:
    """Takes a text until it is set up for one."""

    task = "segment"
    names: dict[int, str] = {0: "object"}  # noqa: RUF012
    task_map = {"segment": {"predictor": Predictor}}  # noqa: RUF012

    def __init__(self) -> None:
        self.model, self.predictor = Network(), None
        self.overrides: dict[str, Any] = {}
        self.callbacks: dict[str, Any] = {}

    def to(self, device: Any) -> YOLOE:
        return self

    def get_text_pe(self, texts: list[str]) -> list[str]:
        from ultralytics.nn import text_model  # type: ignore[import-not-found]

        text_model.build_text_model("clip", device="cpu")
        return texts

    def set_classes(self, texts: list[str], embeddings: Any) -> None:
        assert self.model.fused is None, "Class embeddings are fused"
        self.model.text, self.predictor = texts[0], None


class LetterBox:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Makes squares."""

    def __call__(self, image: Any) -> Any:
        return np.zeros((SIDE, SIDE, 3), np.uint8)


def build_text_model(variant: str, device: str) -> None:
    """Reads a text encoder from disk, which takes its time."""
    READ.append(variant)


READ: list[str] = []
"""Text encoders that were read."""


def yolo_model(texts: list[str] | None) -> Any:
    """FiftyOne's YOLO model on the stand-in."""
    if "ultralytics" not in sys.modules:
        module("ultralytics", YOLOE=YOLOE)
        module("ultralytics.data.augment", LetterBox=LetterBox)
        module("ultralytics.nn.text_model", build_text_model=build_text_model)
    import fiftyone.utils.ultralytics as wrapper

    kind = "fiftyone.utils.ultralytics.UltralyticsDetectionOutputProcessor"
    config = wrapper.FiftyOneYOLOModelConfig({"output_processor_cls": kind, "classes": texts})
    config.entrypoint_fcn, config.download_model_if_necessary = YOLOE, lambda: None
    return wrapper.FiftyOneYOLOModel(config)


# ------------------------------------------------------------------------------------ sam 3


class Part:
    """Anything of SAM 3's that only carries values."""

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)


class Sam3(torch.nn.Module):
    """One answer for all queries of a batch, as the real one gives."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.inst_interactive_predictor = Part(
            _transforms=Part(resolution=SIDE), model=Part(backbone=Part())
        )

    def forward(self, texts: list[str]) -> list[dict[str, torch.Tensor]]:
        masks = torch.full((len(texts), 2, SIDE, SIDE), -9.0)
        for row, text in zip(masks, texts, strict=True):
            row[0, :, place_of(text) : place_of(text) + 4] = 9
            row[1, 4:] = 9
        logits = torch.tensor([[3.0], [1.0]]).expand(len(texts), 2, 1)
        presence = torch.full((len(texts), 1), 4.0)
        return [{"pred_logits": logits, "pred_masks": masks, "presence_logit_dec": presence}]


def collate(points: list[Any], dict_key: str) -> dict[str, Any]:
    """All queries of all images in one list."""
    return {dict_key: [query.query_text for point in points for query in point.find_queries]}


def sam3_model(texts: list[str] | None) -> Any:
    """FiftyOne's SAM 3 on the stand-in."""
    if "sam3" not in sys.modules:
        same = {
            name: lambda **_: None for name in ("RandomResizeAPI", "ToTensorAPI", "NormalizeAPI")
        }
        module(
            "sam3.train.transforms.basic_for_api", ComposeAPI=lambda transforms: lambda p: p, **same
        )
        kinds = dict.fromkeys(("Datapoint", "Image", "FindQueryLoaded"), Part)
        module("sam3.train.data.sam3_image_dataset", InferenceMetadata=Part, **kinds)
        module("sam3.train.data.collator", collate_fn_api=collate)
        module("sam3.model.utils.misc", copy_data_to_device=lambda data, *_, **__: data)
        module("sam3.model.data_misc", interpolate=torch.nn.functional.interpolate)
    import fiftyone.utils.sam3 as wrapper

    given = {"device": "cpu", "bpe_path": __file__, "checkpoint_path": "none"}
    config = wrapper.SegmentAnything3ImageModelConfig(
        {"entrypoint_args": given, "classes": texts, "device": "cpu"}
    )
    config.entrypoint_fcn = lambda **_: Sam3()
    return wrapper.SegmentAnything3ImageModel(config)
