"""Stacks of masks with their names, whole, broken and hostile."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.predictors import results_stacks
from pairlens.fiftyone_plugin.predictors.base import NoPrediction
from pairlens.importers.errors import LayoutError, MaskError
from tests.unit.hostile_files import npy, npz
from tests.unit.hostile_files import pickled as pickle_bytes
from tests.unit.predictions import answer, load, mask, put, query, value

KEYS = ["gres/test/a#0", "gres_test_a_1", "b.jpg", "test/c.png", "train/c.png"]


def stack(*numbers: int, kind: Any = np.uint8) -> np.ndarray:
    return np.stack([mask(number) for number in numbers]).astype(kind)


def save(path: Path, masks: np.ndarray, keys: Any = None, **more: np.ndarray) -> Path:
    if path.suffix == ".npz":
        named = {} if keys is None else {"keys": np.array(keys)}
        np.savez_compressed(path, **named, **({"masks": masks} | more))  # type: ignore[arg-type]
    else:
        np.save(path, masks)
    return path


# ---------------------------------------------------------------------------- must not


def test_an_array_without_names_is_a_mask_and_no_stack(tmp_path: Path):
    save(tmp_path / "a.npy", mask(3))
    save(tmp_path / "b.npz", mask(4))
    results = load(tmp_path)
    assert value(results, query("a")) == 3
    assert value(results, query("b")) == 4


REFUSED: dict[str, tuple[bytes, Any, str]] = {
    "one mask": (npy((6, 8), data=bytes(48)), ["a"], "expected (masks, height, width)"),
    "fewer masks": (npy((1, 6, 8), data=bytes(48)), ["a", "b"], "has 1 masks, fewer"),
    "negative row": (npy((1, 6, 8), data=bytes(48)), {"a": -1}, "has 1 masks, fewer"),
    "huge row": (npy((1, 6, 8), data=bytes(48)), {"a": 10**30}, "has 1 masks, fewer"),
    "twice": (npy((2, 6, 8), data=bytes(96)), ["a", "a"], "names 1 masks twice"),
    "numbers": (npy((2, 6, 8), data=bytes(96)), [1, 2], "no list of names"),
    "texts for rows": (npy((2, 6, 8), data=bytes(96)), {"a": "0"}, "no list of names"),
    "cut short": (npy((2, 6, 8), data=bytes(50)), ["a", "b"], "cut short"),
    "huge": (npy((1 << 40, 1 << 20, 1 << 20)), ["a"], "expected (masks, height, width)"),
    "many": (npy((1 << 60, 6, 8)), ["a"], "cut short"),
    "negative": (npy((-1, 6, 8)), ["a"], "expected (masks, height, width)"),
    "pickle": (pickle_bytes(), ["a"], "which are no numbers"),
    "words": (npy((1, 6, 8), "<U4", data=bytes(1000)), ["a"], "which are no numbers"),
    "no array": (b"no array", ["a"], "is no stack of masks"),
    "empty": (b"", ["a"], "is no stack of masks"),
}


@pytest.mark.parametrize(("data", "names", "says"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_what_is_no_stack_is_refused(
    tmp_path: Path, data: bytes, names: Any, says: str, suffix: str
):
    content = data if suffix == ".npy" else npz(masks=data)
    (tmp_path / f"m{suffix}").write_bytes(content)
    (tmp_path / "m.json").write_text(json.dumps(names))
    with pytest.raises(LayoutError) as caught:
        load(tmp_path)
    assert says in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        pytest.param(pickle_bytes(), "pickled arrays are not read", id="pickle"),
        pytest.param(npy((1 << 40,), "<U9"), "too large", id="huge"),
        pytest.param(npy((2,), "|u1", data=bytes(2)), "no list of texts", id="numbers"),
    ],
)
def test_names_within_that_are_none(tmp_path: Path, keys: bytes, says: str):
    data = npz(masks=npy((2, 6, 8), data=bytes(96)), keys=keys)
    (tmp_path / "m.npz").write_bytes(data)
    with pytest.raises(LayoutError) as caught:
        load(tmp_path)
    assert says in str(caught.value)


def test_several_arrays_of_which_none_is_named_for_it(tmp_path: Path):
    data = npz(one=npy((1, 6, 8), data=bytes(48)), two=npy((1, 6, 8), data=bytes(48)))
    (tmp_path / "m.npz").write_bytes(data)
    (tmp_path / "m.txt").write_text("a\n")
    with pytest.raises(LayoutError, match="it holds 2 arrays and none is called 'masks'"):
        load(tmp_path)


def test_an_archive_that_would_fill_the_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    save(tmp_path / "m.npz", np.zeros((100, 60, 80), np.uint8), [str(n) for n in range(100)])
    load(tmp_path)
    monkeypatch.setattr(results_stacks, "MAX_STACK", 100_000)
    with pytest.raises(LayoutError, match="480,128 bytes are too many to unpack"):
        load(tmp_path)


def test_two_masks_for_one_pair_are_refused(tmp_path: Path):
    save(tmp_path / "m.npz", stack(1, 2), ["a.jpg", "masks/a.png"])
    given = answer(load(tmp_path), query("a"))
    assert isinstance(given, MaskError)
    assert "2 masks claim gres/test/a#0: m.npz[0], m.npz[1]; keep one" in str(given)


def test_a_row_that_is_no_mask_fails_its_pair(tmp_path: Path):
    masks = stack(1, 2, kind=np.float32)
    masks[0, 0, 0] = np.nan
    save(tmp_path / "m.npz", masks, ["a", "b"])
    results = load(tmp_path)
    given = answer(results, query("a"))
    assert isinstance(given, MaskError) and str(given).startswith("m.npz[0]: ")
    assert value(results, query("b")) == 2


# -------------------------------------------------------------------------------- must


@pytest.mark.parametrize("kind", [np.uint8, bool, np.int64, np.float32])
@pytest.mark.parametrize("form", ["npz", "npz bytes", "npy list", "npy object", "npy text", "F"])
def test_kinds_of_stacks(tmp_path: Path, kind: Any, form: str):
    masks = stack(1, 2, 3, 4, 5, kind=kind)
    if form == "F":
        masks = np.asfortranarray(masks)
    path = tmp_path / ("m.npz" if form.startswith("npz") else "m.npy")
    within = {"npz": KEYS, "npz bytes": [key.encode() for key in KEYS]}.get(form)
    save(path, masks, within)
    if form in ("npy list", "F"):
        (tmp_path / "m.json").write_text(json.dumps(KEYS))
    elif form == "npy object":
        rows = {key: row for row, key in enumerate(KEYS)}
        (tmp_path / "m.json").write_text(json.dumps(rows))
    elif form == "npy text":
        (tmp_path / "m.txt").write_text("\n".join(KEYS) + "\n")
    for results in (load(tmp_path), load(path)):
        asked = [query("a"), query("a", 1), query("b", 3), query("c")]
        assert [value(results, one) for one in asked] == [1, 2, 3, 4]
        assert isinstance(answer(results, query("d")), NoPrediction)
        assert results.unused() == ["m.npz[4]" if path.suffix == ".npz" else "m.npy[4]"]


def test_an_exact_name_wins_and_an_image_serves_all_its_queries(tmp_path: Path):
    save(tmp_path / "m.npz", stack(1, 2), ["a", "a_1"])
    results = load(tmp_path)
    assert [value(results, query("a", index)) for index in range(3)] == [1, 2, 1]


def test_a_stack_beside_mask_files(tmp_path: Path):
    save(tmp_path / "m.npz", stack(1), ["a"])
    put(tmp_path / "b.png", 2)
    results = load(tmp_path)
    assert [value(results, query(i)) for i in "ab"] == [1, 2]
    assert results.unused() == []


@pytest.mark.slow
def test_a_large_stack_stays_on_disk(tmp_path: Path):
    code = (
        "import resource, sys\n"
        "from tests.unit.predictions import load, query\n"
        "from pathlib import Path\n"
        "next(iter(load(Path(sys.argv[1])).predict([query('r0')])))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "results = load(Path(sys.argv[1]))\n"
        "given = [next(iter(results.predict([query(f'r{n}')]))) for n in range(0, 600, 100)]\n"
        "assert [int(m.sum()) for m in given] == [1, 101, 201, 301, 401, 501], given\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    masks = np.zeros((600, 512, 512), np.uint8)
    for number in range(600):
        masks[number].ravel()[: number + 1] = 1
    with zipfile.ZipFile(tmp_path / "m.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("pred.npy", "w") as member:
            np.lib.format.write_array(member, masks)
        with archive.open("keys.npy", "w") as member:
            np.lib.format.write_array(member, np.array([f"r{n}" for n in range(600)]))
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 40
