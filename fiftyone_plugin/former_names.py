"""Classes under the names that version 0.1.0 stored in databases.

FiftyOne stores the module of an evaluation's class and imports it to open the evaluation. Those
modules were found as ``fiftyone_plugin``, a name that others may have: this finder comes last, and
takes the name only where such an evaluation is opened and nobody else has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

TOP = "fiftyone_plugin"
STORED = (f"{TOP}.metrics.evaluation", f"{TOP}.metrics.evaluation_results")


class FormerNames(MetaPathFinder, Loader):
    """Finds the modules of :data:`STORED`, each with the names of its successor."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A module of :data:`STORED` or a package that one is in."""
        if fullname in STORED:
            return ModuleSpec(fullname, self)
        if fullname in (TOP, f"{TOP}.metrics"):
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Copies the names of the successor."""
        if module.__name__ in STORED:
            successor = import_module(f"pairlens.{module.__name__}")
            for name, value in vars(successor).items():
                if not name.startswith("__"):
                    setattr(module, name, value)
