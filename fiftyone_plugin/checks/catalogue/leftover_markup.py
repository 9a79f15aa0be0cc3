"""Captions with what their writer's format left in them: markup, tokens, blanks to fill in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import captioned
from pairlens.fiftyone_plugin.checks.texts import TEXT_KINDS, Remark, Text, quoted, remarked
from pairlens.fiftyone_plugin.language.screens import Screen
from pairlens.importers.fields import CAPTIONS, CONVERSATIONS

_ENTITY = re.compile(
    r"(?<![^\W_])(?<!&)(?:[mn]dash|nbsp|[lr][sd]quo|hellip)\b;?|&(?:amp|quot|apos|lt|gt)\b(?!;)",
    re.IGNORECASE,
)
_HTML = re.compile(
    r"</?(?:br|div|span|b|i|u|em|strong|a|ul|ol|li|h[1-6]|t[dr]|table|font|su[bp]|body|code|pre)"
    r"(?:\s[^<>]{0,80})?/?>",
    re.IGNORECASE,
)
_INSERT = re.compile(r"\[(?:insert|your|enter|add)\b[^\]]{0,40}\]", re.IGNORECASE)
_TOKEN = re.compile(r"(?<![\w./\\@%-])_[A-Z][A-Z0-9_]+\b")

_BLANK = re.compile(
    r"(?i:\[(?:name|city|town|location|place|street|road|number|direction|state|country)"
    r"(?:[ _](?:name|here|of \w+))?\]"
    r"|\$\{\w{1,20}\}|\{\{? ?[a-z_]{2,20} ?\}?\})"
    # The tags of grounding have their use.
    r"|<(?!/|(?:p|box|ref|obj|quad|poly|point|image|img|region|mask|seg|delim|loc)\w*>)[a-z_]{3,20}>"
    r"|\bX{4,6}\b|\bTODO\b|\bTBD\b|\bNaN\b|\bnan\b|\bN/A\b|(?<=[a-z,)] )None\b"
)
_LATEX = re.compile(r"[|^]\^?\{|\|\^|\\(?:text|math|frac|begin|end|left|right|times|circ)[a-z]*\b")
_MARKDOWN = re.compile(
    r"\*\*\s?\w|\w\*\*|`[^`\n]{1,40}`|^#{1,6} [A-Za-z]|#{2,6}\w|(?<!\w)__\w+__(?!\w)", re.MULTILINE
)
_ITEM = re.compile(r"^ {0,8}(?:[-*\u2022]|\d{1,2}[.)]|#{1,6}) ", re.MULTILINE)
"""A line of a list, or a heading: a text with two of them is written in Markdown."""

_UNDERSCORE = re.compile(
    r"(?<![\w./\\@:%-])[A-Za-z-]+_[A-Za-z_-]+\b(?![./@])|\b(?:obj_\w+|is_unique)\b"
)

SCREEN = Screen(
    "mdash ndash nbsp lsquo rsquo ldquo rdquo hellip xxxx xxxxx xxxxxx todo tbd nan n none",
    "_<|^*`#[\\&{",
)

_ALWAYS: tuple[tuple[re.Pattern[str], float, str], ...] = (
    (_ENTITY, 0.1, "part of an HTML entity"),
    (_HTML, 0.1, "an HTML tag"),
    (_INSERT, 0.1, "a placeholder"),
    (_TOKEN, 0.15, "a token"),
)
PATTERNS = (
    *_ALWAYS,
    (_BLANK, 0.1, "a placeholder"),
    (_LATEX, 0.15, "markup"),
    (_MARKDOWN, 0.3, "markup"),
    (_UNDERSCORE, 0.25, "a token with an underscore"),
)
"""In answers a list in Markdown, a formula or the name of a class may be what was asked for."""


@check(
    "leftover_markup",
    severity="warning",
    needs=(CAPTIONS, CONVERSATIONS),
    about="A caption or an answer holds markup, a token or a placeholder that nobody replaced.",
    kinds=TEXT_KINDS,
    topic="Captions",
    fires=captioned("A road runs along the **right-top_right edge**."),
    silent=captioned("Route #9 runs along the top-right edge, *~* 50 m from a pond."),
)
def leftover_markup(batch: Batch) -> Iterator[Issue]:
    """Finds what a format or a template left behind.

    Escapes that were not decoded are left to ``garbled_query``, the marks of speakers to
    ``prompt_leak``. The tags of grounding (``<p>``, ``<box>``) belong to their answers.
    """
    yield from remarked(batch, _leftover, SCREEN)


def _leftover(one: Text) -> Remark | None:
    is_markdown = len(_ITEM.findall(one.text)) > 1
    for pattern, score, what in PATTERNS if one.caption else _ALWAYS:
        if pattern is _MARKDOWN and is_markdown:
            continue
        if match := pattern.search(one.text):
            return Remark(score, f"{one.place} holds {what}: {quoted(_shown(one.text, match))}")
    return None


def _shown(text: str, match: re.Match[str]) -> str:
    """What was found with the rest of its word."""
    start, end = match.span()
    while start and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[start:end]
