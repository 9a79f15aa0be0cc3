"""Writes generated scenes as RS-GPT4V and PreGRES: questions, answers, captions and boxes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.demo.layouts import (
    GeneratedLayout,
    encode_jpeg,
    split_names,
    write_tiff,
)
from pairlens.fiftyone_plugin.demo.phrases import PLACES, QueryTarget, object_targets
from pairlens.fiftyone_plugin.demo.prose import (
    COUNTED_AS,
    ZONES,
    choose_lead,
    count_sentences,
    counted,
    cover_sentences,
    ground_sentences,
    kinds_in,
    lead_sentences,
    listed,
    noun_of,
    paragraph,
    with_article,
    zone_sentences,
)
from pairlens.fiftyone_plugin.demo.scenes import Scene, draw_scenes, extent_of
from pairlens.importers.formats.example_files import json_lines, put
from pairlens.importers.records import make_image_key

CAPTION = "Provide a one-sentence caption for this remote sensing image."
BRIEF = "\nAnswer the question using a single word or phrase."
_KINDS = ("house", "building", "car", "truck", "bus", "ship", "airplane", "tank", "pond")
_AREAS = {"suburb": "urban", "industry": "urban", "farmland": "rural"}
_DETAILS = (
    "Describe the image in detail.",
    "What are the key elements in this picture?",
    "Can you tell me what is to be seen here?",
)
_ROLES = {"human": "user", "gpt": "assistant"}
_BOXES = 2
"""Things of an image, at the most, whose boxes are asked for."""

JSONRecord = dict[str, Any]
QuestionAnswer = tuple[str, str]
"""A question and its answer."""
Talk = list[QuestionAnswer]


def make_rsgpt4v(root: Path, images: int = 12, seed: int = 0, size: int = 256) -> GeneratedLayout:
    """Draws and writes an RS-GPT4V layout."""
    return write_rsgpt4v(root, draw_scenes(images, seed, size), split_names(images), seed)


def write_rsgpt4v(
    root: Path, scenes: Iterable[Scene], splits: Sequence[str], seed: int = 0
) -> GeneratedLayout:
    """Writes the RS-GPT4V layout, an image of each scene.

    ::

        RS-GPT4V_train.json                 a list of LLaVA records, those of an image apart
        Captions.jsonl  VQA.jsonl           evaluation records
        scenes/imgs/<n>.tif

    What elsewhere is the split ``val`` belongs to the training data, as RS-GPT4V has none.

    Args:
        root: a folder, made where it is not there
        scenes: drawn one after the other
        splits: the split of each scene
        seed: seed of the choice of words
    """
    rng = np.random.default_rng([seed, 3])
    trained: list[list[JSONRecord]] = []
    captions: list[JSONRecord] = []
    answers: list[JSONRecord] = []
    keys: dict[str, list[str]] = {"train": [], "test": []}
    for number, (scene, split) in enumerate(zip(scenes, splits, strict=True), 1):
        name = f"scenes/imgs/{number}.tif"
        write_tiff(root / name, scene.image)
        if split == "test":
            captions.append(_evaluation(name, CAPTION, captions_of(scene, rng), "caption"))
            answers += [_evaluation(name, q + BRIEF, a, c) for q, a, c in questions_of(scene, rng)]
            answers += [_evaluation(name, q, a, c) for q, a, c in talk_about(scene, rng)]
        else:
            trained.append(_training(name, scene, rng))
        keys["test" if split == "test" else "train"].append(name)
    # All captions, then all questions, then all boxes: those of one image lie far apart.
    records = [group[task] for task in range(3) for group in trained if task < len(group)]
    records = [{"id": str(number)} | record for number, record in enumerate(records)]
    put(root / "RS-GPT4V_train.json", json.dumps(records, indent=1))
    put(root / "Captions.jsonl", json_lines(_numbered(captions)))
    put(root / "VQA.jsonl", json_lines(_numbered(answers)))
    found = [make_image_key("rsgpt4v", split, n) for split, names in keys.items() for n in names]
    return GeneratedLayout(root, "rsgpt4v", tuple(found))


def make_pregres(root: Path, images: int = 12, seed: int = 0, size: int = 256) -> GeneratedLayout:
    """Draws and writes a PreGRES layout: a list, and a file with a record a line.

    ::

        pregres_captions.json   pregres_vqa.jsonl   images/<n>.jpg
    """
    rng = np.random.default_rng([seed, 4])
    groups, names = [], []
    for number, scene in enumerate(draw_scenes(images, seed, size), 1):
        names.append(f"{number}.jpg")
        path = root / "images" / names[-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_jpeg(scene.image))
        groups.append(_training(names[-1], scene, rng))
    listed = [{"id": f"caption_{i}"} | group[0] for i, group in enumerate(groups)]
    rest = [{"id": f"vqa_{i}"} | r for i, r in enumerate(r for g in groups for r in g[1:])]
    put(root / "pregres_captions.json", json.dumps(listed))
    put(root / "pregres_vqa.jsonl", json_lines(rest))
    keys = tuple(make_image_key("pregres", "train", name) for name in names)
    return GeneratedLayout(root, "pregres", keys)


def captions_of(scene: Scene, rng: Generator) -> list[str]:
    """Short sentences that are true of a scene, three to five, with a blank before the stop."""
    zone = ZONES[scene.theme][int(rng.integers(3))]
    things = counted(scene)
    told = [f"{zone} with {listed(things[:2])}", f"{ground_sentences(scene, rng)[0]}"]
    if lead := choose_lead(scene, rng):
        told.append(lead_sentences(lead, rng)[0])
    told += cover_sentences(scene, rng)[:1]
    if len(things) > 2:
        told.append(f"in {zone} there are {listed(things[:3])}")
    return [f"{told[n][0].lower()}{told[n][1:]} ." for n in rng.permutation(len(told))]


def questions_of(scene: Scene, rng: Generator) -> list[tuple[str, str, str]]:
    """Questions about a scene with their answers and categories.

    How many of the commonest kind, whether there is such a thing, whether there is a thing of
    another kind, which of two kinds is more common, where a scene is either whether it is rural
    or urban.
    """
    counts = kinds_in(scene)
    (kind, count), *rest = counts.most_common()
    absent = [k for k in _KINDS if k not in counts and COUNTED_AS.get(k) not in counts]
    missing = absent[int(rng.integers(len(absent)))]
    asked = [
        (f"What is the number of {noun_of(kind, 2)}?", str(count), "count"),
        (f"Is there {with_article(noun_of(kind))}?", "yes", "presence"),
        (f"Is there {with_article(noun_of(missing))}?", "no", "presence"),
    ]
    if rest:
        other, fewer = rest[int(rng.integers(len(rest)))]
        turned = bool(rng.integers(2))
        pair = (other, kind) if turned else (kind, other)
        more = count > fewer and not turned
        names = [noun_of(each, 2) for each in pair]
        question = f"Are there more {names[0]} than {names[1]}?"
        asked.append((question, "yes" if more else "no", "comp"))
    if scene.theme in _AREAS:
        question = "Is it a rural or an urban area?"
        asked.append((question, _AREAS[scene.theme], "rural_urban"))
    return asked


def talk_about(scene: Scene, rng: Generator) -> list[tuple[str, str, str]]:
    """Questions that are answered in sentences, with their answers and categories."""
    told = [zone_sentences(scene, rng)[0], *cover_sentences(scene, rng)[:1]]
    told += [*count_sentences(scene, rng)[:1], ground_sentences(scene, rng)[0]]
    asked = [(_DETAILS[int(rng.integers(len(_DETAILS)))], paragraph(told), "detail")]
    lead = choose_lead(scene, rng)
    if lead is not None and lead.place:
        place = PLACES[lead.place][0]
        question = f"What can be seen {place} of the image?"
        asked.append((question, paragraph(lead_sentences(lead, rng)[:1]), "conv_complex"))
    return asked


def _training(image: str, scene: Scene, rng: Generator) -> list[JSONRecord]:
    """A caption, a conversation and, where something can be named alone, boxes."""
    talks = talks_of(scene, rng, grounding)
    return [{"image": image, "conversations": talk_messages(talk)} for talk in talks]


def talks_of(
    scene: Scene, rng: Generator, ground: Callable[[QueryTarget], QuestionAnswer]
) -> list[Talk]:
    """Questions and answers of a caption, of a conversation and, where there are any, of boxes.

    Args:
        scene: the scene of the conversations
        rng: random numbers for the choice of words
        ground: asks for the box of a target, and answers
    """
    asked = [(question, answer) for question, answer, _ in questions_of(scene, rng)]
    told = [(question, answer) for question, answer, _ in talk_about(scene, rng)]
    talks = [[(CAPTION, captions_of(scene, rng)[0])], [*told, *asked]]
    targets = object_targets(scene, rng)
    if targets:
        talks.append([ground(target) for target in targets[:_BOXES]])
    return talks


def grounding(target: QueryTarget) -> QuestionAnswer:
    """Asks for the box of a target, which is answered in shares of the image."""
    extent = extent_of(target.mask)
    corners = ", ".join(f"{share:.3f}" for share in extent[:4])
    return f"Give the bounding box of <p>{target.phrase}</p>.", f"[{corners}]"


def messages_of(talk: Sequence[tuple[str, Sequence[str]]]) -> list[dict[str, str]]:
    """The messages of a conversation: questions, each with its answers.

    A question may be ``""`` where nobody asked, and have no answer.
    """
    messages = []
    for question, answers in talk:
        if question:
            messages.append({"from": "human", "value": question})
        messages += [{"from": "gpt", "value": answer} for answer in answers]
    return messages


def with_roles(messages: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Messages in the form of a chat."""
    return [{"role": _ROLES[m["from"]], "content": m["value"]} for m in messages]


def caption_record(image: str, captions: Sequence[str], *, listed: bool) -> JSONRecord:
    """A record that tells captions of an image, for evaluation (all) or training (one)."""
    if listed:
        return _evaluation(image, CAPTION, list(captions), "caption")
    return {"image": image, "conversations": talk_messages([(CAPTION, captions[0])])}


def talk_messages(talk: Talk) -> list[dict[str, str]]:
    """The messages of a record, whose first question shows the image."""
    asked = [("" if number else "<image>\n") + q for number, (q, _) in enumerate(talk)]
    return messages_of([(q, (answer,)) for q, (_, answer) in zip(asked, talk, strict=True)])


def _evaluation(image: str, question: str, answer: str | list[str], category: str) -> JSONRecord:
    return {"image": image, "text": question, "answer": answer, "category": category}


def _numbered(records: list[JSONRecord]) -> list[JSONRecord]:
    return [{"question_id": number} | record for number, record in enumerate(records)]
