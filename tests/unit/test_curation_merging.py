"""Several reviewers' decisions files: merged, and compared. No FiftyOne."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.curation.merging import agreement, merge, verdict_agreement
from pairlens.importers.errors import UsageError

MASK = {"size": [2, 2], "counts": "04", "sha256": "c" * 64}


def line(key: str, verdict: str, reviewer: str = "ann", **more: Any) -> dict[str, Any]:
    return {
        "key": key, "verdict": verdict, "reviewer": reviewer, "time": "2025-03-01T09:30:00.000Z",
        "note": None, "phrase": None, "mask": None,
        "phrase_sha256": "a" * 64, "mask_sha256": "b" * 64, **more,
    }  # fmt: skip


def write(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(one) for one in path.read_text().splitlines()]


# ------------------------------------------------------------------------------ must not


def test_files_that_cannot_be_merged_leave_nothing(tmp_path: Path) -> None:
    one = write(tmp_path / "one", line("a", "keep"))
    twice = write(tmp_path / "twice", line("a", "keep"), line("a", "drop"))
    out = tmp_path / "out"
    for files, prefer, message in (
        ([one], "none", "two decisions files or more"),
        ([one, tmp_path / "sub" / ".." / "one"], "none", "named twice"),
        ([one, twice], "none", "stands already in line 1"),
        ([one, tmp_path / "gone"], "none", "cannot be read"),
        ([one, twice], "loudest", "no preference 'loudest'"),
    ):
        with pytest.raises(UsageError, match=message):
            merge(files, out, prefer=prefer)
        assert not out.exists()
    before = one.read_bytes()
    with pytest.raises(UsageError, match="is one of the files"):
        merge([one, twice], one)
    assert one.read_bytes() == before


def test_files_that_agree_have_no_conflict(tmp_path: Path) -> None:
    later = "2025-03-02T09:30:00.000Z"
    first = write(tmp_path / "1", line("b", "keep"), line("a", "fix", phrase="new", mask=MASK))
    second = write(
        tmp_path / "2",
        line("a", "fix", "bob", phrase="new", mask=MASK, time=later, note="so it is"),
        line("c", "drop", "bob"),
    )
    done = merge([first, second], tmp_path / "out")
    assert (done["merged"], done["agreed"], done["conflicts"]) == (3, 1, [])
    assert done["files"] == {str(first): 2, str(second): 2}
    merged = read(tmp_path / "out")
    assert [one["key"] for one in merged] == ["a", "b", "c"]
    # Of lines that agree the latest stands, as it was written.
    assert merged[0] == read(second)[0]
    assert merge([second, first], tmp_path / "other")["merged"] == 3
    assert (tmp_path / "other").read_bytes() == (tmp_path / "out").read_bytes()


# ----------------------------------------------------------------------------- conflicts


@pytest.mark.parametrize(
    ("theirs", "differ"),
    [
        pytest.param(line("a", "drop", "bob"), ["verdict"], id="verdict"),
        pytest.param(line("a", "fix", "bob", phrase="x"), ["verdict", "phrase"], id="phrase"),
        pytest.param(line("a", "keep", "bob", phrase=""), ["phrase"], id="empty"),
        pytest.param(line("a", "keep", "bob", mask=MASK), ["mask"], id="mask"),
        pytest.param(
            line("a", "keep", "bob", phrase_sha256="d" * 64), ["published phrase"], id="source"
        ),
    ],
)
def test_what_differs_is_listed_and_left_out(
    tmp_path: Path, theirs: dict[str, Any], differ: list[str]
) -> None:
    if theirs["phrase"] == "":
        theirs = theirs | {"phrase": "y"}
    ours = write(tmp_path / "ours", line("a", "keep", note="mine"), line("z", "keep"))
    other = write(tmp_path / "other", theirs)
    done = merge([ours, other], tmp_path / "out")
    [conflict] = done["conflicts"]
    assert (conflict["key"], conflict["differ"], conflict["taken"]) == ("a", differ, None)
    told = [(one["file"], one["line"], one["reviewer"]) for one in conflict["decisions"]]
    assert told == [(str(ours), 1, "ann"), (str(other), 1, "bob")]
    assert conflict["decisions"][0]["note"] == "mine"
    assert [one["key"] for one in read(tmp_path / "out")] == ["z"]


@pytest.mark.parametrize(("prefer", "verdict"), [("newest", "drop"), ("first", "keep")])
def test_a_preference_settles_conflicts_and_lists_them_all_the_same(
    tmp_path: Path, prefer: str, verdict: str
) -> None:
    ours = write(tmp_path / "ours", line("a", "keep", time=None))
    theirs = write(tmp_path / "theirs", line("a", "drop", "bob"))
    done = merge([ours, theirs], tmp_path / "out", prefer=prefer)
    assert [one["verdict"] for one in read(tmp_path / "out")] == [verdict]
    taken = {"newest": theirs, "first": ours}[prefer]
    assert [one["taken"] for one in done["conflicts"]] == [str(taken)]


def test_a_merged_file_can_be_merged_again(tmp_path: Path) -> None:
    files = [write(tmp_path / name, line(name, "keep", name)) for name in "abc"]
    # As some editors save it.
    files[1].write_bytes(b"\xef\xbb\xbf" + files[1].read_bytes().rstrip())
    merge(files[:2], tmp_path / "ab")
    merge([tmp_path / "ab", files[2]], tmp_path / "abc")
    merge(files, tmp_path / "at once")
    assert (tmp_path / "abc").read_bytes() == (tmp_path / "at once").read_bytes()
    assert [one["key"] for one in read(tmp_path / "abc")] == ["a", "b", "c"]


# ----------------------------------------------------------------------------- agreement


@pytest.mark.parametrize(
    ("common", "share", "kappa"),
    [
        pytest.param([], None, None, id="no pair"),
        pytest.param([("keep", "keep")] * 5, 1.0, None, id="one verdict only"),
        pytest.param([("keep", "drop")] * 5, 0.0, 0.0, id="one verdict each"),
        pytest.param([("keep", "keep"), ("drop", "drop")], 1.0, 1.0, id="all alike"),
        pytest.param([("keep", "drop"), ("drop", "keep")], 0.0, -1.0, id="all contrary"),
        # The example of Wikipedia's article on Cohen's kappa: 20, 5, 10 and 15 of 50.
        pytest.param(
            [("keep", "keep")] * 20 + [("keep", "drop")] * 5
            + [("drop", "keep")] * 10 + [("drop", "drop")] * 15,
            0.7, 0.4, id="known",
        ),
    ],
)  # fmt: skip
def test_share_and_kappa_are_as_defined(
    common: list[tuple[str, str]], share: float | None, kappa: float | None
) -> None:
    found = verdict_agreement(common)
    assert found["share"] == share
    assert found["kappa"] == (None if kappa is None else pytest.approx(kappa))
    assert bool(found["why"]) == (kappa is None)
    assert sum(sum(row.values()) for row in found["table"].values()) == len(common)


def test_kappa_is_that_of_another_implementation() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    ours = ["keep", "drop", "fix", "unsure", "keep", "keep", "drop", "fix", "keep", "unsure"]
    theirs = ["keep", "drop", "keep", "unsure", "fix", "keep", "drop", "fix", "drop", "keep"]
    found = verdict_agreement(zip(ours, theirs, strict=True))["kappa"]
    assert found == pytest.approx(metrics.cohen_kappa_score(ours, theirs))


def test_agreement_is_over_pairs_that_both_saw_alike(tmp_path: Path) -> None:
    first = write(
        tmp_path / "1", line("a", "keep"), line("b", "drop"), line("c", "fix"), line("d", "keep")
    )
    second = write(
        tmp_path / "2", line("a", "keep"), line("b", "keep"), line("x", "drop"),
        line("d", "keep", mask_sha256="e" * 64),
    )  # fmt: skip
    found = agreement(first, second)
    assert (found["common"], found["same"], found["different_source"]) == (2, 1, 1)
    assert found["differences"] == [{"key": "b", "first": "drop", "second": "keep"}]
    assert found["table"]["drop"]["keep"] == 1
    back = agreement(second, first)
    assert (back["kappa"], back["table"]["keep"]["drop"]) == (found["kappa"], 1)
