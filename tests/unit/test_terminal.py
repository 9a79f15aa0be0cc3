"""What commands print beside their results, how wide, and into which file."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

from pairlens.fiftyone_plugin import cli, terminal
from pairlens.fiftyone_plugin.reports import Report
from pairlens.importers.errors import StateError

TABLE = (
    "tiny_mask      warning  pairs  The mask has few pixels, fewer than a reader can see or hit."
)

WARNING = "a warning"


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


# --------------------------------------------------------------------------------- width


@pytest.mark.parametrize("width", [40, 60, 80])
def test_lines_fit_the_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    terminal.show(TABLE)
    lines = stream.getvalue().splitlines()
    assert len(lines) > 1 and max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()) == " ".join(TABLE.split())


def test_a_table_is_wrapped_within_its_last_column() -> None:
    first, *others = terminal.fit(TABLE, 60).split("\n")
    column = first.index("The mask")
    assert others and all(line[:column].isspace() and line[column] != " " for line in others)


@pytest.mark.parametrize("text", ["", "short", "  a  b", "a\n\n  b"])
def test_what_fits_is_left_alone(text: str) -> None:
    assert terminal.fit(text, 60) == text


def test_for_other_programs_a_line_stays_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    terminal.show(TABLE)
    assert capsys.readouterr().out == TABLE + "\n"


# ------------------------------------------------------------------------ less and more


@pytest.fixture
def noisy(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception | None]:
    """Makes ``pairlens checks`` tell much, and fail with what the dictionary has as ``error``."""
    what: dict[str, Exception | None] = {"error": None}

    def run(watch: object) -> Report:
        print("a library prints")
        terminal.say("a notice")
        logging.getLogger("some.library").info("a record, of mongodb://me:s3cret@host/db")
        warnings.warn(WARNING, stacklevel=1)
        if error := what["error"]:
            raise error
        return Report({"a": 1}, ["a result"])

    def parsed(given: list[str]) -> SimpleNamespace:
        return build(given)

    real = cli.build_parser()

    def build(given: list[str]) -> SimpleNamespace:
        args = real.parse_args(given)
        args.run = lambda _: run(None)
        return args

    monkeypatch.setattr(cli, "build_parser", lambda: SimpleNamespace(parse_args=parsed))
    return what


@pytest.mark.parametrize(
    ("options", "told", "not_told"),
    [
        ([], ["a library prints", "a notice"], ["a record"]),
        (["--verbose"], ["a library prints", "a notice", "a warning", "a record"], ["s3cret"]),
        (["--quiet"], [], ["a library prints", "a notice", "a warning", "a record"]),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_less_and_more_is_told(
    noisy: object,
    capsys: pytest.CaptureFixture,
    options: list[str],
    told: list[str],
    not_told: list[str],
    before: bool,
) -> None:
    assert cli.main([*options, "checks"] if before else ["checks", *options]) == 0
    out, err = capsys.readouterr()
    assert out == "a result\n"
    assert [text for text in told if err.count(text) != 1] == []
    assert [text for text in not_told if text in err] == []


@pytest.mark.filterwarnings("default")
def test_the_log_has_everything(
    noisy: dict[str, Exception | None], capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    file = tmp_path / "a log.txt"
    assert cli.main(["checks", "--quiet", "--json", "--log-file", str(file)]) == 0
    noisy["error"] = StateError("there is none")
    assert cli.main(["checks", "--quiet", "--log-file", str(file)]) == 1
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ({"a": 1}, "pairlens: there is none\n")
    log = file.read_text()
    for text, times in {
        "a notice": 2, WARNING: 1, "a record": 2, "//***@host": 2, "s3cret": 0, '{"a": 1}': 1,
        "Traceback": 1, "pairlens: there is none": 1, "checks --quiet --json --log-file": 1,
    }.items():  # fmt: skip
        assert log.count(text) == times, text
    assert logging.getLogger().level == logging.WARNING


def test_verbose_tells_where_an_error_arose(
    noisy: dict[str, Exception | None], capsys: pytest.CaptureFixture
) -> None:
    noisy["error"] = RuntimeError("unforeseen")
    assert cli.main(["checks"]) == 1
    told = capsys.readouterr().err
    assert "RuntimeError: unforeseen; --verbose shows where" in told and "Traceback" not in told
    assert cli.main(["checks", "--verbose"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--log-file", "/no/such/folder/log"], "cannot be written to /no/such/folder/log"),
        (["--quiet", "--verbose"], "exclude each other"),
    ],
)
def test_what_cannot_be_told_is_refused(
    capsys: pytest.CaptureFixture, options: list[str], words: str
) -> None:
    assert cli.main(["checks", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1) and words in err


# ---------------------------------------------------------------------------- completion


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pairlens sc", ["score"]),
        ("pairlens export --se", ["--select"]),
        ("pairlens import gr", ["gres"]),
        ("pairlens predict n --predictor cu", ["cues"]),
        ("pairlens completion z", ["zsh"]),
    ],
)
def test_a_shell_completes(line: str, offered: list[str], tmp_path: Path) -> None:
    given = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)),
             "_ARGCOMPLETE_SUPPRESS_SPACE": "1", "_ARGCOMPLETE_IFS": "\n",
             "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "out")}  # fmt: skip
    command = "import sys; from pairlens.fiftyone_plugin.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", command], env=os.environ | given)
    words = (tmp_path / "out").read_text().split("\n")
    assert done.returncode == 0
    assert [word.strip() for word in words if word.strip()[:1] != "-" or "-" in line] == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_of_completion(shell: str, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "pairlens" in script
    if shell == "bash":
        check = 'eval "$1" && complete -p pairlens'
        done = subprocess.run(["bash", "-c", check, "-", script], capture_output=True, text=True)
        assert "pairlens" in done.stdout, done.stderr
