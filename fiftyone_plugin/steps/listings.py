"""Steps that list checks, formats and predictors, without importing FiftyOne."""

from __future__ import annotations

from pairlens.fiftyone_plugin.reports import Report, table
from pairlens.fiftyone_plugin.steps.step import Watch, step


@step("checks", "List the checks.", examples=("checks",))
def list_checks(watch: Watch) -> Report:
    """Lists the checks."""
    from pairlens.fiftyone_plugin.checks import CHECKS

    listing = [
        {"name": c.name, "severity": c.severity, "needs": list(c.needs), "about": c.about,
         "params": c.params, "kinds": list(c.kinds)}
        for c in CHECKS.values()
    ]  # fmt: skip
    rows: list[tuple[str, ...]] = [
        (c.name, c.severity, "all" if len(c.kinds) == 3 else " ".join(c.kinds), c.about)
        for c in CHECKS.values()
    ]
    return Report({"checks": listing}, table(rows, indent=""))


@step("formats", "List the formats.", examples=("formats",))
def list_formats(watch: Watch) -> Report:
    """Lists the formats."""
    from pairlens.importers.formats import FORMATS

    lines, listing = [], []
    for f in FORMATS.values():
        params = {param.name: param.about for param in f.all_params}
        listing.append(
            {"name": f.name, "about": f.about, "layout": f.layout, "kind": f.kind, "params": params}
        )
        lines += [f"{f.name}  {f.about}", *_settings(params)]
    return Report({"formats": listing}, lines)


@step("predictors", "List the predictors and their parameters.", examples=("predictors",))
def list_predictors(watch: Watch) -> Report:
    """Lists the predictors."""
    from pairlens.fiftyone_plugin.predictors import PREDICTORS

    lines, listing = [], []
    for spec in PREDICTORS.values():
        entry = {"name": spec.name, "about": spec.about, "params": spec.params}
        listing.append(entry | {"needs": list(spec.needs)})
        lines += [f"{spec.name}: {spec.about}", *_settings(spec.params)]
    return Report({"predictors": listing}, lines)


def _settings(params: dict[str, str]) -> list[str]:
    return table([(f"--param {name}=", about) for name, about in params.items()])
