"""What the panels are sent, in plain JSON; ``tools/py`` makes TypeScript of it.

Lengths are fractions of the image, x to the right and y down. Times are texts in ISO 8601.
Texts of a dataset are sent as they are: the panels show them as text, never as markup.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

VerdictName = Literal["keep", "drop", "fix", "unsure"]
Severity = Literal["error", "warning", "info"]
ShapeRole = Literal[
    "mask_box", "mask_center", "named_region", "leaked_box", "leaked_point", "text_box"
]


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


class Outline(TypedDict):
    """A closed polygon over the image, by its points (x, y)."""

    type: Literal["outline"]
    role: ShapeRole
    label: str
    soft: float
    points: list[list[float]]


Shape = Rect | Point | Outline


class FindingView(TypedDict):
    """A finding; ``words`` are positions in the list of words of the pair, and ``units`` the names
    of the captions or turns that it is about."""

    check: str
    severity: Severity
    score: float | None
    note: str
    about: str
    words: list[int]
    units: list[str]
    evidence: list[Shape]


class TextEdit(TypedDict):
    """An edit of a caption or turn: other texts, whether it is removed, the verdict on it alone."""

    unit: str
    texts: NotRequired[list[str]]
    removed: NotRequired[bool]
    verdict: NotRequired[str | None]


class TextPart(TypedDict):
    """A caption, a question or an answer, with the words that findings are about.

    ``published`` is ``None`` where it is as published.
    """

    name: Literal["caption", "question", "answer"]
    text: str
    published: str | None
    words: list[Word]


class TextView(TypedDict):
    """A caption, or a turn of a conversation.

    ``unit`` is its name in edits, and ``shapes`` the boxes in its texts. A turn has a category and
    the record that it stands in, a caption a task and an annotator.
    """

    unit: str
    kind: Literal["caption", "turn"]
    task: int | None
    annotator: str | None
    category: str
    record: str
    parts: list[TextPart]
    shapes: list[Shape]
    removed: bool
    added: bool
    verdict: str | None


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


class MaskRuns(TypedDict):
    """COCO's compressed RLE of a mask; ``size`` is height and width in pixels."""

    size: list[int]
    counts: str


class MaskToPaint(TypedDict):
    """What the brush starts from.

    ``ignored`` is what counts neither way, where there is any; ``longest`` is how many characters
    the runs of a mask may have that is sent back.
    """

    target: MaskRuns
    ignored: MaskRuns | None
    longest: int


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


class DiffPart(TypedDict):
    """A piece of a text that stays, is cut or is new."""

    text: str
    kind: Literal["same", "cut", "new"]


class SuggestionView(TypedDict):
    """What would mend a pair; ``text`` says so for people.

    ``phrase`` is the corrected query and ``diff`` its difference, ``mask_of`` the key of the pair
    whose mask it takes, ``mask_from`` a field of predictions, ``removes`` names the captions or
    turns that go. A pair has one of these; of others, ``unit`` is the one that ``phrase`` is of,
    and ``edits`` does it all.
    """

    checks: list[str]
    text: str
    phrase: str | None
    diff: list[DiffPart]
    mask_of: str | None
    mask_from: str | None
    unit: str | None
    removes: list[str]
    edits: list[TextEdit]


class OpinionView(TypedDict):
    """What a reviewer decided on a pair last.

    ``phrase`` is the query or caption that the reviewer made of it, ``None`` where it was left;
    ``texts_changed`` says that others of its texts were changed;
    ``settles`` says that it was given in sight of a disagreement.
    """

    reviewer: str
    verdict: str
    note: str | None
    time: str
    phrase: str | None
    texts_changed: bool
    mask_changed: bool
    settles: bool


class AskedView(TypedDict):
    """A question for a second opinion: whose, and what it is."""

    by: str
    note: str | None
    time: str


class MemberView(TypedDict):
    """A pair of a group.

    Findings come worst first. ``meant`` says that the verdict on the group is meant for it too.
    An image with captions or conversations has ``texts`` instead of a query and masks.
    ``opinions`` are what each reviewer decided, oldest first, and ``disagree`` says that it is not
    settled. Where it is ``blind``, the pair is to be judged without the verdicts of others, which
    are left out of opinions, review and history. ``asked`` is who wants a second opinion.
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
    review: ReviewView
    version: str
    suggestion: SuggestionView | None
    meant: bool
    texts: list[TextView]
    opinions: list[OpinionView]
    disagree: bool
    blind: bool
    asked: AskedView | None


class GroupView(TypedDict):
    """What is judged together; ``text`` names it for people, members come in published order."""

    id: str
    text: str
    members: list[MemberView]


class PairView(MemberView):
    """Everything about a pair that a reviewer needs, with the group that it is judged in.

    The history comes newest first.
    """

    siblings: list[Sibling]
    history: list[HistoryEntry]
    session: PairSession | None
    can_undo: bool
    can_redo: bool
    group: GroupView


class Pace(TypedDict):
    """How fast a reviewer judges.

    ``minutes`` is the time between verdicts without longer pauses, ``per_hour`` ``None`` where
    there is too little of it.
    """

    reviewer: str
    verdicts: int
    minutes: float
    per_hour: float | None


class ReviewerAgreement(TypedDict):
    """Agreement of two reviewers on the ``common`` pairs that both judged as they were.

    ``edited`` more were changed by one before the other saw them, and are not counted.
    """

    first: str
    second: str
    common: int
    edited: int
    same: int
    share: float | None
    kappa: float | None
    why: str


class Team(TypedDict):
    """The work of several reviewers; ``pause`` is the minutes after which time does not count."""

    paces: list[Pace]
    agreement: list[ReviewerAgreement]
    disagreements: int
    pause: int


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


class VersionMoved(TypedDict):
    """A pair whose mask a verdict replaced: what it was, but for the mask, and what it is."""

    sample_id: str
    was: str
    version: str


class Alike(TypedDict):
    """One verdict on many pairs: how many were written, and how many left alone.

    ``others`` had a verdict of another reviewer.
    """

    written: int
    others: int
    left: int
    step: int | None


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


class Suggested(TypedDict):
    """A decisions file of suggestions: the number of its lines, and of these by check."""

    out: str
    suggested: int
    checks: dict[str, int]


class SessionOver(TypedDict):
    """What a session is over, in ``text`` for people."""

    kind: Literal[
        "flagged",
        "warnings",
        "check",
        "severity",
        "view",
        "saved_view",
        "disagreements",
        "opinions",
        "sample",
    ]
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
    """A session with its progress.

    ``reviewer`` is whom it was made for, ``None`` where anybody may go through it; ``shared``
    counts the pairs that others judge as well.
    """

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
    reviewer: str | None
    shared: int


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


class ReliabilityRow(TypedDict):
    """Judged pairs with a chance to be bad from ``low`` to ``high``: their number, the mean chance,
    by models that did not see their verdicts, and the share that was bad."""

    low: float
    high: float
    pairs: int
    expected: float
    found: float


class RankingView(TypedDict):
    """When ``p_bad`` was estimated, from how many verdicts, and how good the chances were."""

    time: str
    verdicts: int
    bad: int
    reliability: list[ReliabilityRow]


class Advice(TypedDict):
    """What is to be done next, and the step of the work that does it."""

    text: str
    step: str | None


class Facts(TypedDict):
    """What the curation panel shows; all but ``state`` and ``advice`` where it is ``ready``.

    ``whole`` says that the figures are of the whole dataset, ``known`` that checks ever ran,
    ``groups`` is the number of groups with a warning or an error that nobody has judged.
    ``reviewer`` is who the server was started for; ``steps`` are those that can be done; ``notes``
    say what else has to be known. ``ranking`` is there where a model of the verdicts was fitted.
    """

    state: Literal["none", "foreign", "empty", "refused", "ready"]
    advice: list[Advice]
    overview: NotRequired[Overview]
    whole: NotRequired[bool]
    saved_views: NotRequired[list[str]]
    reviewer: NotRequired[str | None]
    known: NotRequired[bool]
    groups: NotRequired[int]
    steps: NotRequired[list[str]]
    notes: NotRequired[list[str]]
    ranking: NotRequired[RankingView | None]
