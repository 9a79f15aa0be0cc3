"""Queries that describe only stripes, bands or planks, as in a broken or stretched crop."""

from __future__ import annotations

from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.classes import REQUEST, class_tokens
from pairlens.fiftyone_plugin.language.filling import FILLER
from pairlens.fiftyone_plugin.language.finders import Mention, finder, word_of
from pairlens.fiftyone_plugin.language.tokens import Word, at, tokenize, word_set

STRIPES = v.words("lines stripes bands planks bars streaks strips striping banding stripe")
_RUNNING = v.words(
    "horizontal vertical diagonal horizontally vertically diagonally parallel colored coloured "
    "multicolored multicoloured warped wavy distorted stretched rainbow colorful colourful"
)
_BROKEN = v.words("warped wavy distorted stretched rainbow glitched glitchy corrupted smeared")
_NEAR = 4
"""Maximum distance of a word that describes the stripes."""
_CARRIERS = v.words("bus truck shed court field lot road runway crosswalk car van boat ship plane "
                    "aircraft airplane tennis basketball helipad")  # fmt: skip
_OTHER = (
    v.COLOR.keys()
    | _RUNNING
    | STRIPES
    | v.words(
        "colors shades tones running run runs arranged alternating tall narrow thin slender "
        "wooden wood "
        "light dark marked marks series exceptional set sets section"
    )
)
_KNOWN = (FILLER | REQUEST | v.FRAME | v.FUNCTION | _OTHER) - v.words("windows wheels")


@finder(STRIPES, None)
def only_stripes(query: str) -> Word | None:
    """The stripes of a query that names nothing else but colors; ``None`` for any other.

    The value is ``"broken"`` for stripes that no object has ("warped stripes"), else ``"plain"``.
    Queries for a bus, a truck, a court or the like do not count, since these can have stripes.
    """
    words = word_set(query)
    if not words.isdisjoint(_CARRIERS) or words.isdisjoint(_RUNNING):
        return None
    tokens = tokenize(query)
    index = next(n for n, token in enumerate(tokens) if token.text in STRIPES)
    first = index - 1 if at(tokens, index - 1).text in _RUNNING else index
    near = {at(tokens, n).text for n in range(index - _NEAR, index + _NEAR)}
    if near & _BROKEN:
        return word_of(query, Mention(first, index, "broken"))
    named = class_tokens(tokens)
    if any(n not in named and token.text not in _KNOWN for n, token in enumerate(tokens)):
        return None
    return word_of(query, Mention(first, index, "plain"))
