"""Reports of sessions, and of merged and compared decisions files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pairlens.fiftyone_plugin.curation.merging import FileAgreement, FileDecision, Merged
from pairlens.fiftyone_plugin.curation.panel_types import (
    OpinionView,
    Pace,
    ReviewerAgreement,
    SessionView,
    Suggested,
    Team,
)
from pairlens.fiftyone_plugin.reports import Report, counts, shorten, table, verdicts

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.curation.errata import Published
    from pairlens.fiftyone_plugin.curation.pending import PendingPair

MOST_SHOWN = 5
"""Conflicts shown; ``--json`` names all."""


def of_session(session: SessionView) -> Report:
    """One session."""
    return Report(dict(session), _lines(session))


def of_sessions(sessions: list[SessionView]) -> Report:
    """All sessions, newest first."""
    lines = [line for session in sessions for line in _lines(session)]
    return Report({"sessions": sessions}, lines or ["There is no session."])


def _lines(session: SessionView) -> list[str]:
    state = "finished" if session["finished"] else f"{session['left']:,} left"
    people = ", ".join(f"{one['reviewer']} {one['judged']:,}" for one in session["reviewers"])
    shared = f", {session['shared']:,} of them others' as well" if session["shared"] else ""
    return [
        f"{session['name']}: {session['over']['text']}; {session['judged']:,} of "
        f"{session['pairs']:,} judged{shared}, {state}.",
        f"  {counts(session['verdicts'])}" + (f"; by {people}" if people else ""),
    ]


def of_team(status: Report, team: Team) -> Report:
    """Verdicts counted, and how reviewers work together."""
    lines = [*status.lines, *map(_pace, team["paces"])]
    if team["paces"]:
        lines.append(f"  pauses over {team['pause']} minutes are left out")
    lines += [_agreement(one) for one in team["agreement"]]
    if number := team["disagreements"]:
        lines.append(f"On {_pairs(number)} reviewers disagree; --disagreements lists them.")
    return Report(status.data | {"team": team}, lines)


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count:,} pairs"


def _pace(one: Pace) -> str:
    speed = "" if one["per_hour"] is None else f", {one['per_hour']:,.0f} an hour"
    return f"  {one['reviewer']}: {verdicts(one['verdicts'])}{speed}"


def _agreement(one: ReviewerAgreement) -> str:
    line = f"{one['first']} and {one['second']}: {_pairs(one['common'])} judged by both"
    if one["share"] is not None:
        line += f", {one['same']:,} alike ({one['share']:.1%})".replace("%", " %")
    kappa, why = one["kappa"], one["why"]
    line += f"; no kappa: {why}." if kappa is None else f"; Cohen's kappa {kappa:.3f}."
    edited = f" {one['edited']:,} that one of them had mended are left out."
    return line + edited * bool(one["edited"])


def of_disagreements(found: dict[str, list[OpinionView]]) -> Report:
    """What reviewers disagree on, pair by pair."""
    lines = [f"{key}: {'; '.join(map(_opinion, each))}" for key, each in found.items()]
    data = {"disagreements": found}
    return Report(data, lines or ["There is nothing on which reviewers disagree."])


def _opinion(one: OpinionView) -> str:
    phrase = f" as {shorten(one['phrase'], 40)!r}" if one["phrase"] else ""
    note = f" ({shorten(one['note'], 60)})" if one["note"] else ""
    return f"{one['reviewer']} {one['verdict']}{phrase}{note}"


def of_suggested(done: Suggested) -> Report:
    """Suggestions written."""
    lines = [
        f"Suggested {done['suggested']:,} fixes in {done['out']}; none of them is applied yet."
    ]
    lines += table([(check, f"{number:,}") for check, number in done["checks"].items()])
    return Report(dict(done), lines)


def of_waiting(found: list[PendingPair]) -> Report:
    """The next pairs of a session."""
    lines = []
    for one in found:
        lines.append(f"{one['key']}: {shorten(str(one['text']), 140)}")
        lines.append(f"  image {one['image'] or 'missing'}")
        lines += [f"  mask {one['mask']}"] * bool(one["mask"])
        lines += [f"  {label['label']}: {label['note']}" for label in one.get("findings", ())]
    return Report({"pairs": found}, lines or ["No pair is left."])


def of_published(done: Published) -> Report:
    """An erratum published."""
    lines = [
        f"Published {done['published']:,} verdicts in {done['file']} at {done['repo']}: "
        f"{counts(done['verdicts'])}.",
        f"pairlens review DATASET --apply {done['address']} applies them to another copy.",
    ]
    return Report(dict(done), lines)


def of_merge(done: Merged) -> Report:
    """Decisions files merged."""
    lines = [
        f"Merged {len(done['files'])} files into {done['out']}: {done['merged']:,} verdicts; "
        f"on {done['agreed']:,} pairs several agree, on {len(done['conflicts']):,} they do not."
    ]
    for conflict in done["conflicts"][:MOST_SHOWN]:
        each = "; ".join(_decision(one) for one in conflict["decisions"])
        lines.append(f"  {conflict['key']}: {shorten(each, 140)}")
    if len(done["conflicts"]) > MOST_SHOWN:
        lines.append(f"  ... and {len(done['conflicts']) - MOST_SHOWN:,} more")
    nothing = not done["merged"] and bool(done["conflicts"])
    lines += ["No two files agree on anything; --prefer newest or first chooses."] * nothing
    return Report(dict(done), lines, ok=not nothing)


def _decision(decision: FileDecision) -> str:
    """A decision with the first words of its phrase, in which two that fix a pair differ."""
    phrase = f" as {shorten(decision['phrase'], 40)!r}" if decision["phrase"] else ""
    return f"{decision['reviewer'] or 'somebody'} {decision['verdict']}{phrase}"


def of_agreement(done: FileAgreement) -> Report:
    """Two reviewers compared."""
    line = f"{_pairs(done['common'])} judged by both, {done['same']:,} alike"
    if done["share"] is not None:
        line += f" ({done['share']:.1%})".replace("%", " %")
    if done["kappa"] is not None:
        line += f"; Cohen's kappa {done['kappa']:.3f}"
    lines = [line + (f"; no kappa: {done['why']}." if done["why"] else ".")]
    if done["different_source"]:
        lines.append(f"{_pairs(done['different_source'])} left out: phrase or mask differs.")
    if done["common"]:
        names = list(done["table"])
        rows = [("", *names)]
        rows += [(a, *(f"{done['table'][a][b]:,}" for b in names)) for a in names]
        lines += table(rows)
    return Report(dict(done), lines)
