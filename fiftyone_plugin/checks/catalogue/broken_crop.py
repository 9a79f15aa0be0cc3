"""Queries that describe what a broken crop of the image shows."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import in_quotes
from pairlens.fiftyone_plugin.language import only_stripes


@check(
    "broken_crop",
    severity="info",
    needs=("phrase", "mask_stats"),
    about="The query tells of stripes alone, and the mask is a sliver at the image's border.",
    topic="Query against mask",
    fires=example(phrase="the structure with horizontal brown lines",
                  stats_box=(505, 100, 7, 69), stats_border="r"),
    silent=example(phrase="the bus with horizontal brown lines",
                   stats_box=(505, 100, 7, 69), stats_border="r"),
)  # fmt: skip
def broken_crop(batch: Batch, *, max_side: int = 50, min_ratio: float = 4.0) -> Iterator[Issue]:
    """Finds what a model saw in a sliver of an object that was enlarged: stripes and bands.

    Args:
        batch: pairs
        max_side: pixels below which the shorter side of the mask's box lies
        min_ratio: of the longer side to the shorter
    """
    striped = batch.query_where(lambda query: "stripes" in query.marks)
    for pair in batch.where(striped):
        key, match = pair.key, only_stripes(pair.phrase)
        if match is None:
            continue
        if match.value == "broken":
            yield Issue(key, 0.4, f"the query tells of a broken image: {in_quotes(match.text)}")
        elif _is_sliver(pair, max_side, min_ratio):
            sides = "x".join(map(str, pair.stats.box[2:]))
            note = f"the query tells of {in_quotes(match.text)} alone; the mask is a sliver"
            yield Issue(key, 0.4, f"{note} of {sides} pixels at the image's border")


def _is_sliver(pair: Sample, max_side: int, min_ratio: float) -> bool:
    short, long = sorted(pair.stats.box[2:])
    return bool(pair.stats.border) and 0 < short < max_side and long >= min_ratio * short
