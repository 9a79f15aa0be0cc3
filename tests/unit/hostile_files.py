"""Small files that claim much, written byte by byte, and what reading them costs."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

HUGE = 100_000


def png(width: int, height: int, data: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    image = chunk(b"IDAT", zlib.compress(data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + image + chunk(b"IEND", b"")


def tiff(width: int, height: int, bits: int = 8, bands: int = 1) -> bytes:
    """A little-endian TIFF of one strip of a hundred zeros, whatever it claims."""
    photometric = 1
    entries = [
        (256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, 1), (262, 3, photometric),
        (273, 4, 200), (277, 3, bands), (278, 4, height), (279, 4, 100), (284, 3, 1),
    ]  # fmt: skip
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + struct.pack("<I", 0)
    return head.ljust(200, b"\0") + bytes(100)


def npy(shape: tuple[int, ...], dtype: str = "|u1", version: int = 1, data: bytes = b"\1") -> bytes:
    head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape!r}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(head))
    return b"\x93NUMPY" + bytes([version, 0]) + length + head + data


def npz(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return stream.getvalue()


def npz_claiming(size: int) -> bytes:
    """An ``.npz`` whose directory says that its member unpacks to so many bytes."""
    data = bytearray(npz(a=npy((8, 8), data=bytes(64))))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", size)
    return bytes(data)


def pickled() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return stream.getvalue()


MASKS: dict[str, bytes] = {
    "claims.png": png(HUGE, HUGE),
    "wide.png": png(1 << 30, 1),
    "claims.tif": tiff(HUGE, HUGE),
    "above.tif": tiff(10_001, 10_000),
    "claims.npy": npy((HUGE, HUGE)),
    "overflow.npy": npy((1 << 40, 1 << 40)),
    "negative.npy": npy((-1, 4)),
    "items.npy": npy((4, 4), "<U1000000"),
    "many_items.npy": npy((10_000, 9_999), "<U1000000"),
    "second.npy": npy((HUGE, HUGE), version=2),
    "header.npy": b"\x93NUMPY\2\0" + struct.pack("<I", 0xFFFFFFF0) + b"{",
    "pickled.npy": pickled(),
    "pickled.npz": npz(a=pickled()),
    "claims.npz": npz(a=npy((HUGE, HUGE))),
    "member.npz": npz_claiming(0xFFFFFF00),
}

IMAGES: dict[str, bytes] = {
    "claims.png": png(HUGE, HUGE),
    "above.png": png(10_001, 10_000),
    "claims.tif": tiff(HUGE, HUGE),
    "deep.tif": tiff(HUGE, HUGE, bits=64),
    "bands.tif": tiff(9_000, 9_000, bits=64, bands=65_535),
    "nothing.tif": tiff(0, 0),
}

_PROGRAM = """
import resource, sys
from pathlib import Path
from {module} import {function} as read
from pairlens.importers.errors import PairLensError
read_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in map(Path, sys.argv[1:]):
    try:
        read(path)
    except PairLensError:
        continue
    sys.exit(f"{{path.name}} was read")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - read_before) // 1024)
"""


def memory_of_refusing(function: Callable[..., object], files: list[Path], root: Path) -> int:
    """Megabytes that a fresh process needs beyond its imports to refuse all of the files."""
    program = _PROGRAM.format(module=function.__module__, function=function.__name__)
    command = [sys.executable, "-W", "ignore", "-c", program, *map(str, files)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


_PEAK = """
import resource, sys
from pathlib import Path
from {module} import {function} as read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read(Path(sys.argv[1]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def memory_of(function: Callable[..., object], file: Path) -> int:
    """Megabytes that a fresh process needs beyond its imports to read a file."""
    program = _PEAK.format(module=function.__module__, function=function.__name__)
    command = [sys.executable, "-W", "ignore", "-c", program, str(file)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
