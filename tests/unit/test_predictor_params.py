"""Listing predictors, and casting and checking their parameters."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.params import describe, option, read_params
from pairlens.importers.errors import UnknownName, UsageError


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"segment": "5"}, "no parameter 'segment'; it has segments, side, compactness"),
        ({"segments": "many"}, "cues.segments takes a whole number of at least 2"),
        ({"segments": "1e3.5"}, "takes a whole number"),
        ({"segments": "12.5"}, "not '12.5'"),
        ({"segments": True}, "not True"),
        ({"segments": ""}, "not ''"),
        ({"side": "8"}, "of at least 16 and at most 4096, not '8'"),
        ({"side": "100000"}, "not '100000'"),
        ({"side": "9" * 400}, "takes a whole number"),
        ({"compactness": "nan"}, "takes a number"),
        ({"compactness": [1]}, "takes a number"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(params: dict[str, object], says: str):
    with pytest.raises(UsageError) as caught:
        PREDICTORS["cues"].load(params, "cpu")
    assert says in str(caught.value)


@dataclass(frozen=True)
class Options:
    needed: str = option("what must be said")
    flag: bool = option("whether", False)
    number: int = option("how many", 3, low=0)
    one: str = option("red or blue", "red", choices=("red", "blue"))
    framed: str = option("around the query", "{}", holds="{}")


def test_parameters_are_cast_from_texts():
    settings = read_params("p", Options, {"needed": "x", "flag": "Yes", "number": "12"})
    assert settings == Options("x", True, 12)
    assert read_params("p", Options, {"needed": "x", "number": 4.0, "flag": None}).number == 4


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "predictor p needs the parameter 'needed': what must be said"),
        ({"needed": None}, "needs the parameter 'needed'"),
        ({"needed": ""}, "p.needed takes a text, not ''"),
        ({"needed": "x", "flag": "perhaps"}, "p.flag takes yes or no, not 'perhaps'"),
        ({"needed": "x", "one": "green"}, "p.one takes red or blue, not 'green'"),
        (
            {"needed": "x", "framed": "a"},
            "p.framed must hold {} once, where the query",
        ),
        ({"needed": "x", "framed": "{}{}"}, "must hold {} once"),
        ({"needed": "x", "number": "-1"}, "p.number takes a whole number of at least 0, not '-1'"),
    ],
    ids=str,
)
def test_parameters_that_do_not_fit(given: dict[str, object], says: str):
    with pytest.raises(UsageError) as caught:
        read_params("p", Options, given)
    assert says in str(caught.value)


def test_parameters_are_described():
    assert describe(Options) == {
        "needed": "what must be said (required)",
        "flag": "whether (default False)",
        "number": "how many (default 3)",
        "one": "red or blue (default red)",
        "framed": "around the query (default {})",
    }


def test_listing_predictors_imports_nothing_heavy():
    code = (
        "import json, sys\n"
        "from pairlens.fiftyone_plugin.predictors import PREDICTORS\n"
        "heavy = {'skimage', 'cv2', 'scipy', 'PIL', 'torch', 'fiftyone'} & set(sys.modules)\n"
        "print(json.dumps([[s.name, s.about, s.params] for s in PREDICTORS.values()]))\n"
        "print(json.dumps(sorted(heavy)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    listed, heavy = map(json.loads, done.stdout.splitlines())
    names = [name for name, _, _ in listed]
    light = [name for name in names if not PREDICTORS[name].needs]
    assert names == [*sorted(light), *sorted(set(names) - set(light))]
    assert names[0] == "cues" and "results" in light
    assert all(about and params for _, about, params in listed)
    assert listed[0][1].startswith("Baseline")
    assert heavy == []


def test_an_unknown_predictor_lists_the_known():
    known = r"'clues' .did you mean 'cues'..; known: .*cues.*results"
    with pytest.raises(UnknownName, match=known):
        PREDICTORS["clues"]
