"""How a check is declared, what it is given and what it yields.

A check is a generator function with a decorator. It is given a batch of samples, selects rows
with arrays and yields issues for those::

    @check("tiny_mask", severity="warning", needs=("mask_stats",), about="...")
    def tiny_mask(batch: Batch, *, min_area: int = 16) -> Iterator[Issue]:
        area = batch.stat("area")
        for sample in batch.where((area > 0) & (area < min_area)):
            yield Issue(sample.key, 0.3, f"the mask has {sample.stats.area} pixels")

Its keyword-only arguments are its parameters: ``--param tiny_mask.min_area=9`` and the form
in the App come from them. Checks go by stored records only; nothing here imports FiftyOne or
decodes an image.

A check says how strong its evidence is, on a scale of its own. What that is worth is counted on
findings that a person has read: of those of a check with about the same strength, the share whose
pair is right is the score. So scores of different checks mean the same, and one queue can be made
of all.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.chances_table import TABLE
from pairlens.fiftyone_plugin.checks.judgements import Judgement
from pairlens.importers.errors import UsageError
from pairlens.importers.fields import IMAGE_STATS, TARGET_COLORS
from pairlens.importers.image_stats import ImageStats, TargetColors
from pairlens.importers.mask_stats import MaskStats
from pairlens.importers.records import Caption, Kind, Turn
from pairlens.importers.registry import Registry
from pairlens.importers.source_boxes import SourceBox

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.language.query_features import QueryFeatures

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""``error``: the pair cannot be right; ``warning``: probably wrong; ``info``: worth knowing."""

Scope = Literal["sample", "image", "dataset"]
"""What a check compares: each sample by itself, those of one image, or all of a dataset."""

Subject = Literal["mask", "image"]
"""What the findings of a check judge: the sample's mask with its queries, or the image."""

PREDICTIONS = "predictions"
"""In a check's ``needs``: it runs only where scored predictions were named."""

EMBEDDINGS = "embeddings"
"""In a check's ``needs``: it runs only where the fields that its parameters name hold vectors."""

OUTLINES = "outlines"
"""In a check's ``needs``: it reads outlines, and does not run where the targets are boxes."""

PIXELS = (IMAGE_STATS, f"{IMAGE_STATS}.phash", TARGET_COLORS)
"""In a check's ``needs``: images that were not decoded yet are, before it runs."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What several predictors agree on.

    Attributes:
        iou: mean of their IoUs with each other, in [0, 1]
        area: pixels of the mask that most of them share
    """

    iou: float
    area: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample as the checks see it: a pair, or an image with what was written about it.

    Attributes:
        key, image_id, split, phrase, no_target: as in :class:`pairlens.importers.records.Pair`
        image_missing: a placeholder stands for the image
        image_size: (width, height) of the image in pixels, or ``None``
        image_digest: SHA-256 of the image file, ``""`` where the image is missing
        stats: the mask's measurements
        image: the image's measurements, ``None`` where it was not decoded yet or is missing
        colors: of the target in it, ``None`` likewise and where the mask is empty
        ious: IoU by prediction field, for the fields that checks were asked to use
        agreements: for those of them that are the consensus of several predictors
        predicted: target pixels of the prediction by prediction field, likewise
        captions, turns: what was written about the image, where it is no pair
        vectors: embeddings of the image and of the text, as stored, where a check asked for them
        source_boxes: what the image's source has marked in it
        judgements: what judges answered about it
    """

    key: str
    image_id: str
    split: str
    phrase: str
    no_target: bool = False
    image_missing: bool = False
    image_size: tuple[int, int] | None = None
    image_digest: str = ""
    stats: MaskStats = field(default_factory=MaskStats)
    image: ImageStats | None = None
    colors: TargetColors | None = None
    ious: dict[str, float] = field(default_factory=dict)
    agreements: dict[str, Agreement] = field(default_factory=dict)
    predicted: dict[str, int] = field(default_factory=dict)
    captions: tuple[Caption, ...] = ()
    turns: tuple[Turn, ...] = ()
    vectors: tuple[Any, ...] = ()
    source_boxes: tuple[SourceBox, ...] = ()
    judgements: tuple[Judgement, ...] = ()


class Issue(NamedTuple):
    """What a check reports about a sample.

    Attributes:
        key: of the sample
        score: the strength of the evidence, 0 surely bad to 1 no doubt, on the check's own scale
        note: the evidence, in numbers and words that can be verified at a glance
        severity: where this case differs from the check's own severity
        group: where samples with other masks share this issue, such as the two of a swap: a text
            that is equal for all of them, and on every machine
    """

    key: str
    score: float
    note: str
    severity: Severity | None = None
    group: str = ""


class Finding(NamedTuple):
    """An issue with its sample and its check: a line of ``findings.jsonl``.

    ``score`` is the estimated chance that the pair is right; see :func:`chance`. ``group`` is equal
    for the findings that one look decides; see :func:`group_of`.
    """

    key: str
    check: str
    severity: Severity
    score: float
    note: str
    group: str = ""

    @property
    def rank(self) -> tuple[float, int]:
        """Worst first: by score, then by severity."""
        return self.score, SEVERITIES.index(self.severity)


def group_of(text: str) -> str:
    """The id of a group, 12 hexadecimal digits, of what its findings have in common."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()


def mask_group(key: str, digest: str | None) -> str:
    """The group of the findings that judge a mask, or a sample without one.

    Args:
        key: of any sample of the image and mask
        digest: of the mask, ``None`` or ``""`` for no mask
    """
    return group_of(f"{_image_part(key)} {digest or ''}")


def sorted_findings(findings: Iterable[Finding], mask: str | None) -> list[Finding]:
    """The findings of a sample, worst first, each with its group.

    Args:
        findings: of one sample
        mask: the digest of its mask, ``None`` where there is no mask
    """
    grouped = [f if f.group else Finding(*f[:-1], mask_group(f.key, mask)) for f in findings]
    return sorted(grouped, key=lambda f: (f.rank, f.check)) if len(grouped) > 1 else grouped


def _image_part(key: str) -> str:
    """Dataset, split and image of ``dataset/split/image#query``."""
    return key.rpartition("#")[0] or key


SIBLING = "siblings"
"""The row of the table for findings that follow from another query of the same mask."""

PRIORS: dict[str, tuple[float, float]] = {
    "error": (0.0, 0.1),
    "warning": (0.05, 0.35),
    "info": (0.3, 0.8),
}
"""By severity, the chances at strength 0 and 1 of findings of checks of which none was read."""

WEIGHT = 2
"""Findings that the prior counts for beside those that were read, as in Laplace's rule."""


TILT = 0.05
"""How far the chance lies from that of its row at the ends of the row's strengths, as a share."""


@lru_cache(maxsize=1024)
def chance(check: str, severity: str, strength: float) -> float:
    """The estimated chance that a pair with a finding is right, 0 to 1.

    Args:
        check: that found it, or :data:`SIBLING`
        severity: of the finding, for checks without a table
        strength: 0 surely bad to 1 no doubt, as the check has it
    """
    strength = min(1.0, max(0.0, strength))
    if check in TABLE:
        return round(float(np.interp(strength, *_curve(check))), 4)
    low, high = PRIORS[severity]
    return round(low + (high - low) * strength, 4)


def smoothed(severity: str, right: int, arguable: int, wrong: int) -> float:
    """The chance after findings were read. Where readers differ it is one half.

    Args:
        severity: of the findings, in the middle of whose range the prior is
        right: findings whose pair is bad
        arguable: that two readers may differ about
        wrong: whose pair is right
    """
    prior = sum(PRIORS[severity]) / 2
    return (wrong + arguable / 2 + WEIGHT * prior) / (right + arguable + wrong + WEIGHT)


@cache
def _curve(check: str) -> tuple[list[float], list[float]]:
    """Strengths and chances between which is interpolated.

    Within a row the chance rises a little with the strength, so that findings keep their order.
    What is stronger than all that was read counts as the strongest that was; strength 1 is no
    doubt.
    """
    strengths: list[float] = []
    chances: list[float] = []
    for row in TABLE[check]:
        tilts = (0.0,) if row.low == row.high else (-TILT, TILT)
        for strength, tilt in zip((row.low, row.high), tilts, strict=False):
            strengths.append(strength)
            chances.append(max([row.chance * (1 + tilt), *chances[-1:]]))
    return [*strengths, 1.0], [*chances, 1.0]


CheckFunction = Callable[..., Iterable[Issue]]
"""Given a :class:`~pairlens.fiftyone_plugin.checks.batch.Batch`, or for the scope ``"dataset"`` a
:class:`~pairlens.fiftyone_plugin.checks.engine.DatasetStatistics`, and the
parameters."""

Statistic = Callable[[Any], NDArray[Any]]
"""Given a batch, what a check of a dataset keeps of it: an array of numbers or of texts, mostly
one value a sample. A function at the top of a module, so that other processes can run it."""


@dataclass(frozen=True)
class Check:
    """A declared check.

    Attributes:
        name: in ``snake_case``, as the catalogue has it
        severity: of its findings unless an issue says otherwise
        scope: what it compares
        needs: what must be there for it to run: sample fields, ``"predictions"``,
            ``"embeddings"`` or ``"outlines"``
        wants: sample fields that it uses where they are there
        about: one sentence for people
        function: the generator
        params: parameter defaults by name
        keeps: for checks of datasets, what is kept of every sample
        kinds: the kinds of datasets that it applies to
        topic: the heading under which ``docs/checks.md`` has it
        fires: samples of which it reports at least the first issue that the documentation shows
        silent: samples alike of which it reports nothing
        subject: what its findings judge; those of one subject are one group
        shared: whether other queries of the same mask, which mostly are paraphrases, are likely
            to have the same fault: they are then reported as ``info``. A function says of what the
            other query says whether it may have it
    """

    name: str
    severity: Severity
    scope: Scope
    needs: tuple[str, ...]
    about: str
    function: CheckFunction
    params: dict[str, Any]
    keeps: tuple[Statistic, ...] = ()
    kinds: tuple[Kind, ...] = ("pairs",)
    topic: str = ""
    fires: tuple[Sample, ...] = ()
    silent: tuple[Sample, ...] = ()
    subject: Subject = "mask"
    shared: bool | Callable[[QueryFeatures], bool] = False
    wants: tuple[str, ...] = ()

    def with_params(self, given: dict[str, Any]) -> Check:
        """The check with some parameters set; texts are cast to the default's type.

        Raises:
            UsageError: for an unknown parameter or a value of the wrong type
        """
        cast = dict(self.params)
        for name, value in given.items():
            if name not in self.params:
                known = ", ".join(self.params) or "none"
                raise UsageError(f"check {self.name} has no parameter {name!r}; it has {known}")
            kind = type(self.params[name])
            try:
                cast[name] = kind(value)
                # int(9.5) is 9, which was not asked for, and NaN is no bound at all.
                changed = isinstance(value, float) and cast[name] != value
                wrong = changed or cast[name] != cast[name]
            except (TypeError, ValueError, OverflowError):
                wrong = True
            if wrong:
                raise UsageError(f"{self.name}.{name} takes a {kind.__name__}, not {value!r}")
        return replace(self, params=cast)

    def run(self, given: Any) -> Iterator[Issue]:
        """Calls the function on a batch, or on the statistics of a dataset."""
        yield from self.function(given, **self.params)

    def finding(self, issue: Issue) -> Finding:
        """An issue of this check as a finding; the group is empty where it is that of the mask."""
        group = issue.group or (_image_part(issue.key) if self.subject == "image" else "")
        severity = issue.severity or self.severity
        score = chance(self.name, severity, issue.score)
        group = group_of(group) if group else ""
        return Finding(issue.key, self.name, severity, score, issue.note, group)


CHECKS: Registry[Check] = Registry("check", "pairlens.checks")


def check(
    name: str,
    *,
    severity: Severity,
    about: str,
    needs: tuple[str, ...],
    topic: str = "",
    fires: Sample | Iterable[Sample] = (),
    silent: Sample | Iterable[Sample] = (),
    scope: Scope = "sample",
    keeps: tuple[Statistic, ...] = (),
    kinds: tuple[Kind, ...] = ("pairs",),
    subject: Subject = "mask",
    shared: bool | Callable[[QueryFeatures], bool] = False,
    wants: tuple[str, ...] = (),
) -> Callable[[CheckFunction], CheckFunction]:
    """Registers the decorated generator function as a check; see :class:`Check`."""

    def register(function: CheckFunction) -> CheckFunction:
        params = {
            p.name: p.default
            for p in inspect.signature(function).parameters.values()
            if p.kind is inspect.Parameter.KEYWORD_ONLY
        }
        examples = (_samples(fires), _samples(silent))
        CHECKS.add(
            name,
            Check(name, severity, scope, needs, about, function, params, keeps, kinds, topic,
                  *examples, subject, shared, wants),
        )  # fmt: skip
        return function

    return register


def _samples(given: Sample | Iterable[Sample]) -> tuple[Sample, ...]:
    return (given,) if isinstance(given, Sample) else tuple(given)
