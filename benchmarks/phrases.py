"""Makes distinct queries, for benchmarks in which caches must not help."""

from __future__ import annotations

import random

_DETAILS = (
    "with a flat roof", "with a pitched roof and a chimney", "with visible wheels",
    "casting a long shadow", "featuring a row of windows", "with a distinct stripe on its side",
    "partly covered by a tree", "with an open cargo bed", "facing the road", "with its doors open",
)  # fmt: skip
_RELATIONS = (
    "next to", "beside", "behind", "to the left of", "to the right of", "close to", "parallel to",
    "surrounded by", "between the fence and", "in front of",
)  # fmt: skip
_NEIGHBOURS = (
    "a parking lot", "the road", "a row of trees", "the grass field", "a larger building",
    "two parked cars", "the water", "a dirt path", "the railway track", "a swimming pool",
)  # fmt: skip
_ENDINGS = (
    "", " It stands out against its surroundings.", " Its shape sets it apart from the others.",
    " Pay attention to its outline.", " It is the only one of its kind there.",
)  # fmt: skip


def varied(query: str, rng: random.Random) -> str:
    """A query with added details that name no color, size and place."""
    near = f"{rng.choice(_RELATIONS)} {rng.choice(_NEIGHBOURS)}"
    parts = [rng.choice(_DETAILS), near, f"{rng.choice(_RELATIONS)} {rng.choice(_NEIGHBOURS)}"]
    rng.shuffle(parts)
    return f"{query.rstrip('.')}, {', '.join(parts[: rng.choice((2, 3))])}.{rng.choice(_ENDINGS)}"
