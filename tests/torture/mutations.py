"""Damages to files and folders, drawn from a seeded generator."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit import hostile_files as hostile

Damage = Callable[[random.Random, Path], None]

BYTES = (b"\0", b"\xff", b"\xff" * 4, b"\x7f\xff\xff\xff", b"[", b"{", b'"', b"\n", b"../", b"\xf0")
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1 << 63, 1 << 80, 10**400, 1e308, -1e308, float("nan"), float("inf"), "",
    "\0", "\ud800", "../../etc/passwd", "/dev/zero", "x" * 70_000, [], {}, [[]], [[[1]]],
    [[0, 0]] * 3000, {"size": [1 << 13, 1 << 13], "counts": [1 << 26]},
    {"size": [1, 1 << 40], "counts": "0"}, ["a"] * 3000,
)  # fmt: skip
LARGE = 1 << 13
PICTURES: tuple[bytes, ...] = (
    *hostile.MASKS.values(), *hostile.IMAGES.values(),
    hostile.png(LARGE, LARGE, bytes(LARGE * (LARGE + 1))),
    hostile.tiff(LARGE, LARGE), hostile.tiff(LARGE, LARGE, bits=16),
    hostile.tiff(LARGE, LARGE // 2, bits=64), b"", b"II*\0", b"\x89PNG\r\n\x1a\n", b"GIF89a",
)  # fmt: skip
NAMES = ("\udcff", "a" * 255, " ", "..a", "CON", "a\nb", "\u202e", "-rf", "#", "a b")


def flip(rng: random.Random, file: Path) -> None:
    """Sets some bytes to others."""
    data = bytearray(file.read_bytes())
    for _ in range(rng.choice((1, 3, 20))):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    file.write_bytes(data)


def splice(rng: random.Random, file: Path) -> None:
    """Inserts, doubles, or takes out a piece."""
    data = file.read_bytes()
    at, to = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    piece = rng.choice((rng.choice(BYTES) * rng.choice((1, 50)), data[at:to] * 2, b""))
    file.write_bytes(data[:at] + piece + data[to if rng.random() < 0.5 else at :])


def cut(rng: random.Random, file: Path) -> None:
    """Truncates."""
    os.truncate(file, rng.randrange(file.stat().st_size + 1))


def deep(rng: random.Random, file: Path) -> None:
    """Lists in lists, or as many beside each other as fit."""
    count = rng.choice((2_000, 200_000, 3_000_000))
    body = rng.choice((b"[" * count, b"[" + b"[]," * count + b"[]]", b'{"a":' * count))
    file.write_bytes(rng.choice((body, b'{"samples": ' + body + b"}", b'{"text": ' + body)))


def picture(rng: random.Random, file: Path) -> None:
    """A small picture that claims much."""
    file.write_bytes(rng.choice(PICTURES))


def special(rng: random.Random, file: Path) -> None:
    """A pipe, a folder, or a link in the file's place."""
    file.unlink()
    kind = rng.choice(("pipe", "folder", "zero", "outside", "loop", "nothing", "mem", "up"))
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        (file / "x").mkdir(parents=True)
    else:
        to = {"zero": "/dev/zero", "outside": "/etc/passwd", "loop": file.name, "nothing": "none",
              "mem": "/proc/self/mem", "up": ".."}  # fmt: skip
        file.symlink_to(to[kind])


def renamed(rng: random.Random, file: Path) -> None:
    """An odd name, or that of another file."""
    target = file.with_name(f"{rng.choice(NAMES)}"[:240] + file.suffix)
    if not target.exists():
        file.rename(target)


def sparse(rng: random.Random, file: Path) -> None:
    """Zeros without end, which take no place on the disk."""
    os.truncate(file, rng.choice((1 << 20, 300 << 20, 1 << 31, 1 << 40)))


def value(rng: random.Random, file: Path) -> None:
    """Another value somewhere in the JSON that a file holds, in one piece or a line each."""
    try:
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        several = len(lines) > 1
    except ValueError:
        several = False
        lines = []
    content = lines if several else json.loads(file.read_text())
    places = list(_places(content))
    if places:
        holder, key = rng.choice(places)
        holder[key] = rng.choice(VALUES)
    text = "\n".join(map(json.dumps, content)) if several else json.dumps(content)
    file.write_text(text)


def _places(content: Any) -> Any:
    if isinstance(content, dict | list):
        for key in content if isinstance(content, dict) else range(len(content)):
            yield content, key
            yield from _places(content[key])


def shapes(rng: random.Random, file: Path) -> None:
    """Polygons without number or without end."""
    count = rng.choice((300, 20_000, 400_000))
    points = rng.choice(([[0, 0]], [[0, 0], [9000, 0], [9000, 9000]], [[1e9, -1e9]] * 5))
    shape = json.dumps({"label": "target", "points": points})
    text = json.dumps(["a"] * rng.choice((1, 5000)))
    file.write_text(f'{{"text": {text}, "shapes": [{",".join([shape] * count)}]}}')


def zipped(rng: random.Random, file: Path) -> None:
    """An ``.npz`` in the file's place, or another archive of much that takes little."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))) as made:
        for name in rng.choice((("mask.npy",), ("masks.npy", "keys.npy"), ("a", "b/../c"))):
            made.writestr(name, hostile.npy((64, 64), data=bytes(rng.choice((4096, 50_000_000)))))
    data = bytearray(stream.getvalue())
    if rng.random() < 0.7:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    file.write_bytes(data)


def gone(rng: random.Random, file: Path) -> None:
    """Nothing in the file's place."""
    file.unlink()


EVERYWHERE: tuple[Damage, ...] = (flip, flip, splice, splice, cut, special, renamed, sparse, gone)
BY_SUFFIX: dict[str, tuple[Damage, ...]] = {
    ".json": (value, value, value, deep, shapes),
    ".jsonl": (value, value, deep),
    ".png": (picture, picture), ".tif": (picture, picture), ".jpg": (picture, picture),
    ".npy": (picture,), ".npz": (zipped, picture),
}  # fmt: skip


def damage(rng: random.Random, root: Path) -> list[str]:
    """Damages one to three files of a folder; returns what was done."""
    done = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        files = sorted(f for f in root.rglob("*") if f.is_file() and not f.is_symlink())
        suffixes = sorted({f.suffix for f in files})
        if not suffixes:
            break
        suffix = rng.choice(suffixes)  # else the few lists among many images are seldom met
        file = rng.choice([f for f in files if f.suffix == suffix])
        how = rng.choice((*EVERYWHERE, *BY_SUFFIX.get(suffix, ())))
        try:
            how(rng, file)
        except (ValueError, RecursionError):  # earlier damage: no JSON to change
            flip(rng, file)
        done.append(f"{how.__name__} {str(file.relative_to(root))!a}")
    return done


MEMBERS = (
    ".unpacked", ".pairlens", "../out", "/etc/x", "a/b", "a", "images/1.tif/x", "x" * 300, "A", "",
    "content/.unpacked", "z" * 200 + "/" + "z" * 200, "\u202e.json",
)  # fmt: skip


def archive(rng: random.Random, root: Path) -> tuple[Path, list[str]]:
    """The folder as a damaged zip, and what was done."""
    made = Path(shutil.make_archive(str(root.with_name("archive")), "zip", root))
    done = []
    if rng.random() < 0.5:
        with zipfile.ZipFile(made, "a") as opened:
            for name in rng.sample(MEMBERS, 3):
                opened.writestr(name, bytes(rng.choice((0, 10, 1_000_000))))
                done.append(f"member {name[:20]!a}")
    for _ in range(rng.choice((0, 1, 1, 3))):
        how = rng.choice((flip, splice, cut))
        how(rng, made)
        done.append(how.__name__)
    return made, done
