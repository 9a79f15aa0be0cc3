"""Names of all sample fields, indexes, facts and collections.

The names follow FiftyOne's conventions if it has one (``filepath``, ``tags``, ``<eval key>_iou``);
``segmentation`` and ``phrase`` are named as in the RefSegRS copy on the hub.
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
"""Member of ``source``: SHA-256 of the image file."""

TEXT_DIGEST, TARGET_DIGEST, MASK_DIGEST = "text_digest", "target_digest", "mask_digest"
FIXED_DIGEST = "fixed_digest"
"""Members of ``source``, the first also of a turn: digests of the imported content; see
:mod:`pairlens.importers.digests`. A mask has two, of its published form and of its stored pixels.
The last one is of values that exports cannot change; see :func:`.documents.fixed_digest`. Samples
of earlier versions have none."""

ADOPTED_FROM = "adopted_from"
"""Member of ``source``: the id of the sample that an adopted pair was made from."""

ADOPTED = "adopted"
"""The format of a dataset whose pairs were made from labels that it had already."""

IMAGE_DIGEST = f"{SOURCE}.{DIGEST}"
IMAGE_STATS = "image_stats"
TARGET_COLORS = "target_colors"
READING = "reading"
"""Parsed queries of versions up to 0.1.0; the next flagging removes the field."""

CAPTION = "caption"
CAPTIONS = "captions"
LOCATION = "location"
CAPTURE_DATE = "capture_date"
CONVERSATIONS = "conversations"
BOXES = "boxes"
ROTATED_BOXES = "rotated_boxes"
TARGET_BOX = "target_box"
"""The upright box of a box target, clipped to the image."""

SOURCE_BOXES = "source_boxes"
"""Object boxes with classes, from the dataset that the images were taken from."""

FINDINGS = "findings"
QUALITY = "quality"
WORST_SEVERITY = "worst_severity"
"""The highest severity of the findings. The App can filter by this field with an index; to filter
by an attribute of labels, it reads every sample."""

P_BAD = "p_bad"
"""The estimated chance that the pair is bad, by a model of the verdicts."""

JUDGEMENTS = "judgements"
"""Answers of judges about the sample, by the judge's name."""

IMAGE_EMBEDDING, TEXT_EMBEDDING = "image_embedding", "text_embedding"
"""Embeddings of a text and of the part of the image that it is about, in the same space."""

VERDICT = "verdict"
REVIEWER = "reviewer"
REVIEWED_AT = "reviewed_at"
REVIEW_NOTE = "review_note"
ORIGINAL_PHRASE = "original_phrase"
ORIGINAL_MASK = "original_mask"
TEXT_EDITS = "text_edits"
"""Edits and removals of captions or conversations; missing if there are none."""

EDITABLE_MASK = f"{SEGMENTATION}_edit"
"""Instances that a reviewer edits in the App; they become the mask with the verdict ``fix``."""

INFO = "pairlens"
"""Key of PairLens' facts in ``dataset.info``: format, root, media folder, skipped, notes ..."""

CHANGES = "pairlens.changes"
"""MongoDB collection of the change log."""

CHECKS_RUN = "checks_run"
"""A fact: the checks that ran over the whole dataset, with their parameters."""

FLAGGED = "flagged"
"""A fact: the settings and notes of the last flagging."""

RANKING = "ranking"
"""A fact: when and from what ``p_bad`` was estimated."""

FILTERED = (
    VERDICT, REVIEWER, SPLIT, WORST_SEVERITY, f"{FINDINGS}.classifications.label",
    f"{FINDINGS}.classifications.severity",
)  # fmt: skip
"""Fields that users filter by, in the sidebar or with a bar of a panel. Their indexes end with the
quality, so that the worst matching samples are found without reading others."""

BADNESS = f"{FINDINGS}.badness"
"""Next to the findings of a sample: a number that is lowest for the worst sample in a queue."""

QUEUE = ((BADNESS, 1), (KEY, 1), (VERDICT, 1))
"""The index of samples with findings in the order in which they are reviewed."""

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
"""The per-pair count of pixels of the ground truth, without ignored ones."""

predicted_area_field = "{}_predicted_area".format
"""The per-pair count of predicted pixels, without ignored ones; missing without a prediction."""

agreement_field = "{}_agreement".format
"""The agreement of the predictions of a consensus on a pair, a float in [0, 1]."""

agreed_area_field = "{}_area".format
"""The number of pixels of a consensus' majority mask."""


def score_fields(eval_key: str) -> tuple[str, ...]:
    """Returns all fields of an evaluation, the IoU first."""
    named = (iou_field, intersection_field, union_field, target_area_field, predicted_area_field)
    return tuple(name(eval_key) for name in named)


class VerdictKind(StrEnum):
    """The four verdicts, as they are stored."""

    KEEP = "keep"
    DROP = "drop"
    FIX = "fix"
    UNSURE = "unsure"
