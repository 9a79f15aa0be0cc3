"""Judges with models on this machine: small ones of the real classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from PIL import Image

from pairlens.fiftyone_plugin.checks.base import Sample
from pairlens.fiftyone_plugin.checks.judgements import Judgement
from pairlens.fiftyone_plugin.judging import JUDGES
from pairlens.fiftyone_plugin.judging.base import Question
from pairlens.fiftyone_plugin.judging.budget import Budget
from pairlens.importers.errors import LayoutError
from pairlens.importers.mask_stats import measure
from pairlens.importers.masks import Mask
from tests.models import tiny

ANSWER = (
    '{"why": "It is ', "blue, not red.", '", "shows": "no", ', '"only": "yes", "complete": "yes", ',
    '"wrong_words": ["red"], ', '"confidence": 80}',
)  # fmt: skip
COLORS = ((200, 40, 40), (40, 60, 200), (60, 160, 70))
NAMES = ("red", "blue", "green")


def question(folder: Path, number: int, phrase: str, color: tuple[int, int, int]) -> Question:
    path = folder / f"{number}.png"
    rng = np.random.default_rng(number)
    rgb = rng.integers(90, 110, (60, 80, 3), dtype=np.uint8)
    mask = np.zeros((60, 80), np.uint8)
    x, y = int(rng.integers(5, 50)), int(rng.integers(5, 35))
    mask[y : y + 12, x : x + 18] = 1
    rgb[mask == 1] = color
    Image.fromarray(rgb).save(path)
    key = f"t/train/{number}#0"
    sample = Sample(key, str(number), "train", phrase, stats=measure(Mask(mask)),
                    image_size=(80, 60), image_digest=str(number))  # fmt: skip
    return Question(sample, path, mask)


def answers(judge: Any, questions: list[Question], **bounds: Any) -> tuple[dict[str, Any], Budget]:
    budget = Budget(**bounds)
    found = {one.sample.key: outcome for one, outcome in judge.judge(questions, budget)}
    return found, budget


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert json.loads("".join(ANSWER))
    return tiny.save_llava(tmp_path_factory.mktemp("llava"), ANSWER)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> list[Question]:
    folder = tmp_path_factory.mktemp("judged")
    return [
        question(folder, n, f"the {NAMES[n % 3]} car", COLORS[n % 3]) for n in range(24)
    ]  # fmt: skip


def test_a_local_model_is_shown_the_pictures_and_its_answer_is_read(
    llava: Path, questions: list[Question]
) -> None:
    judge = JUDGES["local"].load({"model": str(llava), "side": 64, "crop_side": 64}, "cpu")
    found, budget = answers(judge, questions[:2])
    red, blue = (found[one.sample.key] for one in questions[:2])
    assert isinstance(red, Judgement) and (red.shows, red.confidence) == ("no", 0.8), red
    assert [one.words for one in red.wrong] == ["red"] and red.why == "It is blue, not red."
    assert blue.fault.startswith("quotes what is not there") and blue.doubt is None
    assert red.tokens_out == len(ANSWER) + 1 and red.tokens_in > 1000
    assert budget.tokens_in == red.tokens_in + blue.tokens_in


def test_a_local_model_that_writes_anything_is_not_believed(
    tmp_path: Path, questions: list[Question]
) -> None:
    folder = tiny.save_llava(tmp_path, ("I think ", "so."))
    judge = JUDGES["local"].load({"model": str(folder), "side": 64, "crop_side": 64}, "cpu")
    found, budget = answers(judge, questions[:3], max_calls=2)
    assert [one.fault.partition(":")[0] for one in found.values()] == ["malformed"] * 2
    assert budget.calls == 2 and "--max-calls" in budget.ended


def test_an_unreadable_image_fails_alone(
    llava: Path, tmp_path: Path, questions: list[Question]
) -> None:
    judge = JUDGES["local"].load({"model": str(llava), "side": 64}, "cpu")
    broken = replace(questions[0], image=tmp_path / "nothing.png")
    found, _ = answers(judge, [broken, questions[3]])
    assert "does not exist" in str(found[broken.sample.key])
    assert found[questions[3].sample.key].shows == "no"


def test_a_model_of_another_kind_is_refused(clip: Path, llava: Path) -> None:
    with pytest.raises(LayoutError, match="'clip', and local runs AutoModelForImageTextToText"):
        JUDGES["local"].load({"model": str(clip)}, "cpu")
    with pytest.raises(LayoutError, match="'llava', and clip runs clip or siglip"):
        JUDGES["clip"].load({"model": str(llava)}, "cpu")


def count(judge: Any, name: str) -> list[int]:
    """How many pictures or texts are embedded at each call, in a list that fills."""
    counted: list[int] = []
    embedder = judge._embedder
    real: Callable[..., Any] = getattr(embedder, name)

    def counting(given: Any) -> Any:
        counted.append(len(given))
        return real(given)

    setattr(embedder, name, counting)
    return counted


def test_similarities_are_those_of_the_model_and_each_text_is_embedded_once(
    clip: Path, questions: list[Question]
) -> None:
    judge = JUDGES["clip"].load({"model": str(clip), "batch": 5}, "cpu")
    pictures, texts = count(judge, "pictures"), count(judge, "texts")
    made = {q.sample.key: (q, outcome) for q, outcome in judge.judge(questions, Budget())}
    assert sum(pictures) == len(questions) and sum(texts) == len(NAMES)
    assert {one.shows for _, one in made.values()} <= {"yes", "no"}
    model = transformers.CLIPModel.from_pretrained(clip)
    processor = transformers.AutoProcessor.from_pretrained(clip)
    tokens = processor.tokenizer(
        ["the red car"], padding="max_length", max_length=tiny.CONTEXT, return_tensors="pt"
    )
    row = model.get_text_features(**tokens).pooler_output.detach().numpy()[0]
    given = made[questions[0].sample.key][0].vectors[1]
    np.testing.assert_allclose(given, row / np.linalg.norm(row), atol=1e-5)
    # A rerun embeds what has no vectors, and ranks all anew.
    again = JUDGES["clip"].load({"model": str(clip)}, "cpu")
    pictures = count(again, "pictures")
    known = [question for question, _ in made.values()]
    found, budget = answers(again, [*known[1:], questions[0]])
    assert sum(pictures) == budget.calls == 1
    assert {key: one.doubt for key, one in found.items()} == {
        key: one.doubt for key, (_, one) in made.items()
    }


def test_few_pairs_and_those_without_a_target_are_not_told(
    clip: Path, questions: list[Question]
) -> None:
    judge = JUDGES["clip"].load({"model": str(clip)}, "cpu")
    found, _ = answers(judge, questions[:5])
    assert {one.shows for one in found.values()} == {"cannot tell"}
    none = replace(questions[0], sample=replace(questions[0].sample, key="none", no_target=True))
    found, _ = answers(judge, [*questions, none])
    assert found["none"].shows == "cannot tell" and found["none"].doubt is None


def test_vectors_are_stored_as_fiftyone_has_them_and_the_outlier_check_runs(
    clip: Path, tmp_path: Path, dataset_name: str
) -> None:
    import fiftyone as fo

    from pairlens.fiftyone_plugin.checks.runner import flag
    from pairlens.fiftyone_plugin.demo.layouts import make_gres
    from pairlens.fiftyone_plugin.exporters.runner import export_dataset
    from pairlens.fiftyone_plugin.judging.runner import judge
    from pairlens.importers.ingest import import_dataset

    root = make_gres(tmp_path / "published", images=12, size=128).root
    import_dataset("gres", root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    before = flag(dataset, dry_run=True)
    assert {"embedding_outlier", "judge_doubt"} <= set(before.not_run)
    done = judge(dataset, judge="clip", params={"model": clip}, device="cpu")
    assert done.asked == done.answered == len(dataset) > 20 and done.doubted
    dataset.reload()
    sample = dataset.first()
    assert sample["image_embedding"].shape == sample["text_embedding"].shape == (16,)
    np.testing.assert_allclose(np.linalg.norm(sample["text_embedding"]), 1, atol=1e-5)
    again = judge(dataset, judge="clip", params={"model": clip}, device="cpu")
    assert (again.asked, again.unchanged, again.answered) == (0, len(dataset), len(dataset))
    found = flag(dataset)
    assert not {"embedding_outlier", "judge_doubt"} & set(found.not_run)
    assert 0 < found.findings["judge_doubt"] <= done.doubted
    assert found.findings.get("embedding_outlier", 0) == done.doubted
    dataset.reload()
    labels = [one for each in dataset.values("findings") if each for one in each.classifications]
    assert {one.severity for one in labels if one.label == "judge_doubt"} == {"info"}
    export_dataset(dataset, "fiftyone", tmp_path / "copy", select="all")
    copy = fo.Dataset.from_dir(
        tmp_path / "copy", fo.types.FiftyOneDataset, name=f"{dataset_name}-copy"
    )
    again = copy.match(fo.ViewField("key") == sample["key"]).first()
    assert again["judgements"]["clip"]["shows"] == sample["judgements"]["clip"]["shows"]
    np.testing.assert_allclose(again["image_embedding"], sample["image_embedding"])
