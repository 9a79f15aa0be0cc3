"""Makes questions of the samples of a dataset, and selects those to ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.finding import batches
from pairlens.fiftyone_plugin.checks.judgements import CHECK, Judgement
from pairlens.fiftyone_plugin.checks.rows import Columns, Row
from pairlens.fiftyone_plugin.judging import prompts
from pairlens.fiftyone_plugin.judging.base import Judge, Question
from pairlens.fiftyone_plugin.judging.identity import new_judgement
from pairlens.importers import fields

MISSING = "the image is missing"
NO_MASK = "there is no mask with a target"
NO_WORDS = "the text has no words"
ONLY_INJECTION = "the text only addresses a model"

_MASK = f"{fields.SEGMENTATION}.mask_path"
_VECTORS = (fields.IMAGE_EMBEDDING, fields.TEXT_EMBEDDING)


@dataclass
class Pending:
    """Reads the questions of a dataset or view.

    Attributes:
        samples: the dataset or view
        judge: the judge
        name: name of the judge
        is_pairs: whether the samples are query/mask pairs
        anew: whether answered questions are asked again
        seen: number of samples read so far
        skips: number of skipped samples by reason
        unchanged: number of samples with an answer to the same question; for a judge that compares
            samples, of those with vectors
        left_out: number of texts that did not fit into their question
        refused: judgements of samples that are not asked about, to be stored
        ids: ids of the samples of the questions so far, by key
    """

    samples: Any
    judge: Judge
    name: str
    is_pairs: bool
    anew: bool = False
    seen: int = 0
    skips: Counter[str] = field(default_factory=Counter[str])
    unchanged: int = 0
    left_out: int = 0
    refused: list[tuple[Any, Judgement]] = field(default_factory=list)
    ids: dict[str, Any] = field(default_factory=dict[str, Any])

    def __iter__(self) -> Iterator[Question]:
        vectors = _VECTORS if self.judge.compares else ()
        columns = Columns.of([CHECKS[CHECK]], {}, "_id", "filepath", _MASK, *vectors)
        for rows in batches(self.samples, columns):
            for row in rows:
                self.seen += 1
                question = self._question(row, columns)
                if question is not None and self._is_asked(question, columns.value(row, "_id")):
                    self.ids[question.sample.key] = columns.value(row, "_id")
                    yield question

    def _question(self, row: Row, columns: Columns) -> Question | None:
        sample = columns.sample(row)
        mask = columns.value(row, _MASK)
        reason = ""
        if sample.image_missing:
            reason = MISSING
        elif self.is_pairs and (
            not mask or sample.stats.error or not (sample.stats.area or sample.no_target)
        ):
            reason = NO_MASK
        if reason:
            self.skips[reason] += 1
            return None
        path = Path(mask) if self.is_pairs else None
        question = Question(sample, Path(columns.value(row, "filepath")), path)
        if not self.judge.compares:
            return question
        image, text = (columns.value(row, name) for name in _VECTORS)
        if self.anew or image is None or text is None or self._earlier(question) is None:
            return question
        self.unchanged += 1
        return replace(question, vectors=(image, text))

    def _earlier(self, question: Question) -> Judgement | None:
        """The judge's earlier answer to the same question, if any."""
        of = question.content
        known = (
            judgement for judgement in question.sample.judgements if judgement.judge == self.name
        )
        return next(
            (
                judgement
                for judgement in known
                if (judgement.by, judgement.of) == (self.judge.by, of)
            ),
            None,
        )

    def _is_asked(self, question: Question, sample_id: ObjectId) -> bool:
        asked = prompts.question_texts(question.sample, question.is_pair)
        if prompts.is_empty(asked):
            reason = ONLY_INJECTION if asked.spoken else NO_WORDS
            self.skips[reason] += 1
            if asked.spoken:
                judgement = new_judgement(self.judge, self.name, question)
                refused = replace(judgement, spoken=asked.spoken, fault=ONLY_INJECTION)
                self.refused.append((sample_id, refused))
            return False
        if not self.anew and not self.judge.compares and self._earlier(question) is not None:
            self.unchanged += 1
            return False
        self.left_out += asked.left_out
        return True
