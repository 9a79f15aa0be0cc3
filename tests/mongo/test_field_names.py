"""Names of fields and evaluations that a user gives: reserved ones are refused before any work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from pairlens.fiftyone_plugin import PLUGIN_NAME
from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers import field_names, fields, store
from pairlens.importers.ingest import import_dataset

MALFORMED = ("_x", "a.b", "a$b", "$x", "a b", "1st", "ä", "", "a/b", "..", "x" * 101, "a\n")
RESERVED = (
    "reading", "segmentation_edit", "segmentation", "phrase", "key", "findings", "original_mask",
    "id", "filepath", "tags", "metadata", "created_at", "pk", "frames", "groups", "media_type",
    "save", "to_dict", "field_names", "dataset", "caption", "boxes",
)  # fmt: skip


@pytest.fixture(scope="module")
def dataset(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A dataset with two predictions, one of them scored."""
    folder = tmp_path_factory.mktemp("names")
    make_gres(folder / "gres", images=4, size=64)
    import_dataset("gres", folder / "gres", "new-names")
    made = store.load("new-names")
    for name in ("m1", "m2"):
        predict(made, predictor="cues", field_name=name)
    assert main(["score", "new-names", "--pred", "m1", "--key", "m1"]) == 0
    yield made
    made.delete()


def stored(dataset: Any) -> str:
    dataset.reload()
    media = Path(store.info(dataset)["media_dir"])
    return json.dumps(
        [
            sorted(str(p) for p in media.rglob("*")),
            sorted(dataset.get_field_schema()),
            dataset.list_evaluations(),
            list(dataset._sample_collection.find()),
            store.info(dataset),
        ],
        default=str,
    )


def commands(name: str) -> list[list[str]]:
    return [
        ["predict", "new-names", "--predictor", "cues", f"--field={name}"],
        ["predict", "new-names", "--predictor", "cues", f"--field={name}", "--overwrite"],
        ["consensus", "new-names", "--fields", "m1", "m2", f"--field={name}"],
        ["score", "new-names", "--pred", "m1", f"--key={name}"],
    ]


@pytest.mark.parametrize("name", [*MALFORMED, *RESERVED])
def test_is_refused_by_name_before_any_work(dataset: Any, name: str, capsys: Any) -> None:
    before = stored(dataset)
    for command in commands(name):
        assert main(command) == 2, command
        (said,) = capsys.readouterr().err.splitlines()
        assert name == "" or repr(name[:100])[1:-1] in said, said
        assert "Error" not in said
    assert stored(dataset) == before


@pytest.mark.parametrize("name", ["m1_iou", "m1_union", "mask_stats"])
def test_a_field_of_another_making_is_refused(dataset: Any, name: str, capsys: Any) -> None:
    before = stored(dataset)
    for command in commands(name)[:3]:
        assert main(command) == 2
        assert repr(name) in capsys.readouterr().err
    assert stored(dataset) == before


def test_the_operators_refuse_them_too(dataset: Any) -> None:
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()
    uri = f"{PLUGIN_NAME}/predict_masks"
    params = {"predictor": "cues", "field": "reading"}
    with pytest.raises(Exception, match="'reading' is a name that PairLens uses itself"):
        foo.execute_operator(uri, {"dataset": dataset, "params": params})


def test_every_field_of_ours_is_known() -> None:
    """All that any kind of dataset gets, at any step."""
    known = {v for n, v in vars(fields).items() if n.isupper() and isinstance(v, str)}
    assert known == field_names.OWN
    assert {"reading", "segmentation_edit", "original_mask", "captions"} <= known


def test_names_that_a_sample_can_have_are_taken(dataset: Any) -> None:
    for name in ("cues2", "Model_7b", "x" * 100):
        predict(dataset, predictor="cues", field_name=name)
        assert dataset.has_sample_field(name)
        reloaded = fo.load_dataset("new-names")
        assert reloaded.first()[name] is None or reloaded.first()[name].mask_path
        dataset.delete_sample_field(name)
