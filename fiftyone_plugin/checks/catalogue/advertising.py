"""Captions that talk to a visitor or a customer instead of telling what is to be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import captioned
from pairlens.fiftyone_plugin.checks.texts import TEXT_KINDS, Remark, Text, quoted, remarked
from pairlens.fiftyone_plugin.language.screens import Screen, union
from pairlens.importers.fields import CAPTIONS, CONVERSATIONS

_ADDRESS = re.compile(
    r"\bhttps?://\S+|\bwww\.\w[\w.-]*|\b[\w.+-]+@[\w-]+\.[a-z]{2,}\b"
    r"|(?<![\w.])(?:\+\d{1,3}[ .-])?\(?\d{3}\)[ .-]?\d{3}[ .-]\d{4}(?!\w|\.\d)"
    r"|(?<![\w.-])(?:\+?1-)?\d{3}-\d{3}-\d{4}(?![\w-]|\.\d)",
    re.IGNORECASE,
)
_HOURS = re.compile(
    r"\b(?:open|opening|business|operating|visiting) hours\b"
    r"|\bopen (?:daily|24/7|year[- ]round|to (?:the )?public|from \d|\w+day (?:to|through))"
    r"|\b\d{1,2}(?::\d\d)? ?[ap]\.?m\.? (?:to|until|till|-|\u2013) \d{1,2}(?::\d\d)? ?[ap]\.?m\b",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"\b(?:visit|check out|see) (?:our|us|their|its) (?:web ?site|page|store|shop|showroom)\b"
    r"|\bvisit us\b|\bcontact us\b|\bcall (?:us|now|today)\b|\b(?:book|order|buy|shop|reserve) "
    r"(?:now|today|online|your)\b|\bdon['\u2019]t miss\b|\blearn more at\b|\bsubscribe\b"
    r"|\binviting (?:visitors|guests|travell?ers|customers) to\b"
    r"|\bwelcomes? (?:you|guests|visitors)\b|\bfor more information\b"
    r"|\bfree (?:shipping|parking|wi-?fi|admission|delivery)\b"
    r"|\bwhether you(?:['\u2019]re| are)\b|\bsmoke-free\b"
    r"|\bcome (?:and|to) (?:enjoy|visit|explore|see|discover|experience|join|stay)\b"
    r"|\b(?:visitors|guests|travell?ers|customers|you|families) (?:will|can|are sure to) (?:love|"
    r"enjoy|appreciate|be delighted)\b"
    r"|\b(?:great|perfect|ideal|wonderful|fantastic|amazing) (?:place|spot|destination|choice|"
    r"location) (?:to (?:live|stay|relax|visit|eat|shop)|for (?:a |your )?(?:\w+ )?(?:vacation|"
    r"holiday|getaway|trip|stay))\b"
    r"|\bcontact (?:our|the) (?:agent|office|team|sales)\b"
    # A caption that begins with a command speaks to somebody.
    r"|(?:^|[.!] )(?:enjoy|discover|experience|join|unwind|relax|indulge|escape|treat|stop by|"
    r"sign up|come|book|reserve|plan)\b(?: \w+)?"
    r" (?:a|an|the|your|our|yourself|us|in|to|at|by|with|for|today|now)\b"
    r"|\b(?:perfect|ideal|dream|unforgettable) (?:getaway|vacation|holiday|home|escape)\b"
    r"|\b(?:sign up|stop by|join us|book your|your dream)\b"
    r"|\bour (?:hotel|pool|spa|beach|rooms?|menu|restaurant|store|shop|team|"
    r"services?|products?|customers|guests)\b",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"[$\u20ac\u00a3] ?\d[\d,.]*(?! ?(?:million|billion|trillion|m\b|bn\b))|\b\d+ (?:USD|EUR|RMB)\b"
)
_OF_OFFERS = Screen(
    "visit check website web page store showroom contact call book order buy shop reserve miss "
    "learn subscribe inviting welcome welcomes information free whether smoke our come visitors "
    "guests travelers travellers customers you families great perfect ideal wonderful fantastic "
    "amazing enjoy discover experience join unwind relax indulge escape treat stop sign plan "
    "dream unforgettable"
)
"""Of several words that an offer wants, those that captions have least."""

PATTERNS: tuple[tuple[re.Pattern[str], Screen, float, str], ...] = (
    (_OFFER, _OF_OFFERS, 0.2, "speaks to a visitor or customer"),
    (_ADDRESS, Screen("http https www", "@0", r"[@\d](?:(?<=@)|[). -]{1,2}\d{3})"), 0.2,
     "holds an address or telephone number"),
    (_HOURS, Screen("hours open am pm m", "0", r"\d ?[apAP]\.?[mM]"), 0.25, "tells opening hours"),
    (_PRICE, Screen("usd eur rmb", "$\u20ac\u00a3"), 0.35, "tells a price"),
)  # fmt: skip
SCREEN = union(screen for _, screen, _, _ in PATTERNS)


@check(
    "advertising",
    severity="warning",
    needs=(CAPTIONS, CONVERSATIONS),
    about="A caption advertises: opening hours, prices, addresses, words for a visitor.",
    kinds=TEXT_KINDS,
    topic="Captions",
    fires=captioned("A museum stands here; visit our website for opening hours."),
    silent=captioned("A museum with an open courtyard stands here."),
)
def advertising(batch: Batch) -> Iterator[Issue]:
    """Finds what no image shows and who looks at one does not say.

    Answers are left alone: somebody may well have asked.
    """
    yield from remarked(batch, _advertised, SCREEN)


def _advertised(one: Text) -> Remark | None:
    if not one.caption:
        return None
    for pattern, screen, score, what in PATTERNS:
        if screen.passes(one.text) and (match := pattern.search(one.text)):
            return Remark(score, f"{one.place} {what}: {quoted(match[0])}")
    return None
