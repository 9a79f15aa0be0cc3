"""Options for the engine of a step, which all parallel steps share."""

from __future__ import annotations

from pairlens.fiftyone_plugin.steps.step import Option
from pairlens.importers.parallel import ENGINES

ENGINE = (
    Option("engine", "where the work runs; by default where it suits the command",
           metavar="ENGINE", choices=ENGINES, in_form=False),
    Option("ray_address", "address of a Ray cluster, HOST:PORT or auto; by default "
           "RAY_ADDRESS, else Ray on this machine", metavar="ADDRESS", in_form=False),
    Option("workers", "how many work in parallel; by default one for each core, where that "
           "pays", int, metavar="COUNT", in_form=False),
)  # fmt: skip
"""Options of a step that can run in processes or on a cluster."""
