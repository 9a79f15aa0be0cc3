"""What the tests of sessions share: a small dataset with findings, told pair by pair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np

from pairlens.fiftyone_plugin.checks.base import Finding
from pairlens.fiftyone_plugin.checks.findings_store import stored_values
from pairlens.importers import store
from pairlens.importers.ingest import import_dataset
from pairlens.importers.masks import Pixels, encode_png, load_stored
from pairlens.importers.stored_values import segmentation
from tests.mongo.reviewing import documents, keys

Said = tuple[str, str, float]
"""Check, severity and score of a finding."""


def load(kind: str, root: Path, name: str) -> Any:
    import_dataset(kind, root, name)
    return fo.load_dataset(name)


def plant(dataset: Any, found: dict[str, list[Said]]) -> None:
    """Gives pairs these findings, and all others none."""
    changes = []
    for key, document in documents(dataset).items():
        said = [
            Finding(key, check, severity, score, f"note of {check}")  # type: ignore[arg-type]
            for check, severity, score in found.get(key, [])
        ]
        changes.append((document["_id"], stored_values(said)))
    store.update(dataset, changes)


def flagged(dataset: Any, count: int = 6) -> list[str]:
    """Flags some pairs; gives their keys, worst first."""
    chosen = keys(dataset)[:count]
    # Planted in another order than that of the keys.
    severities = ["info", "error", "warning", "error", "info", "warning"]
    scores = [0.1, 0.5, 0.9, 0.2, 0.0, 0.3]
    plant(
        dataset,
        {
            key: [("tiny_mask", severity, score)]
            for key, severity, score in zip(chosen, severities, scores, strict=False)
        },
    )
    rank = ("error", "warning", "info")
    order = sorted(range(count), key=lambda i: (scores[i], rank.index(severities[i])))
    return [chosen[i] for i in order]


def predict(dataset: Any, folder: Path, name: str = "model") -> None:
    """Gives every pair a predicted mask: its own, moved by a few pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset.add_sample_field(name, fo.EmbeddedDocumentField, embedded_doc_type=fo.Segmentation)
    changes = []
    for document in documents(dataset).values():
        mask = moved(load_stored(document["segmentation"]["mask_path"]))
        path = folder / f"{document['_id']}.png"
        path.write_bytes(encode_png(mask))
        changes.append((document["_id"], {name: segmentation(str(path))}))
    store.update(dataset, changes)


def moved(mask: Pixels) -> Pixels:
    return np.roll((mask == 1).view(np.uint8), (3, 5), (0, 1))


def mask_of(dataset: Any, key: str) -> Pixels:
    return load_stored(documents(dataset)[key]["segmentation"]["mask_path"])


def ids(dataset: Any) -> dict[str, str]:
    return {key: str(document["_id"]) for key, document in documents(dataset).items()}
