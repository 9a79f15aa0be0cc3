"""Text of a dataset made safe to stand in Markdown: it shows as it is and does nothing.

Backslashes before punctuation are not enough: a bare address becomes a link by itself, ``@``
calls a person and ``$`` begins a formula where pages are rendered with GitHub's extensions.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 120
"""Characters of a query that are quoted."""

_ACTIVE = re.compile(r"[^0-9A-Za-z ,;'%()\"?\u00a1-\U0010ffff]")
"""Whatever is not among these may mean something."""

_INSIDE = frozenset(".-/")
"""Punctuation that is left as it is within a word or behind one, where nothing begins with it."""


def escape(text: str, longest: int = LONGEST) -> str:
    """One line of Markdown that shows the text.

    White space is taken together, what cannot be seen is written out as ``U+202E``, and long
    texts are cut.
    """
    line = " ".join("".join(_visible(c) for c in text[: 8 * longest]).split())
    if len(line) > longest:
        line = line[: longest - 2].rstrip() + " …"
    return _ACTIVE.sub(lambda match: _written(line, match.start()), line)


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return f"[U+{ord(character):04X}]" if hidden else character


def _written(line: str, at: int) -> str:
    """A character as an entity, unless where it stands it cannot mean anything."""
    character, after = line[at], line[at + 1 : at + 2]
    before = line[at - 1 : at].isalnum()
    if (character == "_" and before and after.isalnum()) or (character == ":" and after == " "):
        return character
    if character in _INSIDE and before:
        decimal = line[at - 1].isdigit() and after.isdigit()
        address = character == "." and after.isalpha()
        numbered = character == "." and line[:at].isdigit()
        if decimal or not (address or numbered):
            return character
    # The comment parts what would be a mention or an address once the entity is read.
    return f"&#{ord(character)};" + ("<!-- -->" if character == "@" else "")
