"""Finds bounding boxes that are written in texts, as vision-language datasets do.

::

    [x1, y1, x2, y2]      {<x1><y1><x2><y2>}      {<x1><y1><x2><y2>|<angle>}
    (x1,y1),(x2,y2)       <box>...</box>          <|box_start|>...<|box_end|>
    {"bbox_2d": [x1, y1, x2, y2], "label": "ship"}

``x1, y1`` is the top left corner and ``x2, y2`` the bottom right one. Under Gemini's key ``box_2d``
y comes first, in thousandths of the image. The published files of RS-GPT4V do not show which form
they use; these are the forms of GeoChat, Qwen-VL, Shikra and similar models. The unit of the
numbers is decided in :mod:`pairlens.importers.box_scale`, the meaning of an angle in
:mod:`pairlens.importers.rotated_boxes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

Corners = tuple[float, float, float, float]
"""``x1, y1, x2, y2`` in whatever unit the text uses."""

Bounds = tuple[float, float, float, float]
"""Left, top, width and height as shares of the image's width and height."""

UNPARSABLE = "is not four numbers"
OUT_OF_RANGE = "lies partly outside of the image"
NO_AREA = "has no area, or its corners the wrong way round"
NO_SIZE = "is in pixels of an image that cannot be read"


@dataclass(frozen=True, slots=True)
class BoxText:
    """A part of a text that is a box, or a failed attempt at one.

    Attributes:
        text: the part of the text
        start: its offset in the text, in characters
        label: the phrase that names the object; ``""`` if there is none
        corners: ``x1, y1, x2, y2`` in the text's unit; ``None`` if they cannot be read
        form: the notation: ``list``, ``points``, ``angles``, ``tag``, ``token`` or ``box_2d``
        angle: rotation in degrees as written; ``None`` if the text gives none
    """

    text: str
    start: int
    label: str
    corners: Corners | None
    form: str = "list"
    angle: float | None = None


_NUMBER = r"[-+]?+(?:\d{1,20}+(?:\.\d{0,20}+)?+|\.\d{1,20}+)(?:[eE][-+]?+\d{1,3}+)?+"
_POINT = rf"\(\s*+{_NUMBER}\s*+,\s*+{_NUMBER}\s*+\)"
_PLACE = re.compile(
    r"<box>(?P<tag>[^<]{0,200}+(?:<[^/<>]{0,40}+>[^<]{0,40}+){0,16}+)(?:</box>|\Z)"
    r"|<\|box_start\|>(?P<token>[^<]{0,200}+)(?:<\|box_end\|>|\Z)"
    r"|\{\s*+(?P<angles>(?:<[^<>{}]{0,40}+>\s*+){1,16}+)(?:\|\s*+<(?P<turned>[^<>{}]{0,40}+)>\s*+)?+\}"
    rf"|(?P<points>{_POINT}(?:\s*+,?+\s*+{_POINT}){{1,16}}+)"
    rf"|\[(?P<list>\s*+{_NUMBER}\s*+,[^\[\]]{{0,200}}+)(?:\]|\Z)"
)
_MAYBE = re.compile(r"<\|?box|\{\s*<|[\[(]\s*[-+.\d]")
_VALUE = re.compile(_NUMBER)
_PHRASE = re.compile(
    r"<(?:p|ref)>(?P<tag>[^<>]{1,500}+)</(?:p|ref)>"
    r"|<\|object_ref_start\|>(?P<token>[^<>]{1,500}+)<\|object_ref_end\|>"
)
_LABEL = r'"(?:label|name|class|category|object)"\s*+:\s*+"(?P<own>(?:[^"\\]|\\.){1,500}+)"'
_LABEL_BEHIND = re.compile(r"\s*+,\s*+" + _LABEL)
_LABEL_BEFORE = re.compile(_LABEL + r'\s*+,\s*+"\w{0,20}box\w{0,20}"\s*+:\s*+\Z')
BOX_2D = "box_2d"
"""The form of boxes under Gemini's key, https://ai.google.dev/gemini-api/docs/image-understanding"""

_Y_FIRST = re.compile(r"""["']box_2d["']\s*+:\s*+\Z""")
_KEY_REACH = 40
"""Characters before a box that are searched for its key."""

_REACH = 600
"""Characters before a box that are searched for the label in its JSON object."""

_ALIKE = re.compile(r"(?:[\s,;]|<delim>|\band\b)*+")


def find_boxes(text: str, asked: str = "") -> list[BoxText]:
    """Finds the boxes of a text, in order.

    The label of a box is the ``label`` in its JSON object, else the phrase before it
    (``<p>ship</p>``, ``<ref>ship</ref>``), which also labels further boxes that follow directly.

    Args:
        text: a question or an answer
        asked: the question that the text answers. If it has exactly one phrase, that labels the
            boxes of the text that have no phrase of their own
    """
    if not _may_hold(text):
        return []
    named = {_phrase(match) for match in _PHRASE.finditer(asked)}
    default = named.pop() if len(named) == 1 else ""
    found: list[BoxText] = []
    label, end = default, 0
    for match in _PLACE.finditer(text):
        looks_like_box, corners = _read(match)
        if not looks_like_box:
            continue
        phrases = [_phrase(m) for m in _PHRASE.finditer(text, end, match.start())]
        if phrases:
            label = phrases[-1]
        elif not _ALIKE.fullmatch(text, end, match.start()):
            label = default
        end = match.end()
        own = _own_label(text, match) or label
        form, corners = _in_order(text, match, corners)
        found.append(BoxText(match[0], match.start(), own, corners, form, _angle(match)))
    return found


def find_corners(text: str) -> list[tuple[str, Corners]]:
    """Finds the boxes of a text whose corners can be read; returns form and corners of each."""
    if not _may_hold(text):
        return []
    read = (_in_order(text, match, _read(match)[1]) for match in _PLACE.finditer(text))
    return [(form, corners) for form, corners in read if corners is not None]


def _in_order(
    text: str, match: re.Match[str], corners: Corners | None
) -> tuple[str, Corners | None]:
    """Returns the form of a box, and its corners with x before y."""
    before = text[max(0, match.start() - _KEY_REACH) : match.start()]
    if not _Y_FIRST.search(before):
        return _form(match), corners
    if corners is None:
        return BOX_2D, None
    return BOX_2D, (corners[1], corners[0], corners[3], corners[2])


def _angle(match: re.Match[str]) -> float | None:
    """Returns the angle of a box in degrees; ``None`` if none is written or it is not a number."""
    written = (match["turned"] or "").strip()
    angle = float(written) if _VALUE.fullmatch(written) else None
    return angle if angle is not None and isfinite(angle) else None


_INNER = {"[": "list", "(": "points", "<": "angles"}


def _group(match: re.Match[str]) -> str:
    """Returns the name of the group with the numbers, which an angle may follow."""
    return "angles" if match.lastgroup == "turned" else match.lastgroup or "list"


def _form(match: re.Match[str]) -> str:
    """Returns the form of a box. Brackets within ``<box>`` or tokens determine the form."""
    form = _group(match)
    return _INNER.get(match[form].lstrip()[:1], form) if form in ("tag", "token") else form


def _own_label(text: str, match: re.Match[str]) -> str:
    """Returns the label in the JSON object of a box; ``""`` if there is none."""
    behind = _LABEL_BEHIND.match(text, match.end())
    if behind is not None:
        return behind["own"].strip()
    before = _LABEL_BEFORE.search(text[max(0, match.start() - _REACH) : match.start()])
    return "" if before is None else before["own"].strip()


def _may_hold(text: str) -> bool:
    """Whether a text may contain a box: a fast test that excludes most texts."""
    # Most texts have none of these characters; testing that is ten times as fast as the pattern.
    if "[" in text or "(" in text or "{" in text or "box" in text:
        return _MAYBE.search(text) is not None
    return False


def turn_boxes(question: str, answers: Iterable[str]) -> list[BoxText]:
    """Finds the boxes of a question and of its answers, in that order."""
    return [*find_boxes(question), *(b for a in answers for b in find_boxes(a, question))]


def _phrase(match: re.Match[str]) -> str:
    return (match["tag"] or match["token"]).strip()


def _read(match: re.Match[str]) -> tuple[bool, Corners | None]:
    """Returns whether a match looks like a box, and its corners if they can be read."""
    inner = match[_group(match)]
    if _group(match) == "list":
        return _read_list(inner.split(","))
    return True, _corners(_VALUE.findall(inner)) if _is_clean(inner) else None


def _read_list(parts: list[str]) -> tuple[bool, Corners | None]:
    numbers = [part for part in map(str.strip, parts) if _VALUE.fullmatch(part)]
    if len(numbers) < len(parts):
        return len(parts) == 4 and len(numbers) > 1, None
    # Two numbers are a point, and more than eight no box; anything else is a box with an error.
    return 3 <= len(parts) <= 8, _corners(numbers)


def _is_clean(inner: str) -> bool:
    """Whether there are only brackets, commas and white space between the numbers."""
    return not _VALUE.sub("", inner).strip("<>()[],; \t\n\r")


def _corners(values: list[str]) -> Corners | None:
    numbers = [float(value) for value in values]
    if len(numbers) != 4 or not all(map(isfinite, numbers)):
        return None
    return numbers[0], numbers[1], numbers[2], numbers[3]


def fault_of(corners: Corners | None, full: tuple[float, float] | None) -> str:
    """Returns what is wrong with a box, as a clause; ``""`` if it is valid.

    Args:
        corners: of the box; ``None`` if they could not be read
        full: width and height of the image in the unit of the corners; ``None`` if unknown
    """
    if corners is None:
        return UNPARSABLE
    if full is None:
        return NO_SIZE
    x1, y1, x2, y2 = corners
    if min(corners) < 0 or max(x1, x2) > full[0] or max(y1, y2) > full[1]:
        return OUT_OF_RANGE
    return "" if x1 < x2 and y1 < y2 else NO_AREA


def bounds(corners: Corners, full: tuple[float, float]) -> Bounds:
    """Converts corners to shares of the image.

    Args:
        corners: in the text's unit
        full: width and height of the image in that unit
    """
    (x1, y1, x2, y2), (width, height) = corners, full
    return x1 / width, y1 / height, (x2 - x1) / width, (y2 - y1) / height
