"""Precision, recall and calibration of findings by read pairs, on tables worked by hand."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import bench_truth  # noqa: E402
import truth_scores as scores  # noqa: E402
from truth_scores import Flag, Label  # noqa: E402


def read(key: str, bad: bool | None, sample: str = "unflagged", **more) -> Label:
    return Label(key, "place" if bad else "", bad, sample, **more)


def flag(severity: str = "warning", score: float = 0.2, check: str = "a") -> list[Flag]:
    return [Flag(check, severity, score)]


def test_samples_of_the_same_pairs_are_one() -> None:
    first, second = ([read(f"a#{n}", False, fraction=0.2)] for n in range(2))
    pooled = bench_truth.pooled([first, [*second, read("b#0", True, "listed")]])
    fractions = {one.key: one.fraction for one in pooled}
    assert fractions == {"a#0": 0.4, "a#1": 0.4, "b#0": 1.0}


@pytest.mark.parametrize(
    ("count", "total", "expected"),
    [
        pytest.param(0, 0, (0.0, 1.0), id="nothing known"),
        pytest.param(0, 10, (0.0, 0.3085), id="none of ten"),
        pytest.param(10, 10, (0.6915, 1.0), id="ten of ten"),
        pytest.param(2, 20, (0.0123, 0.3170), id="as in tables"),
        pytest.param(24, 400, (0.0388, 0.0880), id="large"),
    ],
)
def test_clopper_pearson(count: int, total: int, expected: tuple[float, float]):
    assert scores.clopper_pearson(count, total) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("said", "expected"),
    [([False], False), ([False, None], None), ([None, True], True), ([False, True], True)],
)
def test_a_pair_is_bad_if_any_label_says_so(said: list[bool | None], expected: bool | None):
    assert scores.verdict(read("k", bad) for bad in said) is expected


# Of 204 pairs 4 are flagged and all read: 3 bad, 1 arguable. Of the other 200 a tenth is read:
# 2 bad, 1 arguable, 17 good.
FLAGGED = [read(f"f{n}", bad, "flagged") for n, bad in enumerate([True, True, True, None])]
DRAWN = [read(f"u{n}", bad, fraction=0.1) for n, bad in enumerate([True] * 2 + [None])]
GOOD = [read(f"g{n}", False, fraction=0.1) for n in range(17)]
TABLE = [*FLAGGED, *DRAWN, *GOOD]
BEFORE = {label.key for label in FLAGGED}


def test_recall_weights_what_was_drawn():
    found = scores.recall(TABLE, BEFORE)
    assert (found["found"], found["missed"]) == (3, 2)
    assert found["bad_pairs"] == 3 + 2 * 10
    assert found["recall"] == pytest.approx(3 / 23, abs=1e-4)
    # 2 of 20 are missed, of all 200 between 1.23 and 31.70 %; the three found are certain
    assert found["interval"] == pytest.approx((3 / (3 + 63.4), 3 / (3 + 2.46)), abs=2e-3)


def test_recall_of_a_better_check():
    found = scores.recall(TABLE, BEFORE | {"u0", "g0"})
    assert found["recall"] == pytest.approx((3 + 10) / 23, abs=1e-4)
    low, high = found["interval"]
    assert low < 13 / 23 < high
    # Both counts, of 1 of 20 each, are uncertain now: 2.5 % may err in each
    ends = [20 * 10 * end for end in scores.clopper_pearson(1, 20, 0.975)]
    assert (low, high) == pytest.approx(
        ((3 + ends[0]) / (3 + ends[0] + ends[1]), (3 + ends[1]) / (3 + ends[1] + ends[0])),
        abs=2e-3,
    )


def test_recall_of_a_check_that_lost_a_pair():
    found = scores.recall(TABLE, BEFORE - {"f0"})
    assert (found["found"], found["missed"]) == (2, 3)
    assert found["recall"] == pytest.approx(2 / 23, abs=1e-4)


def test_where_all_is_read_recall_is_certain():
    labels = [read("a", True), read("b", True), read("c", False)]
    found = scores.recall(labels, {"a"})
    assert found["recall"] == 0.5 and found["interval"] == (0.5, 0.5)


def test_examples_and_flagged_pairs_alone_say_nothing_about_recall():
    listed = [read(f"l{n}", True, "listed") for n in range(9)]
    assert scores.recall([*listed, *TABLE], BEFORE) == scores.recall(TABLE, BEFORE)
    alone = scores.recall([*FLAGGED, *listed], BEFORE)
    assert alone["recall"] is None and alone["interval"] == (0.0, 1.0)


def test_good_pairs_newly_flagged():
    found = scores.newly_flagged(TABLE, BEFORE | {"u0", "u2", "g0"})
    assert (found["flagged"], found["good"]) == (1, 17)
    assert found["share"] == pytest.approx(1 / 17, abs=1e-4)
    mixed = [read("half", False, fraction=0.5), *GOOD]
    assert scores.newly_flagged(mixed, {"half"})["share"] == pytest.approx(2 / 172, abs=1e-4)


def test_precision_is_weighted_and_counts_are_not():
    labels = [read("sure", True, "flagged", check="a"), *DRAWN, *GOOD]
    flags = {key: flag() for key in ("sure", "u0", "u2", "g0", "unread")}
    (row,) = scores.by_check(scores.judge(labels, flags)).values()
    assert (row["right"], row["arguable"], row["wrong"]) == (2, 1, 1)
    assert row["precision"] == pytest.approx((1 + 10) / (1 + 10 + 10), abs=1e-4)
    assert row["precision_strict"] == pytest.approx((1 + 10) / (1 + 10 + 10 + 10), abs=1e-4)
    assert row["interval"] == pytest.approx(scores.clopper_pearson(2, 3))


def test_a_label_that_names_a_check_judges_no_other():
    labels = [read("k", True, "flagged", check="a")]
    flags = {"k": [*flag(check="a"), *flag(check="b")]}
    assert [one.flag.check for one in scores.judge(labels, flags)] == ["a"]
    whole = [*labels, read("k", False)]
    verdicts = {one.flag.check: one.bad for one in scores.judge(whole, flags)}
    assert verdicts == {"a": True, "b": False}


def test_examples_judge_no_finding():
    assert not list(scores.judge([read("k", True, "listed")], {"k": flag()}))


def test_a_pair_counts_once_at_its_worst_severity():
    labels = [read("k", True), read("i", False)]
    flags = {"k": [*flag("info"), *flag("warning", check="b")], "i": flag("info")}
    rows = scores.by_severity(scores.judge(labels, flags))
    assert (rows["warning"]["right"], rows["info"]["right"], rows["info"]["wrong"]) == (1, 0, 1)
    assert rows["error"]["precision"] is None


def test_kinds_count_labels_of_all_samples():
    labels = [read("a", True, "listed"), read("b", True), read("c", False), read("d", None)]
    rows = scores.by_kind(labels, {"a", "c"})
    assert rows["place"] == {"bad": 2, "bad_flagged": 1}
    assert rows["-"] == {"good": 1, "good_flagged": 1, "arguable": 1, "arguable_flagged": 0}


def test_calibration():
    labels = [read("a", True), read("b", False), read("c", True), read("d", None)]
    flags = {
        key: flag(score=score) for key, score in zip("abcd", (0.2, 0.2, 1.0, 0.2), strict=True)
    }
    found = scores.calibration(list(scores.judge(labels, flags)))
    assert found["bins"] == [
        {"mean_score": 0.2, "share_bad": 0.5, "n": 2},
        {"mean_score": 1.0, "share_bad": 1.0, "n": 1},
    ]
    assert found["brier"] == pytest.approx((0.2**2 + 0.8**2 + 1.0**2) / 3, abs=1e-4)


def test_calibration_is_weighted():
    labels = [read("a", True, "flagged", check="a"), read("b", False, fraction=0.25)]
    found = scores.calibration(list(scores.judge(labels, {"a": flag(), "b": flag()})))
    assert found["bins"] == [{"mean_score": 0.2, "share_bad": 0.2, "n": 2}]
    assert found["brier"] == pytest.approx((0.2**2 + 4 * 0.8**2) / 5, abs=1e-4)


@pytest.mark.parametrize("number", [9, 12])
def test_the_half_is_the_first_bit_of_the_digest(number: int):
    image = f"lisat_gres_{number:012}"
    first = int(hashlib.sha256(image.encode()).hexdigest()[0], 16)
    assert bench_truth.half_of(image) == ("tune" if first < 8 else "report")
    assert bench_truth.image_of(f"gres/train/{image}#2") == image


def test_halves_are_near_in_size():
    halves = Counter(bench_truth.half_of(f"lisat_gres_{n:012}") for n in range(2000))
    assert 900 < halves["tune"] < 1100


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"key": "k", "kind": "", "bad": true}', "sample"),
        ('{"key": "k", "kind": "", "bad": true, "sample": "info", "why": ""}', "why"),
        ('{"key": "k", "kind": "", "bad": true, "sample": "info", "fraction": 0}', "fraction"),
    ],
)
def test_labels_that_cannot_be_meant(tmp_path: Path, line: str, complaint: str):
    path = tmp_path / "labels.jsonl"
    path.write_text(f"\n{line}\n", "utf-8")
    with pytest.raises(ValueError, match=complaint):
        bench_truth.read_labels([path])


def test_it_runs_on_files_alone(tmp_path: Path):
    labels, keys, findings = (tmp_path / name for name in ("labels", "keys", "findings"))
    labels.write_text(
        '{"key": "g/a#0", "kind": "place", "bad": true, "sample": "flagged", "check": "p"}\n'
        '{"key": "g/b#0", "kind": "", "bad": false, "sample": "unflagged", "fraction": 0.5}\n'
        '{"key": "g/gone#0", "kind": "size", "bad": true, "sample": "unflagged"}\n'
    )
    keys.write_text('g/a#0\n{"key": "g/b#0"}\n')
    lines = [
        {"key": "g/a#0", "check": "p", "severity": "warning", "score": 0.1},
        {"key": "g/b#0", "check": "image_missing", "severity": "error", "score": 0.5},
    ]
    findings.write_text("\n".join(map(json.dumps, lines)))
    command = [sys.executable, str(BENCHMARKS / "bench_truth.py"), "--labels", str(labels)]
    command += ["--keys", str(keys), "--findings", str(findings)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert (result["pairs"], result["labels"], result["flagged_above_info"]) == (2, 2, 1)
    assert result["recall_above_info"]["recall"] == 1.0
    assert result["by_check"]["p (warning)"]["right"] == 1
    assert "recall above info 100.0%" in done.stderr


def test_errors_are_listed_of_the_half_that_is_tuned_on_only(tmp_path: Path):
    labels = [read("a", True, "listed"), read("b", True), read("c", False), read("d", True)]
    flags = {"b": flag(), "c": flag(check="late"), "d": flag("info")}
    assert list(bench_truth.errors(labels, flags)) == [
        "wrong: c late",
        "missed: a place",
        "missed: d place",
    ]
    command = [sys.executable, str(BENCHMARKS / "bench_truth.py"), "name", "--labels", "x"]
    done = subprocess.run(
        [*command, "--list", "--half", "report"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2 and "not tuned on" in done.stderr


def test_the_sample_is_the_one_that_is_drawn(shared_data: Path):
    keys = {
        f"gres/{split}/{file.stem}#{number}"
        for split in ("train", "val", "test")
        for file in (shared_data / "gres" / "gres_annotations" / split).glob("*.json")
        if bench_truth.half_of(file.stem) == "report"
        for number in range(len(json.loads(file.read_text("utf-8"))["text"]))
    }
    labels = bench_truth.read_labels([BENCHMARKS / "data" / "gres_labels_report.jsonl"])
    by_sample = {
        sample: {label.key for label in labels if label.sample == sample}
        for sample in ("flagged", "unflagged")
    }
    rest = keys - by_sample["flagged"]
    assert set(bench_truth.draw(rest, 400)) == by_sample["unflagged"]
    (fraction,) = {label.fraction for label in labels if label.sample == "unflagged"}
    assert fraction == pytest.approx(400 / len(rest), abs=1e-6)

    later = bench_truth.read_labels([BENCHMARKS / "data" / "gres_labels_report_after.jsonl"])
    rest = keys - {label.key for label in later if label.sample == "flagged"}
    drawn = {label.key for label in later if label.sample == "unflagged"}
    assert set(bench_truth.draw(rest - by_sample["unflagged"], 400)) == drawn
    (fraction,) = {label.fraction for label in later if label.sample == "unflagged"}
    assert fraction == pytest.approx(400 / len(rest), abs=1e-6)

    read = {label.key for label in [*labels, *later]}
    places = (BENCHMARKS / "data" / "position-labels.jsonl").read_text("utf-8").splitlines()
    unread = keys - read - {json.loads(line)["key"] for line in places}
    third = bench_truth.read_labels([BENCHMARKS / "data" / "gres_labels_third.jsonl"])
    drawn = [label for label in third if label.sample == "unflagged"]
    assert set(bench_truth.draw(unread, 400)) == {label.key for label in drawn}
    assert {label.fraction for label in drawn} == {fraction}
    unread -= {label.key for label in third}
    fourth = bench_truth.read_labels([BENCHMARKS / "data" / "gres_labels_fourth.jsonl"])
    assert set(bench_truth.draw(unread, 400)) == {label.key for label in fourth}
    assert {label.fraction for label in fourth} == {fraction}


def test_another_sample_takes_the_place_of_the_first():
    other = [read("o1", True, fraction=0.1), read("o2", False, fraction=0.1)]
    labels = bench_truth.with_sample(TABLE, other)
    assert labels == [*FLAGGED, *other]
    assert scores.recall(labels, BEFORE)["missed"] == 1


@pytest.mark.parametrize("name", ["tune", "report", "report_after", "third", "fourth"])
def test_the_labels_of_gres(name: str):
    labels = bench_truth.read_labels([BENCHMARKS / "data" / f"gres_labels_{name}.jsonl"])
    half = "tune" if name == "tune" else "report"
    assert {bench_truth.half_of(bench_truth.image_of(label.key)) for label in labels} == {half}
    assert {label.sample for label in labels} <= {"flagged", "unflagged", "info", "listed"}
    same = Counter((label.key, label.kind, label.check, label.sample) for label in labels)
    assert set(same.values()) == {1}
    assert all(label.kind for label in labels if label.bad is not False)
    drawn = [label for label in labels if label.sample == "unflagged"]
    assert len(drawn) == (400 if half == "report" else 0)
    assert len({(label.fraction, label.check) for label in drawn}) <= 1
    flagged = {label.key for label in labels if label.sample == "flagged"}
    assert not flagged & {label.key for label in drawn}


def test_a_second_reader_read_the_same_pairs():
    data = BENCHMARKS / "data"
    first = bench_truth.read_labels([data / "gres_labels_fifth.jsonl"])
    second = bench_truth.read_labels([data / "second_reader_pairs.jsonl"])
    drawn = {(label.key, label.fraction) for label in first if label.sample == "unflagged"}
    assert {(label.key, label.fraction) for label in second} == drawn
    assert {label.sample for label in second} == {"unflagged"} and len(second) == 150
    assert all(label.kind for label in second if label.bad is not False)
    names = ("report_after", "third", "fourth", "fifth")
    read = bench_truth.read_labels([data / f"gres_labels_{name}.jsonl" for name in names])
    found = bench_truth.read_labels([data / "second_reader_findings.jsonl"])
    assert {label.key for label in found} <= {label.key for label in read}
    assert len({(label.key, label.check) for label in found}) == len(found) == 100
