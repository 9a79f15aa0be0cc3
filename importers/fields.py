"""Names of all sample fields, indexes, info keys and runs.

The names follow FiftyOne's own where it has one (``filepath``, ``tags``, ``<eval key>_iou``)
and the RefSegRS copy on the hub for ``segmentation`` and ``phrase``.
"""

from __future__ import annotations

from enum import StrEnum

RENDITION = "rendition"
KEY = "key"
IMAGE_ID = "image_id"
SPLIT = "split"
IMAGE_MISSING = "image_missing"
SEGMENTATION = "segmentation"
PHRASE = "phrase"
NO_TARGET = "no_target"
MASK_STATS = "mask_stats"
SOURCE = "source"
DIGEST = "image_digest"
"""Within a source."""

TEXT_DIGEST, TARGET_DIGEST, MASK_DIGEST = "text_digest", "target_digest", "mask_digest"
FIXED_DIGEST = "fixed_digest"
"""Within a source, and the first within a turn: digests of what was imported; see
:mod:`pairlens.importers.digests`. Of a mask there are two: as the published files hold it, and of
its
pixels as they are stored. The last is of what no published layout is written with anew. Samples of
earlier versions have none."""

ADOPTED_FROM = "adopted_from"
"""Within a source: the id of the sample that the pair was taken from, where it was adopted."""

ADOPTED = "adopted"
"""The format of a dataset whose pairs were taken from labels that were in it already."""

IMAGE_DIGEST = f"{SOURCE}.{DIGEST}"
IMAGE_STATS = "image_stats"
TARGET_COLORS = "target_colors"
READING = "reading"
"""What checks of versions up to 0.1.0 read in the query; the next flagging removes it."""

CAPTION = "caption"
CAPTIONS = "captions"
LOCATION = "location"
CAPTURE_DATE = "capture_date"
CONVERSATIONS = "conversations"
BOXES = "boxes"
ROTATED_BOXES = "rotated_boxes"
TARGET_BOX = "target_box"
"""Of pairs of formats that give boxes: the box, upright and within the image."""

SOURCE_BOXES = "source_boxes"
"""Boxes of the data that the images were taken from, with their classes."""

FINDINGS = "findings"
QUALITY = "quality"
WORST_SEVERITY = "worst_severity"
"""The gravest severity of the findings. The App filters by it from an index, as by any plain field:
by an attribute of labels it reads each sample, for those of its labels that it is to show."""

P_BAD = "p_bad"
"""The estimated chance that the pair is bad, by a model of the verdicts."""

JUDGEMENTS = "judgements"
"""What judges answered about the sample, by the judge's name."""

IMAGE_EMBEDDING, TEXT_EMBEDDING = "image_embedding", "text_embedding"
"""Vectors of the part of the image that a text is about, and of the text, in one space."""

VERDICT = "verdict"
REVIEWER = "reviewer"
REVIEWED_AT = "reviewed_at"
REVIEW_NOTE = "review_note"
ORIGINAL_PHRASE = "original_phrase"
ORIGINAL_MASK = "original_mask"
TEXT_EDITS = "text_edits"
"""Of captions and conversations: what was edited of their texts, and the removed ones. It is there
only where something was."""

EDITABLE_MASK = f"{SEGMENTATION}_edit"
"""Instances that a reviewer edits in the App; they become the mask with the verdict ``fix``."""

INFO = "pairlens"
"""Key of PairLens' own facts in ``dataset.info``: format, root, media folder, skipped, notes."""

CHANGES = "pairlens.changes"
"""The collection of the log of verdicts."""

CHECKS_RUN = "checks_run"
"""Among these facts: the checks that ran over all of the dataset, with their parameters."""

FLAGGED = "flagged"
"""Among these facts: what the last flagging went by, and what it told."""

RANKING = "ranking"
"""Among these facts: when and from what ``p_bad`` was estimated."""

FILTERED = (
    VERDICT, REVIEWER, SPLIT, WORST_SEVERITY, f"{FINDINGS}.classifications.label",
    f"{FINDINGS}.classifications.severity",
)  # fmt: skip
"""Fields that people filter by, in the sidebar or with a bar of a panel. They are indexed with the
quality behind them, so that the worst of what is found comes first without a look at the rest."""

BADNESS = f"{FINDINGS}.badness"
"""Beside the findings of a sample: the number by which the worst sample comes first in a queue."""

QUEUE = ((BADNESS, 1), (KEY, 1), (VERDICT, 1))
"""The index in which the worst samples with a finding are, in the order in which they are reviewed.
"""

BACKGROUND, TARGET, IGNORE = 0, 1, 255
"""Pixel values of a stored mask."""

MASK_TARGETS = {TARGET: "target", IGNORE: "ignore"}


iou_field = "{}_iou".format
"""The per-pair IoU of an evaluation, a float in [0, 1]."""

intersection_field = "{}_intersection".format
"""The per-pair count of pixels in both masks."""

union_field = "{}_union".format
"""The per-pair count of pixels in either mask."""

target_area_field = "{}_target_area".format
"""The per-pair count of pixels of the ground truth that count."""

predicted_area_field = "{}_predicted_area".format
"""The per-pair count of pixels of the prediction that count; absent where there is none."""

agreement_field = "{}_agreement".format
"""How far the predictions of a consensus agree on a pair, a float in [0, 1]."""

agreed_area_field = "{}_area".format
"""The pixels of a consensus' majority mask."""


def score_fields(eval_key: str) -> tuple[str, ...]:
    """All fields of an evaluation, the IoU first."""
    named = (iou_field, intersection_field, union_field, target_area_field, predicted_area_field)
    return tuple(name(eval_key) for name in named)


class VerdictKind(StrEnum):
    """The four verdicts, as they are stored."""

    KEEP = "keep"
    DROP = "drop"
    FIX = "fix"
    UNSURE = "unsure"
