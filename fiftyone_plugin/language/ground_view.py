"""Things that are never visible from above: the sky, a door's latch, an animal, a telephone.

A model that gets a broken or enlarged crop describes what the crop resembles. Many of these words
have a second sense: a bird's-eye view, remote sensing, a sky-blue roof, a horse trailer.
"""

from __future__ import annotations

from pairlens.fiftyone_plugin.language.finders import finder
from pairlens.fiftyone_plugin.language.phrasings import any_of, phrasings
from pairlens.fiftyone_plugin.language.tokens import Word

_CREATURES = "owl whiskers feathers beak paws kitten puppy teddy "
_ANIMALS = (
    "bird dog cat horse cow squirrel rabbit monkey sheep animal tiger lion bear elephant deer fox "
    "parrot pigeon "
)
_DEVICES = (
    "wristwatch guitar zipper gadget smartphone cellphone telephone laptop "
    "keyboard joystick gamepad headphones handheld "
)
_ENTRANCE = "doorway entryway doorstep padlock mailbox letterbox doorbell doormat doorframe "
_HOUSEHOLD = (
    "pen pencil book notebook bottle mug cup spoon fork shoe boot toy mouse phone coin button "
    "bread cake lamp candle brush comb scissors hammer screwdriver wallet purse hat glove sock "
    "spectacles glasses camera battery plate bowl lighter tape ruler eraser pillow "
    "toothbrush"
)
_INDOORS = (
    "ceiling wallpaper curtains sofa couch bookshelf bathroom bedroom countertop "
    "dashboard speedometer tabletop hallway bookcase mattress "
)
_DOOR_PARTS = any_of(
    "latch(?:es)? clasps? handles? knobs? hinges? knocker carvings? engravings? engraved keyhole"
)
_POSES = any_of("sleeping sitting perched resting lying standing seated posing walking positioned")
_SHOWS = any_of(
    "depict(?:s|ing)? display(?:s|ing)? illustrat(?:es?|ing) portray(?:s|ing)? "
    "represent(?:s|ing)? "
    "resembl(?:es?|ing) show(?:s|ing)?"
)

_FORMS = phrasings(
    (
        ("the sky", "sky skies skyline",
         r"(?<!open to the )\b(?:sky|skies|skyline)\b"
         r"(?![- ](?:blue|bridge|light|lift|walk|deck|train|scraper))"),
        ("the horizon", "horizon", r"\bhorizon\b"),
        ("clouds behind it", "clouds",
         r"\b(?:among|amid|amidst|against|into) (?:the )?(?:\w+ )?clouds\b"),
        ("the sun", "sunset sunrise moonlight sun",
         r"\b(?:setting|rising) sun\b|\b(?:sunset|sunrise|moonlight)\b"
         r"(?! (?:street|road|avenue|boulevard|park|beach))"),
        ("a part of a door", "door doors",
         rf"\bdoors?\b[^.;]{{0,60}}\b{_DOOR_PARTS}\b|\b{_DOOR_PARTS}\b[^.;]{{0,20}}\bdoors?\b"),
        ("a part of a door", _ENTRANCE + "welcome",
         rf"\b{any_of(_ENTRANCE)}\b(?! (?:path|road|driveway))|\bwelcome mat\b"),
        ("a mirror image", "mirror", r"\b(?:reflected|reflection|seen|visible) in (?:the|a) "
         r"(?:\w+-?\w* )?mirror\b|\brear-?view mirror\b"),
        ("a household thing", "item object thing element",
         r"\b(?:item|object|thing|element)\b[^.;]{0,40}\b(?:resembl\w+|look\w* like|similar to|"
         rf"like|appears? to be|seems? to be) an? (?:\w+ ){{0,2}}{any_of(_HOUSEHOLD)}\b"),
        ("a sign above a door", "sign signage lettering",
         r"\b(?:sign|signage|lettering)\b[^.;]{0,60}\b(?:above|over) (?:the |an |its )?"
         r"(?:main |front )?(?:door|doors|entrance|entry)\b"),
        ("an animal", _CREATURES,
         rf"\b{any_of(_CREATURES)}\b(?! (?:tree|island|creek|bay|hill|point))"),
        ("an animal", _ANIMALS, rf"\b{any_of(_ANIMALS)} {_POSES}\b"),
        ("a person", "person man woman child human",
         rf"\b{_SHOWS} (?:a |an |the )?(?:\w+ )?(?:person|man|woman|child|human)\b(?!-)"),
        ("a person", "holding wearing",
         r"\b(?:man|woman|boy|girl|child|person) (?:holding|wearing)\b"),
        ("a room", "sill windowsill", r"\bwindow-? ?sill\b"),
        ("a device", _DEVICES, rf"(?<!shaped like a )(?<!shape of a )\b{any_of(_DEVICES)}\b"),
        ("a device", "remote controller portable mobile hand device",
         r"\b(?:remote control(?:ler)?s?|(?:remote|gam(?:e|ing)) (?:or|and|"
         r"or a) (?:a )?controller|"
         r"portable device|mobile (?:device|gadget|phone)|hand-?held (?:device|tool|gadget)|"
         r"electronic (?:device|gadget))\b|\bremote(?= (?:or|when|upon|in)\b)"),
        ("a close-up", "close closeup closer closely",
         r"\bclose-?up\b|\bcloseup\b|\b(?:up)?on closer (?:inspection|look|examination)\b"
         r"|\b(?:viewed|seen|inspected|examined|looked at) (?:more )?(?:closely|up close)\b"),
        ("a room", _INDOORS + "carpet kitchen steering room table chair desk",
         rf"\b{any_of(_INDOORS)}\b|\b(?:carpet|kitchen)\b(?! (?:of|garden))|"
         r"\bsteering wheel\b|\b(?:living|dining) room\b"
         r"|\b(?:sitting|seated|lying) (?:at|on|around) (?:a|the) (?:table|chair|desk)\b"),
        ("clothes or a face", "shirt jacket smile smiling beard bearded eyebrows facial face",
         r"\b(?:shirt|jacket|smiling|smile|beard|bearded|eyebrows|facial)\b"
         r"|\b(?:driver|person|man|woman)'s face\b"),
    )
)  # fmt: skip


@finder(_FORMS.hints, None)
def seen_from_ground(query: str) -> Word | None:
    """The words for a thing that is never visible from above; their value is its kind."""
    return _FORMS.first(query)
