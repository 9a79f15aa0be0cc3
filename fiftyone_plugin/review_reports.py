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

MAX_LISTED = 5
"""Maximum of listed conflicts; ``--json`` has all."""


def of_session(session: SessionView) -> Report:
    """The report of a session."""
    return Report(dict(session), _lines(session))


def of_sessions(sessions: list[SessionView]) -> Report:
    """The report of all sessions, newest first."""
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
    """The report of verdicts, with pace, agreement and disagreements of reviewers."""
    lines = [*status.lines, *map(_pace, team["paces"])]
    if team["paces"]:
        lines.append(f"  pauses over {team['pause']} minutes are left out")
    lines += [_agreement(one) for one in team["agreement"]]
    if number := team["disagreements"]:
        lines.append(f"On {_pairs(number)} reviewers disagree; --disagreements lists them.")
    return Report(status.data | {"team": team}, lines)


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count:,} pairs"


def _pace(pace: Pace) -> str:
    speed = "" if pace["per_hour"] is None else f", {pace['per_hour']:,.0f} an hour"
    return f"  {pace['reviewer']}: {verdicts(pace['verdicts'])}{speed}"


def _agreement(agreement: ReviewerAgreement) -> str:
    names = f"{agreement['first']} and {agreement['second']}"
    line = f"{names}: {_pairs(agreement['common'])} judged by both"
    if agreement["share"] is not None:
        line += f", {agreement['same']:,} alike ({agreement['share']:.1%})".replace("%", " %")
    kappa, why = agreement["kappa"], agreement["why"]
    line += f"; no kappa: {why}." if kappa is None else f"; Cohen's kappa {kappa:.3f}."
    edited = f" {agreement['edited']:,} that one of them had mended are left out."
    return line + edited * bool(agreement["edited"])


def of_disagreements(found: dict[str, list[OpinionView]]) -> Report:
    """The report of disagreements, pair by pair."""
    lines = [f"{key}: {'; '.join(map(_opinion, opinions))}" for key, opinions in found.items()]
    data = {"disagreements": found}
    return Report(data, lines or ["There is nothing on which reviewers disagree."])


def _opinion(opinion: OpinionView) -> str:
    phrase = f" as {shorten(opinion['phrase'], 40)!r}" if opinion["phrase"] else ""
    note = f" ({shorten(opinion['note'], 60)})" if opinion["note"] else ""
    return f"{opinion['reviewer']} {opinion['verdict']}{phrase}{note}"


def of_suggested(done: Suggested) -> Report:
    """The report of written suggestions."""
    lines = [
        f"Suggested {done['suggested']:,} fixes in {done['out']}; none of them is applied yet."
    ]
    lines += table([(check, f"{number:,}") for check, number in done["checks"].items()])
    return Report(dict(done), lines)


def of_waiting(found: list[PendingPair]) -> Report:
    """The report of the next pairs of a session."""
    lines = []
    for pair in found:
        lines.append(f"{pair['key']}: {shorten(str(pair['text']), 140)}")
        lines.append(f"  image {pair['image'] or 'missing'}")
        lines += [f"  mask {pair['mask']}"] * bool(pair["mask"])
        lines += [f"  {label['label']}: {label['note']}" for label in pair.get("findings", ())]
    return Report({"pairs": found}, lines or ["No pair is left."])


def of_published(done: Published) -> Report:
    """The report of a published erratum."""
    lines = [
        f"Published {done['published']:,} verdicts in {done['file']} at {done['repo']}: "
        f"{counts(done['verdicts'])}.",
        f"pairlens review DATASET --apply {done['address']} applies them to another copy.",
    ]
    return Report(dict(done), lines)


def of_merge(done: Merged) -> Report:
    """The report of merged decisions files."""
    lines = [
        f"Merged {len(done['files'])} files into {done['out']}: {done['merged']:,} verdicts; "
        f"on {done['agreed']:,} pairs several agree, on {len(done['conflicts']):,} they do not."
    ]
    for conflict in done["conflicts"][:MAX_LISTED]:
        each = "; ".join(_decision(one) for one in conflict["decisions"])
        lines.append(f"  {conflict['key']}: {shorten(each, 140)}")
    if len(done["conflicts"]) > MAX_LISTED:
        lines.append(f"  ... and {len(done['conflicts']) - MAX_LISTED:,} more")
    nothing = not done["merged"] and bool(done["conflicts"])
    lines += ["No two files agree on anything; --prefer newest or first chooses."] * nothing
    return Report(dict(done), lines, ok=not nothing)


def _decision(decision: FileDecision) -> str:
    """A decision as text, with the start of its phrase, in which two fixes can differ."""
    phrase = f" as {shorten(decision['phrase'], 40)!r}" if decision["phrase"] else ""
    return f"{decision['reviewer'] or 'somebody'} {decision['verdict']}{phrase}"


def of_agreement(done: FileAgreement) -> Report:
    """The report of the agreement of two decisions files."""
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
