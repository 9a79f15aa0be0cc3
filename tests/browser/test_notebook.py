"""The notebook of the docs, run from its first cell to its last, with the App in one of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import fiftyone as fo
import fiftyone.constants as foc
import nbformat
import pytest
from nbconvert.preprocessors import ExecutePreprocessor

from tests import database

START_SECONDS = 180


@pytest.fixture
def app_port(tmp_path: Path) -> Iterator[int]:
    """The port of an App's server, which the notebook joins: on a busy machine one takes longer to
    start than the minute that FiftyOne waits for it."""
    port = database.free_port()
    command = [sys.executable, "main.py", "--port", str(port), "--address", "127.0.0.1"]
    with open(tmp_path / "server.log", "wb") as log:
        server = subprocess.Popen(
            command,
            cwd=foc.SERVER_DIR,
            env={**os.environ, "FIFTYONE_DISABLE_SERVICES": "1"},
            stdout=log,
            stderr=log,
        )
    try:
        end = time.monotonic() + START_SECONDS
        while not database.listens(port):
            assert server.poll() is None, (tmp_path / "server.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.2)
        yield port
    finally:
        server.kill()
        server.wait()


def test_the_notebook_of_the_docs(
    repo_root: Path, tmp_path: Path, app_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIFTYONE_DEFAULT_APP_PORT", str(app_port))
    # In which FiftyOne notes that this process is in no notebook, and the kernel would read that.
    monkeypatch.delenv("FIFTYONE_CONTEXT", raising=False)
    names = ("gres-notebook", "gres-cleaned")
    for name in filter(fo.dataset_exists, names):
        fo.delete_dataset(name)
    book = nbformat.read(repo_root / "docs" / "notebooks" / "curate_gres.ipynb", as_version=4)
    assert not [cell for cell in book.cells if cell.get("outputs")], "it is kept without outputs"
    ExecutePreprocessor(timeout=300).preprocess(book, {"metadata": {"path": str(tmp_path)}})
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    told = "".join(output.get("text", "") for output in outputs)
    values = [one["data"]["text/plain"] for one in outputs if one.output_type == "execute_result"]
    assert "there is no check 'no_such_check'" in told
    assert "position_conflict: query says" in told
    assert values[-1] == "True" and "'gIoU'" in values[1] and "'box_mask'" in values[2]
    assert "'drop': 3" in values[3] and "'verdict drop'" in values[4]
    # The App answered, in the cell that opened it.
    shown = [
        one["data"].get("text/html", "") for one in outputs if one.output_type == "display_data"
    ]
    assert any("iframe" in html.lower() or "fiftyone" in html.lower() for html in shown), outputs
    assert (tmp_path / "gres-clean" / "manifest.json").is_file()
    for name in names:
        fo.delete_dataset(name)
