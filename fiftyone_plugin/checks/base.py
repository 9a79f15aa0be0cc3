"""Declaration of checks: their input, their issues and their registration.

A check is a decorated generator function. It takes a batch of samples, selects rows with arrays
and yields issues for them::

    @check("tiny_mask", severity="warning", needs=("mask_stats",), about="...")
    def tiny_mask(batch: Batch, *, min_area: int = 16) -> Iterator[Issue]:
        area = batch.stat("area")
        for sample in batch.where((area > 0) & (area < min_area)):
            yield Issue(sample.key, 0.3, f"the mask has {sample.stats.area} pixels")

Its keyword-only arguments are its parameters: ``--param tiny_mask.min_area=9`` and the form
in the App come from them. Checks read stored values only; nothing here imports FiftyOne or
decodes an image.

Each check rates the strength of its evidence on its own scale. The score is calibrated on findings
that a person has read: it is the share of right pairs among findings of the check with about the
same strength. Scores of different checks are therefore comparable and make one queue.
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
    """Agreement of several predictors.

    Attributes:
        iou: mean of their IoUs with each other, in [0, 1]
        area: pixels of the mask that most of them share
    """

    iou: float
    area: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample in the form that checks take: a pair, or an image with captions or conversations.

    Attributes:
        key, image_id, split, phrase, no_target: as in :class:`pairlens.importers.records.Pair`
        image_missing: whether a placeholder replaces the image
        image_size: (width, height) of the image in pixels, or ``None``
        image_digest: SHA-256 of the image file, ``""`` where the image is missing
        stats: the mask's measurements
        image: the image's measurements, ``None`` if it was not decoded yet or is missing
        colors: colours of the target, ``None`` if the image was not decoded or the mask is empty
        ious: IoU by prediction field, for the fields that were named for the checks
        agreements: agreement by prediction field, for fields that are a consensus of predictors
        predicted: target pixels of the prediction by prediction field
        captions, turns: texts about the image; empty for pairs
        vectors: embeddings of the image and of the text, as stored, if a check needs them
        source_boxes: object boxes from the image's source
        judgements: the answers of judges about the sample
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
    """A possible fault that a check reports for a sample.

    Attributes:
        key: the sample's key
        score: strength of the evidence on the check's scale, from 0 (surely bad) to 1 (no doubt)
        note: the evidence, in numbers and words that can be verified at a glance
        severity: severity of this case; ``None`` for the check's own
        group: a text that is equal, on every machine, for samples with different masks that share
            the issue, such as both samples of a swap
    """

    key: str
    score: float
    note: str
    severity: Severity | None = None
    group: str = ""


class Finding(NamedTuple):
    """An issue of a sample with its check: a line of ``findings.jsonl``.

    ``score`` is the estimated chance that the pair is right; see :func:`chance`. ``group`` is equal
    for findings that are reviewed together; see :func:`group_of`.
    """

    key: str
    check: str
    severity: Severity
    score: float
    note: str
    group: str = ""

    @property
    def rank(self) -> tuple[float, int]:
        """Sort key, worst first: score, then severity."""
        return self.score, SEVERITIES.index(self.severity)


def group_of(text: str) -> str:
    """The id of a group, 12 hexadecimal digits, from a text that its findings have in common."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()


def mask_group(key: str, digest: str | None) -> str:
    """The group of all findings about a mask, or about a sample without a mask.

    Args:
        key: key of any sample with the image and mask
        digest: digest of the mask, ``None`` or ``""`` for no mask
    """
    return group_of(f"{_image_prefix(key)} {digest or ''}")


def sorted_findings(findings: Iterable[Finding], mask: str | None) -> list[Finding]:
    """The findings of a sample, worst first, each with its group.

    Args:
        findings: the findings of one sample
        mask: digest of its mask, ``None`` for no mask
    """
    grouped = [f if f.group else Finding(*f[:-1], mask_group(f.key, mask)) for f in findings]
    return sorted(grouped, key=lambda f: (f.rank, f.check)) if len(grouped) > 1 else grouped


def _image_prefix(key: str) -> str:
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
        check: name of the check, or :data:`SIBLING`
        severity: severity of the finding, used for checks without a table
        strength: strength of the evidence, from 0 (surely bad) to 1 (no doubt)
    """
    strength = min(1.0, max(0.0, strength))
    if check in TABLE:
        return round(float(np.interp(strength, *_curve(check))), 4)
    low, high = PRIORS[severity]
    return round(low + (high - low) * strength, 4)


def smoothed(severity: str, right: int, arguable: int, wrong: int) -> float:
    """The chance estimated from findings that were read, smoothed by a prior.

    Args:
        severity: severity of the findings; the prior is the middle of its range
        right: number of findings whose pair is bad
        arguable: number of findings about which readers may differ, counted as one half
        wrong: number of findings whose pair is right
    """
    prior = sum(PRIORS[severity]) / 2
    return (wrong + arguable / 2 + WEIGHT * prior) / (right + arguable + wrong + WEIGHT)


@cache
def _curve(check: str) -> tuple[list[float], list[float]]:
    """Strengths and chances for the interpolation.

    Within a row the chance rises a little with the strength, so that findings keep their order.
    Evidence stronger than all findings that were read counts as the strongest of them; strength 1
    is no doubt.
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
"""Takes a :class:`~pairlens.fiftyone_plugin.checks.batch.Batch`, or for the scope ``"dataset"`` a
:class:`~pairlens.fiftyone_plugin.checks.engine.DatasetStatistics`, and the
parameters."""

Statistic = Callable[[Any], NDArray[Any]]
"""Computes a statistic of a batch for a check of datasets: an array of numbers or of texts, mostly
one value a sample. It must be a module-level function, so that other processes can run it."""


@dataclass(frozen=True)
class Check:
    """A declared check.

    Attributes:
        name: in ``snake_case``
        severity: severity of its findings, unless an issue has its own
        scope: whether it compares values of a sample, an image or a dataset
        needs: requirements: sample fields, ``"predictions"``, ``"embeddings"`` or ``"outlines"``
        wants: optional sample fields that it uses if the dataset has them
        about: one sentence for users
        function: the generator
        params: default of each parameter by name
        keeps: the statistics that a check of datasets needs
        kinds: the kinds of datasets that it applies to
        topic: its heading in ``docs/checks.md``
        fires: example samples with an issue; the documentation shows the first issue
        silent: similar samples without an issue
        subject: whether its findings are about the mask or the image; those of one are one group
        shared: whether other queries of the same mask, mostly paraphrases, are likely to have the
            same fault and are reported too, or a function of their features that decides it
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

    def with_params(self, params: dict[str, Any]) -> Check:
        """The check with some parameters set; texts are cast to the default's type.

        Raises:
            UsageError: for an unknown parameter or a value of the wrong type
        """
        cast = dict(self.params)
        for name, value in params.items():
            if name not in self.params:
                known = ", ".join(self.params) or "none"
                raise UsageError(f"check {self.name} has no parameter {name!r}; it has {known}")
            kind = type(self.params[name])
            try:
                cast[name] = kind(value)
                # int(9.5) would silently be 9, and NaN is no bound.
                changed = isinstance(value, float) and cast[name] != value
                wrong = changed or cast[name] != cast[name]
            except (TypeError, ValueError, OverflowError):
                wrong = True
            if wrong:
                raise UsageError(f"{self.name}.{name} takes a {kind.__name__}, not {value!r}")
        return replace(self, params=cast)

    def run(self, data: Any) -> Iterator[Issue]:
        """Calls the function on a batch, or on the statistics of a dataset."""
        yield from self.function(data, **self.params)

    def finding(self, issue: Issue) -> Finding:
        """The finding of an issue of this check; an empty group means the group of the mask."""
        group = issue.group or (_image_prefix(issue.key) if self.subject == "image" else "")
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


def _samples(examples: Sample | Iterable[Sample]) -> tuple[Sample, ...]:
    return (examples,) if isinstance(examples, Sample) else tuple(examples)
