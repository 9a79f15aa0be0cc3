"""The commands that are killed, over small generated datasets."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.gres_chips import numbered
from tests.kill.trials import Scenario, Trials
from tests.layouts import PUBLISHED
from tests.xview_tiles import SIZES, write_annotations, write_geojson, write_tiles


def make_sources(trials: Trials) -> None:
    """Writes what the commands read."""
    folder = trials.source
    folder.mkdir()
    gres = make_gres(folder / "gres", images=5, size=64).root
    shutil.make_archive(str(folder / "gres"), "zip", gres)
    bare = folder / "bare"
    shutil.copytree(gres, bare)
    shutil.rmtree(bare / "gres_images")
    make_rsteller(folder / "rsteller", images=6, size=64, per_shard=3)
    trials.run(_import("gres"))
    [dataset] = trials.database["datasets"].find()
    media = Path(dataset["info"]["pairlens"]["media_dir"])
    shutil.copytree(media / "masks", folder / "masks")
    samples = trials.database[dataset["sample_collection_name"]].find(sort=[("key", 1)])
    lines = [json.dumps(_decision(sample, n)) + "\n" for n, sample in enumerate(samples)]
    (folder / "decisions.jsonl").write_text("".join(lines))


def _decision(sample: dict[str, Any], number: int) -> dict[str, Any]:
    """A line of a decisions file; every third edits the query."""
    verdict = ("keep", "drop", "fix")[number % 3]
    return {
        "key": sample["key"],
        "verdict": verdict,
        "reviewer": "Ada",
        "time": "2026-03-01T09:30:00.000Z",
        "note": f"note {number}",
        "phrase": "another query" if verdict == "fix" else None,
        "mask": None,
        "phrase_sha256": sha256(sample["phrase"].encode()).hexdigest(),
        "mask_sha256": sample["mask_stats"]["digest"],
    }


def _import(source: str, *more: str) -> tuple[str, ...]:
    return ("import", "auto", f"{{source}}/{source}", "--name", "{name}", "--workers", "1", *more)


KEY = "gres/test/lisat_gres_000000000005#0"
"""Of a pair of the generated dataset."""

IMPORTED = (_import("gres"),)
PREDICT = (
    "predict", "{name}", "--predictor", "results", "--param", "path={source}/masks", "--field",
    "theirs",
)  # fmt: skip
PREDICTED = (*IMPORTED, PREDICT)
SCORE = ("score", "{name}", "--pred", "theirs", "--key", "theirs")
FLAG = ("flag", "{name}", "--out", "{work}/findings.jsonl", "--overwrite")
APPLY = ("review", "{name}", "--apply", "{source}/decisions.jsonl")
EXPORT = ("export", "{name}", "--select", "all", "--out", "{work}/out", "--format")
JUDGE = (
    "judge", "{name}", "--judge", "vlm", "--param", "url={judge}", "--param", "model=tiny-vlm",
)  # fmt: skip
XVIEW = "{source}/xview"
IMAGES = (
    "images", "gres", "--xview", f"{XVIEW}/tiles", "--geojson", f"{XVIEW}/boxes.geojson",
    "--annotations", f"{XVIEW}/gres", "--out", "{work}/cut", "--jobs", "2",
)  # fmt: skip
REPLACE = (*_import("gres"), "--overwrite", "--keep-verdicts")

PROCESSES = ("--engine", "processes", "--workers", "2")

IN_PROCESSES = (
    Scenario(
        "import in processes",
        (*_import("gres")[:-2], *PROCESSES),
        again=(*_import("gres")[:-2], *PROCESSES, "--resume"),
    ),
    Scenario("flag in processes", (*FLAG, *PROCESSES), IMPORTED),
    Scenario("score in processes", (*SCORE, *PROCESSES), PREDICTED),
    Scenario(
        "predict in processes",
        (*PREDICT, *PROCESSES, "--batch-size", "3"),
        IMPORTED,
        (*PREDICT, *PROCESSES, "--batch-size", "3", "--resume"),
    ),
)
"""Killed by ``make torture`` alone: the workers take seconds to start."""

FIRST_FLAG = Scenario("first flag", FLAG, IMPORTED, reads=True)
"""It reads the images, and is killed there as well."""

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("import", _import("gres"), again=_import("gres", "--resume")),
    Scenario(
        "import with placeholders",
        _import("bare", "--placeholders"),
        again=_import("bare", "--placeholders", "--resume"),
    ),
    Scenario("import of shards", _import("rsteller"), again=_import("rsteller", "--resume")),
    Scenario("import of a zip", _import("gres.zip"), again=_import("gres.zip", "--resume")),
    Scenario("overwrite", REPLACE, (*IMPORTED, FLAG, APPLY)),
    Scenario("predict", PREDICT, IMPORTED, (*PREDICT, "--resume")),
    Scenario("predict anew", (*PREDICT, "--overwrite"), PREDICTED),
    Scenario("score", SCORE, PREDICTED),
    Scenario("score again", SCORE, (*PREDICTED, SCORE)),
    Scenario("flag", FLAG, IMPORTED),
    FIRST_FLAG,
    Scenario("images", IMAGES),
    Scenario("apply", APPLY, IMPORTED),
    Scenario("export", (*EXPORT, "gres"), IMPORTED),
    Scenario("export to FiftyOne", (*EXPORT, "fiftyone"), IMPORTED),
    Scenario("judge", JUDGE, IMPORTED),
    Scenario(
        "delete",
        ("delete", "{name}", "--yes"),
        (*PREDICTED, APPLY),
        ended="there is no dataset 'killed'",
    ),
)
BY_NAME = {one.name: one for one in (*SCENARIOS, *IN_PROCESSES)}

FAULTY = (
    "import", "import with placeholders", "import of shards", "import of a zip", "overwrite",
    "predict", "first flag", "images", "export", "export to FiftyOne", "judge",
)  # fmt: skip
"""Those whose disk, source or memory is taken away."""

LAYOUT_SCENARIOS = tuple(
    Scenario(f"import of {layout.id}", root, again=(*root, "--resume"))
    for layout in PUBLISHED.values()
    for root in [_import(f"layouts/{layout.id}")]
)
"""An import of each format, whose source :func:`make_layout` makes."""


def make_tiles(trials: Trials) -> None:
    """Writes what the cutting of images reads."""
    folder = Path(XVIEW.format(source=trials.source))
    if folder.exists():
        return
    write_tiles(folder / "tiles")
    write_geojson(folder / "boxes.geojson")
    chips = numbered(SIZES, "en_US.UTF-8")
    write_annotations(folder / "gres", dict(enumerate(chips[:24], 1)))


def make_layout(trials: Trials, scenario: Scenario) -> Scenario:
    """Writes what one of :data:`LAYOUT_SCENARIOS` reads, and names it."""
    [layout] = [one for one in PUBLISHED.values() if scenario.name == f"import of {one.id}"]
    folder = trials.source / "layouts" / layout.id
    if not folder.exists():
        folder.mkdir(parents=True)
        layout.make(folder)
    return scenario
