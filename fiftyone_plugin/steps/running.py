"""The installation, the App and the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fiftyone_plugin.reports import Report
from fiftyone_plugin.steps.step import Option, Watch, step


@step("doctor", "Try the database, the plugin and the media folder, and say what to do.")
def doctor(watch: Watch) -> Report:
    """Reports on the installation."""
    from fiftyone_plugin import doctor

    report = doctor.run()
    return Report(report, doctor.describe(report).splitlines(), ok=report["ok"])


@step("app", "Open the App on a dataset.")
def app(
    watch: Watch,
    *,
    name: Annotated[str, Option("the dataset", positional=True, metavar="N")],
    port: Annotated[int | None, Option("port of the App; by default FiftyOne's")] = None,
) -> Report:
    """Opens the App and stays until it is interrupted."""
    from fiftyone_plugin.app import open_app

    open_app(name, port)
    return Report({"dataset": name})


@step("demo", "See all of it work on generated datasets with planted faults.")
def demo(
    watch: Watch,
    *,
    out: Annotated[Path, Option("folder for the files", metavar="DIR")] = Path("demo-out"),
    open: Annotated[bool, Option("open the App at the end")] = False,
    images: Annotated[int, Option("images of each dataset", metavar="K")] = 48,
    seed: Annotated[int, Option("seed of the drawing and the planting", metavar="S")] = 0,
) -> Report:
    """Runs the demo."""
    from fiftyone_plugin.app import open_app
    from fiftyone_plugin.cli_report import say
    from fiftyone_plugin.demo.run import run_demo

    report = run_demo(out, images=images, seed=seed, say=say)
    if open and report.ok:
        open_app(report.data["datasets"][0]["dataset"])
    return report
