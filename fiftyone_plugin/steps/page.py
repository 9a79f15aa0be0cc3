"""``docs/commands.md``, made of the declared options: ``python -m
pairlens.fiftyone_plugin.steps.page``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pairlens.fiftyone_plugin import ROOT
from pairlens.fiftyone_plugin.steps import STEPS
from pairlens.fiftyone_plugin.steps.step import ALWAYS, Option, Step

FILE = ROOT / "docs" / "commands.md"

_HEAD = """# Commands and their options

<!-- Generated: python -m pairlens.fiftyone_plugin.steps.page -->

Results go to stdout, with `--json` as one object; progress and errors go to stderr. A command
exits with 0 when done, 1 when it failed, 2 when the command line was wrong.
`DATASET` is the name of a dataset that PairLens imported. Every command takes,
before its name or after:

{always}

The second column names the options of the operator that does the same in the App
and from Python. What is marked *required* has no default.
"""


def page() -> str:
    """The whole page."""
    rows = [f"| `{_spelled(option)}` | {option.about} |" for option in ALWAYS]
    head = _HEAD.format(always="\n".join(["| option | what it is |", "|---|---|", *rows]))
    return "\n".join([head, *(_section(step) for step in STEPS)])


def _section(step: Step) -> str:
    lines = [f"## {step.name}", "", step.about, "", f"`{usage(step)}`", ""]
    rows = [row for option in step.options for row in _rows(option)]
    heads = ("option", f"`{step.operator}`", "default", "what it is")
    shown = [0, *([1] if step.operator else []), 2, 3]
    lines += ["```", *(f"pairlens {example}" for example in step.examples), "```", ""]
    if rows:
        lines += [_line(heads, shown), "|" + "---|" * len(shown)]
        lines += [*(_line(row, shown) for row in rows), ""]
    return "\n".join(lines)


def _line(cells: Sequence[str], shown: Sequence[int]) -> str:
    return f"| {' | '.join(cells[i] for i in shown)} |"


def usage(step: Step) -> str:
    """The usage line of a command, with its required arguments."""
    placed = [
        _value(o) if o.required or not o.count else f"[{_value(o)}]"
        for o in step.options
        if o.positional
    ]
    required = [_spelled(o) for o in step.options if o.required and not o.positional]
    more = "[...]" if any(o.in_command and not o.required for o in step.options) else ""
    action = "ACTION" * any(o.action for o in step.options)
    words = ["pairlens", step.name, "DATASET" * step.on_dataset, *placed, action, *required, more]
    return " ".join(word for word in words if word)


def _rows(option: Option) -> Iterator[tuple[str, str, str, str]]:
    """The cells of an option: flag, parameter of the operator, default, description."""
    if option.apart:
        for choice, about in option.flags().items():
            yield f"`--{choice}`", f"`{option.param}={choice}`", "", about
        return
    needed = option.required or (option.positional and not option.count)
    default = "*required*" if needed else f"`{option.default_text}`" * bool(option.default_text)
    spelled = f"`{_spelled(option)}`" if option.in_command else ""
    yield spelled, f"`{option.param}`", default, option.about.replace("|", "\\|")


def _spelled(option: Option) -> str:
    if option.positional:
        return _value(option)
    return option.flag if option.type is bool else f"{option.flag} {_value(option)}"


def _value(option: Option) -> str:
    metavar = option.metavar if isinstance(option.metavar, str) else " ".join(option.metavar)
    return metavar + " ..." * (option.count == "+")


def main(file: Path = FILE) -> None:
    """Writes the page."""
    file.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
