"""References to the prompt of a query's writer, which its reader does not have: boxes, points.

"Using the given features", "inside the designated boundary", "for better understanding". A
participle before the noun refers to the prompt ("the outlined box"), behind it to the object
("a field outlined by blue lines"); "a designated parking area" and "a specific area on the
ground" are things in the image.
"""

from __future__ import annotations

import re

from pairlens.fiftyone_plugin.language.finders import finder
from pairlens.fiftyone_plugin.language.phrasings import any_of, phrasings
from pairlens.fiftyone_plugin.language.tokens import Word

_GIVEN_WORDS = (
    "given specified described designated indicated outlined provided supplied stated mentioned "
    "aforementioned listed prescribed predefined predetermined assigned requested referenced"
)
_MARKED_WORDS = (
    "marked defined highlighted noted detailed delineated annotated labeled labelled above "
    "following enclosed delimited denoted specific exact precise"
)
_GIVEN, _MARKED = map(any_of, (_GIVEN_WORDS, _MARKED_WORDS))
_INNER = any_of("bounding rectangular square same target visual key spatial image pixel")
_DETAILS = any_of(
    "features? attributes? traits? details? characteristics? descriptions? descriptors? "
    "information criteria parameters? specifications? instructions? guidelines? data hints? clues? "
    "cues? labels? captions? prompts? annotations? values? figures?"
)
_REGION = any_of(
    "box boxes rectangles? boundary boundaries bounds area region zone section location position "
    "point points polygon perimeter limits segment spot range frame quadrant contours? outlines?"
)
_BOXES = any_of("box boxes rectangles? bounds coordinates? polygon")
_IN = any_of("in on at to per by with within inside into from using of")
_INTO = any_of("in on at to within inside into from near around by of")
_PICTURE = any_of("image picture photo photograph")

_FORMS = phrasings(
    (
        ("a box", "bounding bbox bboxes",
         r"\bbounding[- ](?:box(?:es)?|rectangle|region|area|frame)\b|\bbbox(?:es)?\b"),
        ("coordinates", "coordinate coordinates coord coords", r"\b(?:coordinates?|coords?)\b"),
        ("coordinates", "x y", r"\b[xy][- ](?:axis|value|position)\b|\bat \(?x, ?y\)?"),
        ("a size in pixels", "pixel pixels px",
         r"\b\d[\d,.]{0,8} ?-?(?:(?:by|x|×) ?\d{1,5} ?)?-?(?:pixels?|px)\b"
         r"|\bpixel (?:size|area|count|dimensions?|values?|range|locations?|positions?|width|"
         r"height)"
         r"|\bpixels (?:in|by|from|wide|high|tall|long)\b"),
        ("details", _GIVEN_WORDS,
         rf"\b(?:the|these|those|its|all|any|{_IN}) {_GIVEN} (?:{_INNER} )?{_DETAILS}\b"),
        ("a region", _GIVEN_WORDS,
         rf"\b(?:the|this|that|its|{_INTO}) {_GIVEN} (?:{_INNER} ){{0,2}}{_REGION}\b"
         rf"(?! (?:for|where|lines?|markings?|of(?! (?:the|this) {_PICTURE}))\b)"),
        ("a region", _MARKED_WORDS, rf"\b(?:the|this) {_MARKED} (?:{_INNER} ){{0,2}}{_BOXES}\b"),
        ("a region", "marked highlighted annotated above cropped",
         r"\b(?:in|within|inside|from|by) the (?:marked|highlighted|annotated|above|cropped) "
         rf"(?:{_INNER} )?(?:area|region|zone|boundary|perimeter)(?= of the {_PICTURE}|[.,;]|$)"),
        ("details", _GIVEN_WORDS,
         rf"\b{_DETAILS} (?:that (?:is|are|was|were) )?{_GIVEN}(?=[.,;?!]|$| above| below| here)"),
        ("a region", _GIVEN_WORDS,
         r"\b(?:box|boundary|area|region|zone|rectangle|location|position|points?) "
         rf"(?:that (?:is|are|was|were) )?{_GIVEN}(?=[.,;?!]|$| above| below| here)"),
        ("a box", "box",
         r"\b(?:enclosed|surrounded|bounded|marked|framed|outlined) (?:by|in|with) (?:the|a) "
         r"(?:\w+ )?box\b(?! (?:hedge|truck|car|girder))"),
        ("a box", "drawn shaded overlaid",
         r"\b(?:drawn|shaded|overlaid) (?:\w+ )?(?:box|rectangle|polygon|mask|region|outline|"
         r"contour|boundary)\b"),
        ("a box", "box",
         r"\b(?:lines?|edges?|sides?|corners?|borders?) of the (?:\w+ )?box\b"
         r"(?! (?:hedge|truck|car|girder|van)\b)"),
        ("a box", "polygon mask arrow box",
         r"\b(?:indicated|marked|outlined|delimited|enclosed|shown|highlighted) (?:by|with) "
         r"(?:the|an?) (?:\w+ )?(?:polygon|mask|arrow|box)\b(?! (?:hedge|truck|car|girder|of)\b)"),
        ("a mask", "mask", r"\b(?:inside|within|in|under|by) the mask\b"),
        ("a box", "box polygon",
         r"\b(?:in|inside|within|from) the (?:\w+ )?(?:box|polygon)\b"
         r"(?! (?:hedge|truck|car|girder|of|van|canyon|store)\b)"),
        ("a region", "marked highlighted annotated drawn shaded given provided",
         r"\b(?:box|frame|region|area|rectangle|zone|section) that (?:is|was) "
         r"(?:marked|highlighted|annotated|drawn|shaded|given|provided)(?=[.,;?!]|$)"),
        ("a region", "interest roi rois",
         r"\b(?:regions?|areas?|objects?|targets?|items?|subjects?) of interest\b|\brois?\b"),
        ("a region", "polygon provided given",
         r"\b(?:region|area|section) (?:given|provided|defined|bounded) by the "
         rf"(?:polygon|points?|{_BOXES})\b"),
        ("details", "you",
         r"\byou (?:were|are|have been|['’]ve been) (?:given|told|shown|provided|supplied)\b"),
        ("an annotation", "annotation annotations caption captions prompt prompts",
         r"\b(?:the|this|its|an?|given|these) (?:\w+ )?(?:annotations?|captions?|prompts?)\b"),
        ("a description", "description descriptions hints clues instructions",
         r"\b(?:use|using|consult|consider(?:ing)?|read|follow|with the help of|by means of) the "
         r"(?:\w+ )?(?:descriptions?|hints?|clues?|instructions?)\b(?! of\b)"),
        ("the use of the mask", "mask masks",
         r"\bmask (?:generation|creation|prediction)\b|\bwhose (?:segmentation )?mask\b|"
         r"\b(?:to|can|and) (?:be )?(?:generate|produce|create|obtain|derive|output)d? "
         r"(?:a|an|the|its) (?:\w+ )?masks?\b"),
        ("the use of the mask",
         "referring pixel pixelwise training dataset datasets class category classes input model",
         r"\breferring expressions?\b|\bpixel[- ]?(?:level|wise|accurate|perfect)\b|"
         r"\btraining (?:data|sets?|images?|samples?)\b|\bdatasets?\b|"
         r"\b(?:class|category) (?:label|name|id)s?\b|\b(?:target|object) class\b|"
         r"\binput (?:image|text|query|picture)\b|"
         r"\b(?:for|by) the (?:\w+ )?model(?= to\b|[.,;?!]|$)"),
        ("points", "points vertices",
         r"\b(?:boundary|polygon|contour|vertex|anchor|reference|corner) points\b|\bvertices\b"),
        ("the bounds of the image", "bounds",
         rf"\b{_PICTURE}(?:'s)? bounds\b|\bbounds of the {_PICTURE}\b"),
        ("a description",
         "according based per following matching match matches fit fits fitting given meets "
         "meeting "
         "satisfying",
         r"\b(?:according to|based on|as per|following|matching|match(?:es)?|fits?|fitting|given|"
         r"meets|meeting|satisfying|per) the (?:above |text(?:ual)? |visual |written |"
         r"accompanying )?"
         rf"(?:{_DETAILS}|annotations?|captions?|prompt)\b(?! of\b)"),
        ("a description", "as",
         r"\bas (?:referenced|described|specified|indicated|mentioned|given|provided|outlined|"
         r"stated|noted|instructed|detailed|requested|defined)"
         r"(?: (?:above|below|here|earlier|previously|"
         r"in the (?:description|text|details|prompt|annotation|caption|query)))?(?=[.,;?!]|$)"),
        ("a description", "caption prompt description annotation query instructions instruction",
         rf"\b(?:{_GIVEN}|named|noted|referred to) (?:in|by) the (?:\w+ )?"
         r"(?:captions?|prompt|descriptions?|annotations?|query|instructions?)\b"),
        ("the use of the mask", "segmented annotated labeled labelled masked",
         r"\bthe (?:[\w-]+ ){1,3}to be (?:\w+ly )?(?:segmented|annotated|labell?ed|masked)\b|"
         r"\b(?:so (?:that )?it can be|(?:needs?|has|have|is|are|in order) to be|"
         r"(?:should|must) be) (?:\w+ly )?(?:segmented|annotated|labell?ed|masked)\b"),
        ("the use of the mask", "segmentation annotation labeling labelling detection training",
         r"\b(?:for the purposes? of|to (?:support|aid|allow|enable|ease|facilitate)) (?:\w+ ){0,2}"
         r"(?:segmentation|annotation|labell?ing|detection|training)\b"),
        ("the use of the mask",
         "segmentation annotation labeling labelling truth annotator annotators",
         r"\bfor (?:the )?(?:\w+ )?(?:segmentation|annotation|labell?ing)\b"
         r"|\b(?:semantic|instance|image|object) segmentation\b|\bannotators?\b|"
         r"\bground[- ]truth\b"
         r"|\bsegmentation (?:masks?|purposes?|tasks?)\b"),
    )
)  # fmt: skip


_DIGIT = re.compile(r"\d")
_NUMBERS = phrasings(
    (
        ("coordinates", "at",
         r"\bat (?:points? |positions? |locations? )?\d{1,4},? ?(?:and |by )?\d{1,4}\b"),
        ("coordinates", "from across down over",
         r"\b\d[\d.]{0,5} ?(?:%|percent|units|px) (?:of the \w+ )?(?:from|across|down|over) "),
        ("a size", "of",
         r"\b\d[\d.]{0,5} ?(?:%|percent) of the (?:\w+ )?(?:image|picture|photo\w*|frame|scene)\b"),
        ("coordinates", "x", r"\bx:? ?\d{1,4},? (?:and )?y:? ?\d{1,4}\b"),
        ("a size in pixels", "by size sized measuring measures dimensions area box rectangle",
         r"(?<![\d.])\d{2,4} ?(?:[x×]|by) ?\d{2,4}(?![\d.]| ?(?:m|meters?|metres?|ft|feet)\b)"),
    )
)  # fmt: skip


@finder(_FORMS.hints | _NUMBERS.hints, None)
def prompt_talk(query: str) -> Word | None:
    """The words that refer to the prompt; ``None`` if there are none.

    Values: ``"a box"``, ``"coordinates"``, ``"a size in pixels"``, ``"details"``, ``"a region"``,
    ``"a mask"``, ``"an annotation"``, ``"points"``, ``"the bounds of the image"``,
    ``"a description"``, ``"the use of the mask"``. A purpose ("for better understanding") does not
    count, since the reader can ignore it.
    """
    return _FORMS.first(query) or (_NUMBERS.first(query) if _DIGIT.search(query) else None)
