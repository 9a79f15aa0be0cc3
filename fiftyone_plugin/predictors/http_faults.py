"""Reasons why a request failed, as text, and whether to try again.

Exceptions of ``httpx`` contain the request with its headers and so the token. They are therefore
turned into text, and never raised again.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from pairlens.fiftyone_plugin.predictors.error_text import causes
from pairlens.fiftyone_plugin.predictors.secrets import MIN_REDACTED, Token

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
EXCERPT = 160
"""Maximum of characters of a server's answer that a message quotes."""

MAX_QUOTED = 640
"""Bytes that are read of an answer to be quoted."""

_HINTS = {401: " (a token is missing or wrong)", 403: " (the token may not do this)"}


@dataclass(frozen=True, slots=True)
class HttpFault:
    """The reason why a request has no usable answer.

    Attributes:
        reason: continues a sentence that begins with the server's name
        again: whether to try again
        wait: seconds before the next attempt, if the server requests it
    """

    reason: str
    again: bool = False
    wait: float | None = None


def fault_of_status(status: int, quoted: str, retry_after_header: str | None) -> HttpFault:
    """The fault for an error status.

    Args:
        status: the HTTP status
        quoted: the start of the server's answer, or ``""``
        retry_after_header: its header ``Retry-After``
    """
    suffix = f": {quoted}" if quoted else ""
    reason = f"answers {status}{_HINTS.get(status, '')}{suffix}"
    return HttpFault(reason, again=status in RETRIED, wait=retry_after(retry_after_header))


def fault_of_error(error: Exception, connect: float, read: float) -> HttpFault:
    """The fault for an exception raised before the answer.

    Args:
        error: an exception of ``httpx``, or of a library that it uses
        connect, read: the time-outs in seconds
    """
    chain = list(causes(error))
    if tls_error := next((e for e in chain if isinstance(e, ssl.SSLError)), None):
        certificate = isinstance(tls_error, ssl.SSLCertVerificationError)
        reason = "its certificate is not trusted" if certificate else "TLS"
        return HttpFault(
            f"cannot be trusted ({reason}); REQUESTS_CA_BUNDLE names the file of your own "
            "certificate authority"
        )
    if isinstance(error, httpx.ConnectTimeout):
        return HttpFault(f"could not be reached within {connect:g} s", again=True)
    if isinstance(error, httpx.TimeoutException):
        return HttpFault(f"said nothing for {read:g} s", again=True)
    if isinstance(error, httpx.ProxyError):
        return HttpFault("is not reached through the proxy", again=True)
    if any(isinstance(e, ConnectionRefusedError) for e in chain):
        return HttpFault("refuses connections; is it running?", again=True)
    if any(isinstance(e, socket.gaierror) for e in chain):
        return HttpFault("has no address that can be found; check the spelling", again=True)
    return HttpFault("broke off the connection", again=True)


def fault_of_broken_answer(error: Exception, read: float) -> HttpFault:
    """The fault for an exception raised while the answer was read.

    Args:
        error: as in :func:`fault_of_error`
        read: the time-out in seconds
    """
    if isinstance(error, httpx.TimeoutException):
        return HttpFault(f"said nothing for {read:g} s", again=True)
    return HttpFault(f"broke off its answer ({type(error).__name__})", again=True)


def excerpt(data: bytes, token: Token | None) -> str:
    """The start of a server's answer in one line, with the token redacted."""
    text = data.decode("utf-8", "replace")
    if token is not None:
        if len(data) >= MAX_QUOTED:  # a cut token at the end is too short to be found
            text = text[:-MIN_REDACTED]
        text = token.redact(text)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 3] + "..."


def retry_after(value: str | None) -> float | None:
    """Seconds from now in a header ``Retry-After``; ``None`` if it has no number or date."""
    text = (value or "").strip()
    if text.isdecimal():
        return float(text[:12])
    try:
        time = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return max(0.0, (time - datetime.now(UTC)).total_seconds())
