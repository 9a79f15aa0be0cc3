"""The decisions file: out of one dataset, into another copy of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.curation import decisions, undoing, verdict_counts, verdicts
from pairlens.fiftyone_plugin.curation.verdicts import Verdict
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers import fo_internals, store
from pairlens.importers.errors import UsageError
from pairlens.importers.ingest import import_dataset
from tests.mongo.curating import predict
from tests.mongo.reviewing import documents, history, keys, set_states, state


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "gres", images=4, size=256).root


@pytest.fixture
def dataset(dataset_name: str, source: Path) -> Any:
    import_dataset("gres", source, dataset_name)
    return fo.load_dataset(dataset_name)


@pytest.fixture(scope="module")
def shared(source: Path) -> Iterator[Any]:
    """For tests that leave the dataset as it was, and say so: an import takes a second."""
    name = f"test-{uuid4().hex[:12]}"
    import_dataset("gres", source, name)
    yield fo.load_dataset(name)
    fo.delete_dataset(name)


def reviewed(dataset: Any) -> list[str]:
    """Gives verdicts of all kinds; an edit under each of two verdicts."""
    a, b, c, d, e = keys(dataset)[:5]
    verdicts.set_verdicts(
        dataset,
        [Verdict(a, "fix", 'the "œuvre" \\ 屋'), Verdict(e, "fix", "an edit"), Verdict(b, "drop")],
        reviewer="ann",
    )
    verdicts.judge(dataset, e, "keep", note="two\nlines", reviewer="bob")
    verdicts.set_verdicts(dataset, [Verdict(c, "unsure"), Verdict(d, "keep", note="ok")])
    return [a, b, c, d, e]


def copy_of(dataset: Any, root: Path) -> Any:
    name = f"{dataset.name}-copy"
    import_dataset("gres", root, name)
    return fo.load_dataset(name)


def test_applying_a_dump_to_its_own_dataset_changes_nothing(dataset: Any, tmp_path: Path) -> None:
    marked = reviewed(dataset)
    file = tmp_path / "decisions.jsonl"
    assert decisions.dump(dataset, file) == 5
    before, logged = documents(dataset), len(history(dataset))
    assert decisions.apply(dataset, file) == {"applied": 5, "edited": 2, "stale": [], "unknown": []}
    assert documents(dataset) == before
    assert len(history(dataset)) == logged
    assert [json.loads(line)["key"] for line in file.read_bytes().splitlines()] == marked


def test_the_samples_are_not_gone_through_for_each_batch_of_lines(
    dataset: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every, file = keys(dataset), tmp_path / "decisions.jsonl"
    predict(dataset, tmp_path)
    verdicts.set_verdicts(dataset, [Verdict(key, "drop") for key in every], reviewer="ann")
    for key in (every[0], every[-1]):  # of the first batch, and of the last
        verdicts.judge(dataset, key, "fix", mask_from="model", reviewer="ann")
    assert decisions.dump(dataset, file) == len(every) > 6
    published = {d.get("original_mask") is None for d in documents(dataset).values()}
    assert published == {True, False}
    verdicts.set_verdicts(dataset, [Verdict(key, "keep") for key in every], reviewer="ann")
    samples = fo_internals.collection(dataset)
    monkeypatch.setattr(store, "BATCH", 2)
    samples.database.command("profile", 2)
    try:
        assert decisions.apply(dataset, file)["applied"] == len(every)
    finally:
        samples.database.command("profile", 0)
    of_samples = {"ns": samples.full_name, "planSummary": {"$exists": True}}
    plans = [one["planSummary"] for one in samples.database["system.profile"].find(of_samples)]
    samples.database.drop_collection("system.profile")
    assert len(plans) > len(every) / 2 and plans.count("COLLSCAN") <= 1


def test_a_dump_says_what_it_should(dataset: Any, tmp_path: Path) -> None:
    key = keys(dataset)[0]
    before = documents(dataset)[key]
    verdicts.judge(dataset, key, "fix", phrase="an edit", note="why", reviewer="ann")
    decisions.dump(dataset, tmp_path / "deep" / "d.jsonl")
    [line] = (tmp_path / "deep" / "d.jsonl").read_text("ascii").splitlines()
    time = documents(dataset)[key]["reviewed_at"].isoformat(timespec="milliseconds")
    assert json.loads(line) == {
        "key": key,
        "verdict": "fix",
        "reviewer": "ann",
        "time": f"{time}Z",
        "note": "why",
        "phrase": "an edit",
        "mask": None,
        "phrase_sha256": sha256(before["phrase"].encode()).hexdigest(),
        "mask_sha256": before["mask_stats"]["digest"],
    }


def test_a_dump_carries_the_cleaning_to_another_copy(
    dataset: Any, source: Path, tmp_path: Path
) -> None:
    reviewed(dataset)
    decisions.dump(dataset, tmp_path / "one.jsonl")
    other = copy_of(dataset, source)
    before = set_states(other)
    assert decisions.apply(other, tmp_path / "one.jsonl")["applied"] == 5
    assert set_states(other) == set_states(dataset)
    decisions.dump(other, tmp_path / "two.jsonl")
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()
    assert undoing.undo(other, force=True)["pairs"] == 5
    assert set_states(other) == before


def test_stale_and_unknown_lines_are_reported_and_left_alone(
    dataset: Any, source: Path, tmp_path: Path
) -> None:
    every = [k for k in keys(dataset) if "/train/" in k]
    first, second = every[0], next(k for k in every if k.split("#")[0] != every[0].split("#")[0])
    verdicts.set_verdicts(dataset, [Verdict(k, "drop") for k in keys(dataset)])
    decisions.dump(dataset, tmp_path / "d.jsonl")

    changed = tmp_path / "changed"
    shutil.copytree(source, changed)
    name = first.split("/")[2].split("#")[0]
    file = changed / f"gres_annotations/train/{name}.json"
    content = json.loads(file.read_bytes())
    content["text"] = ["another query", *content["text"][1:-1]]
    file.write_text(json.dumps(content))
    file = changed / f"gres_annotations/train/{second.split('/')[2].split('#')[0]}.json"
    content = json.loads(file.read_bytes())
    content["shapes"][0]["points"] = [[1, 1], [30, 1], [30, 30]]
    file.write_text(json.dumps(content))

    other = copy_of(dataset, changed)
    report = decisions.apply(other, tmp_path / "d.jsonl")
    stem = second.split("#")[0]
    masks = [k for k in every if k.startswith(f"{stem}#")]
    assert {s["key"]: s["reason"] for s in report["stale"]} == {
        first: "the phrase is not the one that was reviewed",
        **dict.fromkeys(masks, "the mask is not the one that was reviewed"),
    }
    gone = sorted(set(keys(dataset)) - set(keys(other)))
    assert [u["key"] for u in report["unknown"]] == gone
    assert report["applied"] == len(keys(dataset)) - len(report["stale"]) - len(gone)
    assert verdict_counts.status(other)["drop"] == report["applied"]
    lines = (tmp_path / "d.jsonl").read_text().splitlines()
    assert json.loads(lines[report["stale"][0]["line"] - 1])["key"] == first


def test_a_phrase_edited_in_the_copy_is_set_back_where_the_line_has_none(
    dataset: Any, source: Path, tmp_path: Path
) -> None:
    key = keys(dataset)[0]
    verdicts.judge(dataset, key, "keep")
    decisions.dump(dataset, tmp_path / "d.jsonl")
    verdicts.judge(dataset, key, "fix", phrase="an edit")
    assert decisions.apply(dataset, tmp_path / "d.jsonl")["applied"] == 1
    verdict, _, _, _, phrase, original = state(dataset, key)
    assert (verdict, original) == ("keep", None)
    assert phrase != "an edit"


BROKEN: dict[str, tuple[dict[str, Any] | bytes, str]] = {
    "cut short": (b'{"key": "a"', "not JSON"),
    "not utf-8": (b'{"key": "\xff"}', "not JSON in utf-8"),
    "a list": (b"[1]", "no JSON object"),
    "deep": (b"[" * 100_000, "not JSON"),
    "a long number": (b'{"key": ' + b"1" * 10_000 + b"}", "not JSON"),
    "too long": (b'{"note": "' + b"x" * (1 << 21) + b'"}', "longer than 2,097,152 bytes"),
    "no key": ({"key": None}, "no 'key'"),
    "a number as key": ({"key": 7}, "no 'key'"),
    "half a surrogate": ({"key": "\ud800"}, "surrogate"),
    "unknown verdict": ({"verdict": "perhaps"}, "no verdict 'perhaps'"),
    "a list as verdict": ({"verdict": ["keep"]}, "no verdict"),
    "no time": ({"time": "yesterday"}, "'time'"),
    "a number as time": ({"time": 7}, "'time'"),
    "a time before all": ({"time": "0001-01-01T00:00:00+14:00"}, "'time'"),
    "no hash": ({"phrase_sha256": None}, "no 'phrase_sha256'.*--dump or --suggest"),
    "a short hash": ({"mask_sha256": "abc"}, "'mask_sha256'"),
    "a number as note": ({"note": 7}, "the note is int"),
    "a text as mask": ({"mask": "x"}, "neither null nor an object"),
    "a mask without a hash": ({"mask": {"size": [2, 2], "counts": "04"}}, "'sha256'"),
    "runs past the mask": (
        {"mask": {"size": [2, 2], "counts": "09", "sha256": "0" * 64}},
        "'mask' cannot be",
    ),
    "a mask larger than any": (
        {"mask": {"size": [1 << 20, 1 << 20], "counts": "0", "sha256": "0" * 64}},
        "too many",
    ),
    "counts past the bound": (
        {"mask": {"size": [2, 2], "counts": "0" * ((1 << 20) + 1), "sha256": "0" * 64}},
        "no counts of at most",
    ),
    "line break in the phrase": ({"phrase": "a\nb"}, "line break"),
    "the key again": ({}, "stands already in line 1"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_line_is_named_and_nothing_is_applied(
    shared: Any, tmp_path: Path, name: str
) -> None:
    line, message = BROKEN[name]
    verdicts.judge(shared, keys(shared)[0], "drop")
    file = tmp_path / "decisions.jsonl"
    decisions.dump(shared, file)
    undoing.undo(shared, force=True)
    good = file.read_bytes()
    if isinstance(line, dict):
        line = json.dumps(json.loads(good) | line).encode()
    file.write_bytes(good + b"\n" + line + b"\n")
    before = documents(shared)
    with pytest.raises(UsageError, match=rf"decisions\.jsonl line 3: .*{message}") as raised:
        decisions.apply(shared, file)
    assert len(str(raised.value)) < 500
    assert documents(shared) == before


def test_a_file_that_cannot_be_written_is_a_failure(
    shared: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full or locked disk is nothing that was called wrongly."""
    files = [str(tmp_path / name) for name in ("a.jsonl", "b.jsonl")]
    for file in files:
        assert main(["review", shared.name, "--dump", file]) == 0
    out = f"{files[0]}/out.jsonl"
    for command in (
        [shared.name, "--dump", out], [shared.name, "--suggest", "--out", out],
        ["--merge", *files, "--out", out],
    ):  # fmt: skip
        assert main(["review", *command]) == 1
        assert f"pairlens: {out} cannot be written (" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(shared: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.jsonl cannot be read"):
        decisions.apply(shared, tmp_path / "none.jsonl")
