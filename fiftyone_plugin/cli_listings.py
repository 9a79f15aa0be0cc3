"""The commands that list what there is; none of them needs FiftyOne."""

from __future__ import annotations

from argparse import Namespace

from fiftyone_plugin.reports import Report, table


def run_checks(args: Namespace) -> Report:
    """Lists the checks."""
    from fiftyone_plugin.checks import CHECKS

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


def run_formats(args: Namespace) -> Report:
    """Lists the formats."""
    from importers.formats import FORMATS

    lines, listing = [], []
    for f in FORMATS.values():
        params = {param.name: param.about for param in f.params}
        listing.append(
            {"name": f.name, "about": f.about, "layout": f.layout, "kind": f.kind, "params": params}
        )
        lines += table([(f.name, f.about)], "")
        lines += table([(f"--param {name}=", about) for name, about in params.items()])
    return Report({"formats": listing}, lines)


def run_predictors(args: Namespace) -> Report:
    """Lists the predictors."""
    from fiftyone_plugin.predictors import PREDICTORS

    lines, listing = [], []
    for spec in PREDICTORS.values():
        entry = {"name": spec.name, "about": spec.about, "params": spec.params}
        listing.append(entry | {"needs": list(spec.needs)})
        lines.append(f"{spec.name}: {spec.about}")
        lines += table([(f"--param {name}=", about) for name, about in spec.params.items()])
    return Report({"predictors": listing}, lines)
