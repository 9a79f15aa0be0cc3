"""Google Cloud Storage on loopback: an emulator, with ``gcsfs`` as its client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.database import free_port

BUCKET = "bucket"


@dataclass
class GoogleStore:
    """A store with a bucket.

    Attributes:
        client: a file system of ``gcsfs``
    """

    client: Any

    def put_folder(self, folder: Path, prefix: str) -> None:
        """Stores the files of a folder."""
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                name = file.relative_to(folder).as_posix()
                self.client.pipe_file(f"{BUCKET}/{prefix}/{name}", file.read_bytes())

    def keys(self, prefix: str) -> dict[str, bytes]:
        """The objects whose keys begin with the name of a folder, without that."""
        found = self.client.find(f"{BUCKET}/{prefix}")
        return {key.removeprefix(f"{BUCKET}/{prefix}/"): self.client.cat_file(key) for key in found}


@contextmanager
def serve_google_objects() -> Iterator[GoogleStore]:
    """Runs a store until the block ends, which clients of this process use."""
    import fsspec
    from gcp_storage_emulator.server import create_server  # pyright: ignore

    port = free_port()
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        # A kind of bucket that the emulator has none of.
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        yield GoogleStore(fsspec.filesystem("gs", skip_instance_cache=True))
    server.stop()
