"""Fetches datasets from the Hugging Face hub (``hf://datasets/OWNER/NAME[@revision]``) and uploads.

``huggingface_hub`` does the transfers, with its own cache, progress bars, tokens and resumption.
This module decides which files are needed, and turns errors into one sentence.
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
"""URL of the web page of a dataset, or of its files at a revision."""

_ADDRESS = re.compile(r"hf://datasets/([\w.-]+/[\w.-]+)(?:@([\w./-]+))?/?")

Wanted = Callable[[Sequence[str]], list[str]]
"""Selects the needed files from the names of all files of a repository."""


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
    """Converts the URL of a dataset's page to ``hf://``; other addresses are returned unchanged."""
    page = _PAGE.fullmatch(root)
    if page is None:
        return root
    return f"{SCHEME}datasets/{page[1]}" + (f"@{unquote(page[2])}" if page[2] else "")


def parse_address(root: str) -> HubAddress:
    """Parses ``hf://datasets/OWNER/NAME[@revision]``, or the URL of the dataset's page.

    Raises:
        UsageError: if it is not such an address
    """
    match = _ADDRESS.fullmatch(plain_address(root))
    if match is None:
        raise UsageError(
            f"{root[:200]!r} is no address of a dataset; write hf://datasets/OWNER/NAME[@revision] "
            "or the https:// address of its page on huggingface.co"
        )
    return HubAddress(match[1], match[2])


def fetch(address: HubAddress, wanted: Wanted = list, *, cache_dir: Path | None = None) -> Path:
    """Downloads the needed files into the hub's cache, except those that it has.

    The environment variables ``HF_ENDPOINT``, ``HF_HUB_CACHE`` and ``HF_TOKEN`` apply, and the
    login of ``hf auth login``.

    Args:
        address: the repository
        wanted: selects the needed files from all names, relative to the repository's root
        cache_dir: a folder to use instead of the hub's cache

    Returns:
        the folder of the revision, which contains the needed files

    Raises:
        UsageError: if the repository cannot have such a name
        StateError: if the package is missing, the hub cannot be reached or has no such dataset
            or revision, the dataset is gated, or no file is needed
    """
    hub = _package()
    endpoint = os.environ.get("HF_ENDPOINT") or None
    api = hub.HfApi(endpoint=endpoint)
    with _explaining_errors(address, api.endpoint):
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
    """Returns the folder of a repository in the hub's cache, for a path in one of its revisions.

    Any other path is returned unchanged.
    """
    for folder in (path, *path.parents):
        if folder.parent.name == "snapshots":
            return folder.parent.parent
    return path


def push(folder: Path, repo: str, *, keep: Sequence[str] = ()) -> str:
    """Uploads a folder as a dataset. A missing repository is created as a private one.

    Args:
        folder: what to upload
        repo: ``OWNER/NAME``
        keep: names of files that are not uploaded if the repository has them

    Returns:
        the URL of the dataset's page

    Raises:
        UsageError: if it cannot be the name of a dataset
        StateError: if the package is missing, or the hub cannot be reached or refuses
    """
    hub = _package()
    if _REPO.fullmatch(repo) is None:
        raise UsageError(f"{repo[:200]!r} is no dataset's name; write OWNER/NAME")
    api = hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    with _explaining_errors(HubAddress(repo), api.endpoint, "pushed"):
        api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
        existing = set(api.list_repo_files(repo, repo_type="dataset")) if keep else set[str]()
        api.upload_folder(
            repo_id=repo,
            repo_type="dataset",
            folder_path=folder,
            ignore_patterns=[escape(name) for name in keep if name in existing],
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
    """Lists the names of the repository's files; ``None`` if the hub cannot be reached."""
    from huggingface_hub import errors

    try:
        # First since it fails at once without a network; the listing retries for half a minute.
        commit = api.repo_info(address.repo, repo_type="dataset", revision=address.revision).sha
        tree = api.list_repo_tree(
            address.repo, recursive=True, revision=commit, repo_type="dataset"
        )
        return [entry.path for entry in tree if hasattr(entry, "size")]
    except errors.HfHubHTTPError:
        raise
    except (*_transport_errors(), errors.OfflineModeIsEnabled):
        pass
    # The cache may have all needed files; if it does not, snapshot_download raises an error.
    return None


def _transport_errors() -> tuple[type[Exception], ...]:
    """Returns the exceptions of a broken connection: of the client's HTTP library, and OSError."""
    from huggingface_hub.errors import HfHubHTTPError

    return tuple(kind for kind in HfHubHTTPError.__bases__ if issubclass(kind, Exception))


def _patterns(names: Sequence[str], chosen: Sequence[str]) -> list[str] | None:
    """Returns the patterns that select the chosen files; ``None`` for all.

    ``snapshot_download`` compares every name with every pattern, so there should be few. A folder
    whose files are all chosen gets one pattern.
    """
    if len(chosen) == len(names):
        return None
    everywhere, here = _by_folder(names), _by_folder(chosen)
    whole = {folder for folder, count in here.items() if count == everywhere[folder]}
    patterns = {_top(name, whole) for name in chosen}
    return sorted(patterns)


def _by_folder(names: Sequence[str]) -> Counter[str]:
    """Counts the files in or below each folder."""
    return Counter(str(p) for name in names for p in PurePosixPath(name).parents if str(p) != ".")


def _top(name: str, whole: set[str]) -> str:
    """Returns the pattern of the topmost chosen folder above a file, else of the file."""
    for parent in reversed(PurePosixPath(name).parents):
        if str(parent) in whole:
            return f"{escape(str(parent))}/*"
    return escape(name)


@contextmanager
def _explaining_errors(address: HubAddress, endpoint: str, done: str = "fetched") -> Iterator[None]:
    """Translates errors of the hub's client into a sentence that says what to do."""
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
