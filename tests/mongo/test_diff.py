"""Two releases of a dataset, and the decisions that still hold."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.cli import run
from pairlens.fiftyone_plugin.curation import verdicts
from pairlens.fiftyone_plugin.curation.verdicts import Verdict
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.reviewing import keys, verdicts_in

OLD, NEW, TEXTS = "diff-old", "diff-new", "diff-texts"


def name_of(key: str) -> str:
    return key.split("/")[2].split("#")[0]


@pytest.fixture(scope="module")
def releases(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Two releases. Of the later one's training images, the first has another text, the second
    another mask, the third is gone, the fourth in the test split, the fifth has another image."""
    folder = tmp_path_factory.mktemp("diff")
    first = make_gres(folder / "old", 12, seed=1, size=128).root
    second = folder / "new"
    shutil.copytree(first, second)
    files = sorted((second / "gres_annotations" / "train").glob("*.json"))
    images = second / "gres_images"
    content = json.loads(files[0].read_bytes())
    content["text"][0] = "Something else altogether."
    files[0].write_text(json.dumps(content))
    content = json.loads(files[1].read_bytes())
    content["shapes"][0]["points"] = [[1, 1], [60, 1], [60, 60]]
    files[1].write_text(json.dumps(content))
    files[2].unlink()
    files[3].rename(second / "gres_annotations" / "test" / files[3].name)
    image = images / "train" / f"{files[3].stem}.jpg"
    image.rename(images / "test" / image.name)
    shutil.copy(images / "val" / sorted(p.name for p in (images / "val").iterdir())[0],
                images / "train" / f"{files[4].stem}.jpg")  # fmt: skip
    for name, root in ((OLD, first), (NEW, second)):
        import_dataset("gres", root, name, ImportOptions(overwrite=True))
    yield dict(zip(("text", "mask", "gone", "moved", "image", "same"),
                   [file.stem for file in files], strict=False))  # fmt: skip
    for name in (OLD, NEW):
        fo.delete_dataset(name)


def of(dataset: str, image: str) -> list[str]:
    return [key for key in keys(fo.load_dataset(dataset)) if name_of(key) == image]


def test_a_release_that_changed_nothing(releases: dict[str, str], dataset_name: str) -> None:
    from pairlens.importers import store

    root = store.info(fo.load_dataset(OLD))["root"]
    import_dataset("gres", Path(root), dataset_name)
    done = run(["diff", OLD, dataset_name])
    assert (done["changed"], done["added"], done["dropped"]) == (0, 0, 0)
    assert done["same"] == done["new"]["samples"] == len(keys(fo.load_dataset(OLD)))


def test_what_a_release_changed_is_told_pair_by_pair(
    releases: dict[str, str], tmp_path: Path
) -> None:
    done = run(["diff", OLD, NEW, "--pairs", str(tmp_path / "pairs.jsonl")])
    told = {
        one["old"]: (one["new"], one["changed"]) for one in done["keys"]["changed"]
    }  # fmt: skip
    first = of(OLD, releases["text"])[0]
    wanted: dict[str, tuple[str, list[str]]] = {first: (first, ["text"])}
    wanted |= {key: (key, ["mask"]) for key in of(OLD, releases["mask"])}
    wanted |= {key: (key, ["image"]) for key in of(OLD, releases["image"])}
    moved = of(OLD, releases["moved"])
    wanted |= {key: (key.replace("/train/", "/test/"), ["split", "key"]) for key in moved}
    assert told == wanted
    assert done["keys"]["dropped"] == of(OLD, releases["gone"]) and done["added"] == 0
    lines = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_bytes().splitlines()]
    assert len(lines) == done["changed"] + done["dropped"]
    [line] = [one for one in lines if one["changed"] == ["text"]]
    assert line["new"]["text"] == "Something else altogether." != line["old"]["text"]
    masks = [one for one in lines if "mask" in one["changed"]]
    assert all(one["old"]["mask_area"] != one["new"]["mask_area"] for one in masks)


def test_decisions_that_still_hold_are_carried_over(
    releases: dict[str, str], tmp_path: Path
) -> None:
    dataset: Any = fo.load_dataset(OLD)
    chosen = {what: of(OLD, image)[0] for what, image in releases.items()}
    verdicts.set_verdicts(dataset, [Verdict(key, "drop", note="why") for key in chosen.values()])
    verdicts.set_verdicts(dataset, [Verdict(chosen["same"], "fix", "A mended query.")])
    file = tmp_path / "held.jsonl"
    done = run(["diff", OLD, NEW, "--out", str(file)])
    decisions = done["decisions"]
    assert (decisions["old"], decisions["hold"]) == (6, 2)
    assert {one["key"]: one["reason"] for one in decisions["lost"]} == {
        chosen["text"]: "it has another text",
        chosen["mask"]: "it has another mask",
        chosen["image"]: "it has another image",
        chosen["gone"]: "it is not there any more",
    }
    assert done["changes"].get("text") == 1, "the edit of a review is no change"
    applied = run(["review", NEW, "--apply", str(file)])
    assert (applied["applied"], applied["stale"], applied["unknown"]) == (2, [], [])
    status = verdicts_in(run(["review", NEW, "--status"]))
    assert (status["drop"], status["fix"]) == (1, 1)
    with pytest.raises(StateError, match="--overwrite"):
        run(["diff", OLD, NEW, "--out", str(file)])


def test_captions_of_two_releases(dataset_name: str, tmp_path: Path) -> None:
    root = make_rsteller(tmp_path / "r", images=4).root
    for name in (dataset_name, f"{dataset_name}-later"):
        import_dataset("rsteller", root, name)
    dataset: Any = fo.load_dataset(dataset_name)
    first = keys(dataset)[0]
    verdicts.judge(dataset, first, "keep", reviewer="ann")
    assert run(["diff", dataset_name, f"{dataset_name}-later"])["decisions"]["hold"] == 1
    with pytest.raises(StateError, match="do not compare"):
        make_gres(tmp_path / "g", 3, size=64)
        import_dataset("gres", tmp_path / "g", f"{dataset_name}-pairs")
        run(["diff", dataset_name, f"{dataset_name}-pairs"])
    with pytest.raises(UsageError, match="not with itself"):
        run(["diff", dataset_name, dataset_name])
