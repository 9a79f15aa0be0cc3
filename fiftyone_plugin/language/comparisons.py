"""Words that compare the target with others: "the largest", "the second car", "longer than".

A superlative selects one of several objects, an ordinal counts them. Other pairs and masks of the
same image can confirm or refute it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.finders import Mention, words_found
from pairlens.fiftyone_plugin.language.tokens import at, tokenize

_ADJECTIVES = v.values(
    large="large big huge great", small="small little tiny short", long="long", tall="tall high",
    wide="wide broad", narrow="narrow thin slim", bright="bright light", dark="dark",
    close="close near", far="far", new="new", old="old",
)  # fmt: skip


def _graded(ending: str) -> dict[str, str]:
    """Comparatives ("er") or superlatives ("est") of the adjectives."""
    graded = {}
    for word, value in _ADJECTIVES.items():
        stem = word[:-1] if word.endswith(("e", "y")) else word
        stem += "i" if word.endswith("y") else ""
        stem += stem[-1] if word in ("big", "thin", "slim") else ""
        graded[stem + ending] = value
    return graded


SUPERLATIVES = _graded("est") | {"farthest": "far", "furthest": "far", "biggest": "large"} | {
    word: v.VERTICAL.get(word) or v.HORIZONTAL[word] for word in v.SUPERLATIVE
}  # fmt: skip
COMPARATIVES = _graded("er") | {"farther": "far", "further": "far"}
ORDINALS = {
    word: str(number)
    for number, listed in enumerate(
        ("first 1st", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th", "sixth 6th",
         "seventh 7th", "eighth 8th", "ninth 9th", "tenth 10th"), 1
    )
    for word in listed.split()
} | {"last": "-1"}  # fmt: skip
_GRADED = SUPERLATIVES.keys() | COMPARATIVES.keys() | ORDINALS.keys() | {"most", "least"}
_FRACTIONS = v.words("of from")


@words_found(_GRADED)
def comparisons(query: str) -> Iterator[Mention]:
    """The superlatives, ordinals and comparisons of a query, in order.

    Values: ``"most large"``, ``"most left"``, ``"number 2"`` (-1 for the last), ``"more long"``.
    A comparative needs a "than" within three words: "lighter roof" is not a comparison. "A third of
    the image" is not an ordinal.
    """
    tokens = tokenize(query)
    for index, token in enumerate(tokens):
        text, following = token.text, at(tokens, index + 1).text
        if text in SUPERLATIVES:
            yield Mention(index, index, f"most {SUPERLATIVES[text]}")
        elif text in ORDINALS and following not in _FRACTIONS:
            yield Mention(index, index, f"number {ORDINALS[text]}")
        elif text == "most" and following in _ADJECTIVES:
            yield Mention(index, index + 1, f"most {_ADJECTIVES[following]}")
        elif text in COMPARATIVES and "than" in [t.text for t in tokens[index + 1 : index + 4]]:
            yield Mention(index, index, f"more {COMPARATIVES[text]}")
