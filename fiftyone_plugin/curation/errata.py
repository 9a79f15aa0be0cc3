"""Errata: the verdicts on a dataset, published on the hub for whoever has a copy of it.

An erratum is a decisions file (:mod:`.decisions`) in a dataset repository, with a card. Its lines
name pairs by key and by the digests of their text and mask, so that one who applies it learns which
of the pairs are others now.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypedDict

from pairlens.fiftyone_plugin.curation import decisions, verdict_counts
from pairlens.fiftyone_plugin.curation.decisions import Applied
from pairlens.fiftyone_plugin.curation.texts import VERDICTS
from pairlens.importers import hub, store
from pairlens.importers.errors import StateError, UsageError

FILE = "errata.jsonl"
"""The name of the decisions file in the repository."""

CARD = "README.md"


class Published(TypedDict):
    """An erratum that was published."""

    published: int
    verdicts: dict[str, int]
    repo: str
    address: str
    file: str


def publish(samples: Any, address: str) -> Published:
    """Publishes the verdicts on a dataset or view; a missing repository is created, private.

    A card that the repository has is left as it is, and so is everything else but the erratum,
    whose earlier versions stay in the history.

    Args:
        samples: a dataset or view that PairLens imported
        address: ``hf://datasets/OWNER/NAME``

    Raises:
        UsageError: if it is no such address, or names a revision
        StateError: if there is no verdict, or the hub cannot be reached or refuses
    """
    place = hub.parse_address(address)
    if place.revision:
        raise UsageError(
            f"an erratum is published on the default branch; leave out @{place.revision}"
        )
    status = verdict_counts.status(samples)
    counts = {verdict: status[verdict] for verdict in VERDICTS if status[verdict]}
    if not counts:
        raise StateError("there is no verdict to publish")
    with TemporaryDirectory(prefix="pairlens-") as folder:
        count = decisions.dump(samples, Path(folder) / FILE)
        card = _card(store.info(samples).get("format") or "", place.repo, count, counts)
        (Path(folder) / CARD).write_text(card, "utf-8")
        page = hub.push(Path(folder), place.repo, keep=(CARD,))
    plain = f"{hub.SCHEME}datasets/{place.repo}"
    return {
        "published": count, "verdicts": counts, "repo": page, "address": plain, "file": FILE,
    }  # fmt: skip


def apply(dataset: Any, source: Path | str) -> Applied:
    """Applies a decisions file, or the erratum of a repository; see :func:`.decisions.apply`.

    Args:
        dataset: a dataset that PairLens imported
        source: the file, or ``hf://datasets/OWNER/NAME[@revision]``

    Raises:
        UsageError: if a line is broken; then nothing was applied
        StateError: if the repository cannot be read or has no erratum
    """
    return decisions.apply(dataset, _fetched(str(source)))


def _fetched(source: str) -> Path:
    """The decisions file, fetched where it is on the hub."""
    if not hub.is_address(source):
        return Path(source)
    address = hub.parse_address(source)

    def wanted(names: Sequence[str]) -> list[str]:
        if FILE not in names:
            raise StateError(
                f"{address.repo} has no {FILE}; pairlens review DATASET --publish {source} "
                "writes one"
            )
        return [FILE]

    return hub.fetch(address, wanted) / FILE


def _card(format_name: str, repo: str, count: int, counts: dict[str, int]) -> str:
    told = ", ".join(f"{number:,} {verdict}" for verdict, number in counts.items())
    title = json.dumps(f"Erratum to {format_name}")
    return f"""---
pretty_name: {title}
tags:
- pairlens
---

# Erratum to {format_name}

{count:,} decisions on pairs of `{format_name}`: {told}. No image, query or mask of the dataset is
here, except texts and masks that reviewers put in the place of published ones.

`{FILE}` has a JSON object a line: the key of a pair, the verdict (`keep`, `drop`, `fix`,
`unsure`) with reviewer, time and note, the text or mask that mends it, and SHA-256 digests of the
text and of the mask that were reviewed. With [PairLens](https://github.com/pairlens/pairlens):

    pairlens review NAME --apply {hub.SCHEME}datasets/{repo}

A pair whose text or mask is another than was reviewed is left alone and named.
"""
