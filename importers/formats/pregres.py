"""PreGRES, the instructions that LISAt was trained on before GRES.

::

    *.json        about ten files: a list of LLaVA records, or one a line
    a/b.jpg       images, by the paths that the records name

The names of the files are not established, so they are found by what is in them, up to two
folders deep. Records are read as those of RS-GPT4V, whose training files have the same form:
a folder without signs of its origin can be either, and ``auto`` refuses to choose.
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

NAME = "pregres"


def example(root: Path) -> Path:
    """Writes records of five images: a list of captions, and a file of further records."""
    groups = []
    for number in range(1, 6):
        put(root / "images" / f"{number}.jpg", image_bytes(picture(number), "JPEG"))
        groups.append(llava_records(f"{number}.jpg", number))
    captions = [{"id": f"caption_{n}"} | group[0] for n, group in enumerate(groups)]
    others = [record for group in groups for record in group[1:]]
    put(root / "pregres_captions.json", json.dumps(captions))
    put(
        root / "pregres_vqa.jsonl", json_lines({"id": f"vqa_{n}"} | r for n, r in enumerate(others))
    )
    return root


FORMATS.add(
    NAME,
    instruction_format(
        NAME,
        title="PreGRES",
        about="PreGRES (LISAt): questions and answers in LLaVA records",
        layout="*.json or *.jsonl files of records with 'image' and 'conversations'",
        docs="[PreGRES](docs/formats/pregres.md): `*.json` and `*.jsonl` of conversations",
        writes="PreGRES: the json files it came in, with images",
        example=example,
        faults=(
            FormatFault(
                "an image is not there",
                lambda root: (root / "images/1.jpg").unlink(),
                "pregres_captions.json[0]: the image 1.jpg is not there",
            ),
        ),
    ),
)
