"""Steps that list, describe and delete datasets."""

from __future__ import annotations

from pairlens.fiftyone_plugin import inventory_reports
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import Option, Watch, step
from pairlens.importers.errors import StateError

_NAME = Option("name", "the dataset", required=True, positional=True, metavar="DATASET")


@step(
    "list",
    "List the datasets that PairLens imported, with their size.",
    examples=("list",),
    database=True,
)
def list_datasets(watch: Watch) -> Report:
    """Lists the datasets that PairLens imported."""
    from pairlens.fiftyone_plugin.curation import inventory
    from pairlens.importers import store

    found = [inventory.of_dataset(store.load(name), uses=False) for name in inventory.names()]
    return inventory_reports.of_list(found)


@step(
    "info",
    "Describe a dataset: source, splits, verdicts, predictions, scorings, media.",
    _NAME,
    examples=("info gres",),
)
def describe_dataset(watch: Watch, *, name: str) -> Report:
    """Describes a dataset."""
    from pairlens.fiftyone_plugin.curation import inventory
    from pairlens.importers import store

    return inventory_reports.of_info(inventory.of_dataset(store.load(name)))


@step(
    "delete",
    "Delete a dataset with the media, sessions and log that PairLens made for it.",
    _NAME,
    Option("dry_run", "only show what would be deleted", bool, False),
    Option("yes", "do not ask; required in scripts, where the dataset has verdicts or labels "
           "that PairLens did not make", bool, False),
    examples=("delete gres --dry-run", "delete demo-gres --yes"),
)  # fmt: skip
def delete_dataset(watch: Watch, *, name: str, dry_run: bool, yes: bool) -> Report:
    """Deletes a dataset and what was made for it."""
    from pairlens.fiftyone_plugin.curation import inventory

    dataset = inventory.to_delete(name)
    found = inventory.of_dataset(dataset)
    if dry_run:
        return inventory_reports.of_delete(found, [], deleted=False)
    agreed = yes or watch.confirm([*inventory_reports.shown(found), f"Delete all this of {name}?"])
    if agreed is None and (lost := found.irreplaceable):
        raise StateError(
            f"{name} has {' and '.join(lost)}, which no import brings back (pairlens review {name} "
            "--dump FILE keeps verdicts); give --yes to delete it"
        )
    if agreed is False:
        raise StateError(f"nothing was deleted of {name}")
    return inventory_reports.of_delete(found, inventory.delete(dataset), deleted=True)
