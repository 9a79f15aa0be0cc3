"""Review: verdicts, decisions files and sessions.

The command does one of several actions, each a function here. It is called with the samples, where
it works on a dataset, the values of its flag, and the options that belong to it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from pairlens.fiftyone_plugin import reports, review_reports
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import ITSELF, OVERWRITE, Option, Step, Texts, Watch
from pairlens.importers.errors import UsageError

DATASET = Option("name", "the dataset", positional=True, count="?", metavar="N")
PHRASE = Option("phrase", "the corrected phrase, where the verdict is fix")
NOTE = Option("note", "why")
REVIEWER = Option("reviewer", "name of the reviewer; by default the user of this machine")
SESSION = Option("session", "the session it belongs to", metavar="S")
OVER = Option("over", "flagged, check:C, severity:S or view:V", default="flagged", metavar="O")
LIMIT = Option("limit", "only the K worst", int, metavar="K")
OUT = Option("out", "file for the merged decisions", metavar="FILE", writes=ITSELF)
PREFER = Option("prefer", "none, newest or first: the decision that counts of conflicting ones",
                default="none", metavar="P")  # fmt: skip

ANYWHERE = (REVIEWER,)
"""Options that every action takes, though not all use them."""


class Action(NamedTuple):
    """An action of the command: its function, flag and own options."""

    run: Callable[..., Report]
    flag: Option
    options: tuple[Option, ...]


ACTIONS: dict[str, Action] = {}


def action(
    name: str, help: str, *options: Option, values: str = "", writes: tuple[str, ...] = ()
) -> Callable[[Callable[..., Report]], Callable[..., Report]]:
    """Declares an action by its flag, whose values are named as in a usage line."""
    named = tuple(values.replace("...", "").split())
    count = "+" if values.endswith("...") else len(named) if len(named) > 1 else None
    kind = Texts if count else str if named else bool
    metavar = named if len(named) > 1 else "".join(named)
    flag = Option(name, help, kind, count=count, metavar=metavar, action=True, writes=writes)

    def declared(run: Callable[..., Report]) -> Callable[..., Report]:
        ACTIONS[name] = Action(run, flag, options)
        return run

    return declared


@action("status", "count the verdicts")
def status(samples: Any, *before: str) -> Report:
    """Counts the verdicts after an action."""
    from pairlens.fiftyone_plugin.curation import verdicts

    return reports.of_status(verdicts.status(samples), *before)


@action("set", "set a verdict", PHRASE, NOTE, REVIEWER, SESSION, values="KEY VERDICT")
def set_verdict(samples: Any, key: str, verdict: str, **options: Any) -> Report:
    """Sets a verdict."""
    from pairlens.fiftyone_plugin.curation.verdicts import judge

    judge(samples, key, verdict, **options)
    return status(samples)


@action("undo", "undo the latest step", REVIEWER, SESSION)
def undo(samples: Any, *, reviewer: str | None, session: str | None) -> Report:
    """Undoes a step: without a session, the newest of all reviewers."""
    from pairlens.fiftyone_plugin.curation import verdicts

    done = verdicts.undo(samples, reviewer=reviewer, session=session, force=session is None)
    told = f"Took back {done['pairs']:,} verdicts."
    return status(samples, told if done["pairs"] else "Nothing left to take back.")


@action("redo", "redo the step that was undone last", REVIEWER, SESSION)
def redo(samples: Any, *, reviewer: str | None, session: str | None) -> Report:
    """Redoes a step."""
    from pairlens.fiftyone_plugin.curation import verdicts

    done = verdicts.redo(samples, reviewer=reviewer, session=session, force=session is None)
    told = f"Made again {done['pairs']:,} verdicts."
    return status(samples, told if done["pairs"] else "Nothing left to make again.")


@action("dump", "write the decisions file", values="FILE", writes=ITSELF)
def dump(samples: Any, file: str) -> Report:
    """Writes the decisions file."""
    from pairlens.fiftyone_plugin.curation import decisions

    return reports.of_dump(decisions.dump(samples, file), file)


@action("apply", "apply a decisions file", values="FILE")
def apply(samples: Any, file: str) -> Report:
    """Applies a decisions file."""
    from pairlens.fiftyone_plugin.curation import decisions

    return reports.of_apply(dict(decisions.apply(samples, file)))


@action("merge", "merge several decisions files into one", OUT, PREFER, values="FILE...")
def merge(*files: str, out: str | None, prefer: str) -> Report:
    """Merges decisions files."""
    from pairlens.fiftyone_plugin.curation.merging import merge

    if out is None:
        raise UsageError("--merge needs --out FILE")
    return review_reports.of_merge(merge(files, out, prefer=prefer))


@action("agreement", "compare two reviewers' decisions files", values="A B")
def agreement(first: str, second: str) -> Report:
    """Compares reviewers."""
    from pairlens.fiftyone_plugin.curation.merging import agreement

    return review_reports.of_agreement(agreement(first, second))


@action("sessions", "list the sessions")
def list_sessions(samples: Any) -> Report:
    """Lists the sessions."""
    from pairlens.fiftyone_plugin.curation import sessions

    return review_reports.of_sessions(sessions.list_sessions(samples))


@action("start", "start a session", OVER, LIMIT, REVIEWER, values="NAME")
def start(samples: Any, name: str, *, over: str, **options: Any) -> Report:
    """Starts a session."""
    from pairlens.fiftyone_plugin.curation import sessions

    kind, _, named = over.partition(":")
    keyword = {"check": "check", "severity": "severity", "view": "saved_view"}.get(kind)
    if (kind != "flagged" and keyword is None) or bool(named) == (kind == "flagged"):
        raise UsageError(f"a session is over flagged, check:C, severity:S or view:V, not {over!r}")
    narrowed = {keyword: named} if keyword else {}
    return review_reports.of_session(sessions.start(samples, name=name, **narrowed, **options))


@action("finish", "finish a session", values="SESSION")
def finish(samples: Any, name: str) -> Report:
    """Finishes a session."""
    from pairlens.fiftyone_plugin.curation import sessions

    return review_reports.of_session(sessions.finish(samples, name))


@action("reopen", "open a finished session again", values="SESSION")
def reopen(samples: Any, name: str) -> Report:
    """Opens a finished session again."""
    from pairlens.fiftyone_plugin.curation import sessions

    return review_reports.of_session(sessions.reopen(samples, name))


@action("delete", "delete a session; verdicts stay", values="SESSION")
def delete(samples: Any, name: str) -> Report:
    """Deletes a session."""
    from pairlens.fiftyone_plugin.curation import sessions

    sessions.delete(samples, name)
    return Report({"deleted": name}, [f"Deleted {name}; its verdicts stay."])


def _owners(option: Option) -> str:
    """The flags of the actions that an option belongs to."""
    return " and ".join(f"--{name}" for name, one in ACTIONS.items() if option in one.options)


OWN = list(dict.fromkeys(option for one in ACTIONS.values() for option in one.options))
"""The options of the actions."""


def _run(watch: Watch, *, name: str | None, **given: Any) -> Report:
    from pairlens.importers import store
    from pairlens.importers.upgrade import upgrade

    chosen = next((one for one in ACTIONS.values() if given[one.flag.name]), None)
    if chosen is None:
        raise UsageError(f"give one of {', '.join(f'--{one}' for one in ACTIONS)}")
    value = given[chosen.flag.name]
    values = () if value is True else value if isinstance(value, tuple) else (value,)
    notes: list[str] = []
    if "samples" in inspect.signature(chosen.run).parameters:
        if name is None:
            raise UsageError(f"{chosen.flag.flag} needs the name of a dataset")
        dataset = store.load(name)
        notes = upgrade(dataset)
        values = (dataset, *values)
    for option in OWN:
        belongs = option in chosen.options or option in ANYWHERE
        if not belongs and given[option.name] != option.default:
            raise UsageError(f"{option.flag} belongs to {_owners(option)}")
    report = chosen.run(*values, **{o.name: given[o.name] for o in chosen.options})
    report.lines += [f"  note: {note}" for note in notes]
    return report


review = Step(
    "review",
    "Set, count, undo, write, apply and merge verdicts; sessions.",
    _run,
    (
        DATASET,
        *(one.flag for one in ACTIONS.values()),
        *(replace(option, help=f"{option.help}; with {_owners(option)}") for option in OWN),
        OVERWRITE,
    ),
    on_dataset=False,
)
