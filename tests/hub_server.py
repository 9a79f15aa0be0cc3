"""A hub on loopback with the endpoints that ``huggingface_hub`` needs for datasets."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """The content of the hub, and the requests that it received.

    Attributes:
        folders: folder of each ``OWNER/NAME``
        gated: the token that each repository needs, if any
        revisions: revisions of every repository
        fetched: names of files that were sent
        tokens_seen: tokens of the requests
        broken: whether all requests are answered with 500
        cut: files of which only the first half is sent
        made: repositories that were created, with whether they are private
        pushed: content of uploaded files, by repository and name
        writer: the token that may write
    """

    folders: dict[str, Path] = field(default_factory=dict)
    gated: dict[str, str] = field(default_factory=dict)
    revisions: set[str] = field(default_factory=lambda: {"main", COMMIT})
    fetched: list[str] = field(default_factory=list)
    tokens_seen: set[str] = field(default_factory=set)
    broken: bool = False
    cut: set[str] = field(default_factory=set)
    made: dict[str, bool] = field(default_factory=dict)
    pushed: dict[str, dict[str, bytes]] = field(default_factory=dict)
    writer: str = "writer"
    url: str = ""

    def files(self, repo: str) -> dict[str, bytes]:
        """The files of a repository: those of its folder, and uploaded ones."""
        folder = self.folders.get(repo)
        there = sorted(file for file in folder.rglob("*") if file.is_file()) if folder else []
        content = {file.relative_to(folder or "").as_posix(): file.read_bytes() for file in there}
        return content | self.pushed.get(repo, {})

    def has(self, repo: str, token: str) -> bool:
        """Whether a repository is visible with a token; private ones are hidden."""
        return repo in self.folders or (repo in self.made and token == self.writer)


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Runs a hub until the block ends."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        parts = [unquote(part) for part in address.path.strip("/").split("/")]
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.hub.tokens_seen.add(token)
        if self.hub.broken:
            return self._json({"error": "broken"}, 500)
        if parts[:2] == ["api", "datasets"] and len(parts) >= 4:
            return self._api("/".join(parts[2:4]), parts[4:], token)
        if parts[:1] == ["datasets"] and parts[3:4] == ["resolve"]:
            return self._file("/".join(parts[1:3]), "/".join(parts[5:]), token)
        return self._json({"error": "Not found"}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        if (self.headers.get("Authorization") or "") != f"Bearer {self.hub.writer}":
            return self._json({"error": "Invalid credentials"}, 401)
        if parts == ["api", "validate-yaml"]:
            return self._json({"errors": [], "warnings": []})
        if parts == ["api", "repos", "create"]:
            asked = json.loads(body)
            name = "/".join(part for part in (asked.get("organization"), asked["name"]) if part)
            private = asked.get("visibility") == "private" or asked.get("private") is True
            self.hub.made[name] = private
            return self._json({"url": f"{self.hub.url}/datasets/{name}"})
        if parts[4:5] == ["preupload"]:
            names = [file["path"] for file in json.loads(body)["files"]]
            mode = {"uploadMode": "regular", "shouldIgnore": False}
            return self._json({"files": [{"path": name} | mode for name in names]})
        if parts[4:5] == ["commit"]:
            return self._commit("/".join(parts[2:4]), body)
        return self._json({"error": "Not found"}, 404)

    def _commit(self, repo: str, body: bytes) -> None:
        files = self.hub.pushed.setdefault(repo, {})
        for line in body.splitlines():
            entry = json.loads(line)
            if entry["key"] == "file":
                files[entry["value"]["path"]] = b64decode(entry["value"]["content"])
        url = f"{self.hub.url}/datasets/{repo}/commit/{COMMIT}"
        self._json({"success": True, "commitUrl": url, "commitOid": COMMIT})

    def _refused(self, repo: str, token: str) -> bool:
        if not self.hub.has(repo, token):
            self._json({"error": "Repository not found"}, 401, "RepoNotFound")
            return True
        if repo in self.hub.gated and token != self.hub.gated[repo]:
            self._json({"error": "gated"}, 403, "GatedRepo")
            return True
        return False

    def _api(self, repo: str, rest: list[str], token: str) -> None:
        if rest[:1] == ["revision"] and self.hub.has(repo, token):
            if rest[1] not in self.hub.revisions:
                return self._json({"error": "no"}, 404, "RevisionNotFound")
            rest = []
        if not rest:
            if not self.hub.has(repo, token):
                self._refused(repo, token)
                return None
            return self._json({"id": repo, "sha": COMMIT, "tags": [], "siblings": []})
        if rest[0] == "tree" and not self._refused(repo, token):
            files = self.hub.files(repo)
            if "recursive=false" in urlsplit(self.path).query.lower():
                return self._json(_listed(files, "/".join(rest[2:])))
            return self._json(_tree(files))
        return None

    def _file(self, repo: str, name: str, token: str) -> None:
        if self._refused(repo, token):
            return
        data = self.hub.files(repo).get(name)
        if data is None:
            self._json({"error": "no"}, 404, "EntryNotFound")
            return
        headers = {"ETag": f'"{_digest(data)}"', "X-Repo-Commit": COMMIT}
        if self.command == "GET":
            self.hub.fetched.append(name)
        if self.command == "GET" and name in self.hub.cut:
            self._answer(200, data, headers, sent=len(data) // 2)
            self.close_connection = True
            return
        self._answer(200, data, headers)

    def _json(self, content: object, status: int = 200, error: str = "") -> None:
        headers = {"Content-Type": "application/json"} | ({"X-Error-Code": error} if error else {})
        self._answer(status, json.dumps(content).encode(), headers)

    def _answer(
        self, status: int, data: bytes, headers: dict[str, str], sent: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[:sent])


def _tree(files: dict[str, bytes]) -> list[dict[str, object]]:
    return [
        {"type": "file", "path": name, "size": len(data), "oid": _digest(data)}
        for name, data in files.items()
    ]


def _listed(files: dict[str, bytes], folder: str) -> list[dict[str, object]]:
    """The direct entries of a folder, including folders."""
    start = f"{folder}/" if folder else ""
    below = {name: data for name, data in files.items() if name.startswith(start)}
    direct = {name: data for name, data in below.items() if "/" not in name.removeprefix(start)}
    folders = sorted({name.removeprefix(start).partition("/")[0] for name in below.keys() - direct})
    return _tree(direct) + [
        {"type": "directory", "path": f"{start}{name}", "oid": "0" * 40} for name in folders
    ]


def _digest(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()
