"""Fetches datasets from the Hugging Face hub (``hf://datasets/OWNER/NAME[@revision]``) and uploads.

``huggingface_hub`` does the work, with its own cache, progress bars, tokens and resumption.
Here is decided which files are needed, and said in one sentence what went wrong.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pairlens.importers.errors import StateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEME = "hf://"
_REPO = re.compile(r"[\w.-]+/[\w.-]+")
_PAGE = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/([\w.-]+/[\w.-]+)"
    r"(?:/(?:tree|blob)/([\w.%-]+)(?:/.*)?|/viewer.*)?/?(?:[?#].*)?"
)
"""The page of a dataset, or of its files at a revision."""

_ADDRESS = re.compile(r"hf://datasets/([\w.-]+/[\w.-]+)(?:@([\w./-]+))?/?")

Wanted = Callable[[Sequence[str]], list[str]]
"""Of the names of a repository's files, those that are needed."""


@dataclass(frozen=True)
class HubAddress:
    """A dataset repository.

    Attributes:
        repo: ``OWNER/NAME``
        revision: a branch, tag or commit; ``None`` for the default branch
    """

    repo: str
    revision: str | None = None


def is_address(root: str) -> bool:
    """Whether a root is an address on the hub, not a path."""
    return root.startswith((SCHEME, "https://", "http://"))


def plain_address(root: str) -> str:
    """The address of a dataset whose page is given; another address as it is."""
    page = _PAGE.fullmatch(root)
    if page is None:
        return root
    return f"{SCHEME}datasets/{page[1]}" + (f"@{unquote(page[2])}" if page[2] else "")


def parse_address(root: str) -> HubAddress:
    """Reads ``hf://datasets/OWNER/NAME[@revision]``, or the address of the dataset's page.

    Raises:
        UsageError: if it is no such address
    """
    match = _ADDRESS.fullmatch(plain_address(root))
    if match is None:
        raise UsageError(
            f"{root[:200]!r} is no address of a dataset; write hf://datasets/OWNER/NAME[@revision] "
            "or the https:// address of its page on huggingface.co"
        )
    return HubAddress(match[1], match[2])


def fetch(address: HubAddress, wanted: Wanted = list, *, cache_dir: Path | None = None) -> Path:
    """Downloads the needed files into the hub's cache.

    Files that are there already are not fetched again. ``HF_ENDPOINT``, ``HF_HUB_CACHE`` and
    ``HF_TOKEN`` are heeded, and so is ``hf auth login``.

    Args:
        address: what to fetch
        wanted: picks from the names of the repository's files, relative to its root
        cache_dir: instead of the hub's own cache

    Returns:
        the folder of that revision, in which the needed files lie

    Raises:
        StateError: if the package is missing, the hub cannot be reached or has no such dataset
            or revision, the dataset is gated, or nothing of it is needed
    """
    hub = _package()
    endpoint = os.environ.get("HF_ENDPOINT") or None
    api = hub.HfApi(endpoint=endpoint)
    with _said_plainly(address, api.endpoint):
        found = _files(api, address)
        names = found or []
        chosen = names and wanted(names)
        if names and not chosen:
            raise StateError(f"{address.repo} has no file of what was asked for")
        return Path(
            hub.snapshot_download(
                address.repo,
                repo_type="dataset",
                revision=address.revision,
                allow_patterns=_patterns(names, chosen),
                cache_dir=cache_dir,
                endpoint=endpoint,
                # It would ask a hub that does not answer again and again.
                local_files_only=found is None,
            )
        )


def cached_folder(path: Path) -> Path:
    """The folder in which the hub's cache keeps all of a dataset, from one in a revision of it."""
    for folder in (path, *path.parents):
        if folder.parent.name == "snapshots":
            return folder.parent.parent
    return path


def push(folder: Path, repo: str, *, keep: Sequence[str] = ()) -> str:
    """Uploads a folder as a dataset; a missing repository is created, private.

    Args:
        folder: what to upload
        repo: ``OWNER/NAME``
        keep: names of files that are left as they are where the repository has them

    Returns:
        the address of the dataset's page

    Raises:
        UsageError: if the name cannot be one
        StateError: if the package is missing, the hub cannot be reached, or it refuses
    """
    hub = _package()
    if _REPO.fullmatch(repo) is None:
        raise UsageError(f"{repo[:200]!r} is no dataset's name; write OWNER/NAME")
    api = hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    with _said_plainly(HubAddress(repo), api.endpoint, "pushed"):
        api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
        there = set(api.list_repo_files(repo, repo_type="dataset")) if keep else set[str]()
        api.upload_folder(
            repo_id=repo,
            repo_type="dataset",
            folder_path=folder,
            ignore_patterns=[escape(name) for name in keep if name in there],
        )
    return f"{api.endpoint}/datasets/{repo}"


def _package() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise StateError(
            "the hub is reached through huggingface_hub; run: pip install 'pairlens[hub]'"
        ) from error
    return huggingface_hub


def _files(api: Any, address: HubAddress) -> list[str] | None:
    """The names of the repository's files; ``None`` where the hub cannot be reached."""
    from huggingface_hub import errors

    try:
        # Asked first since it fails at once; the listing tries again and again for half a minute.
        commit = api.repo_info(address.repo, repo_type="dataset", revision=address.revision).sha
        tree = api.list_repo_tree(
            address.repo, recursive=True, revision=commit, repo_type="dataset"
        )
        return [entry.path for entry in tree if hasattr(entry, "size")]
    except errors.HfHubHTTPError:
        raise
    except (*_transport_errors(), errors.OfflineModeIsEnabled):
        pass
    # What the cache holds may be enough; if it is not, snapshot_download says so.
    return None


def _transport_errors() -> tuple[type[Exception], ...]:
    """What a broken connection raises: the error of the client's HTTP library, and OSError."""
    from huggingface_hub.errors import HfHubHTTPError

    return tuple(kind for kind in HfHubHTTPError.__bases__ if issubclass(kind, Exception))


def _patterns(names: Sequence[str], chosen: Sequence[str]) -> list[str] | None:
    """The chosen files for ``snapshot_download``, which compares every name to every pattern.

    Folders all of whose files are chosen are named as one.
    """
    if len(chosen) == len(names):
        return None
    everywhere, here = _by_folder(names), _by_folder(chosen)
    whole = {folder for folder, count in here.items() if count == everywhere[folder]}
    patterns = {_top(name, whole) for name in chosen}
    return sorted(patterns)


def _by_folder(names: Sequence[str]) -> Counter[str]:
    """How many files lie in or below each folder."""
    return Counter(str(p) for name in names for p in PurePosixPath(name).parents if str(p) != ".")


def _top(name: str, whole: set[str]) -> str:
    for parent in reversed(PurePosixPath(name).parents):
        if str(parent) in whole:
            return f"{escape(str(parent))}/*"
    return escape(name)


@contextmanager
def _said_plainly(address: HubAddress, endpoint: str, done: str = "fetched") -> Iterator[None]:
    """Translates errors of the hub's client into a message that says what to do."""
    from huggingface_hub import errors

    at = f"{endpoint}/datasets/{address.repo}"
    try:
        yield
    except errors.GatedRepoError as error:
        raise StateError(
            f"{address.repo} is gated: accept its terms at {at}, then run `hf auth login` or "
            "set HF_TOKEN"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise StateError(f"{address.repo} has no revision {address.revision!r}") from error
    except errors.RepositoryNotFoundError as error:
        raise StateError(
            f"there is no dataset {address.repo} at {endpoint}; if it is private, run "
            "`hf auth login` or set HF_TOKEN"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise StateError(
            f"{endpoint} cannot be reached, and the cache does not hold all that is needed of "
            f"{address.repo}; files that did arrive are kept, so try again when there is a network"
        ) from error
    except errors.HFValidationError as error:
        raise UsageError(f"{address.repo!r} cannot be the name of a dataset: {error}") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        way_out = "run `hf auth login` or set HF_TOKEN" if status in (401, 403) else "try again"
        raise StateError(f"{endpoint} answered {status} for {address.repo}; {way_out}") from error
    except _transport_errors() as error:
        raise StateError(
            f"{address.repo} could not be {done} whole ({error}); what arrived is kept, try again"
        ) from error
