"""Pending queries of a run, and an estimate of its duration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.predictors.base import PREDICTORS, Query
from pairlens.importers import fields, fo_internals, store, working_set

SPEEDS = "prediction_seconds"
"""Key in PairLens' info of the seconds per pair in the last run of each predictor."""

_READ = (
    fields.KEY, fields.IMAGE_ID, fields.SPLIT, fields.PHRASE, "filepath", "metadata.width",
    "metadata.height", f"{fields.SOURCE}.image_name", fields.IMAGE_DIGEST,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated work of a run.

    Attributes:
        pairs: number of pairs to predict
        seconds: duration at the speed of the predictor's last run on this dataset; ``None`` if
            there was none
    """

    pairs: int
    seconds: float | None

    def limited_to(self, pairs: int) -> Estimate:
        """The estimate for at most this many pairs."""
        if pairs >= self.pairs:
            return self
        return Estimate(pairs, self.seconds and self.seconds * pairs / self.pairs)

    def __str__(self) -> str:
        if self.seconds is None:
            return f"{self.pairs:,} pairs to predict; how long one takes is not known yet"
        return f"{self.pairs:,} pairs to predict, about {_duration(self.seconds)} as last time"


def estimate_work(samples: Any, predictor: str, field_name: str, *, anew: bool = False) -> Estimate:
    """Estimates the work of a run.

    Args:
        samples: a dataset or view that PairLens imported
        predictor: one of :data:`pairlens.fiftyone_plugin.predictors.base.PREDICTORS`
        field_name: the field for the masks, which may not exist yet
        anew: whether existing masks are replaced

    Raises:
        UnknownName: for an unknown predictor
    """
    where = _pending(field_name, PREDICTORS[predictor].reads_images, anew)
    pipeline = [*working_set.pipeline(samples), {"$match": where}, {"$count": "pairs"}]
    counted = list(fo_internals.collection(samples).aggregate(pipeline))
    pairs = counted[0]["pairs"] if counted else 0
    seconds_per_pair = store.info(fo_internals.dataset_of(samples)).get(SPEEDS, {}).get(predictor)
    return Estimate(pairs, None if seconds_per_pair is None else seconds_per_pair * pairs)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def remember_speed(dataset: Any, predictor: str, pairs: int, seconds: float) -> None:
    """Stores the seconds per pair for the next estimate."""
    if pairs:
        store.add_to_info(dataset, SPEEDS, {predictor: round(seconds / pairs, 6)})


def _pending(field_name: str, reads_images: bool, anew: bool) -> dict[str, Any]:
    where: dict[str, Any] = {} if anew else {f"{field_name}.mask_path": None}
    if reads_images:
        where[fields.IMAGE_MISSING] = {"$ne": True}
    return where


def list_queries(
    samples: Any, field_name: str, *, reads_images: bool, anew: bool = False
) -> Iterator[tuple[Any, Query]]:
    """Yields sample id and query of each pair, image by image.

    Args:
        samples: a dataset or view that PairLens imported
        field_name: the field for the masks
        reads_images: whether pairs without an image are left out
        anew: whether pairs that have a mask in the field are included
    """
    where = _pending(field_name, reads_images, anew)
    # Queries of one image follow each other, so that a predictor can decode it once.
    order = (fields.IMAGE_DIGEST, fields.IMAGE_ID)
    for doc in store.stream(samples, _READ, where=where, order=order):
        size = doc.get("metadata") or {}
        yield (
            doc["_id"],
            Query(
                key=doc[fields.KEY],
                image_id=doc[fields.IMAGE_ID],
                split=doc.get(fields.SPLIT) or "",
                phrase=doc.get(fields.PHRASE) or "",
                image=Path(doc["filepath"]),
                image_name=(doc.get(fields.SOURCE) or {}).get("image_name", ""),
                image_size=(size.get("width", 0), size.get("height", 0)),
            ),
        )
