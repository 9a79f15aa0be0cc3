"""Reports of sessions, and of merged and compared decisions files."""

from __future__ import annotations

from pairlens.fiftyone_plugin.curation.merging import FileAgreement, FileDecision, Merged
from pairlens.fiftyone_plugin.curation.panel_types import SessionView
from pairlens.fiftyone_plugin.reports import Report, counts, shorten, table

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
    return [
        f"{session['name']}: {session['over']['text']}; {session['judged']:,} of "
        f"{session['pairs']:,} judged, {state}.",
        f"  {counts(session['verdicts'])}" + (f"; by {people}" if people else ""),
    ]


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
    line = f"{done['common']:,} pairs judged by both, {done['same']:,} alike"
    if done["share"] is not None:
        line += f" ({done['share']:.1%})".replace("%", " %")
    if done["kappa"] is not None:
        line += f"; Cohen's kappa {done['kappa']:.3f}"
    lines = [line + (f"; no kappa: {done['why']}." if done["why"] else ".")]
    if done["different_source"]:
        lines.append(f"{done['different_source']:,} pairs left out: their phrase or mask differs.")
    if done["common"]:
        names = list(done["table"])
        rows = [("", *names)]
        rows += [(a, *(f"{done['table'][a][b]:,}" for b in names)) for a in names]
        lines += table(rows)
    return Report(dict(done), lines)
