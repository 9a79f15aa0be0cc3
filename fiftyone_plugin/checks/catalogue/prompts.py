"""Captions and answers that hold what the model was given instead of what it saw."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from pairlens.fiftyone_plugin.checks.base import Issue, Severity, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import captioned
from pairlens.fiftyone_plugin.checks.texts import TEXT_KINDS, Remark, Text, quoted, remarks, worst
from pairlens.fiftyone_plugin.language.screens import Screen
from pairlens.fiftyone_plugin.language.vocabulary import words
from pairlens.importers.fields import CAPTIONS, CONVERSATIONS

_KEYS = (
    "highway|landuse|natural|building|waterway|railway|leisure|amenity|surface|access|barrier|"
    "man_made|power|aeroway|boundary|landcover|wetland|water|crop|tracktype|oneway|maxspeed|lanes|"
    "bridge|tunnel|tourism|historic|military|place|shop|sport|service|usage|gauge|name|source|"
    r"tiger:\w+|gnis:\w+|addr:\w+|name:\w+|wikidata|wikipedia"
)
_TAG = re.compile(
    r"(?<![\w?&/])[a-z][a-z_]{2,30}(?::[a-z_]{2,30}){0,3}=[\"']?[^\s=\"'.,;)\]}]+"
    rf"|[\"'](?:{_KEYS})[\"']\s?[:=]\s?[\"']"
    rf"|\b(?:tiger|gnis|addr):[a-z_]+\b"
)
_GIVEN = re.compile(
    r"\bopen ?street ?map\b|\bosm\b|\bwikidata\b"
    r"|\b(?:based on|according to|as per) the (?:provided|given|supplied|available)? ?"
    r"(?:tags?|attributes?|metadata|information|data|prompt|instructions?|key-value)\b"
    r"|\bthe (?:provided|given|supplied) (?:tags?|attributes?|metadata|information|data|element|"
    r"object|description|caption|prompt|instructions?)\b"
    r"|\bbased on (?:the )?(?:provided|given|supplied|available) (?:\w+ )?"
    r"(?:tags?|attributes?|metadata|information|data)\b"
    r"|\btagged (?:as|for|under)\b|\b(?:map|osm|provided|given|its|the) tags\b"
    r"|\bdesignated (?:as|by) (?:the )?tags?\b|\bspecified in the (?:data|tags|input)\b"
    r"|\b(?:described|mentioned|stated|indicated|listed|given|noted|labell?ed) in the "
    r"(?:annotations?|metadata|tags?|labels?|prompt|input|attributes?)\b"
    rf"|\bkey [\"'](?:{_KEYS})[\"']"
    r"|\bkey[- ]value\b|\btags? (?:indicate|suggest|specif|describ|state)\w*",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(
    r"\b(?:revise|rewrite|rephrase|paraphrase|polish) (?:the|this|it|following|your)\b"
    r"|\b(?:your|the) task is\b|\byou (?:are|will be) (?:a|an|given|provided|asked)\b"
    r"|\b(?:do|please do) not (?:mention|include|use|add|repeat|output)\b"
    r"|\bthe (?:revised|rewritten|rephrased|original|refined) (?:caption|description|version|text)"
    r"|\bhere(?:'s| is| are) (?:the|a|an|your|my|some)\b[^.:]{0,40}"
    r"\b(?:caption|description|revision|version|sentence)s?\b"
    r"|\b(?:task|step|rule|requirement|constraint) ?\d\s?:|^\s*(?:(?:revised|"
    r"rewritten|updated|new|final|improved|refined|short|long|detailed|brief|concise) )?"
    r"(?:caption|description|revised|revision|answer|output|response|note|summary)\s?:"
    r"|\bas an? (?:ai|(?:\w+ )?assistant)\b|\bthe caption (?:should|must)\b",
    re.IGNORECASE | re.MULTILINE,
)
_ROLE = re.compile(
    r"<\|(?:im_start|im_end|endoftext|system|user|assistant|eot_id|start_header_id)\|?>?"
    r"|</s>|\[/?INST\]|<<SYS>>|(?:^|[\n.!?])\s*(?:USER|ASSISTANT|SYSTEM|Human|GPT)\s?:"
    r"|###\s?(?i:human|user|assistant|system|gpt|instruction|input|response)\s?:"
)
_TERMS = re.compile(
    r"\b(?:the|this) (?:ROI|AOI)\b|\bthis selected (?:area|region|element)\b"
    r"|\bregion of interest\b|\barea of interest\b"
    r"|\b(?:not|un)(?:[- ]?(?:been|yet|formally|officially)){0,3}[- ]?reviewed\b",
    re.IGNORECASE,
)


@check(
    "prompt_leak",
    severity="warning",
    needs=(CAPTIONS, CONVERSATIONS),
    about="A caption holds what its writer was given: map tags, instructions, words of the prompt.",
    kinds=TEXT_KINDS,
    topic="Captions",
    fires=captioned(("A road, highway=residential, runs north.", 2)),
    silent=captioned("A residential road runs north."),
)
def prompt_leak(batch: Batch) -> Iterator[Issue]:
    """Finds tags (``highway=residential``), instructions and the marks of speakers.

    What a caption cannot know from the image, but a prompt that spells out the tags of a map
    can, is worth knowing: that a road "has not been formally reviewed", that something lies
    "within the ROI". In answers only the marks of speakers count, as there people may well
    speak of captions and data.
    """
    for key, found in remarks(batch, _leak, SCREEN):
        grave = [remark for remark in found if remark.severity is None]
        yield from worst(key, grave or found)


PATTERNS: tuple[tuple[re.Pattern[str], float, str, Severity | None], ...] = (
    (_ROLE, 0.05, "the mark of a speaker", None),
    (_TAG, 0.05, "a tag", None),
    (_INSTRUCTION, 0.15, "words of an instruction", None),
    (_GIVEN, 0.25, "words about what its writer was given", None),
    (_TERMS, 0.6, "words of the prompt", "info"),
)
_IN_ANSWERS = PATTERNS[:1]

_BETWEEN = ("", "been", "yet", "formally", "officially")
_REVIEWED = {
    f"{no}{''.join(between)}reviewed"
    for no in ("", "not", "un")
    for between in product(_BETWEEN, repeat=3)
}
"""The words that "not formally reviewed" ends with, however it is written."""

SCREEN = Screen(
    _REVIEWED
    | words(
        "map streetmap openstreetmap osm wikidata based according per provided given supplied "
        "key tag tags tagged available selected specified revise revised rewrite rewritten "
        "rephrase rephrased paraphrase polish original refined task you do here ai assistant "
        "caption roi aoi interest metadata annotation annotations labels label prompt input "
        "attributes attribute"
    ),
    "=:<[",
)


def _leak(one: Text) -> Remark | None:
    for pattern, score, what, severity in PATTERNS if one.caption else _IN_ANSWERS:
        if match := pattern.search(one.text):
            return Remark(score, f"{one.place} holds {what}: {quoted(match[0])}", severity)
    return None
