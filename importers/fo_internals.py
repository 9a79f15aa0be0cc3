"""Samples written as FiftyOne would have them written, for versions that ours is not known to suit.

Documents written straight are right as long as FiftyOne stores its samples the way it did in
the versions that were compared; for any other, ``Dataset.add_samples`` decides.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Any

import fiftyone as fo

from importers import fields

COMPARED = ((1, 22), (1, 23))
"""From which version of FiftyOne, and before which, documents were compared by the tests."""

_OWN = ("_id", "_dataset_id", "_rand", "created_at", "last_modified_at")
"""What FiftyOne sets itself."""


def dataset_of(samples: Any) -> Any:
    """The dataset of a dataset or view: itself, or what the view is a view of."""
    return samples._dataset


def collection(samples: Any) -> Any:
    """The MongoDB collection in which the samples of a dataset or view are."""
    return samples._dataset._sample_collection


def dataset_id(samples: Any) -> Any:
    """The ObjectId of the dataset, which stays when it is renamed."""
    return samples._dataset._doc.id


def pipeline(samples: Any) -> list[dict[str, Any]]:
    """The MongoDB stages that a view adds; none for a dataset."""
    return list(samples._pipeline())


def evaluation_runs(dataset: Any) -> Any:
    """The stored evaluation runs of a dataset by key; those that came to an end have results."""
    return dataset._doc.evaluations


def is_needed() -> bool:
    """Whether the installed FiftyOne is one whose documents nobody compared; warns once."""
    version = str(fo.__version__)
    if _is_compared(version):
        return False
    _warn(version)
    return True


def _is_compared(version: str) -> bool:
    found = re.match(r"([0-9]+)\.([0-9]+)", version)
    return found is not None and COMPARED[0] <= (int(found[1]), int(found[2])) < COMPARED[1]


@cache
def _warn(version: str) -> None:
    first = ".".join(map(str, COMPARED[0]))
    warnings.warn(
        f"FiftyOne {version} may store samples otherwise than {first}, for which PairLens writes "
        "them straight: they are written through Dataset.add_samples, which takes far longer",
        stacklevel=4,
    )


def add_samples(dataset: Any, docs: list[dict[str, Any]]) -> int:
    """Adds documents as samples; keys that are there already are left alone.

    Returns:
        the number added
    """
    keys = [doc[fields.KEY] for doc in docs]
    there = set(dataset.match(fo.ViewField(fields.KEY).is_in(keys)).values(fields.KEY))
    samples = [_sample(doc) for doc in docs if doc[fields.KEY] not in there]
    dataset.add_samples(samples, progress=False)
    return len(samples)


def _sample(doc: dict[str, Any]) -> Any:
    return fo.Sample.from_dict({name: v for name, v in doc.items() if name not in _OWN})
