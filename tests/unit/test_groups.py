"""Findings that one look decides share a group."""

from __future__ import annotations

from dataclasses import replace

from pairlens.fiftyone_plugin.checks import CHECKS, Issue
from pairlens.fiftyone_plugin.checks.base import mask_group, sorted_findings
from pairlens.fiftyone_plugin.checks.engine import find_all
from pairlens.fiftyone_plugin.checks.examples import example, examples, mask_at
from tests.unit.subjects import issues

DARK = "the car, even though the darkness hides it"


def test_a_group_is_stable_and_tells_images_and_masks_apart() -> None:
    assert mask_group("gres/train/1#0", "ab") == "11a416347bb4"
    others = {mask_group(key, digest) for key, digest in (
        ("gres/train/1#2", "ab"), ("gres/train/1#0", "cd"), ("gres/train/2#0", "ab"),
        ("rsteller/train/1", None),
    )}  # fmt: skip
    assert len(others) == 4 and mask_group("gres/train/1#0", "ab") in others


def test_findings_of_one_mask_are_one_group() -> None:
    first, second = examples("the car on the left", "the car at the top")
    found = [CHECKS[name].finding(Issue(pair.key, 0.5, "")) for name, pair in (
        ("position_conflict", first), ("position_conflict", second), ("vague_query", second),
    )]  # fmt: skip
    assert len({f.group for f in sorted_findings(found, first.stats.digest)}) == 1


def test_findings_of_an_image_are_one_group_whatever_the_mask() -> None:
    dark = [CHECKS["image_dark"].finding(Issue(f"gres/train/1#{n}", 0.5, "")) for n in (0, 1)]
    assert len({f.group for one in dark for f in sorted_findings([one], one.key)}) == 1


def test_both_sides_of_a_swap_a_leak_and_an_ambiguity_are_one_group() -> None:
    swap = (
        example(phrase="the car on the right", stats=mask_at(60, 256)),
        example("gres/train/1#1", phrase="the bus on the left", stats=mask_at(450, 256)),
    )
    leak = (example(), example("gres/test/2#0"))
    unclear = (
        example(phrase="the car"),
        example("gres/train/1#1", phrase="the car", stats=mask_at(250, 250)),
    )
    copies = (example(image_digest="5c" * 32), example("gres/train/2#0", image_digest="5c" * 32))
    for name, pairs in {
        "swapped_pair": swap, "split_leak": leak, "ambiguous_query": unclear,
        "duplicate_image": copies,
    }.items():  # fmt: skip
        first, second = issues(name, pairs)
        assert first.group == second.group != "", name


def test_paraphrases_of_a_faulty_query_are_shown_with_it() -> None:
    pairs = examples(
        DARK, "the car", "the vehicle beside a road", "the red car", "the car on the left"
    )
    pairs, told_apart = pairs[:3], pairs[3:]
    other = example("gres/train/1#9", phrase="the bus", stats=mask_at(60, 60))
    found = find_all([*pairs, *told_apart, other], [CHECKS["unanswerable_query"]])
    own, *siblings = (found[pair.key] for pair in pairs)
    assert [f.severity for f in own] == ["warning"] and not found[other.key]
    assert not any(found[pair.key] for pair in told_apart)
    for (shown,) in siblings:
        assert shown.severity == "info" and shown.score > own[0].score
        assert shown.note == f"of {pairs[0].key}, another query of this mask: {own[0].note}"


def test_the_odd_one_out_of_faulty_queries_is_warned_of() -> None:
    phrases = (
        "Find the car.",
        "Identify the vehicle.",
        "the car beside a road",
        "the car near a hangar",
    )
    for count, severities in ((3, ["warning"] * 3), (4, ["warning"] * 2 + ["info"] * 2)):
        found = find_all(examples(*phrases[:count]), [CHECKS["vague_query"]])
        assert [one.severity for some in found.values() for one in some] == severities
    two = find_all(examples(phrases[0], phrases[2]), [CHECKS["vague_query"]])
    assert [one.severity for some in two.values() for one in some] == ["warning", "info"]


def test_a_fault_that_paraphrases_do_not_share_stays_with_its_query() -> None:
    pairs = examples("Divide the red bus with a white roof.", "the red bus with a white roof")
    found = find_all(pairs, [CHECKS["request_form"]])
    assert [len(found[pair.key]) for pair in pairs] == [1, 0]
    split = replace(pairs[1], split="val", key="gres/val/1#1")
    assert not find_all([examples(DARK)[0], split], [CHECKS["unanswerable_query"]])[split.key]
