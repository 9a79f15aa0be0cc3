"""What a reviewer edits where there is no query: the caption, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.curation import decisions, undoing, verdicts
from pairlens.fiftyone_plugin.curation.verdicts import Verdict
from pairlens.importers.errors import UsageError
from pairlens.importers.ingest import import_dataset
from tests.layouts import PUBLISHED
from tests.mongo.comparing import said
from tests.mongo.reviewing import documents


@pytest.fixture
def dataset(dataset_name: str, tmp_path: Path) -> Any:
    """Images of which some have answers and no caption."""
    root = PUBLISHED["rsgpt4v"].make(tmp_path / "published")
    (root / "Captions.jsonl").unlink()
    import_dataset("rsgpt4v", root, dataset_name)
    return fo.load_dataset(dataset_name)


@pytest.fixture
def mute(dataset: Any) -> str:
    return min(key for key, d in documents(dataset).items() if d.get("caption") is None)


@pytest.fixture
def captioned(dataset: Any) -> str:
    return min(key for key, d in documents(dataset).items() if d.get("caption"))


def test_no_text_is_given_to_what_has_none(dataset: Any, mute: str, captioned: str) -> None:
    before = documents(dataset)
    both = [Verdict(captioned, "fix", "A harbour."), Verdict(mute, "fix", "A harbour.")]
    with pytest.raises(UsageError, match=f"'{mute}' has no text that could be edited"):
        verdicts.set_verdicts(dataset, both)
    assert documents(dataset) == before


def test_decisions_give_it_none_either(dataset: Any, mute: str, tmp_path: Path) -> None:
    file = tmp_path / "decisions.jsonl"
    verdicts.judge(dataset, mute, "keep")
    decided = said(documents(dataset))
    decisions.dump(dataset, file)
    undoing.undo(dataset, force=True)
    assert decisions.apply(dataset, file)["applied"] == 1
    assert said(documents(dataset)) == decided
    line = json.loads(file.read_bytes()) | {"verdict": "fix", "phrase": "A harbour."}
    file.write_text(json.dumps(line))
    (stale,) = decisions.apply(dataset, file)["stale"]
    assert stale["reason"] == "there is no text that could be edited"
    assert said(documents(dataset)) == decided


def test_a_caption_is_edited_and_taken_back(dataset: Any, captioned: str) -> None:
    published = documents(dataset)[captioned]["caption"]
    verdicts.judge(dataset, captioned, "fix", phrase=" A harbour. ")
    document = documents(dataset)[captioned]
    assert (document["caption"], document["original_phrase"]) == ("A harbour.", published)
    assert "phrase" not in document
    undoing.undo(dataset, force=True)
    document = documents(dataset)[captioned]
    assert document["caption"] == published and "original_phrase" not in document
