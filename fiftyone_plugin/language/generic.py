"""Queries that describe the typical appearance of the target's class, and not the target.

"A large, rectangular vehicle with windows, usually yellow or red, often seen on roads" fits
every bus. A hedge ("usually", "typical of", "white or silver") governs the words up to the end of
its clause. The other words distinguish the target by a place, color, number, rank, state, neighbour
or another object; sizes, shapes, materials and parts are those of the class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.classes import class_tokens, target_nouns
from pairlens.fiftyone_plugin.language.comparisons import comparisons
from pairlens.fiftyone_plugin.language.coordinates import coordinates
from pairlens.fiftyone_plugin.language.direction_phrases import names_other
from pairlens.fiftyone_plugin.language.filling import FILLER
from pairlens.fiftyone_plugin.language.finders import Mention, finder, word_of
from pairlens.fiftyone_plugin.language.numbers import counts
from pairlens.fiftyone_plugin.language.places import places
from pairlens.fiftyone_plugin.language.taxonomy import agree
from pairlens.fiftyone_plugin.language.tokens import Token, Word, at, tokenize

_ADVERBS = v.words(
    "usually often typically commonly generally frequently normally likely customarily "
    "ordinarily habitually traditionally sometimes occasionally possibly perhaps potentially "
    "probably conventionally routinely invariably tends tend characteristically classically "
    "predictably presumably supposedly standardly seldom rarely oftentimes inherently "
    "universally quintessentially reputedly"
)
_PHRASES = {
    "typical": v.words("of for in to"),
    "usual": v.words("for in with shape form look appearance features"),
    "customary": v.words("for in"),
    "normal": v.words("for"),
    "characteristic": v.words("of for"),
    "characteristics": v.words("of"),
    "representative": v.words("of"),
    "emblematic": v.words("of"),
    "indicative": v.words("of"),
    "common": v.words("in to for among with on at"),
    "associated": v.words("with"),
    "attributed": v.words("to"),
    "synonymous": v.words("with"),
    "standard": v.words("for in on shape form look appearance features"),
    "expected": v.words("of in from"),
    "tending": v.words("to"),
    "apt": v.words("to"),
    "prone": v.words("to"),
    "as": v.words("usual most"),
    "like": v.words("most"),
    "a": v.words("rule"),
    "most": v.words("cases often times"),
    "many": v.words("cases times"),
    "regularly": v.words("used found seen painted made employed"),
    **dict.fromkeys(("trait", "traits", "hallmark", "hallmarks", "staple"), v.words("of in")),
    "inherent": v.words("to in"),
    "expect": v.words("of from in"),
    "depending": v.words("on"),
    "vary": v.words("in by from"),
    "varies": v.words("in by from"),
    **dict.fromkeys(
        ("may", "might"),
        v.words(
            "have include vary feature come carry contain exhibit show range display possess differ"
        ),
    ),
    **dict.fromkeys(("can", "could"), v.words("vary come range include have differ")),
    **dict.fromkeys(
        ("mostly", "mainly", "primarily", "predominantly", "chiefly"),
        v.words("used found seen painted made employed known"),
    ),
}
"""Words that are hedges before certain other words."""

_PURPOSES = {
    "used": v.words("for in as"),
    "employed": v.words("for in as"),
    "utilized": v.words("for in as"),
    "designed": v.words("for to"),
    "intended": v.words("for to"),
    "meant": v.words("for to"),
    "serves": v.words("public as"),
    "suggesting": v.words("it that a"),
    "known": v.words("as"),
    "such": v.words("as"),
}
"""Words that govern the following words like a hedge, without being one."""

_NEIGHBOURS = v.words("near beside next adjacent alongside behind along by opposite")
"""With an article they name a specific neighbour, which ends a hedge: "beside the river"."""

_LOOKS = v.COLOR.keys() | v.words(
    "metal metallic steel aluminum aluminium chrome glass plastic wood wooden concrete painted "
    "polished shiny glossy reflective colored coloured"
)
_OF_COLOR = v.words(
    "color colors colour colours colored coloured hue hues hued tone tones toned shade shades "
    "tint tints tinted"
)
_TONES = v.words("dark darker light lighter pale paler earth earthy")
_DISTINGUISHING = v.COLOR.keys() | v.words(
    "multicolored multicoloured colorful colourful striped stripes checkered checkerboard spotted "
    "patchwork camouflage damaged broken ruined collapsed destroyed burnt burned wrecked abandoned "
    "demolished unfinished debris rubble smoke overturned lettering letter letters numbered "
    "numeral ladder ladders antenna antennas dish flag flags solar chimney chimneys dome "
    "shadow shadows covered tarp snow crossing intersection "
    "liquid fuel stacked piled chassis earthy earth toned terrain landscape zone"
)
"""Words that can distinguish objects of a class, in any position."""

_AT = v.words("on in at within across amid amidst upon onto over along through under atop")
_SETTINGS = (
    v.SETTING
    | v.GROUND
    | v.words(
        "site sites yard port harbor harbour dock docks airport airfield apron taxiway ocean "
        "waters lake highway asphalt pavement concrete gravel mine quarry lot rail rails "
        "platform desert forest beach river bridge town city village farm construction"
    )
) - FILLER - v.words("background backdrop surroundings surrounding environment setting landscape "
                     "terrain scenery surface area areas")  # fmt: skip
_BESIDE = v.RELATION - v.words("around surrounding by among amid amidst across front outside along")
"""Words of relation to neighbours, as opposed to parts and surroundings."""

_DIVISIONS = v.words(
    "separation gap division divide distinction space break joint connection junction boundary "
    "transition contrast difference hinge articulation spacing coupling"
)
"""Words after which "between" is about parts of the target."""

_ABOARD = v.words(
    "cabin cabins cab container containers tank tanks trailer trailers boat boats mast masts crane "
    "arm engine engines"
)
"""Class words that also name parts and freight."""

_OPEN = v.words("open uncovered roofless")
_LOAD = v.words("cargo bed top back loading freight load hold")
_ALWAYS_OPEN = v.words("pickup pickups dump dumper dumpers tipper tippers flatbed flatbeds hopper")
"""Vehicles with an open load, of which "open" says nothing new; of others it is distinguishing."""

_CONTRAST = ("contrast", "differ", "distinction", "compared")
_WITH = v.words("with from against to than")
_OF_LIGHT = v.words("brightness light reflect reflects reflecting gleam glow sheen")
_NEAR = 4
"""Maximum distance of a contrast from the color: "its color noticeably differs from"."""

_ANY = _ADVERBS | _PHRASES.keys() | {"or"}

_COMMON = frozenset({"a", "as", "like"})
_HINTS = (_ANY - _COMMON).union(*(_PHRASES[word] for word in _COMMON))
"""The hint of a phrase that begins with a common word, such as "a rule", is its other word."""


@finder(_HINTS, None)
def generic(query: str) -> Word | None:
    """The first hedge of a query that does not distinguish its target from others of its class.

    ``None`` for a query without a hedge, or with distinguishing words.
    """
    tokens = tokenize(query)
    hedges = _hedges(tokens)
    if not hedges or places.mentions(query) or coordinates(query) or _is_ranked(query):
        return None
    if any(count.value != "1" for count in counts.mentions(query)):
        return None
    if any(True for _ in distinguishing_words(query, tokens, hedges)):
        return None
    return word_of(query, Mention(hedges[0], hedges[0], tokens[hedges[0]].text))


def stands_out(query: str) -> bool:
    """Whether a query mentions a color that contrasts with the surroundings.

    "Its hue differs from the backdrop" can help to find the object; "differs from its setting" is
    true of every object, and "usually in contrasting paint" is hedged.
    """
    tokens = tokenize(query)
    governed = _governed(tokens, _hedges(tokens))
    return any(
        (index not in governed or at(tokens, index + 1).text in _WITH)
        and any(_is_of_color(at(tokens, index + n)) for n in range(-_NEAR, _NEAR + 1))
        for index, token in enumerate(tokens)
        if token.text.startswith(_CONTRAST)
    )


def _is_of_color(token: Token) -> bool:
    return token.text in _OF_COLOR or token.text in _OF_LIGHT


def _hedges(tokens: Sequence[Token]) -> list[int]:
    return [i for i, token in enumerate(tokens) if token.text in _ANY and _is_hedge(tokens, i)]


def _is_ranked(query: str) -> bool:
    """Whether a query names a rank: "the largest". "Larger than cars" is true of every bus."""
    return any(not word.value.startswith("more") for word in comparisons.mentions(query))


def _is_hedge(tokens: Sequence[Token], index: int) -> bool:
    text, following = tokens[index].text, at(tokens, index + 1)
    if text == "or":
        return _is_look(at(tokens, index - 1)) and _is_look(following)
    return text in _ADVERBS or following.text in _PHRASES.get(text, ())


def _is_look(token: Token) -> bool:
    return token.text in _LOOKS


def distinguishing_words(
    query: str, tokens: Sequence[Token], hedges: Sequence[int]
) -> Iterator[str]:
    """Yields the words that distinguish the target and are not governed by a hedge.

    Args:
        query: the query
        tokens: its tokens
        hedges: indices of the hedges
    """
    governed = _governed(tokens, hedges)
    targets = {noun.name for noun in target_nouns(query)}
    named = class_tokens(tokens)
    for index, token in enumerate(tokens):
        if index not in governed and _is_distinguishing(
            tokens, index, named.get(index, ""), targets
        ):
            yield token.text


def _is_distinguishing(tokens: Sequence[Token], index: int, name: str, targets: set[str]) -> bool:
    """Whether a word distinguishes the target.

    Args:
        tokens: the tokens of the query
        index: index of the word
        name: the class that the word names, ``""`` for none
        targets: classes of the target
    """
    text = tokens[index].text
    if text == "only" and at(tokens, index - 1).text == "the":
        return True
    if text in _DISTINGUISHING or _is_tone(tokens, index) or _is_letter(tokens, index):
        return True
    if text in _OPEN and any(at(tokens, index + n).text in _LOAD for n in (1, 2, 3)):
        return _ALWAYS_OPEN.isdisjoint(token.text for token in tokens)
    if text == "between" and at(tokens, index - 1).text in _DIVISIONS:
        return False
    if text in _BESIDE or (text == "front" and at(tokens, index + 1).text == "of"):
        return _has_article(tokens, index) and names_other(tokens, index)
    if text in _AT:
        return _is_setting(tokens, index)
    other = name and targets and text not in _ABOARD
    return bool(other) and not _agrees_with_target(tokens, index, name, targets)


def _is_tone(tokens: Sequence[Token], index: int) -> bool:
    """Whether the word is a tone of a color: "dark-colored", "a lighter shade"."""
    if tokens[index].text not in _TONES:
        return False
    return not _OF_COLOR.isdisjoint([at(tokens, index + n).text for n in (1, 2)])


def _is_letter(tokens: Sequence[Token], index: int) -> bool:
    """Whether the word is a letter or number painted on the target: "an 'H'"."""
    text = tokens[index].text
    if len(text) == 1 and text != "a":
        return text.isdigit() or at(tokens, index + 1).text not in ("shape", "shaped", "form")
    return text.isdigit()


def _agrees_with_target(tokens: Sequence[Token], index: int, name: str, targets: set[str]) -> bool:
    """Whether a class word names the target or a similar class, or is a comparison."""
    before = at(tokens, index - 1).text
    compared = before in ("than", "of") or at(tokens, index - 2).text in (
        "than",
        "of",
        "as",
        "like",
    )
    return compared or any(agree(name, target) for target in targets)


def _is_setting(tokens: Sequence[Token], index: int) -> bool:
    """Whether a location on the ground follows: "on the dirt road", "in open water"."""
    for n in range(1, 5):
        token = at(tokens, index + n)
        if token.starts_clause:
            return False
        if token.text in _SETTINGS:
            return True
    return False


def _governed(tokens: Sequence[Token], hedges: Sequence[int]) -> set[int]:
    """Indices of the tokens that hedges govern: to the end of the clause, or a list of colors.

    A hedge at the end of a clause governs the words before it: "white in most cases".
    """
    governed: set[int] = set()
    end = 0
    for first in sorted({*hedges, *(i for i in range(len(tokens)) if _is_purpose(tokens, i))}):
        # Overlapping scopes have the same end, which is searched once.
        index, end = first, end if first < end else _end_of_scope(tokens, first)
        while _goes_back(tokens, index, first) and not _is_in_list(tokens, index - 1, governed):
            index -= 1
        if end <= first + 2 and _ends_clause(tokens, end):
            while index > 0 and not tokens[index].starts_clause:
                index -= 1
        governed.update(range(index, first), () if first in governed else range(first, end))
    return governed


def _goes_back(tokens: Sequence[Token], index: int, first: int) -> bool:
    """Whether the list of colors that the hedge at ``first`` governs extends before a token."""
    return tokens[index].text == "or" or (index < first and _is_look(at(tokens, index - 1)))


def _is_in_list(tokens: Sequence[Token], index: int, governed: set[int]) -> bool:
    """Whether a token belongs to a list that was already followed to its beginning."""
    return index in governed and (tokens[index].text == "or" or _is_look(tokens[index]))


def _ends_clause(tokens: Sequence[Token], end: int) -> bool:
    return tokens[end - 1].text not in v.COLOR and at(tokens, end).starts_clause


def _is_purpose(tokens: Sequence[Token], index: int) -> bool:
    return at(tokens, index + 1).text in _PURPOSES.get(tokens[index].text, ())


def _end_of_scope(tokens: Sequence[Token], first: int) -> int:
    for index in range(first + 1, len(tokens)):
        token = tokens[index]
        if token.gap == "." or (token.gap == "," and not (token.text == "or" or _is_look(token))):
            return index
        if token.text in _NEIGHBOURS and _has_article(tokens, index):
            return index
    return len(tokens)


def _has_article(tokens: Sequence[Token], index: int) -> bool:
    return any(at(tokens, index + n).text in ("the", "a", "an") for n in (1, 2))
