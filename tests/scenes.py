"""Generated scenes, each drawn once in a run of the tests, by whichever process first wants it.

Most tests want the same few dozen, and to draw them took a sixth of the time of those that import
generated datasets. A scene is of its seed, size and theme alone.
"""

from __future__ import annotations

import pickle
from functools import wraps
from pathlib import Path
from tempfile import NamedTemporaryFile

from zlib_ng import zlib_ng

from pairlens.fiftyone_plugin.demo import scenes
from pairlens.fiftyone_plugin.demo.scenes import Scene

draw_anew = scenes.draw_scene
"""For tests of the drawing itself."""


def keep(folder: Path) -> None:
    """Has scenes written to a folder when they are drawn, and read from it after that.

    To be called before a module takes ``draw_scene`` by its name.
    """
    folder.mkdir(exist_ok=True)

    @wraps(draw_anew)
    def draw_scene(seed: int, size: int = 512, theme: str | None = None) -> Scene:
        file = folder / f"{seed}-{size}-{theme}"
        if file.exists():
            return pickle.loads(zlib_ng.decompress(file.read_bytes()))
        scene = draw_anew(seed, size, theme)
        with NamedTemporaryFile(dir=folder, delete=False) as part:
            part.write(zlib_ng.compress(pickle.dumps(scene, pickle.HIGHEST_PROTOCOL), 1))
        Path(part.name).replace(file)
        return scene

    scenes.draw_scene = draw_scene
