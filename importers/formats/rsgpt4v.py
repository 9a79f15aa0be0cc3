"""RS-GPT4V, instructions of many tasks: captions, questions, conversations, boxes.

::

    *.json                    for training: a list of LLaVA records, or one a line
    *.jsonl                   for evaluation: a question and its answer a line
    UCM_captions/imgs/81.tif  images, by the paths that the records name

The files are recognised by their content, up to two folders deep; all of them are read. Sources:
the evaluation files in github.com/lisat-bair/LISAt_code; training files are known only from their
description.
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

NAME = "rsgpt4v"


def example(root: Path) -> Path:
    """Writes training records of six images and evaluation records of three others."""
    records = []
    for number in range(1, 10):
        name = f"scenes/imgs/{number}.tif"
        put(root / name, image_bytes(picture(number), "TIFF"))
        records.append(llava_records(name, number))
    # All captions, then all questions, then all boxes: records of an image are far apart.
    trained = [record for task in zip(*records[:6], strict=True) for record in task]
    trained = [{"id": str(number)} | record for number, record in enumerate(trained)]
    put(root / "RS-GPT4V_train.json", json.dumps(trained, indent=1))
    questions, captioned = [], []
    for number in (7, 8, 9):
        image = {"image": f"scenes/imgs/{number}.tif"}
        captions = [f"a red house on plot {number} .", "there is a house on bare ground ."]
        captioned.append(
            image | {"text": "Describe it.", "answer": captions, "category": "caption"}
        )
        for question, answer in (("Is there a house?", "yes"), ("How many houses are there?", "1")):
            questions.append(image | {"text": question, "answer": answer, "category": "presence"})
    questions = [{"question_id": number} | record for number, record in enumerate(questions)]
    put(root / "Captions.jsonl", json_lines(captioned))
    put(root / "VQA.jsonl", json_lines(questions))
    return root


FORMATS.add(
    NAME,
    instruction_format(
        NAME,
        title="RS-GPT4V",
        about="RS-GPT4V: questions and answers, captions and boxes, in json and jsonl files",
        layout="*.json or *.jsonl files of records with 'image' and 'conversations', or 'image', "
        "'text' and 'answer'",
        docs="[RS-GPT4V](docs/formats/rsgpt4v.md): `*.json` and `*.jsonl` of conversations or "
        "questions, images by path",
        writes="RS-GPT4V: the json and jsonl files it came in, with images",
        example=example,
        faults=(
            FormatFault(
                "an image is not there",
                lambda root: (root / "scenes/imgs/1.tif").unlink(),
                "RS-GPT4V_train.json[0]: the image scenes/imgs/1.tif is not there",
            ),
        ),
    ),
)
