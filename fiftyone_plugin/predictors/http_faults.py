"""What can go wrong with a request, in words, and whether it may go right the next time.

Exceptions of ``requests`` hold the request with its headers, the token among them: they are
told in words and not passed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from fiftyone_plugin.predictors.secrets import Token

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
EXCERPT = 160
"""Characters of a server's own words that a message quotes."""

QUOTED = 640
"""Bytes of them that are read."""

_HINTS = {401: " (a token is missing or wrong)", 403: " (the token may not do this)"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no answer.

    Attributes:
        reason: goes on after the server's name
        again: whether to try again
        wait: seconds until then, where the server names them
    """

    reason: str
    again: bool = False
    wait: float | None = None


def of_status(status: int, words: str, wait: str | None) -> Fault:
    """A status that is no success, with the server's words and its ``Retry-After``."""
    told = f": {words}" if words else ""
    reason = f"answers {status}{_HINTS.get(status, '')}{told}"
    return Fault(reason, again=status in RETRIED, wait=retry_after(wait))


def of_error(error: Exception, connect: float, read: float) -> Fault:
    """What ``requests`` raised; ``connect`` and ``read`` are the time-outs in seconds."""
    from requests import exceptions as known

    name = type(error).__name__
    if isinstance(error, known.SSLError):
        why = "its certificate is not trusted" if "CERTIFICATE" in str(error).upper() else "TLS"
        return Fault(
            f"cannot be trusted ({why}); REQUESTS_CA_BUNDLE names the file of your own "
            "certificate authority"
        )
    if isinstance(error, known.ConnectTimeout):
        return Fault(f"could not be reached within {connect:g} s", again=True)
    if isinstance(error, known.ReadTimeout) or name == "ReadTimeoutError":
        return Fault(f"said nothing for {read:g} s", again=True)
    if isinstance(error, known.ProxyError):
        return Fault("is not reached through the proxy", again=True)
    if isinstance(error, known.ConnectionError):
        refused = "refused" in str(error).lower()
        what = "refuses connections; is it running?" if refused else "broke off the connection"
        return Fault(what, again=True)
    if isinstance(error, ValueError) and not isinstance(error, known.RequestException):
        return Fault(f"answers with what is no HTTP ({name})")
    return Fault(f"broke off its answer ({name})", again=True)


def excerpt(data: bytes, token: Token | None) -> str:
    """The start of a server's words in one line, without the token, which it may repeat."""
    text = data.decode("utf-8", "replace")
    if token is not None:
        text = text.replace(token.reveal(), "***")
        if len(data) >= QUOTED:  # the token may stand across the end
            text = text[: -len(token.reveal())]
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
