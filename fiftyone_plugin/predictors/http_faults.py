"""Reasons for which a request fails, in words, and whether to try again.

Exceptions of ``httpx`` hold the request with its headers, the token among them: their reasons
are passed on, they themselves are not.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from pairlens.fiftyone_plugin.predictors.error_text import causes
from pairlens.fiftyone_plugin.predictors.secrets import SHOWN, Token

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
EXCERPT = 160
"""Characters of a server's own words that a message quotes."""

QUOTED = 640
"""Bytes of them that are read."""

_HINTS = {401: " (a token is missing or wrong)", 403: " (the token may not do this)"}


@dataclass(frozen=True, slots=True)
class HttpFault:
    """Why there is no answer.

    Attributes:
        reason: continues a sentence that begins with the server's name
        again: whether to try again
        wait: seconds until then, where the server names them
    """

    reason: str
    again: bool = False
    wait: float | None = None


def of_status(status: int, words: str, wait: str | None) -> HttpFault:
    """A status that is no success, with the server's words and its ``Retry-After``."""
    told = f": {words}" if words else ""
    reason = f"answers {status}{_HINTS.get(status, '')}{told}"
    return HttpFault(reason, again=status in RETRIED, wait=retry_after(wait))


def of_error(error: Exception, connect: float, read: float) -> HttpFault:
    """What ``httpx`` raised before there was an answer; the time-outs are in seconds."""
    led = list(causes(error))
    if found := next((e for e in led if isinstance(e, ssl.SSLError)), None):
        certificate = isinstance(found, ssl.SSLCertVerificationError)
        why = "its certificate is not trusted" if certificate else "TLS"
        return HttpFault(
            f"cannot be trusted ({why}); REQUESTS_CA_BUNDLE names the file of your own "
            "certificate authority"
        )
    if isinstance(error, httpx.ConnectTimeout):
        return HttpFault(f"could not be reached within {connect:g} s", again=True)
    if isinstance(error, httpx.TimeoutException):
        return HttpFault(f"said nothing for {read:g} s", again=True)
    if isinstance(error, httpx.ProxyError):
        return HttpFault("is not reached through the proxy", again=True)
    if any(isinstance(e, ConnectionRefusedError) for e in led):
        return HttpFault("refuses connections; is it running?", again=True)
    if any(isinstance(e, socket.gaierror) for e in led):
        return HttpFault("has no address that can be found; check the spelling", again=True)
    return HttpFault("broke off the connection", again=True)


def of_broken_answer(error: Exception, read: float) -> HttpFault:
    """What ``httpx`` raised within an answer; the time-out is in seconds."""
    if isinstance(error, httpx.TimeoutException):
        return HttpFault(f"said nothing for {read:g} s", again=True)
    return HttpFault(f"broke off its answer ({type(error).__name__})", again=True)


def excerpt(data: bytes, token: Token | None) -> str:
    """The start of a server's words in one line, without the token, which it may repeat."""
    text = data.decode("utf-8", "replace")
    if token is not None:
        if len(data) >= QUOTED:  # a part of the token that is too short to be known may end it
            text = text[:-SHOWN]
        text = token.redact(text)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 3] + "..."


def retry_after(value: str | None) -> float | None:
    """Seconds from now, from a number or a date; ``None`` where it says neither."""
    text = (value or "").strip()
    if text.isdecimal():
        return float(text[:12])
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
