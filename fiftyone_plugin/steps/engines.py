"""What runs the work of a step: the same options wherever there is a choice."""

from __future__ import annotations

from pairlens.fiftyone_plugin.steps.step import Option
from pairlens.importers.parallel import ENGINES

ENGINE = (
    Option("engine", "what runs the work, by default what suits the step",
           metavar="E", choices=ENGINES, in_form=False),
    Option("ray_address", "of a Ray cluster: HOST:PORT or auto; by default "
           "RAY_ADDRESS, or Ray on this machine", metavar="A", in_form=False),
    Option("workers", "work on so many at once; by default as many as there are cores, where that "
           "pays", int, metavar="W", in_form=False),
)  # fmt: skip
"""Options of a step that can go to processes or to a cluster."""
