"""Review: verdicts, decisions files and sessions.

The command does one of several actions, each a function here: what it takes by place are the
values of its flag, its keyword-only arguments the options that belong to it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fiftyone_plugin import reports, review_reports
from fiftyone_plugin.reports import Report
from fiftyone_plugin.steps.step import Option, Step, Watch, declared_options
from importers.errors import UsageError

Phrase = Annotated[str | None, Option("the corrected phrase, with verdict fix")]
Note = Annotated[str | None, Option("why")]
Reviewer = Annotated[str | None, Option("who reviews; by default the user of this machine")]
InSession = Annotated[str | None, Option("the session it belongs to", metavar="S")]
Over = Annotated[str, Option("flagged, check:C, severity:S or view:V", metavar="O")]
Most = Annotated[int | None, Option("only the K worst", metavar="K")]
Out = Annotated[str | None, Option("file for the merged decisions", metavar="FILE")]
Prefer = Annotated[str, Option("none, newest or first: which of conflicting decisions counts",
                               metavar="P")]  # fmt: skip

ANYWHERE = ("reviewer",)
"""Options that every action takes, though not all use them."""


@dataclass(frozen=True)
class Action:
    """One of the things that the command does.

    Attributes:
        run: called with the samples where it is on a dataset, the values of its flag, and its
            own options
        flag: the option that asks for it
        options: those that belong to it
        on_dataset: whether it needs a dataset
    """

    run: Callable[..., Report]
    flag: Option
    options: tuple[Option, ...]
    on_dataset: bool


ACTIONS: dict[str, Action] = {}


def action(
    name: str, help: str, *values: str, several: bool = False
) -> Callable[[Callable[..., Report]], Callable[..., Report]]:
    """Declares an action.

    Args:
        name: of its flag
        help: what it does
        values: metavars of the values that follow the flag
        several: whether the value may be repeated
    """

    def declared(run: Callable[..., Report]) -> Callable[..., Report]:
        flag = Option(
            help,
            name=name,
            flag=f"--{name}",
            type=(bool if not values else str)
            if len(values) < 2 and not several
            else tuple[str, ...],
            metavar=values if len(values) > 1 else "".join(values) or None,
            count="+" if several else len(values) if len(values) > 1 else None,
            action=True,
        )
        on_dataset = "samples" in inspect.signature(run).parameters
        ACTIONS[name] = Action(run, flag, declared_options(run), on_dataset)
        return run

    return declared


def _taken(values: tuple[str, ...], several: bool) -> dict[str, Any]:
    """The type, number and metavar of an option with these values."""
    if not values:
        return {"type": bool}
    if several:
        return {"type": tuple[str, ...], "count": "+", "metavar": "".join(values)}
    if len(values) > 1:
        return {"type": tuple[str, ...], "count": len(values), "metavar": values}
    return {"type": str, "metavar": "".join(values)}


@action("status", "count the verdicts")
def status(samples: Any) -> Report:
    """Counts the verdicts."""
    from fiftyone_plugin.curation import review

    return reports.of_status(review.status(samples))


@action("set", "set a verdict", "KEY", "VERDICT")
def set_verdict(
    samples: Any,
    key: str,
    verdict: str,
    *,
    phrase: Phrase = None,
    note: Note = None,
    reviewer: Reviewer = None,
    session: InSession = None,
) -> Report:
    """Sets a verdict."""
    from fiftyone_plugin.curation.verdicts import judge

    judge(samples, key, verdict, phrase=phrase, note=note, reviewer=reviewer, session=session)
    return status(samples)


@action("undo", "take back the newest step")
def undo(samples: Any, *, reviewer: Reviewer = None, session: InSession = None) -> Report:
    """Takes back a step."""
    from fiftyone_plugin.curation import undoing

    # Without a session, the newest step of all, whoever made it.
    done = undoing.undo(samples, reviewer=reviewer, session=session, force=session is None)
    return _stepped(samples, done["pairs"], "Took back", "Nothing left to take back.")


@action("redo", "make again what was taken back")
def redo(samples: Any, *, reviewer: Reviewer = None, session: InSession = None) -> Report:
    """Makes a step again."""
    from fiftyone_plugin.curation import undoing

    done = undoing.redo(samples, reviewer=reviewer, session=session, force=session is None)
    return _stepped(samples, done["pairs"], "Made again", "Nothing left to make again.")


def _stepped(samples: Any, pairs: int, done: str, nothing: str) -> Report:
    from fiftyone_plugin.curation import review

    line = f"{done} {pairs:,} verdicts." if pairs else nothing
    return reports.of_status(review.status(samples), line)


@action("dump", "write the decisions file", "FILE")
def dump(samples: Any, file: str) -> Report:
    """Writes the decisions file."""
    from fiftyone_plugin.curation import decisions

    return reports.of_dump(decisions.dump(samples, file), file)


@action("apply", "apply a decisions file", "FILE")
def apply(samples: Any, file: str) -> Report:
    """Applies a decisions file."""
    from fiftyone_plugin.curation import decisions

    return reports.of_apply(decisions.apply(samples, file))


@action("merge", "make one of several decisions files", "FILE", several=True)
def merge(*files: str, out: Out = None, prefer: Prefer = "none") -> Report:
    """Merges decisions files."""
    from fiftyone_plugin.curation.merging import merge

    if out is None:
        raise UsageError("--merge needs --out FILE")
    return review_reports.of_merge(merge(files, out, prefer=prefer))


@action("agreement", "compare two reviewers' decisions files", "A", "B")
def agreement(first: str, second: str) -> Report:
    """Compares reviewers."""
    from fiftyone_plugin.curation.agreement import agreement

    return review_reports.of_agreement(agreement(first, second))


@action("sessions", "list the sessions")
def list_sessions(samples: Any) -> Report:
    """Lists the sessions."""
    from fiftyone_plugin.curation import sessions

    return review_reports.of_sessions(sessions.list_sessions(samples))


@action("start", "start a session", "NAME")
def start(
    samples: Any,
    name: str,
    *,
    reviewer: Reviewer = None,
    over: Over = "flagged",
    limit: Most = None,
) -> Report:
    """Starts a session."""
    from fiftyone_plugin.curation import sessions

    kind, _, named = over.partition(":")
    if kind not in ("flagged", "check", "severity", "view") or bool(named) == (kind == "flagged"):
        raise UsageError(f"a session is over flagged, check:C, severity:S or view:V, not {over!r}")
    started = sessions.start(
        samples,
        name=name,
        reviewer=reviewer,
        limit=limit,
        check=named if kind == "check" else None,
        severity=named if kind == "severity" else None,
        saved_view=named if kind == "view" else None,
    )
    return review_reports.of_session(started)


@action("finish", "finish a session", "SESSION")
def finish(samples: Any, name: str) -> Report:
    """Finishes a session."""
    from fiftyone_plugin.curation import sessions

    return review_reports.of_session(sessions.finish(samples, name))


@action("reopen", "open a finished session again", "SESSION")
def reopen(samples: Any, name: str) -> Report:
    """Opens a finished session again."""
    from fiftyone_plugin.curation import sessions

    return review_reports.of_session(sessions.reopen(samples, name))


@action("delete", "delete a session; verdicts stay", "SESSION")
def delete(samples: Any, name: str) -> Report:
    """Deletes a session."""
    from fiftyone_plugin.curation import sessions

    sessions.delete(samples, name)
    return Report({"deleted": name}, [f"Deleted {name}; its verdicts stay."])


def _owners(option: str) -> str:
    """The flags of the actions that an option belongs to."""
    owners = [f"--{name}" for name, one in ACTIONS.items() for o in one.options if o.name == option]
    return " and ".join(owners)


def _options() -> tuple[Option, ...]:
    dataset = Option(
        "the dataset", name="name", flag="name", positional=True, count="?", metavar="N"
    )
    own = {o.name: o for one in ACTIONS.values() for o in one.options}
    told = (replace(o, help=f"{o.help}; with {_owners(o.name)}") for o in own.values())
    return (dataset, *(one.flag for one in ACTIONS.values()), *told)


def _run(watch: Watch, **given: Any) -> Report:
    from importers import store

    name = next((name for name in ACTIONS if given[name]), None)
    if name is None:
        raise UsageError(f"give one of {', '.join(f'--{one}' for one in ACTIONS)}")
    chosen, flag = ACTIONS[name], given[name]
    values: tuple[Any, ...] = () if flag is True else flag if isinstance(flag, tuple) else (flag,)
    if chosen.on_dataset:
        if given["name"] is None:
            raise UsageError(f"--{name} needs the name of a dataset")
        values = (store.load(given["name"]), *values)
    own = {option.name for option in chosen.options}
    for option in OPTIONS:
        belongs = option.action or option.positional or option.name in own | {*ANYWHERE}
        if not belongs and given[option.name] != option.default:
            raise UsageError(f"{option.flag} belongs to {_owners(option.name)}")
    return chosen.run(*values, **{name: given[name] for name in own})


OPTIONS = _options()

review = Step(
    "review", "Set, count, undo, write, apply and merge verdicts; sessions.", _run, OPTIONS, False
)
