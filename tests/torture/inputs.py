"""Sound inputs of every kind that is read, small, to be damaged."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pairlens.importers.files import safe_name
from pairlens.importers.rle import encode_rle
from tests.layouts import EXPORTS, LAYOUTS
from tests.tables import NOTATIONS

SIZE = (64, 48)
"""Width and height of the image that predictions are of."""

KEYS = tuple(f"gres/test/a#{number}" for number in range(4))
IMPORT, ZIP, RESULTS, DECISIONS = "import", "zip", "results", "decisions"


@dataclass(frozen=True)
class Input:
    """A sound input.

    Attributes:
        name: for reports
        kind: what reads it
        make: writes it into a folder, and gives the path to read
    """

    name: str
    kind: str
    make: Callable[[Path], Path]


def _mask(number: int) -> np.ndarray:
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[4 : 20 + number, 8:30] = 1
    return mask


def _masks(root: Path) -> Path:
    for number, key in enumerate(KEYS):
        for suffix in (".png", ".tif"):
            Image.fromarray(_mask(number) * 255).save(
                root / suffix[1:] / f"{safe_name(key)}{suffix}"
            )
        np.save(root / "npy" / f"{safe_name(key)}.npy", _mask(number))
        np.savez_compressed(root / "npz" / f"{safe_name(key)}.npz", pred=_mask(number))
    return root


def _one_kind(suffix: str) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        for folder in ("png", "tif", "npy", "npz"):
            (root / folder).mkdir()
        _masks(root)
        kept = root / "kept"
        (root / suffix).rename(kept)
        for folder in ("png", "tif", "npy", "npz"):
            shutil.rmtree(root / folder, ignore_errors=True)
        return kept

    return make


def _coco(root: Path) -> Path:
    rows = [
        {"image_id": "a", "ref_id": n, "caption": f"query {n}", "key": key, "score": 0.5,
         "segmentation": encode_rle(_mask(n))}
        for n, key in enumerate(KEYS)
    ]  # fmt: skip
    rows[1]["segmentation"] = [[4, 4, 30, 4, 30, 20]]
    (root / "preds.json").write_text(json.dumps({"annotations": rows}))
    (root / "more.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return root


def _stacks(root: Path) -> Path:
    masks = np.stack([_mask(number) for number in range(len(KEYS))])
    np.savez_compressed(root / "stack.npz", masks=masks, keys=np.array(KEYS))
    np.save(root / "other.npy", masks)
    (root / "other.json").write_text(json.dumps({key: n for n, key in enumerate(KEYS)}))
    return root


def _lisat(root: Path) -> Path:
    (root / "masks").mkdir()
    record = {"segmentation_path": "masks/a.npz", "conversation_list": ["query 0", "query 1"]}
    np.savez_compressed(root / "masks" / "a.npz", pred=_mask(0), gt=_mask(1))
    (root / "preds_GRES_0_of_1.json").write_text(json.dumps({"images/a.jpg": record}))
    return root


def _decisions(root: Path) -> Path:
    digest = "0" * 64
    lines = [
        {"key": key, "verdict": "keep", "reviewer": "r", "time": "2025-03-01T09:30:00Z",
         "note": None, "phrase": "a car", "phrase_sha256": digest, "mask_sha256": digest,
         "mask": encode_rle(_mask(number)) | {"sha256": digest}}
        for number, key in enumerate(KEYS)
    ]  # fmt: skip
    (root / "decisions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return root


INPUTS: tuple[Input, ...] = (
    *(Input(layout.id, IMPORT, layout.make) for layout in (*LAYOUTS, *EXPORTS)),
    *(Input(f"{layout.id}.zip", ZIP, layout.make) for layout in LAYOUTS[::4]),
    *(Input(f"table of {name}", IMPORT, make) for name, make in NOTATIONS.items()),
    *(Input(f"results {kind}", RESULTS, _one_kind(kind)) for kind in ("png", "tif", "npy", "npz")),
    Input("results coco", RESULTS, _coco),
    Input("results stacks", RESULTS, _stacks),
    Input("results lisat", RESULTS, _lisat),
    Input("decisions", DECISIONS, _decisions),
)  # fmt: skip


def image() -> bytes:
    """The image that predictions are of."""
    stream = io.BytesIO()
    Image.new("RGB", SIZE).save(stream, "JPEG")
    return stream.getvalue()
