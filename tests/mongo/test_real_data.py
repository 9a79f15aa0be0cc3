"""The excerpts of the published datasets, imported and flagged as a user would."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from statistics import median

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.bench.loading import load_units
from pairlens.fiftyone_plugin.checks.engine import choose, find_all
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.importers import fields
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.masks import load_stored


@pytest.fixture(scope="module")
def gres(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> fo.Dataset:
    name = "real-gres"
    import_dataset(
        "gres", shared_data / "gres", name, ImportOptions(placeholders=True, overwrite=True)
    )
    return fo.load_dataset(name)


@pytest.fixture(scope="module")
def findings(gres: fo.Dataset, tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    out = tmp_path_factory.mktemp("out") / "findings.jsonl"
    flag(gres, out=out)
    return [json.loads(line) for line in out.read_text().splitlines()]


def keys_of(findings: list[dict], check: str) -> set[str]:
    return {f["key"] for f in findings if f["check"] == check}


def gres_keys(split: str, number: int, queries: int = 3) -> set[str]:
    return {f"gres/{split}/lisat_gres_{number:012d}#{i}" for i in range(queries)}


def test_counts(gres: fo.Dataset) -> None:
    assert len(gres) == 7538
    assert gres.count_sample_tags() == {"train": 6901, "val": 144, "test": 493}
    assert len(gres.distinct(fields.IMAGE_ID)) == len(gres.distinct("filepath")) == 2938
    assert gres.count_values(fields.IMAGE_MISSING) == {True: 7536, False: 2}
    notes = gres.info[fields.INFO]["notes"]
    doubled = [n for n in notes if "more than once" in n]
    assert len(doubled) == 3 and "2,301 of its 2,301 ids" in doubled[0]


def test_without_placeholders_the_rest_is_listed(shared_data: Path, dataset_name: str) -> None:
    summary = import_dataset("auto", shared_data / "gres", dataset_name)
    assert (summary.samples, summary.skipped_total, len(summary.skipped)) == (2, 7536, 7536)
    assert sorted(fo.load_dataset(dataset_name).values(fields.IMAGE_ID)) == [
        "lisat_gres_000000030642",
        "lisat_gres_000000031098",
    ]


def test_the_leaked_coordinates_are_found(findings: list[dict]) -> None:
    expected = set().union(*(gres_keys("train", n) for n in (14208, 31833, 34755)))
    assert keys_of(findings, "coordinate_leak") == expected


def test_the_box_masks_are_found_and_no_other(gres: fo.Dataset, findings: list[dict],
                                              shared_data: Path) -> None:  # fmt: skip
    boxes = set()
    for file in (shared_data / "gres/gres_annotations").glob("*/*.json"):
        content = json.loads(file.read_text())
        corners = {tuple(p) for p in content["shapes"][0]["points"]}
        upright = len({x for x, _ in corners}) == len({y for _, y in corners}) == 2
        sides = [max(at) - min(at) for at in zip(*corners, strict=True)]
        if len(corners) == 4 and upright and min(sides) >= 11:  # 12 pixels with both ends
            boxes |= {f"gres/{file.parent.name}/{file.stem}#{i}"
                      for i in range(len(content["text"]))}  # fmt: skip
    assert len(boxes) == 29
    assert keys_of(findings, "box_mask") == boxes


def test_the_polygon_shared_by_train_and_test_is_found(findings: list[dict]) -> None:
    expected = gres_keys("train", 4779) | gres_keys("test", 8325, 1)
    assert keys_of(findings, "split_leak") == expected


def overshoot(finding: dict) -> float | None:
    """How far past the middle, on the wrong side, the mask's centre is; by the note's words."""
    note = re.fullmatch(
        r"query says (top|bottom)-(left|right); the mask's centre is at "
        r"(\d+) % of the width, (\d+) % of the height",
        finding["note"],
    )
    if note is None:
        return None
    x, y = int(note[3]) / 100 - 0.5, int(note[4]) / 100 - 0.5
    return max(y if note[1] == "top" else -y, x if note[2] == "left" else -x)


def test_plain_contradictions_rank_above_mild_ones(findings: list[dict]) -> None:
    # In the file the others of a group follow behind the first of every group.
    ranked = sorted(findings, key=lambda f: f["score"])
    corners = [
        past
        for f in ranked
        if f["check"] == "position_conflict" and (past := overshoot(f)) is not None
    ]
    plain = [rank for rank, past in enumerate(corners) if past > 0.4]
    middling = [rank for rank, past in enumerate(corners) if 0.2 < past < 0.3]
    mild = [rank for rank, past in enumerate(corners) if past < 0.15]
    assert min(len(plain), len(middling), len(mild)) > 20
    assert max(plain) < min(middling + mild)
    # Between these it also counts how much of the mask lies in the named place.
    assert median(middling) < median(mild)


def test_an_error_is_what_was_read_to_be_one(findings: list[dict]) -> None:
    sure = {f["check"] for f in findings if f["severity"] == "error"}
    assert sure == {"position_conflict", "boilerplate", "coordinate_leak"}


def test_clean_cleans_and_quiet_cleans_more(findings: list[dict]) -> None:
    errors = {f["key"] for f in findings if f["severity"] == "error"}
    warnings = {f["key"] for f in findings if f["severity"] == "warning"}
    assert len(errors) > 70 and len(errors | warnings) > 5 * len(errors)


def test_findings_are_ranked(findings: list[dict]) -> None:
    order = ["error", "warning", "info"]
    ranks = [(f["score"], order.index(f["severity"])) for f in findings]
    groups = len({f["group"] for f in findings})
    assert ranks[:groups] == sorted(ranks[:groups]) and ranks[groups:] == sorted(ranks[groups:])
    assert len({f["group"] for f in findings[:groups]}) == groups
    assert set(findings[0]) == {"key", "phrase", "check", "severity", "score", "note", "group"}


def test_looking_at_many_pairs_at_once_finds_what_looking_at_each_does(
    gres: fo.Dataset, findings: list[dict]
) -> None:
    checks = choose(None, {}, with_predictions=False)
    units = load_units(gres, checks, len(gres), seed=0)
    order = {key: number for number, key in enumerate(gres.values(fields.KEY))}
    subjects = sorted((r.sample for unit in units for r in unit), key=lambda s: order[s.key])
    plain = [f for found in find_all(subjects, checks).values() for f in found]
    assert len(plain) > 8000
    said = sorted((f.key, f.check, f.severity, f.score, f.note) for f in plain)
    names = ("key", "check", "severity", "score", "note")
    assert sorted(tuple(line[name] for name in names) for line in findings) == said


def test_refsegrs_tiffs_with_a_phrase_list(
    shared_data: Path, dataset_name: str, tmp_path: Path
) -> None:
    root = tmp_path / "RefSegRS"
    for folder in ("images", "masks"):
        shutil.copytree(shared_data / "refsegrs" / folder, root / folder)
    (root / "output_phrase_test.txt").write_text("1 first scene\n2 second scene\n")
    summary = import_dataset("auto", root, dataset_name)
    assert (summary.format, summary.samples, summary.splits) == ("refsegrs", 2, {"test": 2})
    for sample in fo.load_dataset(dataset_name):
        pixels = load_stored(sample[fields.SEGMENTATION].mask_path)
        assert pixels.shape == (512, 512) and set(pixels.ravel()) == {0, 1}
        assert sample[fields.MASK_STATS].problem == ""
        assert Path(sample[fields.RENDITION]).suffix == ".png"
