"""PairLens as a source of FiftyOne's dataset zoo.

::

    dataset = foz.load_zoo_dataset(
        "https://github.com/pairlens/pairlens", dataset_format="rsteller", root="RSTeller",
        split="train", dataset_name="rsteller",
    )

FiftyOne copies this folder and nothing around it, so that the work is done by the PairLens
that is installed. What is read stays where ``root`` says; nothing of it is copied to the zoo.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

SPLITS = ("train", "val", "test")
_MISSING = (
    "these datasets are read by PairLens, which this Python does not have; get it from "
    "https://github.com/pairlens/pairlens and run: pip install ./pairlens"
)


def download_and_prepare(
    dataset_dir: str, split: str | None = None, root: str | None = None
) -> tuple[None, int, None]:
    """Checks that PairLens is installed and a root is given.

    Args:
        dataset_dir: of the zoo
        split: one of :data:`SPLITS`
        root: as of :func:`load_dataset`

    Returns:
        no dataset type, no samples in the zoo's own folder, no classes

    Raises:
        ImportError: if PairLens is not installed
        ValueError: if ``root`` is missing
    """
    _types()
    _checked(root)
    return None, 0, None


def load_dataset(
    dataset: Any,
    dataset_dir: str,
    split: str | None = None,
    dataset_format: str = "auto",
    root: str | None = None,
    placeholders: bool = False,
    max_samples: int | None = None,
    media_dir: str | None = None,
    strict: bool = False,
    follow_links: bool = False,
    params: Mapping[str, str] | None = None,
) -> None:
    """Adds a split of published files to a dataset.

    Args:
        dataset: of FiftyOne
        dataset_dir: of the zoo
        split: one of :data:`SPLITS`; all of them without it
        dataset_format: the name of a format, such as ``gres``, or ``auto``
        root: a folder, a ``.tar``, a ``.zip`` or ``hf://datasets/OWNER/NAME[@revision]``
        placeholders, max_samples, media_dir, strict, follow_links, params: as of
            :class:`pairlens.importers.dataset_types.RecordDatasetImporter`

    Raises:
        ImportError: if PairLens is not installed
        ValueError: if there is no such format, or ``root`` is missing
    """
    types = _types()
    if dataset_format not in types:
        raise ValueError(f"there is no format {dataset_format!r}; known: {', '.join(types)}")
    splits: Collection[str] = SPLITS if split is None else (split,)
    dataset.add_dir(
        dataset_dir=_checked(root),
        dataset_type=types[dataset_format],
        splits=splits,
        placeholders=placeholders,
        max_samples=max_samples,
        media_dir=media_dir,
        strict=strict,
        follow_links=follow_links,
        params=params,
    )


def _types() -> Mapping[str, Any]:
    try:
        from pairlens.importers.dataset_types import TYPES
    except ImportError as error:
        raise ImportError(_MISSING) from error
    return TYPES


def _checked(root: str | None) -> str:
    if not root:
        raise ValueError("root is missing; give the folder, archive or address of the dataset")
    return root
