"""The probes of the doctor, each run in a process of its own that can be stopped.

FiftyOne keeps one connection, one set of settings and one set of loaded plugins per process,
waits half a minute for a server that is not there and a minute for one that does not start:
so nothing of this happens in the process of the one who asks.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import traceback
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from uuid import uuid4

CONNECT_SECONDS = 5
"""How long a server named in the settings has to answer."""

LOG_BYTES = 1_000_000


def main(name: str) -> None:
    """Prints what a probe found, or why it could not run, as one line of JSON."""
    try:
        found = PROBES[name]()
    except Exception as error:
        found = {"failed": cause(error)}
    print(json.dumps(found))


def cause(error: Exception) -> dict[str, str]:
    """Why a probe could not run.

    Returns:
        ``kind``: ``config`` where FiftyOne's settings cannot be read, else ``package``; ``text``;
        ``where``: the package that failed
    """
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    text = f"{type(error).__name__}: {(str(error).strip() or 'no reason given').splitlines()[0]}"
    config = any(file.endswith(("fiftyone/core/config.py", "eta/core/config.py")) for file in files)
    packages = [m[1] for file in files if (m := re.search(r"(?:site|dist)-packages/(\w+)", file))]
    where = packages[-1] if packages else "fiftyone"
    # The module of the settings imports other packages, which can fail as well.
    config = config and where in ("eta", "fiftyone") and not isinstance(error, ImportError)
    return {"kind": "config" if config else "package", "text": text, "where": where}


def mongod() -> dict[str, Any]:
    """Connects to the database as FiftyOne does, and writes, reads and drops a collection."""
    import fiftyone as fo

    uri, folder = fo.config.database_uri, str(fo.config.database_dir)
    path = _own_mongod()
    found: dict[str, Any] = {"path": path, "version": None, "uri": uri, "folder": folder}
    found |= {"served_folder": None, "connected": False, "error": None}
    try:
        if uri:
            _ping(uri)
        elif path:
            found["version"] = _version_of(path)
        found |= _connect()
    except Exception as error:  # whatever it is, it is the finding
        # What pymongo appends to its sentence is a dump of its state.
        sentence = re.split(r" \(configured timeouts|, Timeout: ", str(error))[0]
        found["error"] = f"{type(error).__name__}: {sentence}"
        if not uri and "failed to bind" in sentence:
            found["error"] += _first_error(Path(folder) / "log" / "mongo.log")
    return found


def _own_mongod() -> str | None:
    from fiftyone.core.service import DatabaseService

    try:
        return DatabaseService.find_mongod()
    except Exception:  # not there, or not to be executed: connecting says so
        return None


def _version_of(path: str) -> str:
    """Runs the program for its version, which fails at once where a system library is missing."""
    done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"{path} ended with {done.returncode}")
    return done.stdout.split()[2].removeprefix("v")


def _ping(uri: str) -> None:
    from pymongo import MongoClient

    with MongoClient(uri, serverSelectionTimeoutMS=1000 * CONNECT_SECONDS) as client:
        client.admin.command("ping")


def _connect() -> dict[str, Any]:
    from pairlens.importers import fo_internals

    database = fo_internals.database()
    _write_and_read(database)
    version = database.client.server_info()["version"]
    return {"connected": True, "version": version, "served_folder": _served_folder(database)}


def _first_error(log: Path) -> str:
    """The first error in the log of a server that did not start (each start has its own)."""
    try:
        lines = log.read_bytes()[:LOG_BYTES].decode("utf-8", "replace").splitlines()
        entries = (json.loads(line) for line in lines)
        entry = next(e for e in entries if e.get("s") in ("E", "F"))
    except (OSError, ValueError, StopIteration):
        return ""
    attr = entry.get("attr", {})
    why = attr.get("message") or attr.get("error") or ""
    why = why.get("msg", "") if isinstance(why, dict) else str(why)
    return f" (its log says: {entry.get('msg')}: {why[:300].strip()})"


def _write_and_read(database: Any) -> None:
    scratch = database[f"pairlens_doctor_{uuid4().hex}"]
    try:
        scratch.insert_one({"_id": 1, "text": "é"})
        if scratch.find_one({"text": "é"}) != {"_id": 1, "text": "é"}:
            raise RuntimeError("what was written to the database was not read back")
    finally:
        scratch.drop()


def _served_folder(database: Any) -> str | None:
    """The data folder of the server, if it reports one."""
    try:
        options = database.client.admin.command("getCmdLineOpts")
    except Exception:  # a server of someone else's need not tell
        return None
    return options.get("parsed", {}).get("storage", {}).get("dbPath")


def plugin() -> dict[str, Any]:
    """Loads the plugin of this checkout as FiftyOne does, linked or not."""
    import fiftyone.plugins as fop
    from fiftyone.operators.panel import Panel
    from fiftyone.plugins.context import PluginContext

    from pairlens.fiftyone_plugin import ROOT
    from pairlens.fiftyone_plugin.plugin_link import is_linked, obstacle

    definition = fop.get_plugin(plugin_dir=str(ROOT))
    context = PluginContext(definition)
    context.register_all()
    panels = [i.name for i in context.instances if isinstance(i, Panel)]
    loaded = [i.name for i in context.instances]
    missing = [n for n in definition.operators if n not in loaded]
    errors = [e.strip().splitlines()[-1] for e in context.errors]
    if missing and not errors:
        errors = [f"declared in fiftyone.yml but not registered: {', '.join(missing)}"]
    return {
        "linked": is_linked(),
        "obstacle": obstacle(),
        "operators": [n for n in loaded if n not in panels],
        "panels": panels,
        "errors": errors,
    }


def media() -> dict[str, Any]:
    """Writes a file where the media of a new dataset would go, and deletes it."""
    from pairlens.importers.media_folders import media_root

    folder = media_root()
    found: dict[str, Any] = {"path": str(folder), "writable": False, "free_gb": None, "error": None}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as scratch:
            scratch.write(b"written")
        found["free_gb"] = round(shutil.disk_usage(folder).free / 1e9, 1)
        found["writable"] = True
    except OSError as error:
        found["error"] = f"{error.strerror}: {error.filename or Path(folder)}"
    return found


def packages() -> dict[str, Any]:
    """Imports what other packages register through entry points."""
    from pairlens.fiftyone_plugin.checks import CHECKS
    from pairlens.fiftyone_plugin.judging import JUDGES
    from pairlens.fiftyone_plugin.predictors import PREDICTORS
    from pairlens.importers.formats import FORMATS

    found: dict[str, Any] = {"loaded": [], "broken": {}}
    groups = {
        "checks": CHECKS, "formats": FORMATS, "predictors": PREDICTORS, "judges": JUDGES
    }  # fmt: skip
    for group, registry in groups.items():
        len(registry)  # reading it imports the modules
        for entry in entry_points(group=f"pairlens.{group}"):
            name = f"pairlens.{group} {entry.name}"
            if entry.name in registry.broken:
                found["broken"][name] = registry.broken[entry.name]
            else:
                found["loaded"].append(name)
    return found


PROBES: dict[str, Callable[[], dict[str, Any]]] = {
    "mongod": mongod,
    "plugin": plugin,
    "media": media,
    "packages": packages,
}
