"""Instructions of anybody's: conversations about an image as LLaVA and its kin have them.

::

    {"image": "a/b.jpg", "conversations": [{"from": "human", "value": ...}, {"from": "gpt", ...}]}
    {"images": ["a/b.jpg"], "messages": [{"role": "user", "content": ...},
                                         {"role": "assistant", "content": ...}]}

Files of either form whose names and records do not belong to a published dataset.
"""

from __future__ import annotations

import json
from pathlib import Path

from pairlens.importers.formats.base import FORMATS, FormatFault
from pairlens.importers.formats.example_files import (
    image_bytes,
    json_lines,
    llava_records,
    picture,
    put,
)
from pairlens.importers.formats.instruction_format import instruction_format

NAME = "llava"


def example(root: Path) -> Path:
    """Writes records of five images: a list of those with messages, and lines of conversations."""
    chatted, talked = [], []
    for number in range(1, 6):
        name = f"imgs/{number}.jpg"
        put(root / name, image_bytes(picture(number), "JPEG"))
        first, *others = llava_records(name, number)
        roles = {"human": "user", "gpt": "assistant"}
        messages = [
            {"role": roles[m["from"]], "content": m["value"]} for m in first["conversations"]
        ]
        chatted.append({"messages": messages, "images": [name]})
        talked += others
    put(root / "chats.json", json.dumps(chatted, indent=2))
    put(root / "talks.jsonl", json_lines(talked))
    return root


FORMATS.add(
    NAME,
    instruction_format(
        NAME,
        title="LLaVA",
        about="LLaVA and its kin: conversations about an image, in records of anybody's",
        layout="*.json or *.jsonl files of records with 'image' and 'conversations', or 'images' "
        "and 'messages'",
        docs="[LLaVA](docs/formats/llava.md): `*.json` and `*.jsonl` of conversations or messages "
        "that name no published dataset",
        writes="The json and jsonl files it came in, with images",
        example=example,
        takes_unsigned=True,
        faults=(
            FormatFault(
                "an image is not there",
                lambda root: (root / "imgs/1.jpg").unlink(),
                "chats.json[0]: the image imgs/1.jpg is not there",
            ),
        ),
    ),
)
