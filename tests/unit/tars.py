"""Shards for tests, whole and hostile, written with Python's own tarfile."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

NAIP_NAME = "m_4107501_ne_18_060_20221108"


def jpeg(seed: int = 0, side: int = 16) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), np.uint8)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def annotation(patch_id: Any = 726, *texts: str, name: str = NAIP_NAME, **extra: Any) -> bytes:
    items: list[dict[str, Any]] = [
        {"task": 3 if number else 1, "text": text, "annotator": "mistralai/Mistral-Nemo"}
        for number, text in enumerate(texts or ("A field.", "A field, again."))
    ]
    metadata = {"patch_id": patch_id, "image_name": name}
    return json.dumps({"metadata": metadata, "annotations": items} | extra).encode()


def sample(patch_id: int, *texts: str, **options: Any) -> list[tuple[str, bytes]]:
    return [
        (f"{patch_id}.jpg", jpeg(patch_id)),
        (f"{patch_id}.json", annotation(patch_id, *texts, **options)),
    ]


Entry = tuple[str, bytes] | tarfile.TarInfo


def tar(entries: Iterable[Entry], form: int = tarfile.USTAR_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form, encoding="utf-8") as archive:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
                continue
            info = tarfile.TarInfo(entry[0])
            info.size, info.mtime, info.uname = len(entry[1]), 1_700_000_000, "curator"
            archive.addfile(info, io.BytesIO(entry[1]))
    return stream.getvalue()


def put(root: Path, entries: Iterable[Entry], name: str = "train-000000.tar") -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(tar(entries))
    return file


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def patched(data: bytes, at: int, field: bytes) -> bytes:
    """An archive with other bytes in the header that lies within, its checksum made right."""
    block = at // 512 * 512
    header = bytearray(data[block : block + 512])
    header[at - block : at - block + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return data[:block] + bytes(header) + data[block + 512 :]
