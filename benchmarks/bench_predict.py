"""The prediction pipeline beside FiftyOne's ``apply_model``, on one full-size CLIPSeg.

    python benchmarks/bench_predict.py                   24 pairs, batches of 8
    python benchmarks/bench_predict.py --pairs 2000 --batch-size 64 --device cuda

The weights are random and the vocabulary is a stand-in; sizes are those of the published
model (ViT-B/16 at 352x352, 77 tokens), so that the work is the same. Pairs are generated as
GRES has them, on chips of 512x512 with several queries. Beside the pipeline stands the model
that one would write for ``apply_model``: a ``SamplesMixin`` that runs CLIPSeg's processor and
CLIPSeg on a batch, with each sample's phrase; masks go to disk in both. The two take turns,
the medians are compared, and the masks must be the same.

A table goes to stderr, JSON to stdout. The dataset lies in the FiftyOne database that this
process is told of, under a name of its own, and is deleted at the end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import string
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from uuid import uuid4

import fiftyone as fo
import fiftyone.core.models as fom
import numpy as np

from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.predictors.queries import SPEEDS
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers import fields, store
from pairlens.importers.ingest import import_dataset
from pairlens.importers.masks import load_stored

SIDE, CONTEXT = 352, 77


def main() -> int:
    args = parser().parse_args()
    name = f"bench-predict-{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        root = Path(folder)
        try:
            done = measure(root, name, args)
        finally:
            if fo.dataset_exists(name):
                fo.delete_dataset(name)
    show(done)
    print(json.dumps(done))
    return 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2, help="of torch, on the CPU")
    return parser


def measure(root: Path, name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Runs both in turns on the same pairs."""
    import torch

    torch.set_num_threads(args.threads)
    save_clipseg(root / "model")
    import_dataset("auto", make_gres(root / "published", images=max(2, args.pairs // 2)).root, name)
    dataset = fo.load_dataset(name)
    # Whole images, so that both see the pairs in the order and with the neighbours they have.
    pairs = dataset.sort_by(fields.IMAGE_ID).limit(args.pairs)
    images = len(pairs.distinct(fields.IMAGE_ID))
    model = PlainClipSeg(root / "model", args.device)

    def plain() -> float:
        started = time.perf_counter()
        pairs.apply_model(
            model, "plain", batch_size=args.batch_size, output_dir=str(root / "plain"),
            phrase=fields.PHRASE, skip_failures=False, progress=False,
        )  # fmt: skip
        return time.perf_counter() - started

    def ours() -> float:
        done = predict(
            pairs, predictor="clipseg", field_name="clipseg", overwrite=True,
            params={"model": str(root / "model"), "half": args.device != "cpu"},
            batch_size=args.batch_size, device=args.device,
        )  # fmt: skip
        # Without loading the model, which apply_model is handed.
        return store.info(dataset)[SPEEDS]["clipseg"] * done.predicted

    seconds = in_turns({"apply_model": plain, "pairlens": ours}, args.repeats)
    dataset.reload()
    speeds = {run: len(pairs) / s for run, s in seconds.items()}
    return {
        "pairs": len(pairs), "images": images, "batch_size": args.batch_size,
        "device": device_name(args.device), "threads": args.threads,
        "pairs_per_second": {run: round(v, 2) for run, v in speeds.items()},
        "times_apply_model": round(speeds["pairlens"] / speeds["apply_model"], 2),
        "pixels_that_differ": differing(pairs),
        "target_share": share(pairs),
    }  # fmt: skip


def in_turns(runs: dict[str, Callable[[], float]], repeats: int) -> dict[str, float]:
    """Median seconds of each; the first turn warms up and does not count."""
    taken: dict[str, list[float]] = {run: [] for run in runs}
    for _ in range(repeats + 1):
        for run, work in runs.items():
            taken[run].append(work())
    return {run: statistics.median(values[1:]) for run, values in taken.items()}


def device_name(device: str) -> str:
    import torch

    return torch.cuda.get_device_name() if device.startswith("cuda") else device


def differing(pairs: Any) -> float:
    """The share of pixels in which the two disagree."""
    shares = []
    for sample in pairs:
        ours, theirs = (
            load_stored(sample["clipseg"].mask_path),
            load_stored(sample["plain"].mask_path),
        )
        shares.append(float(((ours != 0) != (theirs != 0)).mean()))
    return round(float(np.mean(shares)), 6)


def share(pairs: Any) -> float:
    """The share of pixels that is target: a comparison of empty masks would show nothing."""
    masks = [load_stored(sample["clipseg"].mask_path) for sample in pairs]
    return round(float(np.mean([(mask != 0).mean() for mask in masks])), 4)


class PlainClipSeg(fom.SamplesMixin, fom.Model):
    """CLIPSeg as one would write it for ``apply_model``."""

    def __init__(self, folder: Path, device: str) -> None:
        import transformers

        super().__init__()
        self._processor = transformers.AutoProcessor.from_pretrained(folder)
        kind = transformers.CLIPSegForImageSegmentation
        self._model = kind.from_pretrained(folder).to(device).eval()
        self._device = device

    @property
    def media_type(self) -> str:
        """Images."""
        return "image"

    @property
    def transforms(self) -> None:
        """None: the processor does it."""
        return None

    @property
    def preprocess(self) -> bool:
        """Whether ``transforms`` are to be applied."""
        return False

    @property
    def ragged_batches(self) -> bool:
        """Whether images of different sizes cannot share a batch."""
        return False

    def predict(self, image: Any, sample: Any = None) -> fo.Segmentation:
        """One pair."""
        return self.predict_all([image], [sample])[0]

    def predict_all(self, images: Any, samples: Any = None) -> list[fo.Segmentation]:
        """A batch."""
        import torch
        from torch.nn.functional import interpolate

        phrases = [sample[self.needs_fields["phrase"]] for sample in samples]
        inputs = self._processor(
            text=phrases, images=list(images), padding=True, truncation=True, return_tensors="pt"
        ).to(self._device)
        with torch.inference_mode():
            logits = self._model(**inputs).logits.reshape(len(phrases), 1, SIDE, SIDE)
            masks = []
            for row, image in zip(logits, images, strict=True):
                size = image.shape[:2]
                grown = interpolate(row[None], size, mode="bilinear", align_corners=False)[0, 0]
                masks.append((grown.sigmoid() > 0.5).cpu().numpy().astype(np.uint8))
        return [fo.Segmentation(mask=mask) for mask in masks]


def save_clipseg(folder: Path) -> None:
    """CLIPSeg with ``transformers``' default sizes, patches of 16 as published."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.CLIPSegConfig(vision_config={"patch_size": 16})
    transformers.CLIPSegForImageSegmentation(config).save_pretrained(folder)
    images = transformers.ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
    transformers.CLIPSegProcessor(images, tokenizer()).save_pretrained(folder)


def tokenizer() -> Any:
    """CLIP's tokenizer over single letters, with its two marks where CLIP has them."""
    import transformers

    letters = [*string.ascii_lowercase, *string.digits, ",", ".", "-", "'"]
    entries = [*letters, *(letter + "</w>" for letter in letters)]
    vocabulary = {entry: number for number, entry in enumerate(entries)}
    vocabulary |= {"<|startoftext|>": 49406, "<|endoftext|>": 49407}
    return transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=CONTEXT)


def show(done: dict[str, Any]) -> None:
    """The figures for people."""
    print(
        f"{done['pairs']} pairs on {done['images']} images, batches of {done['batch_size']}, "
        f"{done['device']}",
        file=sys.stderr,
    )
    for run, speed in done["pairs_per_second"].items():
        print(f"  {run:<12} {speed:8.2f} pairs/s", file=sys.stderr)
    print(
        f"  {done['times_apply_model']} times apply_model; "
        f"{done['pixels_that_differ']:.4%} of the pixels differ",
        file=sys.stderr,
    )


if __name__ == "__main__":
    sys.exit(main())
