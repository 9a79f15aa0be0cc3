"""A replica set of three servers, with a user, a key file, and TLS."""

from __future__ import annotations

import datetime
import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from tests import database

NAME = "shared"
USER, PASSWORD = "ada", "p@ss:w/rd"
"""The password has characters that an address must escape."""

MEMBERS = 3

_WHOLE = ["PRIMARY", *["SECONDARY"] * (MEMBERS - 1)]

SECONDS = 90
"""In which a set must have settled."""

_QUICK = {"electionTimeoutMillis": 1500, "heartbeatIntervalMillis": 500}
"""So that another primary is chosen in a second or two, rather than in twelve."""


class ReplicaSet:
    """A replica set whose members can be stepped down, stopped and killed.

    Args:
        folder: folder for certificates and data
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.authority = folder / "authority.pem"
        _write_certificates(self.authority, folder / "server.pem")
        key = folder / "key"
        key.write_text("bG9vcGJhY2s" * 8)
        key.chmod(0o400)
        options = [
            "--replSet", NAME, "--keyFile", str(key), "--oplogSize", "64",
            "--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(folder / "server.pem"),
            "--tlsCAFile", str(self.authority), "--tlsAllowConnectionsWithoutCertificates",
        ]  # fmt: skip
        self.members = [database.Server(folder / str(n), *options) for n in range(MEMBERS)]

    @property
    def uri(self) -> str:
        """The address for users."""
        hosts = ",".join(member.address for member in self.members)
        who = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
        return f"mongodb://{who}@{hosts}/?replicaSet={NAME}&tls=true&tlsCAFile={self.authority}"

    def start(self) -> None:
        """Starts and initiates the set; returns when it is complete."""
        for member in self.members:
            member.start()
        hosts = [{"_id": n, "host": one.address} for n, one in enumerate(self.members)]
        config = {"_id": NAME, "members": hosts, "settings": _QUICK}
        with self._client(self.members[0], anonymous=True) as client:
            client.admin.command("replSetInitiate", config)
            self._until(lambda: client.admin.command("hello")["isWritablePrimary"])
            roles = [{"role": "root", "db": "admin"}]
            client.admin.command("createUser", USER, pwd=PASSWORD, roles=roles)
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Returns when one member is the primary and the others follow it."""
        self._until(self._is_whole)

    def _is_whole(self) -> bool:
        with self._client(self.primary) as client:
            members = client.admin.command("replSetGetStatus")["members"]
        return sorted(one["stateStr"] for one in members) == _WHOLE

    @property
    def primary(self) -> database.Server:
        """The member that takes writes."""
        found: list[database.Server] = []
        self._until(lambda: bool(found.extend(self._primaries()) or found))
        return found[0]

    def _primaries(self) -> Iterator[database.Server]:
        for member in self.members:
            with self._client(member) as client:
                if client.admin.command("hello")["isWritablePrimary"]:
                    yield member

    def step_down(self) -> None:
        """Makes another member the primary."""
        with self._client(self.primary) as client:
            client.admin.command("replSetStepDown", 5, secondaryCatchUpPeriodSecs=4)

    @contextmanager
    def client(self) -> Iterator[Any]:
        """A client of the set."""
        with MongoClient(self.uri) as client:
            yield client

    @contextmanager
    def _client(self, member: database.Server, *, anonymous: bool = False) -> Iterator[Any]:
        who: dict[str, Any] = {} if anonymous else {"username": USER, "password": PASSWORD}
        options: dict[str, Any] = {"tls": True, "tlsCAFile": str(self.authority), **who}
        wait: dict[str, Any] = {"serverSelectionTimeoutMS": 2000, "connectTimeoutMS": 2000}
        with MongoClient(member.address, directConnection=True, **options, **wait) as client:
            yield client

    def _until(self, met: Any) -> None:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                if met():
                    return
            except (AutoReconnect, OperationFailure):
                pass  # it is about to be
            assert time.monotonic() < deadline, "the replica set did not settle"
            time.sleep(0.05)

    def kill(self) -> None:
        """Ends all members."""
        for member in self.members:
            member.kill()


def _write_certificates(authority: Path, server: Path) -> None:
    """Writes the certificate of an authority, and one of a server on loopback with its key."""
    root_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _name("authority of a test")
    ca = _certificate(root, root_key, root, root_key)
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    leaf = _certificate(_name("127.0.0.1"), server_key, root, root_key)
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    leaf = leaf.add_extension(x509.SubjectAlternativeName([here]), critical=False)
    pem = serialization.Encoding.PEM
    authority.write_bytes(ca.sign(root_key, hashes.SHA256()).public_bytes(pem))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key = server_key.private_bytes(pem, *private)
    server.write_bytes(key + leaf.sign(root_key, hashes.SHA256()).public_bytes(pem))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - day).not_valid_after(now + day)
