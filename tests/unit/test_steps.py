"""Options of steps: parsed alike from the command line and from forms, and told in the docs."""

from __future__ import annotations

import inspect
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.steps import STEPS
from pairlens.fiftyone_plugin.steps.page import page
from pairlens.fiftyone_plugin.steps.step import (
    IF_THERE,
    CheckSettings,
    Option,
    Settings,
    Step,
    Texts,
    parse_options,
)
from pairlens.importers.errors import UsageError


@pytest.mark.parametrize(
    ("option", "given", "words"),
    [
        pytest.param(Option("a", "", required=True), " ", "--a is missing", id="blank"),
        pytest.param(Option("a", "", param="b", required=True), None, "--b is missing", id="param"),
        pytest.param(Option("a", "", int), 2.5, "--a is 2.5; give a whole number", id="no whole"),
        pytest.param(Option("a", "", int), True, "--a is True; give a whole number", id="bool"),
        pytest.param(Option("a", "", float), "x", "--a is 'x'; give a number", id="no number"),
        pytest.param(Option("a", "", Settings), ["x"], "--a 'x' is not NAME=VALUE", id="no value"),
        pytest.param(Option("a", "", Settings), ["=x"], "is not NAME=VALUE", id="no name"),
        pytest.param(Option("a", "", CheckSettings), ["x=1"], "names no check", id="no check"),
    ],
)
def test_what_cannot_be_meant_is_refused(option: Option, given: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        option.parse(given)


REFUSED: dict[Any, Any] = {
    int: "x", float: "x", Path: "s3://bucket/x", Settings: ["x"], CheckSettings: ["x"]
}  # fmt: skip
"""By type of option, what it cannot be."""


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_what_is_refused_is_named_as_whoever_gave_it_calls_it(step: Step) -> None:
    for option in step.options:
        given = " " if option.required else REFUSED.get(option.type)
        if given is None:
            continue
        typed = option.metavar if option.positional else option.flag
        for name, named in ((typed, ()), (option.label, (lambda o: o.label,))):
            with pytest.raises(UsageError) as refused:
                parse_options([option], {option.param: given}, *named)
            assert str(refused.value).startswith(f"{name} "), option


@pytest.mark.parametrize(
    ("option", "given", "value"),
    [
        (Option("a", "", default="d"), None, "d"),
        (Option("a", "", default="d"), " ", "d"),
        (Option("a", ""), 3, "3"),
        (Option("a", "", int, 3), "4", 4),
        (Option("a", "", int), 4.0, 4),
        (Option("a", "", float), "0.5", 0.5),
        (Option("a", "", bool, False), True, True),
        (Option("a", "", bool, True), False, False),
        (Option("a", "", Path), "x/y", Path("x/y")),
        (Option("a", "", Texts, ("d",)), [], ("d",)),
        (Option("a", "", Texts), "one", ("one",)),
        (Option("a", "", Texts), ["one", "two"], ("one", "two")),
        (Option("a", "", Settings), ["k=v=w", "l="], {"k": "v=w"}),
        (Option("a", "", Settings), {"k": "v", "l": None, "m": " "}, {"k": "v"}),
        (Option("a", "", CheckSettings), ["c.k=1"], {"c": {"k": "1"}}),
        (Option("a", "", CheckSettings), {"c": {"k": 1}}, {"c": {"k": 1}}),
    ],
)
def test_values_have_the_declared_type(option: Option, given: Any, value: Any) -> None:
    parsed = option.parse(given)
    assert parsed == value and type(parsed) is type(value)


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({}, {"resume": False, "overwrite": False}),
        ({"again": "resume"}, {"resume": True, "overwrite": False}),
        ({"again": "overwrite"}, {"resume": False, "overwrite": True}),
    ],
)
def test_choices_apart_are_flags(given: dict[str, str], values: dict[str, bool]) -> None:
    assert parse_options([IF_THERE], given) == values


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_step_takes_what_it_declares(step: Step) -> None:
    blank = [Option(o.name, o.help, o.type, choices=o.choices, apart=o.apart, default=o.default)
             for o in step.options]  # fmt: skip
    samples = (None,) if step.on_dataset else ()
    inspect.signature(step.run).bind(*samples, None, **parse_options(blank, {}))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_command_line_has_every_option(step: Step, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main([step.name, "--help"])
    told = capsys.readouterr().out
    for option in step.options:
        if option.in_command and not option.positional and not option.apart:
            assert f"  {option.flag}" in told
    assert all(f"  pairlens {example}\n" in told for example in step.examples)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_examples_are_commands(step: Step) -> None:
    assert step.examples
    for example in step.examples:
        command = re.split(" >>? ", example)[0]
        args = cli.build_parser().parse_args(shlex.split(command))
        assert args.command == step.name
        parse_options(step.options, vars(args))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_help_fits_the_terminal(
    step: Step, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit, match="0"):
        cli.main([step.name, "--help"])
    told = capsys.readouterr().out.split("\nexample")[0]
    assert max(map(len, told.splitlines())) <= 80
    every = re.split(r"^\S.*:$", told, flags=re.M)
    assert not re.findall(r"^  (-{1,2}\S+|[A-Z]+)$(?!\n {6})", "".join(every), flags=re.M)


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture, repo_root: Path) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    version = capsys.readouterr().out.split()[1]
    assert f'\nversion = "{version}"\n' in (repo_root / "pyproject.toml").read_text()


def test_the_page_of_commands_is_what_is_declared(repo_root: Path) -> None:
    told = (repo_root / "docs" / "commands.md").read_text()
    assert told == page(), "run: python -m pairlens.fiftyone_plugin.steps.page"
