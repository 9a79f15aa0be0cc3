"""Steps that check the installation, open the App and run the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import Option, Watch, step


@step(
    "doctor",
    "Test the database, plugin, media folder and other packages, and advise on failures.",
)
def doctor(watch: Watch) -> Report:
    """Reports on the installation."""
    from pairlens.fiftyone_plugin import doctor

    report = doctor.run()
    return Report(report, doctor.describe(report).splitlines(), ok=report["ok"])


@step("link", "Make the plugin known to FiftyOne.")
def link(watch: Watch) -> Report:
    """Links the plugin into FiftyOne's plugins folder."""
    from pairlens.fiftyone_plugin.plugin_link import ensure_link

    place = str(ensure_link())
    return Report({"link": place}, [f"FiftyOne finds the plugin at {place}"])


@step(
    "app",
    "Open the App on a dataset.",
    Option("name", "the dataset", required=True, positional=True, metavar="N"),
    Option("port", "port of the App; by default FiftyOne's", int),
)
def app(watch: Watch, *, name: str, port: int | None) -> Report:
    """Opens the App and blocks until it is interrupted."""
    from pairlens.fiftyone_plugin.app import open_app

    open_app(name, port)
    return Report({"dataset": name})


@step(
    "demo",
    "Run all steps on generated datasets with planted faults.",
    Option("out", "folder for the files", Path, Path("demo-out"), metavar="DIR"),
    Option("open", "open the App at the end", bool, False),
    Option("images", "images of each dataset", int, 48, metavar="K"),
    Option("seed", "seed of the drawing and the planting", int, 0, metavar="S"),
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
