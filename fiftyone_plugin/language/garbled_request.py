"""Requests that make no sense: "the bus symbolized by a white owl"."""

from __future__ import annotations

from pairlens.fiftyone_plugin.language.finders import finder
from pairlens.fiftyone_plugin.language.phrasings import any_of, phrasings
from pairlens.fiftyone_plugin.language.tokens import Word

_FORM = any_of("shape form figure outline silhouette rectangle circle square triangle oval block "
               "structure object area region patch line lines roof body icon symbol letter logo "
               "color colour hue")  # fmt: skip
_DEPICT = any_of("depict display illustrate show represent portray")

_FORMS = phrasings(
    (
        ("it stands for something else",
         "symbolized symbolised depicted illustrated represented portrayed embodied signified",
         r"\b(?:symboli[sz]ed|depicted|illustrated|represented|portrayed|embodied|"
         r"signified) by an? "
         rf"(?!(?:[\w-]+,? ){{0,5}}{_FORM}\b)"),
        ("it seems to be something else", "seems seem appears appear seeming appearing",
         rf"\b(?:seem|appear)(?:s|ing)? to {_DEPICT}\b[^.;]{{0,60}}\b(?:instead\b|rather than)"),
        ("it is what it is", "form shape",
         r"\bthe (\w+)\b[^.;]{0,120}\bin the (?:form|shape) of an? \1\b"),
        ("it is not what it is", "not contain instead",
         r"\bthe (\w+)\b[^.;]{0,40}\b(?:(?:that|which) (?:is|are) not|(?:that|which) does not "
         r"(?:contain|have|include|show)|instead of) (?:an?|the|any) \1\b"),
        ("it stands for something else", "actually really just rather merely",
         r"\b(?:actually|really|just|rather|merely) (?:only )?an? (?:picture|image|photo|drawing|"
         r"painting) of\b"),
        ("it speaks of what is not to be there", "ensuring sure",
         r"\b(?:ensuring|making sure)(?: that)? (?:it|this|the \w+) (?:does not|doesn['’]t|"
         r"do not|is not|"
         r"isn['’]t)\b"),
        ("it asks for the features of an object",
         "features characteristics details attributes traits aspects qualities",
         r"^\W{0,3}\w+(?: (?:for|out|up))? the (?:[\w-]+ ){0,4}(?:features|characteristics|"
         r"details|"
         r"attributes|traits|aspects|qualities) of (?:the|a|an|this)\b"),
    )
)  # fmt: skip


@finder(_FORMS.hints, None)
def garbled_request(query: str) -> Word | None:
    """The words in which a request makes no sense; their value is the reason."""
    return _FORMS.first(query)
