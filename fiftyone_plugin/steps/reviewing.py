"""Review: verdicts, decisions files and sessions.

The command does one of several actions, each a function here. It is called with the samples, where
it works on a dataset, the values of its flag, and the options that belong to it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pairlens.fiftyone_plugin import reports, review_reports
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import ITSELF, OVERWRITE, Option, Step, Texts, Watch
from pairlens.importers.errors import UsageError

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.curation.selection import Order

DATASET = Option("name", "the dataset", positional=True, count="?", metavar="DATASET")
PHRASE = Option("phrase", "the corrected phrase, where the verdict is fix")
NOTE = Option("note", "why")
REVIEWER = Option("reviewer", "name of the reviewer; by default that in PAIRLENS_REVIEWER")
SESSION = Option("session", "the session it belongs to", metavar="SESSION")
OVER = Option(
    "over",
    "flagged, warnings, disagreements, check:C, severity:S or view:V; all where p_bad orders",
    default="flagged",
    metavar="WHICH",
)
AMONG = Option("among", "the reviewers, with commas between them", metavar="NAMES")
BY = Option("by", "count, check or split: what is shared out evenly, or kept together",
            default="count", metavar="HOW")  # fmt: skip
OVERLAP = Option("overlap", "the part that all reviewers get, such as 10%", default="10%",
                 metavar="SHARE%")  # fmt: skip
OF = Option("of", "who is asked; anybody by default", metavar="REVIEWER")
ORDER = Option("order", "what comes first: the worst findings, or the highest p_bad; see: pairlens "
               "rank", default="findings", metavar="HOW",
               choices=("findings", "p_bad"))  # fmt: skip
LIMIT = Option("limit", "at most this many: the worst, or the next", int, metavar="COUNT")
OUT = Option("out", "file for the decisions", metavar="FILE", writes=ITSELF)
PREFER = Option("prefer", "none, newest or first: the decision that counts of conflicting ones",
                default="none", metavar="WHICH")  # fmt: skip

ANYWHERE = (REVIEWER,)
"""Options of every action, even if an action does not use them."""


class Action(NamedTuple):
    """An action of the command: its function, flag and own options."""

    run: Callable[..., Report]
    flag: Option
    options: tuple[Option, ...]


ACTIONS: dict[str, Action] = {}


def action(
    name: str, help: str, *options: Option, values: str = "", writes: tuple[str, ...] = ()
) -> Callable[[Callable[..., Report]], Callable[..., Report]]:
    """Declares an action by its usage: the flag and the names of its values."""
    named = tuple(values.replace("...", "").split())
    count = "+" if values.endswith("...") else len(named) if len(named) > 1 else None
    kind = Texts if count else str if named else bool
    metavar = named if len(named) > 1 else "".join(named)
    flag = Option(name, help, kind, count=count, metavar=metavar, action=True, writes=writes)

    def declared(run: Callable[..., Report]) -> Callable[..., Report]:
        ACTIONS[name] = Action(run, flag, options)
        return run

    return declared


@action("status", "count the verdicts, and show how fast reviewers are and how far they agree")
def status(samples: Any) -> Report:
    """Counts the verdicts, and compares reviewers."""
    from pairlens.fiftyone_plugin.curation.team import team

    return review_reports.of_team(counted(samples), team(samples))


def counted(samples: Any, *before: str) -> Report:
    """Counts the verdicts after an action."""
    from pairlens.fiftyone_plugin.curation import fixes, verdict_counts

    to_be_fixed = fixes.count_to_be_fixed(samples)
    return reports.of_status(
        verdict_counts.status(samples), to_be_fixed, verdict_counts.texts_status(samples), *before
    )


@action("set", "set a verdict", PHRASE, NOTE, REVIEWER, SESSION, values="KEY VERDICT")
def set_verdict(samples: Any, key: str, verdict: str, **options: Any) -> Report:
    """Sets a verdict."""
    from pairlens.fiftyone_plugin.curation.verdicts import judge

    judge(samples, key, verdict, **options)
    return counted(samples)


@action("rule", "set a verdict on all pairs without one that OVER names, as --over does", NOTE,
        REVIEWER, SESSION, values="VERDICT OVER")  # fmt: skip
def rule(
    samples: Any,
    verdict: str,
    over: str,
    *,
    note: str | None,
    reviewer: str | None,
    session: str | None,
) -> Report:
    """Sets one verdict on many pairs, as one step of undo."""
    from pairlens.fiftyone_plugin.curation import bulk, texts
    from pairlens.fiftyone_plugin.curation.selection import choose

    ids = list(choose(samples, **_narrowed(over)).ordered(samples, include_judged=False))
    if not ids:
        return _ruled(samples, 0, over)
    done = bulk.judge_alike(
        samples,
        ids,
        verdict,
        reviewer=texts.reviewer_of(reviewer),
        note=note or f"rule: {over}",
        session=session,
    )
    return _ruled(samples, done["written"], over)


def _ruled(samples: Any, count: int, over: str) -> Report:
    report = counted(samples, f"{reports.verdicts(count)} set, over {over}.")
    return replace(report, data=report.data | {"set": count})


@action("undo", "undo the latest step", REVIEWER, SESSION)
def undo(samples: Any, *, reviewer: str | None, session: str | None) -> Report:
    """Undoes a step: without a session, the newest of all reviewers."""
    from pairlens.fiftyone_plugin.curation import undoing

    done = undoing.undo(samples, reviewer=reviewer, session=session, force=session is None)
    told = f"Undid {reports.verdicts(done['pairs'])}."
    return counted(samples, told if done["pairs"] else "Nothing left to undo.")


@action("redo", "redo the step that was undone last", REVIEWER, SESSION)
def redo(samples: Any, *, reviewer: str | None, session: str | None) -> Report:
    """Redoes a step."""
    from pairlens.fiftyone_plugin.curation import undoing

    done = undoing.redo(samples, reviewer=reviewer, session=session, force=session is None)
    told = f"Redid {reports.verdicts(done['pairs'])}."
    return counted(samples, told if done["pairs"] else "Nothing left to redo.")


@action("dump", "write all verdicts to a decisions file", values="FILE", writes=ITSELF)
def dump(samples: Any, file: str) -> Report:
    """Writes the decisions file."""
    from pairlens.fiftyone_plugin.curation import decisions

    return reports.of_dump(decisions.dump(samples, file), file)


@action("apply", "apply a decisions file, or an erratum at hf://datasets/OWNER/NAME",
        values="FILE")  # fmt: skip
def apply(samples: Any, file: str) -> Report:
    """Applies a decisions file or an erratum."""
    from pairlens.fiftyone_plugin.curation import errata

    return reports.of_apply(dict(errata.apply(samples, file)))


@action("publish", "publish the verdicts as an erratum at hf://datasets/OWNER/NAME",
        values="ADDRESS")  # fmt: skip
def publish(samples: Any, address: str) -> Report:
    """Publishes the verdicts."""
    from pairlens.fiftyone_plugin.curation import errata

    return review_reports.of_published(errata.publish(samples, address))


@action(
    "suggest", "write suggested fixes to a decisions file, to be read and applied", OUT, REVIEWER
)
def suggest(samples: Any, *, out: str | None, reviewer: str | None) -> Report:
    """Writes suggestions as a decisions file."""
    from pairlens.fiftyone_plugin.curation.suggesting import write_suggestions

    if out is None:
        raise UsageError("--suggest needs --out FILE")
    return review_reports.of_suggested(write_suggestions(samples, out, reviewer=reviewer))


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


@action("start", "start a session", OVER, ORDER, LIMIT, REVIEWER, values="NAME")
def start(samples: Any, name: str, *, over: str, order: Order, **options: Any) -> Report:
    """Starts a session."""
    from pairlens.fiftyone_plugin.curation import sessions

    # Pairs without a finding can be likely bad as well.
    narrowed = {"view": samples} if over == "all" and order == "p_bad" else _narrowed(over)
    started = sessions.start(samples, name=name, order=order, **narrowed, **options)
    return review_reports.of_session(started)


def _narrowed(over: str) -> dict[str, Any]:
    """What a session is over, as the functions that start one take it."""
    kind, _, named = over.partition(":")
    keyword = {"check": "check", "severity": "severity", "view": "saved_view"}.get(kind)
    whole = kind in ("flagged", "warnings", "disagreements")
    if (not whole and keyword is None) or bool(named) == whole:
        raise UsageError(
            "a session is over flagged, warnings, disagreements, check:C, severity:S or view:V, "
            f"not {over!r}"
        )
    if keyword:
        return {keyword: named}
    return {} if kind == "flagged" else {kind: True}


@action("next", "print the next pairs of a session: image, mask and text", LIMIT, values="SESSION")
def tell_next(samples: Any, session: str, *, limit: int | None) -> Report:
    """Tells what waits for a verdict."""
    from pairlens.fiftyone_plugin.curation.pending import pending_pairs

    return review_reports.of_waiting(pending_pairs(samples, session, limit))


@action("share", "split pairs into a session for each of several reviewers", AMONG, BY, OVERLAP,
        OVER, LIMIT, REVIEWER, values="NAME")  # fmt: skip
def share(
    samples: Any, name: str, *, among: str | None, overlap: str, over: str, **options: Any
) -> Report:
    """Shares pairs out."""
    from pairlens.fiftyone_plugin.curation import sharing

    if among is None:
        raise UsageError("--share needs --among NAMES, such as Ada,Bo")
    people, part = among.split(","), _part(overlap)
    shared = sharing.share(
        samples, name=name, among=people, overlap=part, over=_narrowed(over), **options
    )
    return review_reports.of_sessions(shared)


def _part(text: str) -> float:
    """A percentage as a part of one."""
    number = text.strip().removesuffix("%")
    try:
        part = float(number) / 100
    except ValueError:
        part = -1.0
    if number == text.strip() or not 0 <= part <= 1:
        raise UsageError(f"--overlap {text} is no percentage; give 0% to 100%")
    return part


@action("ask", "ask for a second opinion on a pair", OF, NOTE, REVIEWER, values="KEY")
def ask(samples: Any, key: str, **options: Any) -> Report:
    """Asks for a second opinion."""
    from pairlens.fiftyone_plugin.curation import second_opinions

    return review_reports.of_session(second_opinions.ask(samples, key, **options))


@action("disagreements", "list the pairs on which reviewers disagree")
def list_disagreements(samples: Any) -> Report:
    """Lists disagreements."""
    from pairlens.fiftyone_plugin.curation import opinions

    found = opinions.disagreements(samples)
    views = {key: [opinions.view_of(one) for one in each] for key, each in found.items()}
    return review_reports.of_disagreements(views)


@action(
    "settle",
    "settle a disagreement: let the verdict of one reviewer stand",
    REVIEWER,
    SESSION,
    values="KEY REVIEWER",
)
def settle(samples: Any, key: str, whose: str, **options: Any) -> Report:
    """Settles a disagreement."""
    from pairlens.fiftyone_plugin.curation import opinions

    opinions.take(samples, key, whose, **options)
    return counted(samples, f"The verdict of {whose} stands.")


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
    *some, last = (f"--{name}" for name, one in ACTIONS.items() if option in one.options)
    return f"{', '.join(some)} or {last}" if some else last


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
    "Set, count, undo, export and merge verdicts; manage review sessions.",
    _run,
    (
        DATASET,
        *(one.flag for one in ACTIONS.values()),
        *(replace(option, help=f"{option.help}; with {_owners(option)}") for option in OWN),
        OVERWRITE,
    ),
    on_dataset=False,
    examples=(
        "review gres --status",
        "review gres --set KEY fix --phrase 'The bus at the bottom.'",
        "review gres --start monday --over check:box_mask",
        "review gres --rule drop check:box_mask",
        "review gres --dump decisions.jsonl",
        "review gres --publish hf://datasets/OWNER/NAME",
    ),
)
