"""Python of the docs as people run it: in a notebook, in a script, in an async function."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import fiftyone as fo
import nbformat
import pytest
from nbconvert.preprocessors import CellExecutionError, ExecutePreprocessor

from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.demo.planting import plant
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from tests import warm

UNDER_IF = """
if True:
    found = flag(dataset, checks=["box_mask"])["findings"]
    assert found == {"box_mask": 1}, found
for _ in range(1):
    review = foo.get_operator("@pairlens/curation/review_pairs")
    assert review(dataset, action="status")["drop"] == 1
"""

WRONG = 'flag(dataset, checks=["nope"])'


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page's Python reads."""
    root = tmp_path_factory.mktemp("notebook") / "GRES"
    make_gres(root, images=40)
    plant(root, "gres", faults=["box_mask"])
    return root


@pytest.fixture
def blocks(
    repo_root: Path, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The paragraphs of Python of docs/python.md, in a folder with what they read."""
    shutil.copytree(published, tmp_path / "GRES")
    monkeypatch.chdir(tmp_path)
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()
    if fo.dataset_exists("gres-val"):
        fo.delete_dataset("gres-val")
    (block,) = re.findall(
        r"```python\n(.*?)```", (repo_root / "docs" / "python.md").read_text(), re.S
    )
    return block.split("\n\n")


def run_notebook(cells: list[str], folder: Path) -> list[str]:
    """The last values of the cells, from a kernel of its own."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    ExecutePreprocessor(timeout=300).preprocess(book, {"metadata": {"path": str(folder)}})
    outputs = [output for cell in book.cells for output in cell.outputs]
    return [one["data"]["text/plain"] for one in outputs if one.output_type == "execute_result"]


def test_in_a_notebook(blocks: list[str], tmp_path: Path) -> None:
    values = run_notebook([*blocks, UNDER_IF], tmp_path)
    assert "{'box_mask': 1}" in values
    assert (tmp_path / "gres-val-clean" / "manifest.json").is_file()


def test_errors_are_raised_in_the_cell(blocks: list[str], tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="there is no check 'nope'"):
        run_notebook([*blocks[:3], blocks[3].splitlines()[0], WRONG], tmp_path)


def test_in_a_script_and_in_an_async_function(blocks: list[str], tmp_path: Path) -> None:
    lines = "\n".join([*blocks, UNDER_IF]).splitlines()
    body = "\n".join(f"    {line}" for line in lines if line)
    (tmp_path / "plain.py").write_text("\n".join(lines))
    (tmp_path / "inside.py").write_text(
        f'import asyncio\nasync def main():\n{body}\nasyncio.run(main())\nprint("done")\n'
    )
    for name in ("plain.py", "inside.py"):
        done = warm.run("-m", name.removesuffix(".py"), folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "gres-val-clean" / "manifest.json").is_file()
        fo.delete_dataset("gres-val")
        (tmp_path / "gres-val-clean").rename(tmp_path / f"{name}-clean")
