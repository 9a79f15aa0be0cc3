"""Tables in the database: from a CSV to a cleaned CSV, and what is remembered of a table."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest

from pairlens.fiftyone_plugin import cli
from pairlens.importers import fields
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats.example_files import image_bytes, put
from tests import tables
from tests.hub_server import serve_hub
from tests.mongo.reviewing import documents

HEAD = "image,mask,phrase,note\n"
LEFT = 'images/0.png,masks/0.png,"the house, at the left",1\n'
RIGHT = "images/1.png,masks/1.png,the house in the bottom-right corner,2\n"
RED = "images/2.png,masks/2.png,a red house,3\n"


def run(*args: object) -> dict[str, Any]:
    return cli.run([str(one) for one in args])


def test_from_a_csv_to_a_cleaned_csv(dataset_name: str, tmp_path: Path) -> None:
    tables.write_files(tmp_path / "own")
    corner = np.zeros((64, 64), np.uint8)
    corner[:16, :16] = 255
    put(tmp_path / "own" / "masks" / "1.png", image_bytes(corner, "PNG"))
    put(tmp_path / "own" / "pairs.csv", HEAD + LEFT + RIGHT + RED)
    done = run("import", "table", tmp_path / "own" / "pairs.csv", "--name", dataset_name)
    assert (done["samples"], done["skipped_total"]) == (3, 0)
    command = "--param image=image --param mask=mask --param phrase=phrase"
    assert any(f"--name {dataset_name} {command}" in note for note in done["notes"])
    run("flag", dataset_name)
    found = documents(fo.load_dataset(dataset_name))["table/train/images/1.png#3"][fields.FINDINGS]
    assert "position_conflict" in [one["label"] for one in found["classifications"]]
    edit = ("--set", "table/train/images/2.png#4", "fix", "--phrase", 'a "red", old house')
    run("review", dataset_name, *edit)
    out = tmp_path / "out"
    done = run("export", dataset_name, "--format", "table", "--select", "clean", "--out", out)
    assert (done["exported"], done["dropped"], done["edited"]) == (2, 1, 1)
    edited = RED.replace("a red house", '"a ""red"", old house"')
    assert (out / "pairs.csv").read_text() == HEAD + LEFT + edited
    assert sorted(p.name for p in (out / "images").iterdir()) == ["0.png", "2.png"]
    assert run("import", "table", out, "--name", f"{dataset_name}-2")["samples"] == 2
    fo.delete_dataset(f"{dataset_name}-2")


def test_masks_that_are_not_there_are_told_when_they_are_imported(
    dataset_name: str, tmp_path: Path
) -> None:
    tables.write_files(tmp_path / "own")
    put(tmp_path / "own" / "pairs.csv", HEAD + LEFT + RIGHT + RED.replace("masks/2", "masks/no"))
    done = run("import", "table", tmp_path / "own" / "pairs.csv", "--name", dataset_name)
    assert done["samples"] == 3
    assert (
        "the masks of 1 pairs cannot be read, table/train/images/2.png#4 the first "
        "(no.png does not exist); the check mask_unreadable has all"
    ) in done["notes"]


def test_a_dataset_remembers_how_its_table_is_read(dataset_name: str, tmp_path: Path) -> None:
    tables.write_files(tmp_path / "own")
    put(tmp_path / "own" / "t.csv", "a,b,c,d\n" + LEFT + RIGHT)
    given = ["--param", "image=a", "--param", "mask=b", "--param", "phrase=c", "--param", "key=d"]
    base = ("import", "table", tmp_path / "own" / "t.csv", "--name", dataset_name)
    assert run(*base, *given, "--limit", 1)["samples"] == 1
    assert run(*base, "--resume")["samples"] == 2
    with pytest.raises(StateError, match=r"was begun with --param image=a .* key is another now"):
        run(*base, "--resume", "--param", "key=c")
    assert documents(fo.load_dataset(dataset_name)).keys() == {
        "table/train/images/0.png#1",
        "table/train/images/1.png#2",
    }
    shutil.move(tmp_path / "own", tmp_path / "moved")
    run("relocate", dataset_name, "--source", tmp_path / "moved" / "t.csv")
    paths = [doc["filepath"] for doc in documents(fo.load_dataset(dataset_name)).values()]
    assert all(path.startswith(f"{tmp_path}/moved/") for path in paths)
    run("export", dataset_name, "--format", "table", "--select", "all", "--out", tmp_path / "out")
    assert (tmp_path / "out" / "t.csv").read_bytes() == (tmp_path / "moved/t.csv").read_bytes()
    with pytest.raises(UsageError, match="which column has the image"):
        put(tmp_path / "other" / "t.csv", "a,b\nx,y\n")
        run("import", "table", tmp_path / "other" / "t.csv", "--name", f"{dataset_name}-other")
    assert not fo.dataset_exists(f"{dataset_name}-other")


def test_texts_are_reviewed_and_exported(dataset_name: str, tmp_path: Path) -> None:
    tables.write_files(tmp_path / "c", masks=False)
    put(tmp_path / "c" / "c.csv", tables.csv_of(tables.dumped(tables.captions())))
    done = run("import", "table", tmp_path / "c", "--name", dataset_name)
    assert done["samples"] == len(tables.SPLIT)
    run("flag", dataset_name)
    key = "table/train/images/0.png#2"
    run("review", dataset_name, "--set", key, "fix", "--phrase", "a barn")
    run("review", dataset_name, "--set", "table/test/images/3.png#5", "drop")
    out = ("--select", "clean", "--out", tmp_path / "out")
    done = run("export", dataset_name, "--format", "table", *out)
    assert (done["exported"], done["edited"], done["dropped"]) == (3, 1, 1)
    rows = tables.captions()[:-1]
    rows[0]["captions"][0] = "a barn"
    assert (tmp_path / "out/c.csv").read_text() == tables.csv_of(tables.dumped(rows))


def test_conversations_of_a_parquet_are_exported(dataset_name: str, tmp_path: Path) -> None:
    from pyarrow import parquet

    tables.write_files(tmp_path / "c", masks=False)
    chats = tables.talks(who="role", what="content")
    tables.write_parquet(tmp_path / "c" / "c.parquet", chats)
    run("import", "table", tmp_path / "c", "--name", dataset_name)
    dataset: Any = fo.load_dataset(dataset_name)
    sample = dataset.match({"key": "table/train/images/1.png#2"}).first()
    sample[fields.CONVERSATIONS][0]["question"] = "What stands here?"
    sample.save()
    dataset.delete_samples(dataset.match({"key": "table/train/images/0.png#1"}))
    run("export", dataset_name, "--format", "table", "--select", "all", "--out", tmp_path / "o")
    chats[1]["chat"][0]["content"] = "What stands here?"
    assert parquet.read_table(tmp_path / "o" / "c.parquet").to_pylist() == chats[1:]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository in the layout of the ``datasets`` library, on a hub on loopback."""
    folder = tmp_path / "published"
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    put(folder / "README.md", "---\nlicense: cc-by-4.0\n---\n")
    rows = [{k: v for k, v in row.items() if k != "split"} for row in tables.rows_of()]
    for number, split in enumerate(("train", "train", "validation", "test")):
        part = tables.inline(rows[2 * number : 2 * number + 2])
        name = f"data/{split}-{number % 2:05}-of-{2 if split == 'train' else 1:05}.parquet"
        tables.write_parquet(folder / name, part)
    with serve_hub() as server:
        server.folders["owner/refs"] = folder
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield folder


def test_a_repository_with_images_in_its_cells(
    hub: Path, dataset_name: str, tmp_path: Path
) -> None:
    address = "hf://datasets/owner/refs"
    done = run("import", "table", address, "--name", dataset_name)
    assert done["splits"] == {"train": 4, "val": 2, "test": 2}
    # Two queries of an image are two rows, whose images are the same.
    assert (done["images"], done["skipped_total"]) == (4, 0)
    run("flag", dataset_name)
    first = min(documents(fo.load_dataset(dataset_name)))
    run("review", dataset_name, "--set", first, "drop")
    out = ("--select", "clean", "--out", tmp_path / "out")
    done = run("export", dataset_name, "--format", "table", *out)
    copied = {f.name for f in (tmp_path / "out" / "data").iterdir()}
    assert copied == {f.name for f in (hub / "data").iterdir()}
    again = run("import", "table", tmp_path / "out", "--name", f"{dataset_name}-2")
    assert again["samples"] == done["exported"] < 8
    fo.delete_dataset(f"{dataset_name}-2")
