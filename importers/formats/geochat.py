r"""GeoChat: the instructions it was trained on, and the records that it was evaluated with.

::

    GeoChat_Instruct.json       a list of LLaVA records
    images.zip                  unpacked, in share/softwares/kartik/GeoChat_finetuning/...
    referring.jsonl ...         GeoChat-Bench: a question and its ground truth a line

``MBZUAI/GeoChat_Instruct`` and ``MBZUAI/GeoChat-Bench`` on the hub. Boxes are written
``{<x1><y1><x2><y2>|<angle>}`` in percent of the image; the ground truth of referring records is a
list of polygons, and their images are named without an ending.
"""

from __future__ import annotations

import json
from pathlib import Path

from pairlens.importers.formats.base import FORMATS, FormatFault
from pairlens.importers.formats.example_files import (
    SIDE,
    TARGET,
    image_bytes,
    json_lines,
    picture,
    put,
)
from pairlens.importers.formats.instruction_format import instruction_format, signs_of

NAME = "geochat"
_UNPACKED = "share/softwares/kartik/GeoChat_finetuning/final_images_llava"
_FOLDERS = (_UNPACKED, f"images/{_UNPACKED}", "final_images_llava", "images/final_images_llava")
"""Where the archive of the images has them, in the folder or unpacked into one of its name."""


def parts(root: Path) -> list[Path]:
    """The archive of the images beside the records, where it is not unpacked."""
    archive = root / "images.zip"
    unpacked = any((root / name).is_dir() for name in ("images", "share", "final_images_llava"))
    return [archive] if archive.is_file() and not unpacked and NAME in signs_of(root) else []


def example(root: Path) -> Path:
    """Writes training records of four images and evaluation records of two others."""
    (left, top), _, (right, bottom), _ = (tuple(round(100 * v / SIDE) for v in p) for p in TARGET)
    trained, asked = [], []
    for number in range(1, 7):
        name = f"{number:05}.png"
        put(root / "images" / name, image_bytes(picture(number), "PNG"))
        if number > 4:
            asked.append(
                {
                    "image_id": name.removesuffix(".png"),
                    "question": f"the red house on plot {number}",
                    "ground_truth": [[[left, top], [right, top], [right, bottom], [left, bottom]]],
                    "question_id": number,
                    "type": "ref",
                    "obj_ids": [0],
                    "size_group": "large",
                }
            )
            continue
        talks = (
            ("Provide a one-sentence caption.", f"A red house stands on plot {number}."),
            (
                f"[refer] Where is <p>the house on plot {number}</p>?",
                f"{{<{left}><{top}><{right}><{bottom}>|<90>}}",
            ),
            (f"[identify] What is at {{<{left}><{top}><{right}><{bottom}>|<45>}}?", "a red house"),
        )
        for question, answer in talks:
            messages = [
                {"from": "human", "value": f"<image>\n{question}"},
                {"from": "gpt", "value": answer},
            ]
            trained.append({"id": name, "image": name, "conversations": messages})
    put(root / "GeoChat_Instruct.json", json.dumps(trained))
    put(root / "referring.jsonl", json_lines(asked))
    return root


FORMATS.add(
    NAME,
    instruction_format(
        NAME,
        title="GeoChat",
        about="GeoChat: instructions with rotated boxes, and the records of GeoChat-Bench",
        layout="GeoChat_Instruct.json, or *.jsonl files of records with 'image_id', 'question' and "
        "'ground_truth'",
        docs="[GeoChat](docs/formats/geochat.md): `GeoChat_Instruct.json`, and the `*.jsonl` of "
        "GeoChat-Bench",
        writes="GeoChat: the json and jsonl files it came in, with images",
        example=example,
        image_folders=_FOLDERS,
        parts=parts,
        faults=(
            FormatFault(
                "an image is not there",
                lambda root: (root / "images/00005.png").unlink(),
                "referring.jsonl[0]: the image 00005 is not there",
            ),
        ),
    ),
)
