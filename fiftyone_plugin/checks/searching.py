"""Runs checks over stored pairs: once through all of them, in bounded memory.

Checks of pairs and images speak at once. Those of whole datasets take numbers down on the way
and speak at the end; until then what the others found waits in a file.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

from bson import ObjectId

from fiftyone_plugin.checks import text_readings
from fiftyone_plugin.checks.base import Check, Finding, Subject
from fiftyone_plugin.checks.checked import Checked
from fiftyone_plugin.checks.fetching import images, rows, rows_of
from fiftyone_plugin.checks.finding import about_several
from fiftyone_plugin.checks.passes import Spool, run_together
from fiftyone_plugin.checks.records import EARLIER, Columns, Row
from fiftyone_plugin.checks.said import PATHS
from fiftyone_plugin.checks.screening import Groups, Looked, look_at, needs_reading
from fiftyone_plugin.checks.survey import Survey, Suspects
from fiftyone_plugin.checks.text_readings import is_on_texts, on_texts
from importers import fields, fo_internals, schema, store
from importers.formats.base import Kind
from importers.parallel import map_items, one_behind

CHUNK = 1000
"""Pairs that are looked at together, or one image's where it has more."""


def search(
    samples: Any, checks: Sequence[Check], ious: Mapping[str, str], workers: int = 1
) -> Iterator[Checked]:
    """Yields all samples as they were read, with their findings, image by image.

    Queries and texts that were not read yet are, and their readings stored.

    Args:
        samples: a dataset or view that PairLens imported
        checks: to run
        ious: the field of the IoU by prediction field
        workers: processes; 1 for none but this
    """
    near = [one for one in checks if one.scope != "dataset"]
    wide = [one for one in checks if one.scope == "dataset"]
    surveyed = [one for one in wide if one.screen is not None]
    across = _by_key(_find_by_passes(samples, [c for c in wide if c.screen is None], ious))
    read = needs_reading([*near, *surveyed])
    texts = on_texts(kind_of(samples)) if any(map(is_on_texts, near)) else ()
    stored = text_readings.PATHS if texts else PATHS if read else ()
    columns = Columns.of([*near, *surveyed, *texts], ious, *stored, *EARLIER)
    look = partial(look_at, columns=columns, checks=near, survey=bool(surveyed), texts=texts)
    if not surveyed:
        for some in _look(samples, columns, look, workers, _Surveyed()):
            some.add(across)
            yield some
        return
    surveyed_all = _Surveyed()
    looked_at = _look(samples, columns, look, workers, surveyed_all)
    waiting = Spool((some.packed() for some in looked_at), size=1)  # of a thousand samples each
    try:
        for _ in waiting.batches():
            pass
        more = _by_key(surveyed_all.findings(samples, surveyed, ious))
        for some in map(Checked.unpacked, chain.from_iterable(waiting.batches())):
            some.add(across)
            some.add(more)
            yield some
    finally:
        waiting.close()


def kind_of(samples: Any) -> Kind:
    """The kind of dataset that samples are of; those from before there were several have pairs."""
    return store.info(fo_internals.dataset_of(samples)).get("kind") or "pairs"


class _Surveyed:
    """A survey of all pairs, with their ids."""

    def __init__(self) -> None:
        self._survey = Survey()
        self._ids = bytearray()

    def add(self, part: Survey | None, ids: Iterable[ObjectId]) -> None:
        if part is not None:
            self._survey.merge(part)
            self._ids += b"".join(one.binary for one in ids)

    def findings(
        self, samples: Any, checks: Sequence[Check], ious: Mapping[str, str]
    ) -> Iterator[Finding]:
        """What the checks make of it; they read the pairs that they suspect again."""
        if not len(self._survey):
            return
        for one in checks:
            if one.screen is not None:
                suspects: Suspects = one.screen(self._survey, **one.params)
                yield from self._judge(samples, one, suspects, Columns.of([one], ious, "_id"))

    def _judge(
        self, samples: Any, one: Check, suspects: Suspects, columns: Columns
    ) -> Iterator[Finding]:
        # In the order in which they were imported.
        wanted = sorted(bytes(self._ids[12 * n : 12 * n + 12]) for n in suspects.rows.tolist())
        subjects: list[Subject] = []
        for batch in store.batched(map(ObjectId, wanted), store.BATCH):
            subjects += map(columns.subject, rows_of(samples, columns, batch))
        known = {subject.key: subject for subject in subjects}
        for doubt in suspects.judge(subjects) if subjects else ():
            yield one.finding(known[doubt.key], doubt)


def _look(
    samples: Any,
    columns: Columns,
    look: Callable[[Groups], Looked],
    workers: int,
    surveyed: _Surveyed,
) -> Iterator[Checked]:
    """Looks at all images, and stores what was read anew."""
    under_way: deque[list[Row]] = deque()

    def chunks() -> Iterator[Groups]:
        for groups in chunked(images(samples, columns), CHUNK):
            under_way.append(list(chain.from_iterable(groups)))
            yield groups

    declared = False
    with one_behind() as behind:
        for looked in _worked(look, chunks(), workers):
            some = Checked.of(under_way.popleft(), columns, looked.found)
            if looked.readings and not declared:
                schema.declare_reading(fo_internals.dataset_of(samples))
                declared = True
            if looked.readings:
                changes = [
                    (some.ids[number], {fields.READING: store.embedded(values)})
                    for number, values in looked.readings
                ]
                behind(partial(store.update, fo_internals.dataset_of(samples), changes))
            surveyed.add(looked.survey, some.ids)
            yield some


def _worked(
    look: Callable[[Groups], Looked], chunks: Iterator[Groups], workers: int
) -> Iterator[Looked]:
    if workers == 1:
        yield from map(look, chunks)
        return
    for outcome in map_items(look, chunks, engine="processes", workers=workers):
        yield outcome.unwrap()


def chunked(groups: Iterator[list[Row]], size: int) -> Iterator[list[list[Row]]]:
    """Whole images, together so many pairs, or one where it has more."""
    chunk: list[list[Row]] = []
    pairs = 0
    for group in groups:
        chunk.append(group)
        pairs += len(group)
        if pairs >= size:
            yield chunk
            chunk, pairs = [], 0
    if chunk:
        yield chunk


def _by_key(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.key].append(finding)
    return found


def _find_by_passes(
    samples: Any, checks: Sequence[Check], ious: Mapping[str, str]
) -> list[Finding]:  # fmt: skip
    """Findings of checks of whole datasets that have no screen."""
    if not checks:
        return []
    columns = Columns.of(checks, ious)
    spool = Spool(rows(samples, columns))

    def batches() -> Iterator[list[Subject]]:
        for batch in spool.batches():
            yield [columns.subject(row) for row in batch]

    try:
        return run_together(checks, batches, about_several)
    finally:
        spool.close()
