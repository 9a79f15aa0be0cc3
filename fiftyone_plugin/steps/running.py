"""Steps that check the installation, open the App and run the demo."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin import inventory_reports
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import Option, Watch, step


@step(
    "doctor",
    "Check the installation, and whether the files of each dataset are on this machine.",
    Option("remove_unused", "delete the media folders that no dataset uses any more", bool, False),
    examples=("doctor", "doctor --remove-unused"),
)
def doctor(watch: Watch, *, remove_unused: bool) -> Report:
    """Reports on the installation."""
    from pairlens.fiftyone_plugin import doctor

    report = doctor.run()
    lines = doctor.describe(report).splitlines()
    if report["mongod"]["connected"] and report["media"]["writable"]:
        from pairlens.fiftyone_plugin.curation import file_check, inventory

        unused = inventory.unused()
        left = inventory.remove(unused) if remove_unused else []
        report["unused"] = [asdict(folder) for folder in unused]
        lines += inventory_reports.of_unused(unused, left, removed=remove_unused)
        seen = [file_check.check_files(name) for name in inventory.names()]
        report["unseen"] = [asdict(one) for one in seen if one.gone or one.other]
        lines += inventory_reports.of_file_checks(seen)
    return Report(report, lines, ok=report["ok"])


@step("link", "Make the plugin known to FiftyOne.", examples=("link",))
def link(watch: Watch) -> Report:
    """Links the plugin into FiftyOne's plugins folder."""
    from pairlens.fiftyone_plugin.plugin_link import ensure_link

    place = str(ensure_link())
    return Report({"link": place}, [f"FiftyOne finds the plugin at {place}"])


@step(
    "completion",
    "Print a shell completion script.",
    Option("shell", "the shell", required=True, positional=True, choices=("bash", "zsh", "fish")),
    examples=(
        "completion bash >> ~/.bashrc",
        "completion zsh >> ~/.zshrc",
        "completion fish > ~/.config/fish/completions/pairlens.fish",
    ),
)
def completion(watch: Watch, *, shell: str) -> Report:
    """Gives a shell's script of completion."""
    from argcomplete.shell_integration import shellcode

    script = shellcode(["pairlens"], shell=shell)
    return Report({"shell": shell, "script": script}, [script])


@step(
    "app",
    "Open the App on a dataset.",
    Option("name", "the dataset", required=True, positional=True, metavar="DATASET"),
    Option("port", "port of the App; by default FiftyOne's", int),
    Option("reviewer", "your name; with it the App has a server of its own"),
    examples=("app gres", "app gres --reviewer ann"),
)
def app(watch: Watch, *, name: str, port: int | None, reviewer: str | None) -> Report:
    """Opens the App and blocks until it is interrupted."""
    from pairlens.fiftyone_plugin.app import open_app

    open_app(name, port, reviewer=reviewer)
    return Report({"dataset": name})


@step(
    "demo",
    "Run all steps on generated datasets with planted faults.",
    Option("out", "folder for the files", Path, Path("demo-out"), metavar="DIR"),
    Option("open", "open the App at the end", bool, False),
    Option("images", "images of each dataset", int, 48, metavar="COUNT"),
    Option("seed", "random seed of the images and faults", int, 0, metavar="SEED"),
    examples=("demo --open",),
    database=True,
)
def demo(watch: Watch, *, out: Path, open: bool, **options: Any) -> Report:
    """Runs the demo."""
    from pairlens.fiftyone_plugin.app import open_app
    from pairlens.fiftyone_plugin.demo.run import run_demo
    from pairlens.fiftyone_plugin.terminal import say

    report = run_demo(out, **options, say=say)
    if open and report.ok:
        open_app(report.data["datasets"][0]["dataset"])
    return report
