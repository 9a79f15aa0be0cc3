"""What the export tests share: copies of generated layouts, and small readers of their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiftyone as fo

from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.importers.formats import FORMATS
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.reviewing import documents

BESIDE = {"manifest.json", "decisions.jsonl", "README.md"}

Load = Callable[..., Any]


def write_sources(folder: Path) -> dict[str, Path]:
    make_gres(folder / "gres", images=5, size=256)
    make_refsegrs(folder / "refsegrs", pairs=6, size=256)
    return {name: folder / name for name in ("gres", "refsegrs")}


def loader(sources: dict[str, Path], folder: Path, name: str) -> Load:
    """Imports a copy of a layout, which ``change`` spoils first."""

    def load(
        kind: str, change: Callable[[Path], object] = lambda root: None, **options: Any
    ) -> Any:
        root = folder / "published" / kind
        shutil.copytree(sources[kind], root)
        change(root)
        import_dataset(kind, root, name, ImportOptions(**options))
        return fo.load_dataset(name)

    return load


def root_of(dataset: Any) -> Path:
    return Path(dataset.info["pairlens"]["root"])


def files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def data_files(root: Path) -> dict[str, bytes]:
    return {name: data for name, data in files(root).items() if name not in BESIDE}


def manifest_of(report: dict[str, Any]) -> dict[str, Any]:
    manifest = json.loads(Path(report["manifest"]).read_bytes())
    counts = manifest["counts"]
    if not _counts_turns(manifest):
        assert counts["records"] == counts["pairs"] + counts["not_imported"]
    assert counts["pairs"] == counts["exported"] + counts["dropped"]
    assert counts["dropped"] == len(manifest["dropped"]) == report["dropped"]
    assert counts["edited"] == len(manifest["edited"]) == report["edited"]
    assert counts["exported"] == report["exported"]
    for name in ("pairs", "exported", "dropped"):
        assert counts[name] == sum(split[name] for split in manifest["splits"].values())
    return manifest


def _counts_turns(manifest: dict[str, Any]) -> bool:
    """Whether its records are those of files in which several speak of one image."""
    source = manifest["source"]["format"]
    return manifest["format"] == source and FORMATS[source].kind == "instructions"


def read_gres(root: Path) -> list[tuple[str, str, str]]:
    """A reader of its own: split, id and query of every pair, by way of the id lists."""
    found = []
    for listed in sorted(root.glob("gres_annotations/*/*.txt")):
        for image_id in sorted(set(listed.read_text().split())):
            content = json.loads((listed.parent / f"{image_id}.json").read_text())
            assert content["shapes"][0]["points"]
            assert (root / "gres_images" / listed.stem / f"{image_id}.jpg").stat().st_size
            assert content["text"]
            found += [(listed.stem, image_id, query) for query in content["text"]]
    return sorted(found)


def read_refsegrs(root: Path) -> list[tuple[str, str, str]]:
    """A reader of its own: split, id and phrase of every pair."""
    found = []
    for listed in sorted(root.glob("output_phrase_*.txt")):
        for line in listed.read_text().splitlines():
            image_id, phrase = line.split(" ", 1)
            for kind in ("images", "masks"):
                assert (root / kind / f"{image_id}.tif").read_bytes()[:2] == b"II"
            found.append((listed.stem.removeprefix("output_phrase_"), image_id, phrase))
    return sorted(found)


READERS = {"gres": read_gres, "refsegrs": read_refsegrs}


def imported(root: Path, kind: str, name: str) -> list[tuple[str, str, str]]:
    summary = import_dataset(kind, root, name)
    assert summary.skipped_total == 0
    found = documents(fo.load_dataset(name)).values()
    return sorted(published(d) for d in found)


def published(document: Any) -> tuple[str, str, str]:
    """Split, phrase and the id that the source has: equal images get one ``image_id``."""
    image_id = document["key"].split("/")[2].split("#")[0]
    return document["tags"][0], image_id, document["phrase"]


def expected(dataset: Any, dropped: set[str]) -> list[tuple[str, str, str]]:
    found = (d for key, d in documents(dataset).items() if key not in dropped)
    return sorted(published(d) for d in found)
