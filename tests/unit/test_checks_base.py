"""Declaring checks, setting their parameters, and what becomes of an issue."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from pairlens.fiftyone_plugin import checks
from pairlens.fiftyone_plugin.checks import CHECKS, Batch, Check, Finding, Issue
from pairlens.fiftyone_plugin.checks.base import PREDICTIONS
from pairlens.importers.errors import UnknownName, UsageError
from tests.unit.subjects import issues, issues_of, subject

SEVERITIES = {
    "mask_unreadable": "error",
    "mask_size_mismatch": "error",
    "mask_values": "warning",
    "empty_mask": "error",
    "full_mask": "error",
    "tiny_mask": "warning",
    "box_mask": "info",
    "degenerate_polygon": "error",
    "image_missing": "info",
    "empty_query": "error",
    "coordinate_leak": "warning",
    "garbled_query": "warning",
    "boilerplate": "warning",
    "unanswerable_query": "warning",
    "vague_query": "warning",
    "request_form": "warning",
    "prompt_talk": "warning",
    "generic_query": "warning",
    "not_from_above": "warning",
    "garbled_request": "warning",
    "broken_crop": "info",
    "length_outlier": "info",
    "fragmented_mask": "warning",
    "truncated_target": "info",
    "size_conflict": "info",
    "count_conflict": "warning",
    "shape_conflict": "info",
    "source_conflict": "warning",
    "judge_doubt": "warning",
    "coordinate_conflict": "warning",
    "paraphrase_conflict": "warning",
    "sibling_claim": "warning",
    "swapped_pair": "warning",
    "position_conflict": "warning",
    "duplicate_pair": "warning",
    "ambiguous_query": "warning",
    "split_leak": "error",
    "image_unreadable": "error",
    "image_blank": "error",
    "image_dark": "warning",
    "image_low_contrast": "warning",
    "color_conflict": "warning",
    "duplicate_image": "warning",
    "low_iou": "info",
    "consensus_conflict": "warning",
    "existence_conflict": "warning",
    "embedding_outlier": "info",
    "empty_caption": "error",
    "duplicate_caption": "warning",
    "repetitive_caption": "warning",
    "truncated_caption": "warning",
    "prompt_leak": "warning",
    "revision_drift": "warning",
    "task_mix": "warning",
    "turn_order": "warning",
    "missing_image_token": "warning",
    "empty_answer": "error",
    "box_unparsable": "warning",
    "box_out_of_range": "warning",
    "answer_conflict": "warning",
    "answer_form": "warning",
}
SCOPES: dict[str, str] = {
    "duplicate_pair": "image",
    "ambiguous_query": "image",
    "paraphrase_conflict": "image",
    "sibling_claim": "image",
    "swapped_pair": "image",
    "split_leak": "dataset",
    "duplicate_image": "dataset",
    "length_outlier": "dataset",
    "size_conflict": "dataset",
    "truncated_target": "dataset",
    "embedding_outlier": "dataset",
    "duplicate_caption": "dataset",
    "truncated_caption": "dataset",
    "missing_image_token": "dataset",
    "box_out_of_range": "dataset",
}
TEXTS = {"captions", "instructions"}
CATALOGUE = "pairlens.fiftyone_plugin.checks.catalogue."


def test_the_catalogue_is_complete():
    # Others may be added: what is here keeps its meaning.
    assert SEVERITIES.items() <= {c.name: c.severity for c in CHECKS.values()}.items()
    scopes = {c.name: c.scope for c in CHECKS.values() if c.name in SEVERITIES}
    assert {n: scope for n, scope in scopes.items() if scope != "sample"} == SCOPES
    assert [c.name for c in CHECKS.values() if PREDICTIONS in c.needs] == [
        "low_iou",
        "consensus_conflict",
        "existence_conflict",
    ]
    assert {n for n in SEVERITIES if "pairs" not in CHECKS[n].kinds} == {
        "empty_caption", "duplicate_caption", "repetitive_caption", "truncated_caption",
        "prompt_leak", "revision_drift", "task_mix", "turn_order", "missing_image_token",
        "empty_answer", "box_unparsable", "box_out_of_range", "answer_conflict", "answer_form",
    }  # fmt: skip
    assert {n for n in SEVERITIES if {"pairs", *TEXTS} <= {*CHECKS[n].kinds}} == {
        "image_missing", "image_unreadable", "image_blank", "image_dark", "image_low_contrast",
        "duplicate_image", "split_leak", "garbled_query", "boilerplate", "embedding_outlier",
        "judge_doubt",
    }  # fmt: skip


@pytest.mark.parametrize("name", list(CHECKS))
def test_each_check_tells_people_what_it_is(name: str):
    one = CHECKS[name]
    assert one.about.endswith(".")
    assert 20 < len(one.about) < 120
    assert one.needs
    assert all(type(default) in (int, float, str) for default in one.params.values())
    assert one.function.__name__ == name


@pytest.mark.parametrize("name", SEVERITIES)
def test_sound_pairs_have_no_issue(name: str):
    pairs = [subject(f"gres/train/{i}#0", phrase=f"car {i}", stats_digest=f"{i:064x}")
             for i in range(5)]  # fmt: skip
    for few in ([], pairs[:1], pairs):
        assert issues(name, few) == []


def test_checks_see_records_only():
    code = "import sys, pairlens.fiftyone_plugin.checks.engine; print('fiftyone' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    modules = {module for name, module in sys.modules.items() if name.startswith(CATALOGUE)}
    assert len(modules) > 20
    for module in modules:
        source = ast.parse(inspect.getsource(module))
        names = {a.name for n in ast.walk(source) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(source) if isinstance(n, ast.ImportFrom)}
        assert not {n.partition(".")[0] for n in names} & {"cv2", "PIL"}


def made(**params: Any) -> Check:
    def function(batch: Batch, **given: Any) -> Iterator[Issue]:
        for key in batch.keys:
            yield Issue(key, 0.25, f"{key} {given}")

    return Check("made", "warning", "sample", ("phrase",), "About.", function, params)


@pytest.mark.parametrize(
    ("default", "value", "expected"),
    [
        pytest.param(16, 9, 9, id="int"),
        pytest.param(16, "9", 9, id="text of an int"),
        pytest.param(16, 9.0, 9, id="a form's number"),
        pytest.param(0.5, "0.25", 0.25, id="text of a float"),
        pytest.param(0.5, 1, 1.0, id="int for a float"),
        pytest.param("a", "b", "b", id="text"),
    ],
)
def test_parameters_are_cast(default: Any, value: Any, expected: Any):
    check = made(bound=default, other=1)
    cast = check.with_params({"bound": value})
    assert cast.params == {"bound": expected, "other": 1}
    assert type(cast.params["bound"]) is type(default)
    assert check.params == {"bound": default, "other": 1}
    assert issues_of(cast, subject("x/y/z"))[0].note == f"x/y/z {cast.params}"


@pytest.mark.parametrize(
    ("default", "value", "kind"),
    [
        pytest.param(16, "nine", "int", id="no number"),
        pytest.param(16, "9.5", "int", id="text of a fraction"),
        pytest.param(16, 9.5, "int", id="a fraction"),
        pytest.param(16, None, "int", id="nothing"),
        pytest.param(16, float("inf"), "int", id="infinity"),
        pytest.param(0.5, "", "float", id="empty"),
        pytest.param(0.5, [1], "float", id="list"),
        pytest.param(0.5, "nan", "float", id="NaN"),
    ],
)
def test_parameters_of_the_wrong_kind(default: Any, value: Any, kind: str):
    with pytest.raises(UsageError) as raised:
        made(bound=default).with_params({"bound": value})
    assert str(raised.value) == f"made.bound takes a {kind}, not {value!r}"


@pytest.mark.parametrize(
    ("params", "known"), [({}, "none"), ({"a": 1, "b": 2}, "a, b")], ids=["none", "two"]
)
def test_an_unknown_parameter_lists_the_known(params: dict[str, Any], known: str):
    with pytest.raises(UsageError) as raised:
        made(**params).with_params({"min": 1})
    assert str(raised.value) == f"check made has no parameter 'min'; it has {known}"


def test_an_unknown_check_lists_the_known():
    told = r"'emptymask' \(did you mean 'empty_mask'\?\); known: advertising, ambig"
    with pytest.raises(UnknownName, match=told):
        CHECKS["emptymask"]


def test_a_name_is_declared_once():
    with pytest.raises(ValueError, match="'tiny_mask' is already registered"):
        checks.check("tiny_mask", severity="info", about="", needs=())(lambda pair: ())
    assert CHECKS["tiny_mask"].severity == "warning"


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0.123456, 0.087), (-0.1, 0.05), (1.7, 0.35), (float("nan"), 0.05), (1, 0.35)],
    ids=str,
)
def test_scores_of_what_nobody_read_follow_the_severity(score: float, expected: float):
    finding = made().finding(Issue("gres/val/a#1", score, "note"))
    assert finding == Finding("gres/val/a#1", "made", "warning", expected, "note", "")


def test_a_doubt_can_have_a_severity_of_its_own():
    findings = [made().finding(Issue("", s, "", severity)) for s, severity in (
        (0.0, "info"), (0.9, "error"), (0.5, None), (0.1, None), (0.2, "error"),
    )]  # fmt: skip
    ranked = sorted(findings, key=lambda f: f.rank)
    assert [(f.severity, f.score) for f in ranked] == [
        ("error", 0.02), ("warning", 0.08), ("error", 0.09), ("warning", 0.2), ("info", 0.3),
    ]  # fmt: skip
