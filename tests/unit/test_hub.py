"""Fetching from a hub: the real client against a server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.hub import HubAddress, fetch, is_address, parse_address
from pairlens.importers.sources import SourceRequest, UnpackedPlace, absolute_root, locate
from tests.hub_server import COMMIT, Hub, serve_hub

REPO = "owner/NAME-of_it.1"
FILES = {
    "README.md": b"card",
    "annotations/train/a.json": b"{}",
    "annotations/train/b.json": b"{ }",
    "annotations/val/c.json": b"[]",
    "odd[1]*?.txt": b"odd",
    "train-000000.tar": b"x" * 4096,
}


@pytest.fixture()
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    folder = tmp_path / "published"
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    with serve_hub() as server:
        server.folders[REPO] = folder
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def there(folder: Path) -> dict[str, bytes]:
    files = (f for f in folder.rglob("*") if f.is_file())
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in files}


@pytest.mark.parametrize(
    "text",
    [
        "hf://models/a/b",
        "hf://datasets/a",
        "hf://datasets/a/b/c",
        "hf://datasets/a/b@",
        "hf://datasets/../b?x",
        "hf://datasets/a/b@v1 --token",
        "https://huggingface.co/a/b",
        "https://huggingface.co/datasets/a",
        "https://huggingface.co.evil.org/datasets/a/b",
        "https://example.org/datasets/a/b",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert is_address(text)
    with pytest.raises(UsageError, match="write hf://datasets/OWNER/NAME"):
        parse_address(text)


def test_a_path_is_no_address() -> None:
    assert not is_address("/data/hf") and not is_address("hf:/datasets")


def test_addresses() -> None:
    assert parse_address("hf://datasets/o/n") == HubAddress("o/n")
    page = "https://huggingface.co/datasets/o/n"
    for text in (page, f"{page}/", f"{page}?row=0", f"{page}/viewer/default/train"):
        assert parse_address(text) == HubAddress("o/n")
        assert absolute_root(text) == "hf://datasets/o/n", "resumes what hf:// began"
    assert parse_address(f"{page}/tree/refs%2Fpr%2F1/data") == HubAddress("o/n", "refs/pr/1")
    assert absolute_root(f"{page}/tree/main") == "hf://datasets/o/n@main"
    assert parse_address("hf://datasets/o/n@refs/pr/1") == HubAddress("o/n", "refs/pr/1")


def test_all_of_a_dataset(hub: Hub, tmp_path: Path) -> None:
    folder = fetch(HubAddress(REPO), cache_dir=tmp_path / "cache")
    assert there(folder) == FILES
    assert folder.name == COMMIT


def test_only_what_is_wanted_and_only_once(hub: Hub, tmp_path: Path) -> None:
    wanted = ["annotations/train/a.json", "annotations/train/b.json", "odd[1]*?.txt"]
    address = HubAddress(REPO, "main")
    folder = fetch(address, lambda names: wanted, cache_dir=tmp_path / "cache")
    assert sorted(hub.fetched) == sorted(wanted) == sorted(there(folder))
    hub.fetched.clear()
    again = fetch(address, lambda names: [*wanted, "README.md"], cache_dir=tmp_path / "cache")
    assert (again, hub.fetched) == (folder, ["README.md"])


def test_wanted_is_asked_about_all_names(hub: Hub, tmp_path: Path) -> None:
    seen: list[str] = []

    def wanted(names: object) -> list[str]:
        seen.extend(names)  # type: ignore[arg-type]
        return []

    with pytest.raises(StateError, match="no file of what was asked for"):
        fetch(HubAddress(REPO), wanted, cache_dir=tmp_path / "cache")
    assert sorted(seen) == sorted(FILES)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (HubAddress("owner/absent"), "there is no dataset owner/absent at http.*HF_TOKEN"),
        (HubAddress(REPO, "v9"), "has no revision 'v9'"),
        (HubAddress("-a/b..c"), "cannot be the name of a dataset"),
    ],
    ids=["repository", "revision", "name"],
)
def test_what_is_not_there(hub: Hub, tmp_path: Path, address: HubAddress, message: str) -> None:
    with pytest.raises((StateError, UsageError), match=message):
        fetch(address, cache_dir=tmp_path / "cache")


def test_a_gated_dataset_needs_a_token(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.gated[REPO] = "secret"
    with pytest.raises(StateError, match=r"is gated: accept its terms at .*HF_TOKEN") as caught:
        fetch(HubAddress(REPO), cache_dir=tmp_path / "cache")
    monkeypatch.setenv("HF_TOKEN", "secret")
    assert there(fetch(HubAddress(REPO), cache_dir=tmp_path / "cache")) == FILES
    assert "secret" in hub.tokens_seen and "secret" not in str(caught.value)


def test_a_broken_hub(hub: Hub, tmp_path: Path) -> None:
    hub.broken = True
    with pytest.raises(StateError, match=r"answered 500|cannot be reached"):
        fetch(HubAddress(REPO), cache_dir=tmp_path / "cache")


def test_without_a_network_the_cache_will_do(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fetch(HubAddress(REPO), cache_dir=tmp_path / "cache")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert fetch(HubAddress(REPO), cache_dir=tmp_path / "cache") == folder
    with pytest.raises(StateError, match="cannot be reached, and the cache does not hold"):
        fetch(HubAddress("owner/other"), cache_dir=tmp_path / "cache")


def test_a_hub_that_hangs_up_is_not_asked_for_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    connection, client = server.accept()
                    asked.append(client)
                    connection.close()

        answering = Thread(target=hang_up, daemon=True)
        answering.start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(StateError, match="cannot be reached, and the cache does not hold"):
            fetch(HubAddress(REPO), cache_dir=tmp_path / "cache")
        server.shutdown(socket.SHUT_RDWR)
    answering.join()
    assert len(asked) <= 2  # what it has, which the client may try twice


@pytest.mark.parametrize(
    ("form", "splits", "told"),
    [
        ("gres", ("val",), 0),
        ("llava", ("train", "val", "test"), 0),
        ("auto", ("val",), 0),
        ("llava", ("val",), 1),
    ],
)
def test_files_of_other_splits_are_told_where_records_may_name_theirs(
    hub: Hub, tmp_path: Path, form: str, splits: tuple[str, ...], told: int
) -> None:
    notes: list[str] = []
    request = SourceRequest(form, splits, None)
    with suppress(StateError):  # some of the files
        locate(f"hf://datasets/{REPO}", request, UnpackedPlace(tmp_path, ""), on_note=notes.append)
    said = "2 files named for other splits are not fetched, 'annotations/train/a.json' the first"
    assert [said in note for note in notes] == [True] * told


@pytest.mark.slow
def test_a_connection_that_breaks_off_keeps_what_arrived(hub: Hub, tmp_path: Path) -> None:
    hub.cut = {"train-000000.tar"}
    with pytest.raises(StateError):
        fetch(HubAddress(REPO), cache_dir=tmp_path / "cache")
    hub.cut = set()
    arrived = set(hub.fetched) - {"train-000000.tar"}
    hub.fetched.clear()
    assert there(fetch(HubAddress(REPO), cache_dir=tmp_path / "cache")) == FILES
    assert not arrived & set(hub.fetched)
