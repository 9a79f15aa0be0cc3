"""What the panels are sent, in plain JSON; ``tools/py`` makes TypeScript of it.

Lengths are fractions of the image, x to the right and y down. Times are texts in ISO 8601.
Texts of a dataset are sent as they are: the panels show them as text, never as markup.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

VerdictName = Literal["keep", "drop", "fix", "unsure"]
Severity = Literal["error", "warning", "info"]
ShapeRole = Literal["mask_box", "mask_center", "named_region", "leaked_box", "leaked_point"]


class Word(TypedDict):
    """A part of the phrase that findings are about.

    ``start`` and ``end`` are UTF-16 code units of the phrase, as ``String.slice`` counts.
    """

    start: int
    end: int
    text: str
    kind: str
    value: str
    checks: list[str]


class Rect(TypedDict):
    """A rectangle over the image; ``soft`` is how far its edge fades."""

    type: Literal["rect"]
    role: ShapeRole
    label: str
    soft: float
    x: float
    y: float
    w: float
    h: float


class Point(TypedDict):
    """A point over the image."""

    type: Literal["point"]
    role: ShapeRole
    label: str
    soft: float
    x: float
    y: float


Shape = Rect | Point


class FindingView(TypedDict):
    """A finding; ``words`` are positions in the list of words of the pair."""

    check: str
    severity: Severity
    score: float | None
    note: str
    about: str
    words: list[int]
    evidence: list[Shape]


class MaskView(TypedDict):
    """A mask of the pair.

    ``path`` is ``None`` where the mask is no file, ``iou`` where the field was not scored, and
    ``usable`` says that it can become the ground truth.
    """

    field: str
    label: str
    role: Literal["truth", "original", "prediction"]
    path: str | None
    iou: float | None
    eval_key: str | None
    area: int | None
    usable: bool


class Sibling(TypedDict):
    """A query of the same image in the same split; ``findings`` is their number."""

    sample_id: str
    key: str | None
    phrase: str
    verdict: str | None
    current: bool
    findings: int


class QueueItem(TypedDict):
    """A place in a session's queue, from 0, and how far the session is.

    At the end of the queue there is no pair and no position.
    """

    session: str
    position: int | None
    of: int
    judged: int
    left: int
    sample_id: str | None
    key: str | None
    end: bool


class PairSession(QueueItem):
    """The session in which a pair is shown; the position is ``None`` outside of its queue."""

    name: str
    finished: bool
    in_queue: bool


class HistoryEntry(TypedDict):
    """An earlier change of the pair; ``was`` is the verdict before."""

    time: str
    reviewer: str | None
    kind: str
    verdict: str | None
    was: str | None
    phrase_changed: bool
    mask_changed: bool
    session: str | None


class ImageView(TypedDict):
    """The image that is shown; sizes in pixels."""

    path: str
    width: int | None
    height: int | None


class ReviewView(TypedDict):
    """The verdict that stands; ``editable`` where the App has a mask to edit."""

    verdict: str | None
    reviewer: str | None
    reviewed_at: str | None
    note: str | None
    mask_edited: bool
    editable: bool


class PairView(TypedDict):
    """Everything about a pair that a reviewer needs.

    Findings come worst first, the history newest first. ``ahead`` names the images and masks of
    the pairs that come next in the session, to be loaded before they are asked for.
    """

    sample_id: str
    key: str
    image_id: str | None
    split: str | None
    phrase: str
    original_phrase: str | None
    no_target: bool
    image_missing: bool
    image: ImageView
    words: list[Word]
    findings: list[FindingView]
    shapes: list[Shape]
    masks: list[MaskView]
    siblings: list[Sibling]
    review: ReviewView
    history: list[HistoryEntry]
    version: str
    session: PairSession | None
    ahead: list[str]
    can_undo: bool
    can_redo: bool


class ConflictFacts(TypedDict):
    """A pair as it is after another reviewer's decision."""

    key: str
    verdict: str | None
    reviewer: str | None
    reviewed_at: str | None
    note: str | None
    phrase: str | None
    mask_changed: bool
    version: str


class Judged(TypedDict):
    """A verdict as it was stored, and the number of its step in the log."""

    key: str
    sample_id: str
    verdict: str
    reviewer: str
    reviewed_at: str | None
    version: str
    step: int


class Undone(TypedDict):
    """What an undo or a redo restored.

    ``pairs`` is 0 where there was nothing; the first twenty pairs are named; ``verdict`` is what
    the first of them has now.
    """

    pairs: int
    step: int | None
    keys: list[str]
    sample_ids: list[str]
    verdict: str | None


class SessionOver(TypedDict):
    """What a session is over, in ``text`` for people."""

    kind: Literal["flagged", "check", "severity", "view", "saved_view"]
    text: str
    check: NotRequired[str]
    severity: NotRequired[str]
    view: NotRequired[str]
    stages: NotRequired[list[str]]


class Participant(TypedDict):
    """A reviewer of a session: pairs judged, and the position that was open last."""

    reviewer: str
    judged: int
    position: int | None
    at: str | None


class SessionView(TypedDict):
    """A session with its progress."""

    id: str
    name: str
    dataset: str
    creator: str
    created: str
    finished: str | None
    last_change: str | None
    over: SessionOver
    pairs: int
    judged: int
    left: int
    verdicts: dict[str, int]
    reviewers: list[Participant]


class Bar(TypedDict):
    """A count of pairs; ``bar`` is the name under which they can be shown."""

    bar: str
    pairs: int


class SeverityBar(Bar):
    """Pairs with a finding of a severity."""

    severity: Severity


class CheckBar(Bar):
    """Pairs with a finding of a check."""

    check: str
    severity: Severity
    about: str


class VerdictBar(Bar):
    """Pairs with a verdict, or ``pending`` ones."""

    verdict: str


class ReviewerBar(Bar):
    """Pairs that a reviewer judged, and how."""

    reviewer: str
    keep: int
    drop: int
    fix: int
    unsure: int


class SplitBar(Bar):
    """Pairs of a split."""

    split: str


class RangeBar(Bar):
    """Pairs with a number from ``low`` to ``high``."""

    low: float
    high: float


class Histogram(TypedDict):
    """Counts of a number over [0, 1]; ``none`` counts the pairs without it."""

    field: str
    title: str
    edges: list[float]
    bars: list[RangeBar]
    none: int


class EvaluationView(TypedDict):
    """A scoring of predictions."""

    key: str
    pred: str
    gt: str
    convention: str


class Overview(TypedDict):
    """A dataset or a view of it, counted; ``seconds`` is how long that took."""

    dataset: str
    pairs: int
    images: int
    flagged: int
    severities: list[SeverityBar]
    findings: list[CheckBar]
    evaluations: list[EvaluationView]
    histogram: Histogram
    verdicts: list[VerdictBar]
    reviewers: list[ReviewerBar]
    splits: list[SplitBar]
    sessions: list[SessionView]
    seconds: float


class Advice(TypedDict):
    """What is to be done next, and the step of the work that does it."""

    text: str
    step: str | None


class Facts(TypedDict):
    """What the curation panel shows; all but ``state`` and ``advice`` where it is ``ready``.

    ``whole`` says that the figures are of the whole dataset.
    """

    state: Literal["none", "foreign", "empty", "refused", "ready"]
    advice: list[Advice]
    overview: NotRequired[Overview]
    whole: NotRequired[bool]
    saved_views: NotRequired[list[str]]
    reviewer: NotRequired[str]
