"""Word lists of the parsers of places, colors and sizes.

They are collected from the queries of GRES, with the forms that RefSegRS and other referring
datasets of aerial images use beside them.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text with spaces between them."""
    return frozenset(text.split())


def values(**words: str) -> dict[str, str]:
    """The keyword by word, from keyword arguments that list words with spaces between them."""
    return {word: value for value, listed in words.items() for word in listed.split()}


VERTICAL = values(
    top="top upper topmost uppermost north northern northernmost",
    bottom="bottom lower bottommost lowermost lowest base foot south southern southernmost",
)
HORIZONTAL = values(
    left="left leftmost lefthand leftward west western westernmost",
    right="right rightmost righthand rightward east eastern easternmost",
)
CENTER = words(
    "center centre middle central mid midpoint midst midsection centermost centrally "
    "centered centred heart core"
)
CENTERED = words("centrally centered centred")
DIAGONAL = {
    f"{v}{h}{suffix}": (VERTICAL[v], HORIZONTAL[h])
    for v in ("north", "south")
    for h in ("east", "west")
    for suffix in ("", "ern")
}
DIRECTION = CENTER | VERTICAL.keys() | HORIZONTAL.keys() | DIAGONAL.keys()
"""Words that say up, down, left, right or middle in any form."""

COMPASS = words("north south east west northern southern eastern western") | frozenset(DIAGONAL)
SUPERLATIVE = frozenset(w for w in (*VERTICAL, *HORIZONTAL) if w.endswith("most"))

BESIDE_CENTER = values(top="above higher over", bottom="below beneath under underneath")
"""Directions that name a place only when the centre follows: "just above the middle"."""

EDGE = words("edge border boundary margin fringe periphery extremity rim")
AREA = EDGE | words(
    "corner side hand section area part portion region quadrant segment half third quarter end "
    "zone sector point location position spot space thirds"
)
FRAME = words(
    "image picture photo photograph frame scene view visual shot snapshot chip tile screen "
    "imagery photography pic display canvas"
)
FRAME_ADJECTIVE = words(
    "aerial satellite given provided whole entire overall current overhead drone remote sensing "
    "input full"
)

HEDGE = words(
    "near toward towards close around slightly roughly approximately about just somewhat bit "
    "little almost nearly marginally adjacent approaching off generally mostly nearby"
)
TOWARD = words("toward towards")
EXTREME = words("far extreme very outermost absolute utmost farthest furthest")
DETERMINER = words("the this that")
PREPOSITION = words(
    "of in on at to toward towards near within along inside into around by across than from "
    "over throughout"
)
BRIDGE = DETERMINER | PREPOSITION | HEDGE | EXTREME | words("and but more also closer")
"""Words that may stand between the parts of one place: "the center *of the* lower part"."""

LOCATOR = words(
    "located situated positioned placed found seen lying lies sits sitting set sited visible "
    "appears appearing stationed parked standing stands present is are was be resting shown"
)
POSSESSIVE = words("its their his her it's each every both either all four two opposite other")
ARTICLE = words("a an")
NEGATION = words("not isn t except excluding without unlike neither nor never")

CLOSEST = words("closest nearest second third fourth last")
"""Words that compare several objects by their place, which need not be at it."""

PART_MARKER = words(
    "with featuring features has have having displaying displays showing shows containing "
    "contains bearing presenting boasts boasting including includes characterized marked "
    "distinguished whose"
)
"""What follows describes the target's parts."""

CARRYING = words(
    "carrying carries transporting transports hauling holding equipped attached linked connected "
    "hitched joined loaded laden topped filled possesses possessing possess sporting exhibits "
    "exhibiting paired complete showcases showcasing"
)
"""What follows describes what is on or at the target."""

TELLING = words(
    "identified recognized recognised recognizable noted defined highlighted known "
    "characterised indicated described topped depicted accentuated crowned"
)
"""With "by" they tell how the target looks."""

RELATION = words(
    "near beside behind between alongside by adjacent next close opposite along above below "
    "beneath under over underneath around surrounding surrounded among amid amidst bordering "
    "facing outside past parallel across front touching overlooking"
)
"""What follows names another object, unless it is a place."""

POINTER = words("coordinates coordinate point bounding box location")
"""Objects of a relation that are no other object: "near the given coordinates"."""

ORIENTATION = words(
    "facing faces pointing pointed points heading headed heads turning turn turns tilted tilting "
    "angled oriented leaning rotated bending curving moving traveling travelling driving "
    "directed aimed slanted sloping bound looking leading"
)
STRETCHING = words("extending extends stretching stretches running runs protruding branching")

FUNCTION = (
    BRIDGE
    | LOCATOR
    | PART_MARKER
    | RELATION
    | words(
        "which who where while as for against when it so or identify locate find spot look "
        "please mark segment outline highlight point show select"
    )
)

COLOR = values(
    red="red reddish crimson scarlet maroon",
    orange="orange",
    yellow="yellow yellowish golden gold",
    green="green greenish lime olive",
    blue="blue bluish navy azure cyan teal turquoise",
    purple="purple violet",
    pink="pink pinkish magenta",
    brown="brown brownish tan beige rust bronze",
    white="white whitish cream ivory",
    black="black blackish",
    gray="gray grey grayish greyish silver silvery",
)
SIZE = values(
    small="small tiny little miniature compact smaller smallest petite minuscule diminutive",
    medium="medium moderate midsize midsized",
    large="large big huge massive giant enormous sizable sizeable bigger larger biggest "
    "largest substantial vast immense gigantic colossal",
)
SETTING = words(
    "background backdrop surroundings surrounding environment ground terrain setting landscape "
    "water soil earth vegetation greenery trees tarmac road street sea river runway sand dirt"
)
"""Nouns that stand for what is around the target."""

GROUND = words("field fields grass lawn lawns meadow meadows area areas surface")
"""Nouns that do so where a direction follows: "a green field to the right"."""

AROUND = RELATION | words("against amongst contrasting contrasts contrasted contrast than upon")
"""What follows describes what is around the target."""

WHOLE = words(
    "shape body structure size form footprint construction frame design object machine machinery "
    "vehicle dimensions build silhouette building outline profile rectangle appearance look figure "
    "contour formation"
)
"""Nouns that stand for the target as a whole in a description of it."""
NAMING = words("looking locating finding identifying spotting recognizing as searching")
"""Words that take a description up again: "by finding the large, dark vehicle"."""
