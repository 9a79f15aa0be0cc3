"""The words of a query beyond the class of its target, which distinguish it from others."""

from __future__ import annotations

from functools import lru_cache

from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.classes import REQUEST, class_tokens, target_nouns
from pairlens.fiftyone_plugin.language.taxonomy import agree
from pairlens.fiftyone_plugin.language.tokens import REMEMBERED, tokenize

FILLER = v.words(
    """distinct distinctive distinctively distinctly unique uniquely notable noticeable noticeably
    special specific particular certain characteristic characteristics characterized characterised
    feature features featured feature's featuring attribute attributes trait traits aspect aspects
    detail details visual visually visible visibly appearance appearances look looks looking
    design designs shape shapes form forms structure structural color colors colour colours
    hue hues tone tones texture textures pattern patterns element elements part parts component
    components quality qualities style stands stand standing stood out set apart sets
    differ differs differing different differentiate differentiates distinguish distinguishes
    distinguished distinguishing distinguishable recognizable recognisable identifiable
    contrast contrasts contrasting contrasted surroundings surrounding environment background
    backdrop setting scenery landscape area nature natural around nearby other others objects
    object things thing item items target targets rest compared relative its it it's their them they
    this these one any some using use used by based on due typical typically usual usually common
    commonly often generally general
    found seen present shown appears appearing depicted displayed located
    situated positioned placed within inside picture possesses having has have had is are be been
    being was were can could may might should would will do does prominent prominently obvious
    clear clearly evident overall exact correct identity name type kind way well very more most
    make makes making made give gives please attention paying concentrate concentrating focus
    focusing careful given provided specified designated exhibits exhibiting showing shows show
    displays displaying boasts possessing includes include including contains such like as so
    there here not no from for to of in with and or but that which who what where when while if
    the a an at into among amid amidst against than between both also just only even still make
    sure note identify identifies identifying identification recognize recognized recognizing
    standout unusual uncommon striking exceptional singular kind scheme schemes palette
    combination combinations geometric geometry whose sharp sharply size sizes bright vibrant easily
    uniform consistent lighting lights darker dimmer dark shadowy darkened despite though although
    even lack lacks lacking absence regardless dimness wheels windows tires headlights headlamps
    bumper lacking figure establish focus busy crowded cluttered associated signify indicate itself
    characterize characterizes characterizing coloring colouring coloration logos logo text
    atypical unconventional unmistakable noteworthy remarkable conspicuous pronounced apparent
    observable detectable discernible signature configuration configurations arrangement
    arrangements makeup profile tint tints shade shades diverse varied vivid bold eye catching
    contour contours outline outlines silhouette silhouettes noticed easy spot
    specifics marking markings peculiar peculiarity peculiarities interesting intriguing curious
    odd original individual individually interest question catches catch captures eyecatching
    something anything thanks about marks unlike dissimilar same else through easiest memorable
    outstanding
    you your me we us our i my""".replace("\n", " ")
)


@lru_cache(maxsize=REMEMBERED)
def filler(query: str) -> tuple[tuple[str, ...], int]:
    """The words that distinguish the target, and the number of other words.

    Words for the target's class and similar classes do not distinguish it; those for landmarks do.
    """
    tokens = tokenize(query)
    targets = {noun.name for noun in target_nouns(query)}
    named = {
        index
        for index, name in class_tokens(tokens).items()
        if not targets or any(agree(name, target) for target in targets)
    }
    left, dropped = [], 0
    for index, token in enumerate(tokens):
        known = token.text in FILLER or token.text in REQUEST or token.text in v.FRAME
        if known or index in named:
            dropped += 1
        else:
            left.append(token.text)
    return tuple(left), dropped
