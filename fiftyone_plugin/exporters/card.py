"""The dataset card of an export: ``README.md``, as the Hugging Face hub shows it.

What stands between the lines of dashes at its top is the hub's metadata:
https://huggingface.co/docs/hub/datasets-cards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.base import samples_of_kind
from pairlens.importers.records import Kind

_TASKS: dict[Kind, tuple[str, str]] = {
    "pairs": ("image-segmentation", "referring-segmentation"),
    "captions": ("image-to-text", "image-captioning"),
    "instructions": ("visual-question-answering", "instruction-tuning"),
}
"""The hub's category of the task, and the tag by which people look for it."""

_SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
)  # fmt: skip
_LARGEST = "1M<n<10M"

_SELECTED = {
    "kept": "what a reviewer kept or mended",
    "clean": "what no reviewer dropped and no open finding of severity error speaks against",
    "quiet": "what no reviewer dropped and no open finding of severity error or warning speaks "
    "against",
    "all": "everything",
}

_HF = """\
```python
from datasets import load_dataset

dataset = load_dataset("{place}")
```

"""
_FIFTYONE_HUB = """\
```python
from fiftyone.utils.huggingface import load_from_hub

dataset = load_from_hub("{place}", persistent=True)
```

"""
_FIFTYONE = """\
```python
import fiftyone as fo

dataset = fo.Dataset.from_dir("{place}", dataset_type=fo.types.FiftyOneDataset, persistent=True)
```

"""

_CARD = """\
# {dataset}

A cleaned copy of {root}{title}, in the layout of {format}, written by
[PairLens](https://github.com/pairlens/pairlens) from the FiftyOne dataset {dataset}.

| | |
|---|---|
| {what} exported | {exported:,} |
| of these with an edited text | {edited:,} |
| {what} left out | {dropped:,} |
| records of these files that were not imported | {not_imported:,} |
| images copied | {images:,} |
{splits}
## Use

{use}Back in PairLens: `pairlens import {format} {again} --name N`.

## How it was cleaned

The selection `{select}` takes {selected}.

{reasons}- [manifest.json](manifest.json) says which {what} were left out or edited, and why.
- [decisions.jsonl](decisions.jsonl) holds the reviewers' verdicts{verdicts}. With one's own copy
  of the published data, the same cleaning is had by `pairlens import {source_format} ROOT --name N`
  and `pairlens review DATASET --apply decisions.jsonl`.
{native}
## Licence

{licence}The licence of the published dataset holds for this copy, for its annotations and for its
images each. Read it before passing the copy on; some images may not be passed on at all.
"""

_NATIVE = "\nRecords that were not edited are byte for byte as published.\n"


def card(head: Mapping[str, Any], front: Mapping[str, Any], repo: str | None = None) -> str:
    """The dataset card of an export, in Markdown.

    Args:
        head: head of the manifest
        front: metadata of the layout for the hub, such as ``configs``
        repo: ``OWNER/NAME`` of the target repository
    """
    counts, kind = head["counts"], head["kind"]
    source = head["source"]["format"]
    known = FORMATS[source] if source in {*FORMATS} else None  # else it was adopted
    metadata = {
        "license": (known and known.licence) or "unknown",
        "pretty_name": " ".join(head["dataset"].split()),
        "task_categories": [_TASKS[kind][0]],
        "tags": ["remote-sensing", _TASKS[kind][1], "pairlens", *_extra_tags(head["format"])],
        "size_categories": [_size(counts["exported"])],
        **front,
    }
    text = _CARD.format(
        dataset=_code(head["dataset"]),
        root=_code(head["source"]["root"]),
        title=f" ({known.title})" if known and not known.own_keys else "",
        format=head["format"],
        what=samples_of_kind(kind),
        select=head["select"].replace("`", "'"),
        selected=_SELECTED.get(head["select"], "what was asked for by that name"),
        splits=_splits(head["splits"]),
        use=_use(head["format"], repo),
        again=f"hf://datasets/{repo}" if repo else "THIS_FOLDER",
        reasons=_reasons(head["reasons"], samples_of_kind(kind)),
        verdicts=_verdicts(head["review"]["reviewers"]),
        source_format=source,
        native=_NATIVE if head["format"] == source and known and known.exporter else "",
        licence=f"{known.title} is published under {known.licence}. " * bool(known.licence)
        if known
        else "",
        **{name: counts[name] for name in ("exported", "edited", "dropped", "not_imported",
                                           "images")},
    )  # fmt: skip
    return f"---\n{yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)}---\n\n{text}"


def _extra_tags(format_name: str) -> list[str]:
    return ["fiftyone", "image"] if format_name == "fiftyone" else []


def _size(exported: int) -> str:
    return next((name for most, name in _SIZES if exported < most), _LARGEST)


def _splits(splits: Mapping[str, Mapping[str, int]]) -> str:
    return "".join(
        f"| {_code(split)}: exported of {numbers['pairs']:,} | {numbers['exported']:,} |\n"
        for split, numbers in splits.items()
    )


def _use(format_name: str, repo: str | None) -> str:
    if format_name == "hf":
        return _HF.format(place=repo or "THIS_FOLDER")
    if format_name == "fiftyone":
        return (_FIFTYONE_HUB if repo else _FIFTYONE).format(place=repo or "THIS_FOLDER")
    return ""


def _reasons(reasons: Mapping[str, int], what: str) -> str:
    """A table of why samples were left out; a sample with several findings counts for each."""
    if not reasons:
        return ""
    ranked = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    rows = "".join(f"| {_code(reason)} | {count:,} |\n" for reason, count in ranked)
    return f"| left out for | {what} |\n|---|---|\n{rows}\n"


def _verdicts(reviewers: Mapping[str, Mapping[str, int]]) -> str:
    """The number of verdicts of each kind, for example `` (keep 3, drop 1)``."""
    kinds: dict[str, int] = {}
    for counted in reviewers.values():
        for kind, count in counted.items():
            kinds[kind] = kinds.get(kind, 0) + count
    counts = ", ".join(f"{kind} {count:,}" for kind, count in kinds.items() if count)
    return f" ({counts})" if counts else ""


def _code(name: str) -> str:
    """A name as code, which Markdown shows as it is."""
    return f"`{' '.join(name.replace('`', chr(39)).split())}`"
