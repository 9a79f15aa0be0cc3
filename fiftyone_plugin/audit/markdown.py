"""Escapes texts of a dataset for Markdown.

Backslashes before punctuation are not enough: with GitHub's extensions, an address becomes a link,
``@`` mentions a person and ``$`` begins a formula.
"""

from __future__ import annotations

import re
import unicodedata

MAX_QUERY = 120
"""Maximum of characters of a quoted query."""

_ACTIVE = re.compile(r"[^0-9A-Za-z ,;'%()\"?\u00a1-\U0010ffff]")
"""Characters that can have a meaning in Markdown."""

_INSIDE = frozenset(".-/")
"""Punctuation that is not escaped within or after a word."""


def escape(text: str, longest: int = MAX_QUERY) -> str:
    """One line of Markdown that shows the text.

    White space is collapsed, invisible characters are written as ``U+202E``, and long texts are
    cut.
    """
    line = " ".join("".join(_visible(c) for c in text[: 8 * longest]).split())
    if len(line) > longest:
        line = line[: longest - 2].rstrip() + " …"
    return _ACTIVE.sub(lambda match: _entity_if_active(line, match.start()), line)


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return f"[U+{ord(character):04X}]" if hidden else character


def _entity_if_active(line: str, at: int) -> str:
    """The character at a position, as an entity if it can have a meaning there."""
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
    # The comment separates the character from the rest of a mention or address.
    return f"&#{ord(character)};" + ("<!-- -->" if character == "@" else "")
