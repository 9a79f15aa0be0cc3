"""``pairlens review``: verdicts, sessions, decisions files."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from fiftyone_plugin import reports, review_reports
from fiftyone_plugin.reports import Report
from importers.errors import UsageError

_BELONG = {
    "phrase": ("set",),
    "note": ("set",),
    "session": ("set", "undo", "redo"),
    "over": ("start",),
    "limit": ("start",),
    "out": ("merge",),
    "prefer": ("merge",),
}
"""The actions that each option belongs to."""


def add_review(sub: ArgumentParser) -> None:
    """Adds the command's arguments."""
    sub.add_argument("name", metavar="N", nargs="?", help="the dataset")
    group = sub.add_mutually_exclusive_group(required=True)
    group.add_argument("--status", action="store_true", help="count the verdicts")
    group.add_argument("--set", nargs=2, metavar=("KEY", "VERDICT"))
    group.add_argument("--undo", action="store_true", help="take back the newest step")
    group.add_argument("--redo", action="store_true", help="make again what was taken back")
    group.add_argument("--dump", metavar="FILE", help="write the decisions file")
    group.add_argument("--apply", metavar="FILE", help="apply a decisions file")
    group.add_argument("--merge", nargs="+", metavar="FILE", help="make one of several files")
    group.add_argument(
        "--agreement", nargs=2, metavar=("A", "B"), help="compare two reviewers' files"
    )
    group.add_argument("--sessions", action="store_true", help="list the sessions")
    group.add_argument("--start", metavar="NAME", help="start a session")
    group.add_argument("--finish", metavar="SESSION", help="finish a session")
    group.add_argument("--reopen", metavar="SESSION", help="open a finished session again")
    group.add_argument("--delete", metavar="SESSION", help="delete a session; verdicts stay")
    sub.add_argument("--phrase", help="the corrected phrase, with --set KEY fix")
    sub.add_argument("--note", help="why, with --set")
    sub.add_argument("--reviewer", help="who (default: the user of this machine)")
    sub.add_argument("--session", metavar="S", help="with --set, --undo and --redo")
    sub.add_argument(
        "--over", metavar="O", help="flagged (default), check:C, severity:S or view:V, with --start"
    )
    sub.add_argument("--limit", type=int, metavar="K", help="only the K worst, with --start")
    sub.add_argument("--out", metavar="FILE", help="where merged decisions go, with --merge")
    sub.add_argument(
        "--prefer", metavar="P", help="none (default), newest or first, for conflicts of --merge"
    )


def run_review(args: Namespace) -> Report:
    """Sets, takes back, counts, writes, applies, merges or compares verdicts."""
    action = next(name for name in _ACTIONS if getattr(args, name))
    dataset = None if action in ("merge", "agreement") else _load(args.name, action)
    for option, owners in _BELONG.items():
        if getattr(args, option) is not None and action not in owners:
            raise UsageError(f"--{option} belongs to {' and '.join(f'--{o}' for o in owners)}")
    return _ACTIONS[action](args, dataset)


def _load(name: str | None, action: str) -> Any:
    from importers import store

    if name is None:
        raise UsageError(f"--{action} needs the name of a dataset")
    return store.load(name)


def _status(args: Namespace, dataset: Any) -> Report:
    from fiftyone_plugin.curation.verdicts import status

    return reports.of_status(status(dataset))


def _set(args: Namespace, dataset: Any) -> Report:
    from fiftyone_plugin.curation.verdicts import judge, status

    key, verdict = args.set
    judge(
        dataset, key, verdict, phrase=args.phrase, note=args.note, reviewer=args.reviewer,
        session=args.session,
    )  # fmt: skip
    return reports.of_status(status(dataset))


def _step(go: str, done: str, nothing: str) -> Callable[[Namespace, Any], Report]:
    def run(args: Namespace, dataset: Any) -> Report:
        from fiftyone_plugin.curation import undoing
        from fiftyone_plugin.curation.verdicts import status

        call = undoing.undo if go == "undo" else undoing.redo
        # Without a session, the newest step of all, whoever made it.
        changed = call(
            dataset, reviewer=args.reviewer, session=args.session, force=args.session is None
        )
        line = f"{done} {changed['pairs']:,} verdicts." if changed["pairs"] else nothing
        return reports.of_status(status(dataset), line)

    return run


def _dump(args: Namespace, dataset: Any) -> Report:
    from fiftyone_plugin.curation import decisions

    return reports.of_dump(decisions.dump(dataset, args.dump), args.dump)


def _apply(args: Namespace, dataset: Any) -> Report:
    from fiftyone_plugin.curation import decisions

    return reports.of_apply(dict(decisions.apply(dataset, args.apply)))


def _merge(args: Namespace, dataset: Any) -> Report:
    from fiftyone_plugin.curation.merging import merge

    if args.out is None:
        raise UsageError("--merge needs --out FILE")
    return review_reports.of_merge(merge(args.merge, args.out, prefer=args.prefer or "none"))


def _agreement(args: Namespace, dataset: Any) -> Report:
    from fiftyone_plugin.curation.merging import agreement

    return review_reports.of_agreement(agreement(*args.agreement))


def _sessions(args: Namespace, dataset: Any) -> Report:
    from fiftyone_plugin.curation import sessions

    return review_reports.of_sessions(sessions.list_sessions(dataset))


def _start(args: Namespace, dataset: Any) -> Report:
    from fiftyone_plugin.curation import sessions

    kind, _, name = (args.over or "flagged").partition(":")
    if kind not in ("flagged", "check", "severity", "view") or bool(name) == (kind == "flagged"):
        raise UsageError(
            f"a session is over flagged, check:C, severity:S or view:V, not {args.over!r}"
        )
    started = sessions.start(
        dataset,
        name=args.start,
        reviewer=args.reviewer,
        limit=args.limit,
        check=name if kind == "check" else None,
        severity=name if kind == "severity" else None,
        saved_view=name if kind == "view" else None,
    )
    return review_reports.of_session(started)


def _change(what: str) -> Callable[[Namespace, Any], Report]:
    def run(args: Namespace, dataset: Any) -> Report:
        from fiftyone_plugin.curation import sessions

        call = sessions.finish if what == "finish" else sessions.reopen
        return review_reports.of_session(call(dataset, getattr(args, what)))

    return run


def _delete(args: Namespace, dataset: Any) -> Report:
    from fiftyone_plugin.curation import sessions

    sessions.delete(dataset, args.delete)
    return Report({"deleted": args.delete}, [f"Deleted {args.delete}; its verdicts stay."])


_ACTIONS: dict[str, Callable[[Namespace, Any], Report]] = {
    "status": _status,
    "set": _set,
    "undo": _step("undo", "Took back", "Nothing left to take back."),
    "redo": _step("redo", "Made again", "Nothing left to make again."),
    "dump": _dump,
    "apply": _apply,
    "merge": _merge,
    "agreement": _agreement,
    "sessions": _sessions,
    "start": _start,
    "finish": _change("finish"),
    "reopen": _change("reopen"),
    "delete": _delete,
}
