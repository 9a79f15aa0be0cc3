"""Findings that a person has read, by check and strength; see :func:`.base.chance`.

Written by ``benchmarks/bench_chances.py``.
"""

from __future__ import annotations

from pairlens.fiftyone_plugin.checks.chance_row import ChanceRow

# fmt: off
TABLE: dict[str, tuple[ChanceRow, ...]] = {
    "boilerplate": (ChanceRow(0.350, 0.350, 7, 0, 0, 0.011),),
    "box_mask": (
        ChanceRow(0.050, 0.050, 1, 0, 0, 0.133),
        ChanceRow(0.550, 0.706, 3, 3, 0, 0.325),
    ),
    "broken_crop": (ChanceRow(0.400, 0.400, 2, 0, 0, 0.275),),
    "coordinate_leak": (ChanceRow(0.050, 0.050, 2, 0, 0, 0.025),),
    "count_conflict": (ChanceRow(0.500, 0.500, 4, 0, 0, 0.067),),
    "garbled_request": (
        ChanceRow(0.400, 0.400, 3, 0, 0, 0.080),
        ChanceRow(0.600, 0.600, 2, 0, 0, 0.275),
    ),
    "generic_query": (ChanceRow(0.400, 0.400, 50, 4, 0, 0.043),),
    "not_from_above": (
        ChanceRow(0.300, 0.300, 11, 0, 0, 0.031),
        ChanceRow(0.600, 0.600, 1, 0, 0, 0.367),
    ),
    "paraphrase_conflict": (ChanceRow(0.070, 0.120, 2, 0, 0, 0.100),),
    "position_conflict": (
        ChanceRow(0.085, 0.296, 16, 0, 0, 0.006),
        ChanceRow(0.300, 0.619, 43, 2, 0, 0.030),
    ),
    "prompt_talk": (ChanceRow(0.300, 0.300, 6, 0, 0, 0.050),),
    "request_form": (ChanceRow(0.300, 0.300, 21, 0, 0, 0.017),),
    "siblings": (ChanceRow(0.300, 0.500, 4, 1, 0, 0.229),),
    "split_leak": (ChanceRow(0.100, 0.100, 2, 0, 0, 0.100),),
    "truncated_target": (
        ChanceRow(0.111, 0.183, 20, 0, 0, 0.018),
        ChanceRow(0.190, 0.299, 11, 1, 0, 0.064),
        ChanceRow(0.531, 0.664, 6, 0, 0, 0.138),
    ),
    "unanswerable_query": (ChanceRow(0.150, 0.450, 17, 1, 0, 0.045),),
    "vague_query": (ChanceRow(0.500, 0.500, 12, 0, 0, 0.029),),
}
