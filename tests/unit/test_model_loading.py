"""Where a model cannot be loaded: one sentence with the way out, whatever is missing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from pairlens.fiftyone_plugin.predictors import PREDICTORS, models
from pairlens.fiftyone_plugin.predictors.devices import choose_device, is_out_of_memory
from pairlens.fiftyone_plugin.predictors.model_faults import explain, missing_package
from pairlens.fiftyone_plugin.predictors.models import find_source
from pairlens.importers.errors import LayoutError, StateError, UsageError

pytestmark = pytest.mark.slow

NAMES = ("clipseg", "groundingdino+sam2", "sam3", "florence2")
EACH = pytest.mark.parametrize("name", NAMES)

ASK = """
import sys, time
time.sleep = lambda seconds: None  # the hub's library tries again five times, seconds apart
sys.modules.update(dict.fromkeys({blocked!r}))
from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.importers.errors import PairLensError
for params in {each!r}:
    try:
        PREDICTORS[{name!r}].load(params, "cpu")
        print("loaded")
    except PairLensError as error:
        print(type(error).__name__, error, sep="|")
"""


def all_refusals(
    name: str, each: list[dict[str, str]], blocked: tuple[str, ...] = (), **environment: str
) -> list[tuple[str, str]]:
    """The class and sentence of what loading a predictor raises, in a process of its own, for
    each of some settings."""
    done = subprocess.run(
        [sys.executable, "-c", ASK.format(name=name, each=each, blocked=blocked)],
        env={**os.environ, "HF_HUB_DISABLE_TELEMETRY": "1", **environment},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = (line.partition("|") for line in done.stdout.strip().splitlines())
    return [(kind, sentence) for kind, _, sentence in lines]


def refusal(
    name: str, params: dict[str, str], blocked: tuple[str, ...] = (), **environment: str
) -> tuple[str, str]:
    """The class and sentence of what loading a predictor raises, in a process of its own."""
    (told,) = all_refusals(name, [params], blocked, **environment)
    return told


# -------------------------------------------------------------------------------- listing


def test_listing_the_predictors_imports_no_model_code() -> None:
    code = (
        "import sys; from pairlens.fiftyone_plugin.predictors import PREDICTORS\n"
        "print(len(PREDICTORS), [m for m in ('torch', 'transformers', 'fiftyone', 'torchvision')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.strip().endswith("[]")


@EACH
def test_what_it_needs_and_its_parameters_are_told(name: str) -> None:
    spec = PREDICTORS[name]
    assert spec.needs == ("torch", "transformers") and spec.reads_images
    assert {"model", "half", "template"} <= set(spec.params)


# ------------------------------------------------------------------------ missing packages


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_missing_package_is_named_with_its_installation(package: str) -> None:
    kind, sentence = refusal("clipseg", {"model": "o/n"}, blocked=(package,))
    assert kind == "UsageError"
    assert sentence == (
        f"clipseg needs torch and transformers, and {package} is not installed: "
        "pip install 'pairlens[models]'"
    )


def test_torchvision_comes_from_where_torch_does() -> None:
    sentence = str(missing_package("zoo", ("torch", "torchvision"), "torchvision"))
    assert sentence.endswith(
        "torchvision is not installed: pip install torchvision, from the index that torch was "
        "installed from"
    )


def test_a_torchvision_for_another_torch_is_named() -> None:
    error = RuntimeError("operator torchvision::nms does not exist")
    source = models.WeightsSource("clipseg", "o/n", "o/n")
    assert "install both from one index" in str(explain(source, error))


# -------------------------------------------------------------------------- missing weights


@EACH
@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        pytest.param("./nowhere", UsageError, "there is no folder './nowhere'", id="no folder"),
        pytest.param("/nowhere/model", UsageError, "there is no folder", id="absolute"),
        pytest.param("clipseg", UsageError, "a hub id is OWNER/NAME", id="one word"),
        pytest.param("https://a/b/c", UsageError, "a hub id is OWNER/NAME", id="address"),
    ],
)
def test_what_is_neither_folder_nor_hub_id(
    name: str, given: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=f"{re.escape(name)}.model: .*{words}"):
        PREDICTORS[name].load({"model": given}, "cpu")


def test_a_hub_id_may_name_a_revision() -> None:
    source = find_source("clipseg", "CIDAS/clipseg-rd64-refined@583b388")
    assert (source.name, source.revision) == ("CIDAS/clipseg-rd64-refined", "583b388")
    assert find_source("clipseg", "o/n").where["revision"] == "main"


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=r"holds no config\.json; give the folder that"):
        PREDICTORS["clipseg"].load({"model": str(tmp_path)}, "cpu")


def test_a_folder_with_another_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(LayoutError, match=r"of type 'bert', and sam3 runs sam3 or"):
        PREDICTORS["sam3"].load({"model": str(tmp_path)}, "cpu")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        pytest.param("{", "cannot be loaded", id="broken JSON"),
        pytest.param('{"model_type": "clipseg"}', "weights must be safetensors", id="no weights"),
    ],
)
def test_a_folder_with_half_a_model(tmp_path: Path, config: str, words: str) -> None:
    (tmp_path / "config.json").write_text(config)
    with pytest.raises((LayoutError, StateError), match=words):
        PREDICTORS["clipseg"].load({"model": str(tmp_path)}, "cpu")


def test_pickled_weights_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "clipseg"}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04cposix\nsystem\n.")
    with pytest.raises(LayoutError, match="weights must be safetensors"):
        PREDICTORS["clipseg"].load({"model": str(tmp_path)}, "cpu")


def test_weights_that_are_no_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "clipseg"}')
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(StateError, match="cannot be loaded"):
        PREDICTORS["clipseg"].load({"model": str(tmp_path)}, "cpu")


def test_weights_of_which_some_are_missing(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    small = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
             "num_attention_heads": 1}  # fmt: skip
    config = {"model_type": "clipseg", "text_config": small | {"vocab_size": 8},
              "vision_config": small, "extract_layers": [0], "projection_dim": 8}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    weights = {"clip.logit_scale": np.array(1, np.float32)}
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(LayoutError, match=r"lacks \d+ weights of CLIPSegForImageSegmentation"):
        PREDICTORS["clipseg"].load({"model": str(tmp_path)}, "cpu")


# ----------------------------------------------------------------------------------- the hub


def test_the_hub_out_of_reach(tmp_path: Path) -> None:
    said = {"HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9"}
    kind, sentence = refusal("clipseg", {}, **said)
    assert kind == "StateError"
    assert sentence == (
        "CIDAS/clipseg-rd64-refined is not on this machine and the hub cannot be reached; fetch "
        "it where it can, 'hf download CIDAS/clipseg-rd64-refined --local-dir FOLDER', and give "
        "the folder"
    )
    kind, offline = refusal("clipseg", {}, HF_HUB_OFFLINE="1", **said)
    assert kind == "StateError" and "cannot be reached (HF_HUB_OFFLINE is set)" in offline


REFUSED = [
    pytest.param("o/none", 404, "RepoNotFound", "the hub has no model o/none", id="no such model"),
    pytest.param("o/own", 401, "RepoNotFound", "set HF_TOKEN if it is private", id="private"),
    pytest.param("o/shut", 403, "GatedRepo", "o/shut is gated: accept its terms at", id="gated"),
    pytest.param(
        "o/old", 404, "RevisionNotFound", "the hub has no model o/old", id="no such revision"
    ),
]
"""Models, status and error code that the hub answers, and what is said of it."""


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    """A server that refuses models as the hub does."""
    answers = {param.values[0]: param.values[1:3] for param in REFUSED}

    class Refusing(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            (status, code) = next(a for m, a in answers.items() if f"/{m}/" in f"{self.path}/")
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", "as the test wants it")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def refusals(hub: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """What loading each model raises, in one process: it imports transformers for seconds."""
    home = str(tmp_path_factory.mktemp("hub"))
    models = [str(param.values[0]) for param in REFUSED]
    told = all_refusals(
        "sam3", [{"model": model} for model in models], HF_HOME=home, HF_ENDPOINT=hub
    )
    return dict(zip(models, told, strict=True))


@pytest.mark.parametrize(("model", "status", "code", "words"), REFUSED)
def test_what_the_hub_refuses(
    refusals: dict[str, tuple[str, str]], model: str, status: int, code: str, words: str
) -> None:
    kind, sentence = refusals[model]
    assert kind in ("StateError", "UsageError") and words in sentence


# ----------------------------------------------------------------------- devices and memory


@pytest.mark.parametrize("device", ["gpu", "cuda:99", ""])
def test_a_device_that_is_not_there(device: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be used .*--device auto takes an available one"):
        choose_device(device, half=True)


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        pytest.param(RuntimeError("shape mismatch"), False, id="another failure"),
        pytest.param(ValueError("out of memory"), False, id="not torch's"),
        pytest.param(MemoryError(), True, id="Python"),
        pytest.param(RuntimeError("CUDA out of memory. Tried"), True, id="CUDA"),
        pytest.param(RuntimeError("MPS backend out of memory (MPS"), True, id="MPS"),
        pytest.param(
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
            True,
            id="CPU",
        ),
    ],
)
def test_what_counts_as_memory_that_ran_out(error: Exception, is_memory: bool) -> None:
    assert is_out_of_memory(error) is is_memory


def test_a_model_too_large_for_memory() -> None:
    source = models.WeightsSource("clipseg", "o/n", "o/n")
    error = explain(source, RuntimeError("CUDA out of memory"))
    assert str(error) == "o/n does not fit into memory; take a smaller model or --device cpu"


def test_the_page_names_the_published_weights_and_defaults(repo_root: Path) -> None:
    page = (repo_root / "docs" / "predictors.md").read_text()
    for name in NAMES:
        params = PREDICTORS[name].params
        for told in params.values():
            default = told.rpartition("(default ")[2].removesuffix(")")
            if "/" in default:
                assert f"`{default}`" in page
        for threshold in {"threshold", "mask_threshold", "mask_logit", "boxes"} & set(params):
            value = float(params[threshold].rpartition("(default ")[2].removesuffix(")"))
            assert f"`{threshold}` {value:g}" in page
