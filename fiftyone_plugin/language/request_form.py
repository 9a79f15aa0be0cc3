"""Requests that a mask cannot answer: to divide an object, to move, make or name it.

"Divide the bus", "position the truck near the centre", "construct a building with a red roof",
"what is the name of the building": a paraphrase changed the verb, and with it what is asked for.
Which object is meant may still be clear, as in "which building is in the upper-left corner": a
question for a place is none.
"""

from __future__ import annotations

from pairlens.fiftyone_plugin.language.finders import finder
from pairlens.fiftyone_plugin.language.phrasings import any_of, phrasings
from pairlens.fiftyone_plugin.language.tokens import Word

_DIVIDE_WORDS = (
    "divide partition subdivide split bisect dissect decompose fragment sever slice section "
    "halve quarter chop dismantle disassemble cleave portion apportion disconnect detach "
    "deconstruct tear saw "
)
_ARRANGE_WORDS = (
    "position reposition place put set arrange rearrange move relocate align shift orient "
    "reorient organize organise remove delete replace insert install situate station settle "
    "lodge deposit stage drop lay center centre keep ensure guarantee tidy turn swap exchange "
    "drag push pull bring sort stack park add build "
)
_CHANGE_WORDS = (
    "adjust improve enhance rotate resize rescale crop enlarge shrink modify alter change "
    "straighten sharpen brighten darken lighten stabilize stabilise flip tilt magnify increase "
    "decrease reduce raise lower boost refine repair fix clean paint color colour recolor "
)
_MAKE_WORDS = (
    "depict portray illustrate sketch draw design construct fashion craft create generate produce "
    "render compose assemble "
)
_NAME_WORDS = (
    "name names identity identities type types kind sort title category class nature model make "
    "brand owner designation "
)
_HEAD = (
    r"^\W{0,3}(?:(?:in|within|from|on|at|for|to|by|using) [^,.;:]{3,80}, ?)?"
    r"(?:(?:please|kindly|now|then|first|next|just|try to|try and|let us|let's|you (?:should|must|"
    r"need to|have to|can)|(?:i|we) (?:want|need|would like) (?:you )?to|your task is to|"
    r"(?:can|could|would|will) you|are you able to),? ){0,3}"
)
_THE = r"(?:the|a|an|this|that|these|those|all|each|every|any|both)\b"
_DIVIDE = any_of(
    _DIVIDE_WORDS.replace("subdivide", "sub-?divide")
    + r"(?:break|cut|section|split|carve|take|pull|chop|slice|partition|tear)"
    r"\s(?:down|apart|up|into|off)"
)
_ARRANGE = any_of(_ARRANGE_WORDS + r"line\sup make\ssure(?:\sthat)?")
_CHANGE = any_of(_CHANGE_WORDS + r"zoom\s(?:in|out)(?:\son)?")
_MARK = any_of("mask marker pin point outline box boxes rectangle polygon label overlay dot circle")
_ANSWER = any_of(
    "mask marker pin point outline box boxes rectangle polygon label overlay dot circle contour "
    "boundary border segmentation annotation region line"
)
"""What a request for a mask may ask to be drawn."""
_NAME = any_of(_NAME_WORDS)
_PROPERTY_WORDS = "color colour size height function purpose material number age speed use usage "
_PROPERTY = any_of(_PROPERTY_WORDS)
_FIND_OUT = any_of(
    r"find(?:\sout)? determine identify establish ascertain figure\sout discover reveal state "
    r"give(?:\sme)? "
    r"tell(?:\sme)? provide specify verify confirm uncover learn deduce work\sout recogni[sz]e say "
    "disclose report mention clarify detect know guess"
)

_FORMS = phrasings(
    (
        # "Divide the truck from the road" asks to cut it out.
        ("to divide it", _DIVIDE_WORDS + "break cut carve take pull",
         rf"{_HEAD}(?P<part>{_DIVIDE}) {_THE}"
         r"(?!.{1,200}\bfrom (?:the|its|their|all|any|other|everything|surrounding)\b)"),
        ("to divide it", "disconnect detach",
         rf"{_HEAD}(?P<part>disconnect|detach) {_THE}(?!.{{1,200}}\b(?:background|backdrop|"
         r"surroundings|environment|scene|rest)\b)"),
        ("to divide it", "separate segment split divide",
         rf"{_HEAD}(?P<part>separate|segment|split|divide) {_THE} [^.,;]{{1,60}} into\b"),
        ("to divide it", _DIVIDE_WORDS + "break cut",
         rf"\band (?P<part>{_DIVIDE}) (?:it|them|the|this|that)\b"),
        ("to divide it", "break cut",
         rf"{_HEAD}(?P<part>break|cut) {_THE} [^.,;]{{1,60}} (?:into|apart|down|up)\b"),
        ("to arrange it", _ARRANGE_WORDS + "sure line",
         rf"{_HEAD}(?P<part>{_ARRANGE})(?: up| around)? {_THE}(?! (?:[\w-]+ ){{0,2}}{_MARK}\b)"
         r"(?! [^.]{1,80}\bapart\b)"),
        ("to arrange it", _CHANGE_WORDS + "zoom", rf"{_HEAD}(?P<part>{_CHANGE}) {_THE}"),
        ("to arrange it", "placing positioning putting setting moving arranging adjusting",
         r"\bby (?P<part>placing|positioning|putting|setting|moving|arranging|adjusting) "
         r"(?:it|them)\b"),
        ("to arrange it", "it them",
         r"\band (?:then )?(?P<part>position|place|put|set|arrange|adjust|move|align|rotate|"
         r"resize|"
         r"ensure) (?:it|them)\b(?! apart)"),
        ("to arrange it", "reposition rearrange adjust resize rotate move relocate",
         r"\band (?:then )?(?P<part>reposition|rearrange|adjust|resize|rotate|move|relocate) "
         r"the\b"),
        ("to arrange it", "make",
         rf"{_HEAD}(?P<part>make) {_THE} [^.,;]{{1,80}} (?:larger|smaller|bigger|brighter|darker|"
         r"clearer|visible|sharper|stand out)\b"),
        ("to make it", _MAKE_WORDS,
         rf"{_HEAD}(?P<part>{any_of(_MAKE_WORDS)}) {_THE}(?! (?:[\w-]+ ){{0,3}}{_ANSWER}\b)"),
        ("a name", "name", rf"{_HEAD}(?P<part>name) (?:the|this|that|what|which|these|those)\b"),
        ("a name", "what which",
         rf"\b(?:what|which) (?:\w+ )?{_NAME} (?:is|does|do|has|have)\b"
         rf"|\b(?:what|which)(?: is|'s| are| was)(?: \w+)? (?:the|its) {_NAME} of\b"),
        ("a name", _NAME_WORDS,
         rf"\b{_FIND_OUT} (?:the|its|their) (?:\w+ )?{_NAME} (?:of|(?:to|in) which)\b"),
        ("a name", _NAME_WORDS,
         rf"{_HEAD}{_FIND_OUT} (?:the|this|that) (?:[\w-]+ ){{0,3}}[\w-]+'s {_NAME}\b"),
        ("a name", "what", r"\bwhat\b[^.?!]{0,80}\b(?:called|named|known as|referred to as)\b"
         r"|\bwhat (?:would|do|does|can|could|should) (?:you|we|one|people) (?:call|name)\b"),
        ("a kind", "what which",
         r"\b(?:what|which) (?:type|kind|sort|class|category|make|model|brand) of\b"),
        ("a kind", "what",
         rf"\b{_FIND_OUT} what (?:the|this|that|it|its)\b[^.?!]{{0,80}}\b(?:is|are)\b"),
        ("a kind", "classify categorize categorise",
         rf"{_HEAD}(?P<part>classify|categori[sz]e) {_THE}(?!.{{1,200}}\bas the\b)"),
        ("a kind", "label annotate tag",
         rf"{_HEAD}(?P<part>label|annotate|tag)\b[^.?!]{{1,100}} (?:with|by|as) (?:its|the|an?) "
         rf"(?:\w+ )?(?:class|label|tag|{_NAME})\b"),
        ("a property", _PROPERTY_WORDS,
         rf"{_HEAD}{_FIND_OUT} (?:the|its|their) (?:\w+ )?{_PROPERTY} of (?:the|this|that|an?)\b"),
        ("a property", "what which",
         rf"{_HEAD}(?:{_FIND_OUT} )?(?:what|which) {_PROPERTY} (?:is|are|does|do)\b"),
        ("a property", _PROPERTY_WORDS,
         rf"\bwhat(?: is|'s| are) (?:the|its|their) (?:\w+ )?{_PROPERTY} of\b"),
        ("a property", "what who which",
         r"^\W{0,3}what (?:is|are)\b[^.?!]{1,100}\b(?:used for|meant for|made of|doing)\b"
         r"|^\W{0,3}who (?:owns|operates|uses|built)\b"
         r"|^\W{0,3}which (?:company|airline|country|city|brand|organi[sz]ation)\b"),
        ("a property", "how",
         rf"{_HEAD}(?:{_FIND_OUT} )?how (?:many|much|big|large|tall|long|far|wide|high|old)\b"),
        ("to choose", "whether if",
         rf"\b(?:{_FIND_OUT}|decide|see|check|judge|assess) (?:whether|if) (?:it|this|that|the)\b"
         r"[^.?!]{1,100}\bor\b"),
        ("to choose", "or", r"^\W{0,3}(?:is|are) (?:it|this|that|the|there)\b[^.?!]{1,100}\bor\b"),
        ("to choose", "between",
         r"\b(?:choose|decide|differentiate|discriminate|distinguish|pick|select) between\b"),
        ("a description", "describe explain discuss summarize summarise count list",
         rf"{_HEAD}(?P<part>describe|explain|discuss|summari[sz]e|count|list) "
         r"(?:the|a|an|all|what|how|where|why|which|this|that)\b"),
    )
)  # fmt: skip


@finder(_FORMS.hints, None)
def request_form(query: str) -> Word | None:
    """The words by which a query is not a request for a mask; ``None`` if it can be one.

    Values: ``"to divide it"``, ``"to arrange it"``, ``"to make it"``, ``"a name"``,
    ``"a kind"``, ``"a property"``, ``"to choose"`` between classes and ``"a description"``.
    """
    return _FORMS.first(query)
