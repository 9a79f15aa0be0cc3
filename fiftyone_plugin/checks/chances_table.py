"""Findings that a person has read, by check and strength; see :mod:`.chances`.

Written by ``benchmarks/bench_chances.py``.
"""

from __future__ import annotations

from pairlens.fiftyone_plugin.checks.chance_row import Row

# fmt: off
TABLE: dict[str, tuple[Row, ...]] = {
    "boilerplate": (Row(0.350, 0.350, 15, 0, 0, 0.006),),
    "box_mask": (
        Row(0.050, 0.050, 2, 0, 0, 0.100),
        Row(0.550, 0.706, 5, 9, 0, 0.350),
    ),
    "broken_crop": (Row(0.400, 0.400, 4, 0, 0, 0.183),),
    "coordinate_leak": (Row(0.050, 0.050, 6, 0, 0, 0.013),),
    "count_conflict": (Row(0.500, 0.500, 7, 0, 0, 0.044),),
    "garbled_request": (Row(0.500, 0.500, 9, 0, 0, 0.100),),
    "generic_query": (Row(0.400, 0.400, 122, 16, 0, 0.060),),
    "not_from_above": (
        Row(0.300, 0.300, 27, 0, 0, 0.014),
        Row(0.600, 0.600, 1, 0, 0, 0.367),
    ),
    "paraphrase_conflict": (Row(0.070, 0.120, 2, 0, 0, 0.100),),
    "position_conflict": (
        Row(0.085, 0.227, 22, 0, 0, 0.004),
        Row(0.237, 0.619, 125, 4, 0, 0.018),
    ),
    "prompt_talk": (Row(0.300, 0.300, 15, 0, 0, 0.024),),
    "request_form": (Row(0.300, 0.300, 33, 0, 0, 0.011),),
    "siblings": (Row(0.500, 0.500, 8, 1, 0, 0.145),),
    "split_leak": (Row(0.100, 0.100, 4, 0, 0, 0.067),),
    "truncated_target": (
        Row(0.111, 0.177, 44, 0, 0, 0.009),
        Row(0.177, 0.197, 22, 0, 0, 0.017),
        Row(0.200, 0.264, 12, 0, 0, 0.029),
        Row(0.517, 0.702, 70, 7, 3, 0.093),
    ),
    "unanswerable_query": (Row(0.150, 0.450, 45, 1, 0, 0.019),),
    "vague_query": (Row(0.500, 0.500, 25, 0, 0, 0.015),),
}
