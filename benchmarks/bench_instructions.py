"""Time and memory to read a large file of instructions image by image, beside ``json.load``.

The plain way loads the list and groups its records by image. Ours cuts the file into records,
indexes them on disk and reads them image by image; ``ijson``, where it is installed, only
iterates over the records. Each runs in a process of its own, so that peaks do not mix.

    make bench                                          # all benchmarks
    .venv/bin/python benchmarks/bench_instructions.py --megabytes 100 1000
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_MEASURE = """
import resource, sys, time
from pathlib import Path
root = Path(sys.argv[1])
{imports}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.process_time()
{work}
seconds = time.process_time() - started
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(images, turns, seconds, (after - before) / 1024)
"""
WAYS = {
    "pairlens": (
        "from pairlens.importers.formats import FORMATS",
        """
images = turns = 0
for record in FORMATS["pregres"].read(root):
    images, turns = images + 1, turns + len(record.turns)
""",
    ),
    "json.load": (
        "import json",
        """
found = {}
for record in json.load(open(root / "pregres.json", "rb")):
    found.setdefault(record["image"], []).extend(record["conversations"][1::2])
images, turns = len(found), sum(map(len, found.values()))
""",
    ),
    "ijson": (
        "import ijson",
        """
images, turns = 0, 0
for record in ijson.items(open(root / "pregres.json", "rb"), "item"):
    turns += len(record["conversations"]) // 2
""",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, nargs="+", default=[10, 40])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pairlens-bench-") as folder:
        print(json.dumps([run(Path(folder), size) for size in args.megabytes], indent=2))


def run(folder: Path, megabytes: int) -> dict[str, Any]:
    """Measures each way on a file of that size and sets ours against the plain one."""
    root = folder / str(megabytes)
    records = write(root, megabytes << 20)
    ways = [way for way in WAYS if way != "ijson" or find_spec("ijson")]
    measured = {way: measure(way, root) for way in ways}
    ours, plain = measured["pairlens"], measured["json.load"]
    assert (ours["images"], ours["turns"]) == (plain["images"], plain["turns"])
    (root / "pregres.json").unlink()
    return {
        "megabytes": megabytes,
        "records": records,
        **measured,
        "time_ratio": round(ours["seconds"] / plain["seconds"], 2),
        "memory_ratio": round(ours["peak_megabytes"] / plain["peak_megabytes"], 3),
    }


def write(root: Path, size: int) -> int:
    """Writes a list of LLaVA records of about that many bytes, ten of each image, far apart."""
    root.mkdir()
    rng = random.Random(0)
    words = list(map("word{}".format, range(12)))
    images = max(1, size // 6000)
    written = records = 0
    with open(root / "pregres.json", "w", encoding="utf-8") as stream:
        stream.write("[")
        while written < size:
            answers = [" ".join(rng.choices(words, k=30)), "[0.12, 0.31, 0.55, 0.76]"]
            text = json.dumps(_record(records, f"scenes/{records % images}.jpg", answers))
            written += stream.write((", " if records else "") + text)
            records += 1
        stream.write("]")
    return records


def _record(number: int, image: str, answers: list[str]) -> dict[str, Any]:
    questions = ["<image>\nDescribe the scene.", "Where is <p>the ship</p>?"]
    said = [
        {"from": who, "value": text}
        for question, answer in zip(questions, answers, strict=True)
        for who, text in (("human", question), ("gpt", answer))
    ]
    return {"id": str(number), "image": image, "conversations": said}


def measure(way: str, root: Path) -> dict[str, Any]:
    """Processor seconds and peak memory beyond the imports, in a fresh process."""
    imports, work = WAYS[way]
    program = _MEASURE.format(imports=imports, work=work)
    command = [sys.executable, "-c", program, str(root)]
    done = subprocess.run(
        command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True
    )
    images, turns, seconds, peak = done.stdout.split()
    return {
        "images": int(images),
        "turns": int(turns),
        "seconds": round(float(seconds), 2),
        "peak_megabytes": round(float(peak), 1),
    }


if __name__ == "__main__":
    main()
