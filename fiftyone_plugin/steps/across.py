"""Steps that compare datasets, splits and releases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import ITSELF, Option, Texts, Watch, step
from pairlens.importers import fields


@step(
    "leaks",
    "Find images, masks and texts that occur in several datasets or splits; exits with 1 where "
    "training data is in another split too.",
    Option("names", "the datasets; one alone is compared with itself, split by split", Texts,
           required=True, positional=True, count="+", metavar="DATASET"),
    Option("out", "page with the pictures side by side", Path, metavar="FILE.html",
           writes=ITSELF),
    Option("examples", "of each kind, drawn on the page", int, 12, metavar="COUNT"),
    Option("exact", "compare digests alone, and decode no image", bool, False),
    Option("max_distance", "bits of 64 of the perceptual hash that near images may differ by, "
           "0 to 8", int, 6, metavar="BITS"),
    Option("embedding", "field of the images' embeddings, where a dataset has it",
           default=fields.IMAGE_EMBEDDING, metavar="FIELD"),
    Option("min_cosine", "cosine of the embeddings from which on images are alike", float, 0.98,
           metavar="COSINE"),
    Option("min_area", "smallest mask that is compared, in pixels", int, 64, metavar="PIXELS"),
    Option("min_words", "shortest text that is compared, in words", int, 8, metavar="COUNT"),
    Option("fail_on", "what must not be both in training data and in another split: the same "
           "image, a near one as well, or nothing", default="near", metavar="WHAT",
           choices=("same", "near", "never")),
    unit="images",
    database=True,
    examples=("leaks dior_rsvg vrsbench --out leaks.html", "leaks gres --exact --fail-on same"),
)  # fmt: skip
def leaks(
    watch: Watch,
    *,
    names: Texts,
    out: Path | None,
    examples: int,
    embedding: str,
    min_area: int,
    min_words: int,
    **options: Any,
) -> Report:
    """Compares datasets and splits."""
    from pairlens.fiftyone_plugin.leak_reports import of_leaks
    from pairlens.fiftyone_plugin.leaks import page
    from pairlens.fiftyone_plugin.leaks.reading import Thresholds
    from pairlens.fiftyone_plugin.leaks.runner import find_leaks

    if out:
        page.check_page(out, examples)
    thresholds = Thresholds(min_area, min_words, embedding)
    done = find_leaks(names, thresholds=thresholds, progress=watch.progress, **options)
    drawn = page.write_page(done, out, examples) if out else 0
    return of_leaks(done, str(out) if out else None, drawn)


@step(
    "diff",
    "Say what a later release of a dataset added, dropped and changed, and which decisions hold.",
    Option("old", "the dataset of the earlier release", required=True, positional=True,
           metavar="OLD"),
    Option("new", "that of the later one", required=True, positional=True, metavar="NEW"),
    Option("out", "file for the decisions on OLD that hold for NEW", Path, metavar="FILE",
           writes=ITSELF),
    Option("pairs", "what was added, dropped and changed as JSON Lines", Path, metavar="FILE",
           writes=ITSELF),
    examples=("diff gres-v1 gres-v2 --out decisions.jsonl --pairs changes.jsonl",),
    database=True,
)  # fmt: skip
def diff(watch: Watch, *, old: str, new: str, out: Path | None, pairs: Path | None) -> Report:
    """Compares two releases."""
    from pairlens.fiftyone_plugin.release_reports import of_diff
    from pairlens.fiftyone_plugin.releases.comparing import compare
    from pairlens.importers import store, working_set

    releases = store.load(old), store.load(new)
    for one in releases:
        working_set.check_any(one)
    done = compare(*releases, decisions=out, listing=pairs)
    return of_diff(done, out, pairs)
