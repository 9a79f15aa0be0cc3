"""Size words against how large the other objects of that class are in this dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.class_sizes import (
    ClassSizes,
    Names,
    Rank,
    classes_and_sizes,
    step_of,
    whole_areas,
)
from pairlens.fiftyone_plugin.checks.dataset_statistics import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import example, examples
from pairlens.fiftyone_plugin.language import classes, sizes


@check(
    "size_conflict",
    severity="info",
    scope="dataset",
    needs=(
        "phrase", "mask_stats.area", "mask_stats.error", "mask_stats.border",
    ),
    about="The query says small and the mask is among the largest of its class, or the reverse.",
    keeps=(classes_and_sizes, whole_areas),
    topic="Query against mask",
    fires=(*examples(*["the airplane"] * 60), example(phrase="the large airplane", stats_area=82)),
    silent=(
        *examples(*["the airplane"] * 60, "the large airplane"),
        example("gres/train/2#0", phrase="the large airplane", stats_area=82, stats_border="r"),
    ),
)  # fmt: skip
def size_conflict(
    dataset: DatasetStatistics, *, tail: float = 0.03, min_members: int = 50
) -> Iterator[Issue]:
    """Compares size words with the areas of the masks of the same class.

    A class is what the query calls its target; where it has few members, the kind it is of.
    Masks that the image's border cuts are no part of it: what is cut is small, not the object.

    Args:
        dataset: all pairs
        tail: share of the class that counts as its largest, and as its smallest
        min_members: members that a class must have to be compared with
    """
    known = ClassSizes(dataset)

    def against(value: str, named: Names, step: int) -> Rank | None:
        """Its class, where a mask is at the end of it that the size word does not say."""
        found = known.rank(named[:1], step, min_members)
        if found is None or value not in ("small", "large"):
            return None
        beaten = found.smaller if value == "small" else 1 - found.smaller
        return None if beaten < 1 - tail else found

    def is_end(number: int, step: int) -> bool:
        named, said = known.said[number]
        return len(said) == 1 and against(said[0], named, step) is not None

    for batch in dataset.read(known.rows_of([cell for cell in known.cells if is_end(*cell)])):
        for pair in batch:
            [(value, word)] = {word.value: word.text for word in sizes(pair.phrase)}.items()
            named = [word.value for word in classes(pair.phrase)]
            found = against(value, named, step_of(pair.stats.area))
            if found and (issue := _conflict(pair, value, word, found)):
                yield issue


def _conflict(pair: Sample, value: str, word: str, found: Rank) -> Issue | None:
    area = pair.stats.area
    times = area / found.median if value == "small" else found.median / area
    if times < 4:
        return None
    than, share = ("larger", found.smaller) if value == "small" else ("smaller", 1 - found.smaller)
    note = (
        f"query says {word!r}; the mask has {area} pixels, {than} than "
        f"{share:.0%} of the {found.members} called {found.name} (median {found.median:.0f})"
    ).replace("%", " %")
    return Issue(pair.key, max(0.2, 0.8 - 0.1 * math.log2(times)), note)
