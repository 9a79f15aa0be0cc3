"""Edits of single captions and turns, as panels send them and decisions files hold them.

An edit names a unit (:func:`.text_units.names`) and says what it is to be: its ``texts``, whether
it is ``removed``, the ``verdict`` on it alone. The unit ``new`` adds one: a turn stands in the
record of the turn that ``with`` names, a caption behind the others with a ``task`` and an
``annotator``. Several edits of one unit count together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pairlens.fiftyone_plugin.checks.suggestions.offered import Suggestion
from pairlens.fiftyone_plugin.curation.text_units import Unit, Units, as_published, names, standing
from pairlens.fiftyone_plugin.curation.texts import NEW, Edit, VerdictKind
from pairlens.importers.errors import UsageError
from pairlens.importers.formats.llava import is_caption

_TOKEN = "<image>"
_LEAD = re.compile(r"\s*<image>\s*")
_TAIL = re.compile(r"\s*<image>\s*$")


def edited(units: Units, edits: Sequence[Edit]) -> Units:
    """The units after edits, which a reviewer makes one after the other.

    A record keeps its image token, without which its image is not read: it stays where the first
    question is written anew, and where that turn goes, it goes to the turn that is first then.

    Raises:
        UsageError: for a unit that is not there, a text that is empty, or if none is left
    """
    return _with_tokens(applied(units, edits))


def applied(units: Units, edits: Iterable[Edit]) -> Units:
    """The units after edits, as a decisions file tells them all."""
    for edit in edits:
        units = _added(units, edit) if edit["unit"] == NEW else _changed(units, edit)
    if units and all(one.removed for one in units):
        raise UsageError("the last text is not removed; to remove the image, give the verdict drop")
    return units


def with_caption(units: Units, caption: str) -> Units:
    """The units with another text where the one stands that stands for the image."""
    at = standing(units)
    if at is None:
        return units
    said = with_part(units[at].texts, int(units[at].is_turn), caption)
    return applied(units, [{"unit": names(units)[at], "texts": said}])


def _changed(units: Units, edit: Edit) -> Units:
    name = edit["unit"]
    known = names(units)
    if name not in known:
        there = f"{known[0]} to {known[-1]}" if known else "none"
        raise UsageError(f"there is no text {name!r}; there are {there}")
    at = known.index(name)
    unit = units[at]
    if edit.get("removed") and not unit.number:
        return (*units[:at], *units[at + 1 :])
    if edit.get("texts") is not None:
        unit = unit.with_texts(_fitting(unit, name, edit["texts"]))
    if "removed" in edit:
        unit = replace(unit, removed=bool(edit["removed"]))
    if "verdict" in edit:
        unit = replace(unit, verdict=edit["verdict"])
    return (*units[:at], unit, *units[at + 1 :])


def _fitting(unit: Unit, name: str, said: Sequence[str]) -> list[str]:
    """The new texts of a unit, stripped unless they are the published ones.

    Raises:
        UsageError: if there are more or fewer, or one is empty that was not
    """
    before = unit.before or unit.texts
    if len(said) != len(unit.texts):
        raise UsageError(f"{name!r} has {len(unit.texts)} texts, not {len(said)}")
    found = [
        old if old.strip() == new.strip() else new.strip()
        for new, old in zip(said, before, strict=True)
    ]
    if any(not new and old.strip() for new, old in zip(found, before, strict=True)):
        raise UsageError(f"a text of {name!r} is empty; to remove {name!r}, remove it whole")
    if not unit.is_turn and len(found[0].splitlines()) > 1 >= len(before[0].splitlines()):
        raise UsageError(f"{name!r} has a line break; a caption is one line")
    return found


def _added(units: Units, edit: Edit) -> Units:
    if not units:
        raise UsageError("a text is added to captions or to a conversation, and there is none")
    said = [one.strip() for one in edit["texts"]]
    if not all(said) or len(said) != (2 if units[0].is_turn else 1):
        raise UsageError("a caption that is added has one text, a turn a question and an answer")
    verdict = edit.get("verdict")
    if not units[0].is_turn:
        item = {"task": edit.get("task"), "annotator": edit.get("annotator")}
        if len(said[0].splitlines()) > 1:
            raise UsageError("the added caption has a line break; a caption is one line")
        return (*units, Unit((said[0],), verdict=verdict, item=item))
    known = names(units)
    there = [name for name, one in zip(known, units, strict=True) if not one.removed]
    host = edit.get("with") or there[-1]
    if host not in known:
        raise UsageError(f"there is no turn {host!r} that a turn could be added to")
    record = units[known.index(host)].record
    places = [n for n, one in enumerate(units) if one.record == record]
    neighbour = units[places[-1]].item
    position = 1 + max(units[n].item.get("turn") or 0 for n in places)
    item = {name: neighbour.get(name) for name in ("category", "turn", "file", "index")}
    item["turn"] = position
    told = is_caption(said[0], item["category"] or "", listed=False)
    unit = Unit(tuple(said), caption=told, verdict=verdict, item=item)
    return (*units[: places[-1] + 1], unit, *units[places[-1] + 1 :])


def _with_tokens(units: Units) -> Units:
    """The turns with each record's image token in the first question that is left of it."""
    found = list(units)
    for record in dict.fromkeys(one.record for one in units if one.is_turn):
        places = [n for n, one in enumerate(units) if one.record == record]
        published = [units[n] for n in places if units[n].number]
        kept = [n for n in places if not units[n].removed]
        bearers = [one for one in published if _TOKEN in one.before[0]]
        if not kept or bearers != published[:1]:
            continue
        for n in kept:
            question = _with_token(found[n].texts[0], bearers[0].before[0], first=n == kept[0])
            found[n] = found[n].with_texts((question, *found[n].texts[1:]))
    return tuple(found)


def _with_token(question: str, bearer: str, *, first: bool) -> str:
    """A question with the token where another one has it, or without."""
    if not first:
        return _TAIL.sub("", _LEAD.sub("", question, count=1))
    if _TOKEN in question:
        return question
    lead, tail = _LEAD.match(bearer), _TAIL.search(bearer)
    return lead[0] + question if lead else question + (tail[0] if tail else "")


def suggested(units: Units, made: Suggestion) -> list[dict[str, Any]]:
    """The edits that a suggestion makes; it counts the texts that are there from 0."""
    named = zip(names(units), units, strict=True)
    there = [(name, one) for name, one in named if not one.removed]
    edits: list[dict[str, Any]] = []
    if made.text is not None:
        (name, unit), part = there[made.at[0]], made.at[1] + there[made.at[0]][1].is_turn
        edits.append({"unit": name, "texts": with_part(unit.texts, part, made.text)})
    return edits + [{"unit": there[place][0], "removed": True} for place in sorted(made.removes)]


def with_part(said: Sequence[str], part: int, text: str) -> list[str]:
    """The texts of a unit with another one at a place."""
    return [*said[:part], text, *said[part + 1 :]]


def edits_of(units: Units) -> list[dict[str, Any]]:
    """The edits that make these units of the published ones; none where nothing was edited."""
    known = dict(zip(names(units), units, strict=True))
    hosts = {one.record: name for name, one in reversed(known.items()) if one.number}
    return [edit for name, one in known.items() if len(edit := _edit(name, one, hosts)) > 1]


def _edit(name: str, unit: Unit, hosts: Mapping[Any, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"unit": name if unit.number else NEW}
    if unit.published is not None or not unit.number:
        found["texts"] = list(unit.texts)
    if not unit.number and unit.is_turn:
        found["with"] = hosts[unit.record]
    elif not unit.number:
        found |= {k: unit.item[k] for k in ("task", "annotator") if unit.item.get(k) is not None}
    if unit.removed:
        found["removed"] = True
    if unit.verdict is not None:
        found["verdict"] = unit.verdict
    return found


def verdict_of(units: Units, before: Units, earlier: str | None) -> str | None:
    """The verdict on an image that follows from its texts: ``fix`` where one was edited, ``keep``
    where each was kept, else the earlier one; none where the edits that it came from are gone.

    Args:
        units: as they are
        before: as they were
        earlier: the verdict then
    """
    if any(one.changed for one in units):
        return VerdictKind.FIX
    if units and all(one.verdict == VerdictKind.KEEP for one in units):
        return VerdictKind.KEEP
    return None if any(one.changed for one in before) else earlier


def replayed(units: Units, edits: Iterable[Edit]) -> Units:
    """The units as edits make them of the published ones."""
    return applied(as_published(units), edits)
