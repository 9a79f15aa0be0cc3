"""Damages to files and folders, drawn from a seeded generator."""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit import hostile_files as hostile

Damage = Callable[[random.Random, Path], None]

BYTES = (b"\0", b"\xff", b"\xff" * 4, b"\x7f\xff\xff\xff", b"[", b"{", b'"', b"\n", b"../", b"\xf0")
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1 << 63, 1 << 80, 10**400, 1e308, -1e308, float("nan"), float("inf"), "",
    "\0", "\ud800", "../../etc/passwd", "/dev/zero", "x" * 70_000, "x" * (17 << 20),
    [], {}, [[]], [[[1]]], [[0, 0]] * 3000, {"size": [1 << 13, 1 << 13], "counts": [1 << 26]},
    {"size": [1, 1 << 40], "counts": "0"}, ["a"] * 3000,
)  # fmt: skip
LARGE = 1 << 13
MOST_BYTES = 1 << 26
"""Of a file that is damaged."""

MANY = 20_000
"""Lines that are sound and read at the pace of sound ones, up to 0.4 ms each in a table."""

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
    count = rng.choice((2_000, 200_000, 3_000_000, 40_000_000))
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


def listed(rng: random.Random, file: Path) -> None:
    """A list of lines with a very long, a cut or a repeated one, or in other characters."""
    held = file.read_bytes().splitlines(keepends=True) or [b"1 a\n"]
    at, line = rng.randrange(len(held)), rng.choice(held)
    long, many = b"x" * rng.choice((70_000, 20 << 20)), line * rng.choice((2, MANY))
    held[at] = rng.choice((long, many, line[: len(line) // 2], line.replace(b" ", b"\0"), b"\n"))
    text = b"".join(held)
    coding = rng.choice(("utf-8", "utf-8", "utf-16", "utf-8-sig", "utf-32"))
    file.write_bytes(text.decode("utf-8", "replace").encode(coding))


def tarred(rng: random.Random, file: Path) -> None:
    """More members in a tar: links, devices, names that lead out, sizes that are not there."""
    with tarfile.open(file, "a") as opened:
        stem = rng.choice(opened.getnames() or ["a"]).partition(".")[0]
        for _ in range(rng.choice((1, 3, 2000))):
            name = rng.choice((*MEMBERS, *NAMES, f"{stem}.jpg", f"{stem}.json", f"{stem}.txt"))
            member = tarfile.TarInfo(name)
            member.type = rng.choice(TAR_TYPES)
            member.linkname = rng.choice(("/etc/passwd", "/dev/zero", name, ".."))
            body = bytes(rng.choice((0, 10, 5000))) if member.isreg() else b""
            member.size = len(body)
            opened.addfile(member, io.BytesIO(body))
    if rng.random() < 0.5:
        data = bytearray(file.read_bytes())
        at = rng.randrange(0, len(data), tarfile.BLOCKSIZE)
        data[at + 124 : at + 136] = rng.choice((b"77777777777\0", b"\xff" * 12, b"-0000000001\0"))
        file.write_bytes(data)


def zipped(rng: random.Random, file: Path) -> None:
    """An ``.npz`` in the file's place, or another archive of much that takes little."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))) as made:
        for name in rng.choice((("mask.npy",), ("masks.npy", "keys.npy"), ("a", "b/../c"))):
            made.writestr(name, hostile.npy((64, 64), data=bytes(rng.choice((4096, 50_000_000)))))
    data = bytearray(stream.getvalue())
    if rng.random() < 0.6:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif rng.random() < 0.5:
        _lie(rng, data)
    file.write_bytes(data)


def lying(rng: random.Random, file: Path) -> None:
    """A zip whose directory says what is not so."""
    data = bytearray(file.read_bytes())
    _lie(rng, data)
    file.write_bytes(data)


def _lie(rng: random.Random, data: bytearray) -> None:
    """Has an entry of a zip's directory say that it is encrypted, huge, elsewhere or a link."""
    entries = [found.start() for found in re.finditer(re.escape(ENTRY), data)]
    if entries:
        at = rng.choice(entries)
        place, lie = rng.choice(LIES)
        data[at + place : at + place + len(lie)] = lie


def gone(rng: random.Random, file: Path) -> None:
    """Nothing in the file's place."""
    file.unlink()


def _is_small(file: Path) -> bool:
    """Whether a file can be read to damage it: no earlier damage made it a pipe, link or giant."""
    found = file.lstat()
    return stat.S_ISREG(found.st_mode) and found.st_size <= MOST_BYTES


MEMBERS = (
    ".unpacked", ".pairlens", "../out", "/etc/x", "a/b", "a", "images/1.tif/x", "x" * 300, "A", "-",
    "content/.unpacked", "z" * 200 + "/" + "z" * 200, "\u202e.json", "a\\b.json",
)  # fmt: skip

ENTRY = b"PK\1\2"
LIES = (
    (8, b"\1\0"), (10, b"\x63\0"), (20, b"\0" * 4), (24, b"\xff\xff\xff\xf0"), (28, b"\xff\xff"),
    (38, b"\0\0\xff\xa1"), (42, b"\0" * 4), (42, b"\xff" * 4),
)  # fmt: skip
"""Where an entry of a zip's directory says what: flags, method, sizes, length of the name, kind of
file, place of the data; and values that are none."""

TAR_TYPES = (
    tarfile.REGTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE,
    tarfile.CHRTYPE, tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE, b"?",
)  # fmt: skip

EVERYWHERE: tuple[Damage, ...] = (flip, flip, splice, splice, cut, special, renamed, sparse, gone)
IN_ARCHIVES: tuple[Damage, ...] = (flip, splice, cut, gone)
"""Damages to files that a zip holds, which has no pipes and nothing endless."""

BY_SUFFIX: dict[str, tuple[Damage, ...]] = {
    ".json": (value, value, value, deep, shapes),
    ".jsonl": (value, value, deep),
    ".png": (picture, picture), ".tif": (picture, picture), ".jpg": (picture, picture),
    ".npy": (picture,), ".npz": (zipped, zipped, picture),
    ".txt": (listed, listed, listed), ".csv": (listed, listed, listed),
    ".tsv": (listed, listed, listed), ".tar": (tarred, tarred, tarred),
}  # fmt: skip


def damage(
    rng: random.Random, root: Path, everywhere: tuple[Damage, ...] = EVERYWHERE
) -> list[str]:
    """Damages one to three files of a folder; returns what was done."""
    done = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        files = sorted(file for file in root.rglob("*") if _is_small(file))
        suffixes = sorted({f.suffix for f in files})
        if not suffixes:
            break
        suffix = rng.choice(suffixes)  # else the few lists among many images are seldom met
        file = rng.choice([f for f in files if f.suffix == suffix])
        how = rng.choice((*everywhere, *BY_SUFFIX.get(suffix, ())))
        try:
            how(rng, file)
        except (ValueError, RecursionError, tarfile.TarError):  # earlier damage
            flip(rng, file)
        done.append(f"{how.__name__} {str(file.relative_to(root))!a}")
    return done


def archive(rng: random.Random, root: Path) -> tuple[Path, list[str]]:
    """The folder as a damaged zip, and what was done."""
    done = damage(rng, root, IN_ARCHIVES) if rng.random() < 0.3 else []
    made = Path(shutil.make_archive(str(root.with_name("archive")), "zip", root))
    if rng.random() < 0.5:
        with zipfile.ZipFile(made, "a") as opened:
            for name in rng.sample(MEMBERS, 3):
                opened.writestr(name, bytes(rng.choice((0, 10, 1_000_000))))
                done.append(f"member {name[:20]!a}")
            for number in range(rng.choice((0, 0, 0, 0, 0, 70_000))):
                opened.writestr(f"more/{number}", b"")
    for _ in range(rng.choice((0, 1, 1, 3))):
        how = rng.choice((flip, splice, cut, lying))
        how(rng, made)
        done.append(how.__name__)
    return made, done
