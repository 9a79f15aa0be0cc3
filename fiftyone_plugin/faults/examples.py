"""A fault for each check that none was made for: the example that the check declares.

So a new check needs no fault of its own to be planted and measured.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pairlens.fiftyone_plugin.checks import CHECKS, Batch, Check
from pairlens.fiftyone_plugin.checks.base import EMBEDDINGS, PREDICTIONS
from pairlens.fiftyone_plugin.checks.engine import issues_in
from pairlens.fiftyone_plugin.faults.base import FAULTS, Damage, Fault, Tools, Unit, change, worded


def _replace_query(unit: Unit, tools: Tools, *, check: Check) -> Damage | None:
    loaded = worded(unit, tools)
    return change(unit, loaded, phrase=check.fires[0].phrase) if loaded else None


def _add_example(unit: Unit, tools: Tools, *, check: Check) -> Damage:
    """The example's samples under an image id of their own."""
    first = unit[0].sample
    names = {one.key: f"{first.key}~{check.name}{n}" for n, one in enumerate(check.fires)}
    added = [
        replace(
            one, key=names[one.key], split=first.split, image_id=f"{first.image_id}~{check.name}"
        )
        for one in check.fires
    ]
    found = {issue.key for issue in issues_in(Batch.of(check.fires, [check]), check)}
    faulty = tuple(name for key, name in names.items() if key in found)
    return Damage((*(one.sample for one in unit), *added), faulty)


def add_examples() -> None:
    """Registers the faults."""
    covered = {name for one in FAULTS.values() for name in one.checks}
    for check in CHECKS.values():
        if check.name in covered or not check.fires or {PREDICTIONS, EMBEDDINGS} & {*check.needs}:
            continue
        alone = check.needs == ("phrase",) and check.scope == "sample"
        plant, about = (
            (_replace_query, "The query is replaced by the example of the check.")
            if alone
            else (_add_example, "The example of the check is added.")
        )
        planted = partial(plant, check=check)
        fault = Fault(check.name, (check.name,), False, about, planted, check.kinds)
        FAULTS.add(check.name, fault)


add_examples()
