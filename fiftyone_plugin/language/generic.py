"""Queries that describe what the target's kind usually looks like, and not the target.

"A large, rectangular vehicle with windows, usually yellow or red, often seen on roads" fits
every bus. A hedge ("usually", "typical of", "white or silver") governs the words up to the end of
its clause, and of what is left only parts that all of the kind have, sizes, shapes and materials
may remain. A place, a color without a hedge, a number or a neighbour tells the target apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fiftyone_plugin.language import vocabulary as v
from fiftyone_plugin.language.classes import REQUEST, class_tokens, target_nouns
from fiftyone_plugin.language.coordinates import coordinates
from fiftyone_plugin.language.filling import FILLER
from fiftyone_plugin.language.finders import Mention, finder, word_of
from fiftyone_plugin.language.numbers import counts
from fiftyone_plugin.language.places import places
from fiftyone_plugin.language.shapes import SHAPE_WORDS
from fiftyone_plugin.language.taxonomy import agree
from fiftyone_plugin.language.tokens import Token, Word, at, tokenize

_ADVERBS = v.words(
    "usually often typically commonly generally frequently normally likely regularly customarily "
    "ordinarily habitually traditionally sometimes occasionally possibly perhaps potentially "
    "probably conventionally routinely invariably tends tend"
)
_PHRASES = {
    "typical": v.words("of for in to"),
    "usual": v.words("for in"),
    "customary": v.words("for in"),
    "characteristic": v.words("of for"),
    "characteristics": v.words("of"),
    "representative": v.words("of"),
    "emblematic": v.words("of"),
    "common": v.words("in to for among with on at"),
    "associated": v.words("with"),
    "attributed": v.words("to"),
    "synonymous": v.words("with"),
    "standard": v.words("for in on"),
    "expected": v.words("of in from"),
}
"""Words that hedge in front of others."""

_PURPOSES = {
    "used": v.words("for in as"),
    "employed": v.words("for in as"),
    "utilized": v.words("for in as"),
    "designed": v.words("for to"),
    "intended": v.words("for to"),
    "meant": v.words("for to"),
    "serves": v.words("public as"),
    "suggesting": v.words("it that a"),
    "known": v.words("for as"),
}
"""Words that govern what follows as a hedge does, though all by themselves they are none."""

_NEIGHBOURS = v.words("near beside next adjacent alongside behind along by opposite")
"""With an article they name one neighbour, which no hedge makes usual: "beside the river"."""

_MATERIAL = v.words(
    "metal metallic metallically steel iron aluminum aluminium alloy chrome glass plastic wood "
    "wooden concrete painted unpainted polished burnished shiny shining glossy gloss gleaming "
    "glistening gleam gleams lustrous luster lustre sheen shine reflective reflecting reflects "
    "reflect reflection reflections smooth sleek lacquered sparkling mirror mirrored mirrorlike"
)
_FINISH = v.words(
    "finish finishes finished surface surfaces exterior coating coated material materials "
    "painting "
    "paint light lights rugged robust sturdy strong durable heavy duty industrial mechanical flat "
    "level crisp clean defined cut structured entity"
)
_EXTENT = v.words(
    "tall taller high higher wide wider broad spacious expansive extensive extended prolonged "
    "oversized massive hefty ample bulky narrow slender thin slim deep low short shorter tubular "
    "tube cylindrical cylinder rounded streamlined aerodynamic box boxes boxlike blocky cubic "
    "cuboid "
    "angular straight upright vertical vertically horizontal horizontally lengthwise lateral "
    "symmetrical symmetric towering lofty stretching stretches extends extending extend "
    "considerable "
    "sized length width height bigger larger longer greater dimension dimensions proportions "
    "lines "
    "contour contours outline outlines silhouette silhouettes edges edge edged angles built "
    "lattice latticework latticed grid gridlike framework frameworks frame frames skeletal shaped "
    "multiple numerous several many pair paired twin dual various varied diverse variety "
    "variations "
    "front back rear side sides top end ends behind below beneath underneath above forward "
    "trailing "
    "mounted attached affixed connected fixed linked joined protruding protrude protrudes "
    "projecting projections outward outwards emerging emerge jutting jut spreading spread swept "
    "tapered tapering gap separation division"
)
_PARTS = v.words(
    "wheel wheeled wheelbase tire tires tyre tyres window windowed pane panes glazing windshield "
    "windshields windscreen grille grilles grill hood bonnet trunk boot mirrors door doors "
    "bumpers "
    "cab cabs cabin cabins hauler chassis bed beds flatbed cargo trailer trailers container "
    "containers tank body bodies roof rooftop panel panels axle axles undercarriage tracks treads "
    "headlight taillights lamps fender rims hubcaps motor motors wing wings winged winglets "
    "wingspan "
    "fuselage tail tails fin fins nose cockpit engine engines turbines propeller propellers rotor "
    "rotors stabilizer stabilizers hull hulls deck decks bow stern mast masts sail sails rudder "
    "superstructure arm arms boom booms jib bucket buckets scoop shovel blade blades hook hooks "
    "hooked hinged jointed hydraulic cable cables hoist counterweight legs leg beam beams column "
    "columns supports support crossarms cross truss girders struts bar bars compartment "
    "compartments "
    "storage loading unloading space spaces area section sections open uncovered enclosed "
    "passenger "
    "passengers commercial freight liquid separate appendages extension extensions valves pipes "
    "piping logo logos branding emblem emblems airline "
    "airlines"
)
_SMALL = v.words(
    "then than them they towards toward onto off up down out over under through along across "
    "per via whose within without throughout upon each every both either neither two four six "
    "having possesses boasting equipped fitted adorned complete consisting comprising comprised "
    "composed accompanied carrying carries transporting hauling bearing reveal revealing reveals "
    "indicate indicates indicating suggests suggest comes come served serves make towering "
    "standing "
    "sporting sports sport display contrasting marked noted named called referred seek seeking "
    "finding spotting spotted identifying looking searching locating recognizing detecting "
    "noticing "
    "noting pinpointing discerning observe observed observing find known purpose purposes "
    "occupying "
    "occupies significant portion much reaching outlined detectable observable familiar signature "
    "conspicuous pronounced apparent vivid bold precise configuration configurations arrangement "
    "arrangements layout setup format coloring colouring coloration colorations differentiating "
    "differentiate differentiates distinction difference highlighting highlights highlight "
    "embodying embodies exemplifying representing represents symbolizing characterize "
    "characterizing "
    "characterizes defining describing displaying classify separates geometry geometrical styles "
    "available crowd among amongst transport transportation transit"
)
# fmt: off
_KNOWN = (
    FILLER | REQUEST | v.FRAME | v.FUNCTION | v.SIZE.keys() | v.WHOLE | v.PART_MARKER | v.CARRYING
    | v.TELLING | v.LOCATOR | SHAPE_WORDS | _MATERIAL | _FINISH | _EXTENT | _PARTS | _SMALL
) - v.COLOR.keys() - (v.RELATION - _SMALL - _EXTENT - v.words("by around with surrounding"))
# fmt: on
"""Words that any description of the kind may hold."""

_ANY = _ADVERBS | _PHRASES.keys() | {"or"}


@finder(_ANY, None)
def generic(query: str) -> Word | None:
    """The first hedge of a query that tells its target from no other of its kind.

    ``None`` for a query without a hedge, and for one with words that tell more.
    """
    tokens = tokenize(query)
    hedges = [index for index in range(len(tokens)) if _is_hedge(tokens, index)]
    if not hedges or places(query) or coordinates(query):
        return None
    if any(each.value != "1" for each in counts.mentions(query)):
        return None
    if any(True for _ in unknown_words(query, tokens, hedges)):
        return None
    return word_of(query, Mention(hedges[0], hedges[0], tokens[hedges[0]].text))


def _is_hedge(tokens: Sequence[Token], index: int) -> bool:
    text, following = tokens[index].text, at(tokens, index + 1)
    if text == "or":
        return _is_look(at(tokens, index - 1)) and _is_look(following)
    return text in _ADVERBS or following.text in _PHRASES.get(text, ())


def _is_look(token: Token) -> bool:
    return token.text in v.COLOR or token.text in _MATERIAL


def unknown_words(query: str, tokens: Sequence[Token], hedges: Sequence[int]) -> Iterator[str]:
    """The words outside of what the hedges govern that may tell the target apart."""
    governed = _governed(tokens, hedges)
    targets = {noun.name for noun in target_nouns(query)}
    named = {
        index
        for index, name in class_tokens(tokens).items()
        if not targets or any(agree(name, target) for target in targets)
        or at(tokens, index - 1).text in ("than", "of", "a")
    }  # fmt: skip
    for index, token in enumerate(tokens):
        text = token.text
        if index in governed or index in named or text in _KNOWN or text.endswith("ly"):
            continue
        yield text


def _governed(tokens: Sequence[Token], hedges: Sequence[int]) -> set[int]:
    """The tokens that hedges govern: to the end of the clause, and all of a list of colors."""
    governed: set[int] = set()
    for first in (*hedges, *(i for i in range(len(tokens)) if _is_purpose(tokens, i))):
        index = first
        while tokens[index].text == "or" or (index < first and _is_look(at(tokens, index - 1))):
            index -= 1
        governed.update(range(index, _end_of_scope(tokens, first)))
    return governed


def _is_purpose(tokens: Sequence[Token], index: int) -> bool:
    return at(tokens, index + 1).text in _PURPOSES.get(tokens[index].text, ())


def _end_of_scope(tokens: Sequence[Token], first: int) -> int:
    for index in range(first + 1, len(tokens)):
        token = tokens[index]
        if token.gap == "." or (token.gap == "," and not (token.text == "or" or _is_look(token))):
            return index
        if token.text in _NEIGHBOURS and _names_one(tokens, index):
            return index
    return len(tokens)


def _names_one(tokens: Sequence[Token], index: int) -> bool:
    return any(at(tokens, index + n).text in ("the", "a", "an") for n in (1, 2))
