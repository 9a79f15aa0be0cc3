"""Makes datasets of any size for benchmarks of the checks."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from phrases import varied  # beside this file

IMAGES = 60
"""Generated ones, of which the others are copies."""


def build(folder: Path, pairs: int, form: str = "gres", gres: str | None = None) -> Any:
    """Makes a dataset of the given number of pairs or images: imported ones and copies."""
    import fiftyone as fo
    from bson import ObjectId

    from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
    from pairlens.fiftyone_plugin.demo.instruction_layouts import make_rsgpt4v
    from pairlens.fiftyone_plugin.demo.layouts import make_gres
    from pairlens.fiftyone_plugin.measuring.runner import measure_images
    from pairlens.importers import store
    from pairlens.importers.ingest import ImportOptions, import_dataset

    makers = {"gres": make_gres, "rsteller": make_rsteller, "rsgpt4v": make_rsgpt4v}
    given = gres if form == "gres" else None
    root = Path(given) if given else makers[form](folder / "published", IMAGES, seed=7).root
    import_dataset(form, root, "bench-checks", ImportOptions(overwrite=True, placeholders=True))
    dataset = fo.load_dataset("bench-checks")
    measure_images(dataset)
    docs: list[Any] = list(dataset._sample_collection.find())
    dataset._sample_collection.delete_many({})

    rng = random.Random(7)

    def copies() -> Any:
        for number in range(pairs):
            turn, at = divmod(number, len(docs))
            doc = dict(docs[at], _id=ObjectId())
            doc["key"] = f"{doc['key']}~{turn}"
            doc["image_id"] = f"{doc['image_id']}~{turn}"
            vary(doc, rng)
            digest = doc["source"]["image_digest"]
            changed = f"{turn:08x}{digest[8:]}" if digest else ""
            doc["source"] = dict(doc["source"], image_digest=changed)
            if "mask_stats" in doc:
                mask = f"{turn:08x}{doc['mask_stats']['digest'][8:]}"
                doc["mask_stats"] = dict(doc["mask_stats"], digest=mask)
            if "image_stats" in doc:
                phash = (int(doc["image_stats"]["phash"], 16) * (2 * turn + 1)) % 2**64
                doc["image_stats"] = dict(doc["image_stats"], phash=f"{phash:016x}")
            yield doc

    for batch in store.batched(copies(), store.BATCH):
        store.insert(dataset, batch)
    return dataset


def vary(doc: dict[str, Any], rng: random.Random) -> None:
    """Varies the texts of a copy: its query, captions and longer answers."""
    if "phrase" in doc:
        doc["phrase"] = varied(doc["phrase"], rng)
    if "captions" in doc:
        doc["captions"] = [dict(each, text=varied(each["text"], rng)) for each in doc["captions"]]
    if "conversations" in doc:
        doc["conversations"] = [
            dict(each, answers=[varied(a, rng) if len(a) > 20 else a for a in each["answers"]])
            for each in doc["conversations"]
        ]
