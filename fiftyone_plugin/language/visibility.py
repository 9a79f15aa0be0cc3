"""Queries that mention that their target can hardly be seen or recognised.

Darkness, blur and lack of features count if they are properties of the image or of the target's
features, or part of a concession ("despite the darkness"). A dark roof, a dim background and a
poorly lit street do not count: they describe the object and its place.
"""

from __future__ import annotations

from pairlens.fiftyone_plugin.language.finders import finder
from pairlens.fiftyone_plugin.language.phrasings import any_of, phrasings
from pairlens.fiftyone_plugin.language.tokens import Word

_BLURRED_WORDS = (
    "blur blurred blurry blurriness fuzzy fuzziness unclear indistinct murky murkiness hazy "
    "haziness grainy pixelated unfocused blurring smudged unsharp defocused pixelation "
)
_DARK_WORDS = "dark darkness dim dimly dimness shadowy gloomy gloom underexposed "
_FEATURE_WORDS = (
    "feature features detail details trait traits characteristic characteristics attribute "
    "attributes clarity qualities identifiers aspects elements cues specifics particulars "
)
_PICTURE_WORDS = "image picture photo photograph snapshot shot imagery footage "
_PICTURE = any_of(_PICTURE_WORDS)
_BLURRED = any_of(_BLURRED_WORDS + r"out[-\s]of[-\s]focus")
_DARK = any_of(
    _DARK_WORDS + r"poorly[-\s]lit low[-\s](?:light|resolution|quality|contrast) "
    r"pitch[-\s](?:black|dark)"
)
_FEATURES = any_of(_FEATURE_WORDS)
_GROUND = any_of("ground road soil water roof surface asphalt grass field trees vegetation sand")
_DARKNESS = (
    r"(?:darkness|dimness|gloom|gloomy|underexposed|poorly[-\s]lit|low[-\s](?:light|quality)|"
    rf"(?:dark|dim|dimly|shadowy)(?! (?:\w+ )?{_GROUND}))"
)
"""Darkness of the image, not of the ground that the target lies on."""
_SEEN = any_of(
    r"seen? discern(?:ed)? identif(?:y|ied) distinguish(?:ed)? recogni[sz]ed? make\sout made\sout "
    "determined? notice(?:d)? perceived? tell spot(?:ted)? detect(?:ed)? pinpoint(?:ed)? "
    "specif(?:y|ied) interpret(?:ed)? view(?:ed)? observed? ascertain(?:ed)? "
    r"t(?:ell|old)\sapart picked\sout"
)
_SUBJECT = (
    r"(?:\b(?:quality|resolution|lighting|light|contrast|clarity|visibility|focus|most|much|all|"
    rf"whole|entirety) (?:of|in) the {_PICTURE}|(?<! (?:of|in) the )(?<! (?:of|in) this )"
    rf"\b(?:{_PICTURE}|the scene))"
)
"""The image as what a sentence is about, not what ends at "the car at the top of the image"."""
_TELLING = any_of(
    "recogni[sz]able discernible identifiable distinguish(?:ing|able) visible clear distinct "
    "distinctive visual noticeable"
)
_IS = any_of(
    "is are was be being appears? appearing looks? looking seems? seeming remains? becomes? gets? "
    "rendered made"
)
_NOT_GROUND = "".join(
    rf"(?<!{ground} {joint} )"
    for ground in ("road", "street", "lane", "path", "lot", "area", "highway")
    for joint in ("with", "under", "of")
)
"""Not the light of a place: "on a road with low lighting"."""

_LACK_WORDS = (
    "lack absence lacks lacking loss missing insufficient without inadequate poor low limited "
    "reduced minimal enough "
)
_LITTLE = any_of(
    "lack absence lacks lacking loss missing insufficient inadequate poor low limited reduced "
    r"minimal not\senough too\slittle"
)
_CONCESSIONS = "despite spite notwithstanding regardless even although though albeit"

_FORMS = phrasings(
    (
        ("too dark", "too",
         r"\btoo (?:dark|dim|blurr?(?:y|ed)|unclear|murky|obscured?|faint|poorly|hazy|vague|"
         r"distorted|shadowy|fuzzy|grainy|indistinct|(?:low|poor|bad|coarse|weak)(?= to\b))"),
        ("lack of light or features", _LACK_WORDS,
         rf"{_NOT_GROUND}\b{_LITTLE}(?: \w+){{0,2}} "
         r"(?:light\b(?!-)|lighting|clarity|visibility|resolution|illumination)"
         rf"|\b{any_of(_LACK_WORDS)}\b(?: \w+){{0,2}} "
         rf"{_TELLING}(?: \w+)? (?:{_FEATURES}|information)"),
        ("lack of features", "no without any",
         r"\b(?:no|without(?: any)?|lacks? any|lacking any|devoid of(?: any)?) (?:\w+ )?"
         r"(?:identifying|distinguishing|discernible|recogni[sz]able|telltale|defining) (?:\w+ )?"
         r"(?:marks?|markings?|signs?|points?|information|shapes?|outlines?|forms?)\b"),
        ("lack of features",
         "no minimal scant sparse scarce few little lack lacks lacking absence "
         "without devoid free hardly barely scarcely not t",
         r"\b(?:no|minimal|scant|sparse|scarce|few|little|lack of|lacks|lacking|"
         r"absence of|without|devoid of|free of|"
         r"hardly any|"
         r"barely any|scarcely any|not (?:enough|many|much|any)|n't (?:\w+ )?(?:any|enough|much|"
         r"many)|"
         r"not (?:have|show|display|exhibit|reveal|possess)) (?:(?!additional|extra|further|other|"
         r"decorative|architectural|surface|roof|external|colou?r|load|more)\w+ ){0,3}?"
         rf"{_FEATURES}\b"),
        ("cannot be seen",
         "cannot can could unable impossible possible hard harder difficult challenging tough "
         "tricky easy struggle",
         r"\b(?:cannot|can't|can not|(?:can|could) (?:hardly|barely|scarcely|only just)|unable to|"
         r"impossible to|not possible to|hard to|harder to|"
         r"difficult to|challenging to|tough to|tricky to|not easy to|"
         r"struggle to) (?:\w+ly )?(?:be )?"
         rf"(?:\w+ly )?{_SEEN}\b"),
        ("cannot be seen", "no not hardly barely scarcely poorly only",
         rf"\bno\b(?: \w+){{0,2}} {_FEATURES} (?:are|is|can be) (?:\w+ly )?(?:visible|seen|"
         r"discernible|identifiable|made out)"
         # That its wheels are not visible tells the target apart.
         r"|(?:\b(?:is|was|be|being|remains?|appears?|looks?|though|but|it|which|that|and|of)\s|,\s)"
         r"(?:not|hardly|barely|scarcely|poorly|only (?:just|barely|faintly|vaguely)) (?:\w+ly )?"
         r"(?:visible|discernible|identifiable|recogni[sz]able|distinguishable|discerned|"
         r"perceptible|clearly)\b"),
        ("cannot be seen", "isn aren wasn weren",
         r"\b(?:that|which|it|they|and|but) (?:is|are|was|were)n['’]t (?:\w+ly )?"
         r"(?:visible|discernible|identifiable|recogni[sz]able|distinguishable|discerned|clear)\b"),
        ("cannot be seen",
         "complicates complicating hampers hampering hinders hindering impedes impeding defies "
         "defying prevents preventing obstructs obstructing",
         r"\b(?:complicat|hamper|hinder|imped|def(?:y|i)|prevent|obstruct)\w* "
         r"(?:the |any |its |an |easy |exact |clear |precise )*"
         r"(?:task |process |job |effort |attempt )?(?:of |to )?"
         r"(?:identif\w+|recogni\w+|distinguish\w+|discern\w+|detect\w+|differentiat\w+|"
         r"perception)\b"),
        ("to guess", "could might may can",
         r"\b(?:that|which) (?:could|might|may|can) (?:possibly |potentially |help |perhaps )?"
         r"(?:indicat|suggest|expose|disclos|reveal|hint at|signify|betray|give away|imply)\w* "
         r"(?:its|their|the (?:presence|location|existence|position|identity|outline|shape)|where|"
         r"what|that it)\b"),
        ("cannot be seen",
         "indiscernible undiscernible unidentifiable unrecognizable unrecognisable illegible "
         "unseen "
         "indistinguishable undistinguishable",
         r"\b(?:indiscernible|undiscernible|unidentifiable|unrecogni[sz]able|illegible|unseen|"
         r"indistinguishable|undistinguishable)\b"),
        ("said despite it", _CONCESSIONS,
         r"\b(?:despite|in spite of|notwithstanding|regardless of|even (?:though|with|if|when)|"
         r"although|though|albeit)\b(?: [\w'’-]+){0,7}? "
         rf"(?:{_DARKNESS}|{_BLURRED}|obscur\w+|conceal\w*|blend\w*|hid(?:den|es|ing)|"
         r"camouflag\w*|invisible|fog|haze|mist|visibility|resolution|quality|clarity|vague\w*|"
         rf"(?:lack\w*|absence|no|few|little)(?: \w+){{0,3}} (?:{_FEATURES}|visible|seen|"
         r"discernible))\b"),
        ("said because of it", "because due owing result amid given",
         r"\b(?:because of|due to|owing to|as a result of|amid|given)\b(?: [\w'’-]+){0,5}? "
         rf"(?:darkness|dimness|dimly|{_BLURRED}|obscured|low visibility|gloom|low[- ]resolution|"
         rf"(?:dark|dim|poor|low)[- ](?:\w+ )?(?:{_PICTURE}|quality|look|condition|lighting|"
         rf"light))\b"
         r"(?![- ](?:blue|brown|gr[ae]y|green))"),
        ("said of the image",
         _DARK_WORDS + _BLURRED_WORDS + "poorly low focus obscure vague & "
         + _PICTURE_WORDS + "scene view",
         rf"\b(?:{_DARK}|{_BLURRED}|obscure|vague) (?:and \w+ )?{_PICTURE}\b"
         rf"|\b{_BLURRED} (?:scene|view)\b"),
        ("said of the image", _DARK_WORDS + _BLURRED_WORDS + _LACK_WORDS
         + "obscured distorted focus poorly pitch & scene " + _PICTURE_WORDS,
         rf"{_SUBJECT}(?:['’]s| (?:{_IS}|has|with)(?: \w+)?)"
         r"(?: (?:overall|general|very|so|"
         rf"quite|"
         rf"rather|somewhat))? (?:{_DARK}|{_BLURRED}|lack|poor|obscured|distorted|low (?:light|"
         rf"quality|"
         r"resolution|visibility))\b"),
        ("said of the image",
         "dark dim poor low blurry blurred murky fuzzy unclear hazy & " + _PICTURE_WORDS,
         r"\b(?:dark|dim|poor|low|blurry|blurred|murky|fuzzy|unclear|hazy) (?:quality|appearance|"
         rf"condition|nature|resolution|visibility|lighting) (?:of|in) the {_PICTURE}\b"),
        ("said of the target", _BLURRED_WORDS + "focus vague invisible obscure ambiguous",
         rf"\b{_IS} (?:\w+ly |very |quite |somewhat |rather |so |almost )?"
         rf"(?:{_BLURRED}|vague|invisible|obscure|ambiguous)\b(?!-)"),
        ("said of the target", "obscured hidden concealed masked",
         rf"\b{_IS} (?:\w+ly )?(?:obscured|hidden|concealed|masked)(?: (?:in|within) (?:the|this) "
         rf"{_PICTURE}|[.,;?]?$| by (?:the )?(?:\w+ )?(?:{_DARK}|{_BLURRED}|fog|haze|mist|"
         rf"lighting))"),
        ("it hides the target", "obscured hidden concealed masked veiled",
         rf"\b(?:obscured|hidden|concealed|masked|veiled) (?:by|behind|in) (?:the )?(?:\w+ )?"
         rf"(?:{_BLURRED}|darkness|dimness|gloom|noise)\b"),
        ("said of its features", "vanish vanishes fade fades disappear disappears dissolve elude",
         rf"\b{_FEATURES} (?:\w+ )?(?:vanish(?:es)?|fades?|disappears?|dissolves?|eludes?)\b"),
        ("said of its features", "outline outlines shape edges contours silhouette form & "
         + _BLURRED_WORDS + "vague undefined",
         rf"\b(?:outlines?|shape|edges|contours|silhouette|form) {_IS} (?:\w+ )?"
         rf"(?:{_BLURRED}|vague|undefined)\b"),
        ("said of its features",
         _BLURRED_WORDS
         + "focus vague obscure obscured hidden hard difficult faint missing not lost "
         "absent invisible",
         rf"\b{_FEATURES} (?:that |of which |which )?(?:\w+ )?{_IS} (?:\w+ )?"
         rf"(?:{_BLURRED}|vague|obscured?|hidden|"
         r"hard|difficult|faint|missing|not|lost|absent|invisible)\b"),
        ("said of its features", _BLURRED_WORDS + "vague obscure obscured undefined",
         rf"\b(?:{_BLURRED}|vague|obscured?|undefined) (?:\w+ )?"
         rf"(?:{_FEATURES}|appearance|shape|outline|form|silhouette|contours?|look)\b"),
        ("a blur", "blur blob smear smudge blotch haze",
         r"\b(?:featureless|indistinct|unclear|murky|shadowy|fuzzy|vague|shapeless|nondescript|"
         r"dim|"
         r"dark),? (?:\w+ )?(?:blur|blob|smear|smudge|blotch|haze)\b"),
        ("a blur", "featureless indistinct unclear murky shapeless",
         r"\b(?:featureless|indistinct|unclear|murky|shapeless) (?:\w+ )?(?:patch|mass|form|"
         r"shape)\b"),
        ("a blur", "blur smear smudge", r"\bas an? (?:\w+,? ){0,2}(?:blur|smear|smudge)\b"),
        ("cannot be seen", "too",
         rf"\btoo (?:small|tiny|little|far|distant|faint) (?:away )?to (?:be )?"
         rf"(?:\w+ly )?{_SEEN}\b"),
        ("cannot be seen", "hardly barely scarcely only",
         r"\b(?:hardly|barely|scarcely) any(?:thing)?(?: of it)? (?:can be|is) (?:\w+ly )?"
         rf"{_SEEN}\b|\bonly be guessed\b"),
        ("lost in its surroundings", "fades fading disappears vanishes",
         r"\b(?:fades|fading|disappears|vanishes) (?:in)?to the (?:\w+ )?"
         r"(?:dark\w*|shadows?|background|backdrop|gloom|haze)\b"),
        ("lack of features", "nothing",
         rf"\bnothing (?:\w+ )?can be (?:\w+ly )?{_SEEN}\b"),
        ("cannot be seen", "not",
         rf"\bnot (?:easily|readily|well|clearly|quite|really) {_SEEN}\b"),
        ("lack of light or features", "insufficient inadequate enough little",
         r"\b(?:insufficient|inadequate|not enough|too little) (?:visual )?(?:details?|features|"
         r"information|clarity)\b"),
        ("lack of features", "nothing",
         r"\bnothing (?:about (?:it|them) )?(?:that )?(?:really )?"
         r"(?:stands out|distinguishes|identifies|sets it apart|catches)"),
        ("lack of features", "nothing",
         rf"\bnothing (?:\w+ly )?(?:{_TELLING}|special|unique|notable|particular)\b"),
        ("lost in darkness",
         "shrouded hidden lost concealed swallowed veiled cloaked immersed engulfed enveloped "
         "obscured blend blends blended blending",
         r"(?<!partially )(?<!partly )(?<!slightly )\b(?:shrouded|hidden|lost|"
         r"concealed|swallowed|veiled|cloaked|immersed|engulfed|enveloped|"
         r"obscured|blend(?:s|ed|ing)?) (?:in|by|into|with|in with) (?:the |a )?(?:\w+ )?"
         r"(?:darkness|dark|gloom|fog|haze|mist|blur|shadows)\b(?! \w)"),
        ("lost in its surroundings", "blends blending blended merges",
         r"\b(?:blends|blending|blended|merges) (?:in )?(?:completely|entirely|almost|nearly|fully|"
         r"seamlessly|totally|so well) (?:\w+ )?(?:in )?(?:with|into)\b"),
        ("lost in darkness", "lost hidden swallowed shrouded",
         r"\b(?:lost|hidden|swallowed|shrouded) (?:in|by) the (?:darkness|dark|gloom|fog|haze|mist|"
         rf"shadows) of the {_PICTURE}\b"),
        ("it hides the target",
         "obscures obscuring obscure conceals concealing hides hiding swallows swallowing "
         "prevents "
         "preventing hinders hindering impairs impairing renders rendering making makes affects "
         "affecting",
         r"\b(?:darkness|blurriness|blur|lighting|light|shadows?|gloom|fog|haze|mist|backdrop|"
         r"background|"
         r"resolution|quality) (?:that )?(?:is |are )?(?:obscur|conceal|hid(?:es|ing)|swallow|"
         r"prevent|"
         r"hinder|impair|render|mak(?:es|ing) it|affect)"),
        ("out of sight", "most majority bulk",
         r"\b(?:most|the majority|the bulk) of (?:it|which|its \w+|the \w+) "
         r"(?:is |lies |lying |being )?"
         r"(?:outside|beyond|out of|cut off|hidden|invisible|not visible)\b"),
        ("out of sight",
         "largely mostly mainly primarily predominantly chiefly almost nearly entirely "
         "completely most",
         r"\b(?:largely|mostly|mainly|primarily|predominantly|chiefly|almost (?:entirely|"
         r"completely|"
         r"fully)|nearly (?:entirely|completely|all)|entirely|completely|for the most part) "
         r"(?:is |lies |lying |located |positioned |situated |extends |falls )?(?:out of|outside|"
         r"beyond|"
         r"off|past|hidden|invisible|not visible|cut off|cropped out|unseen)\b"),
    )
)  # fmt: skip


@finder(_FORMS.hints, None)
def hardly_visible(query: str) -> Word | None:
    """The words that mention that the target can hardly be seen; their value is the reason."""
    return _FORMS.first(query)
