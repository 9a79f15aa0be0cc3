"""Chat completions as OpenAI-compatible servers speak them: the address, and what is answered.

vLLM, SGLang, llama.cpp, Ollama and the hosted ones speak this protocol.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pairlens.importers.errors import MaskError

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.predictors.http_client import Reply

MAX_REPLY = 4 << 20
"""Bytes of an answer, whatever the server adds to the text."""

_PATH = "/chat/completions"
_MOST_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote.

    Attributes:
        text: its words
        tokens_in, tokens_out: what the server says that the question and the answer took; ``None``
            where it does not
    """

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None


def read_completion(reply: Reply, parameter: str = "vlm.max_tokens") -> Completion:
    """Reads a chat completion.

    Args:
        reply: of the server
        parameter: that bounds the length of answers, for messages

    Raises:
        MaskError: if the server answered no chat completion, or one that was cut off
    """
    if reply.content_type != "application/json":
        raise MaskError(f"the server says that it answers {reply.content_type!r:.60}, not JSON")
    try:
        answered = json.loads(reply.body)
        choice = answered["choices"][0]
        content = choice["message"]["content"]
        ended, usage = choice.get("finish_reason"), answered.get("usage")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise MaskError("the server answered no chat completion") from error
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(text for text in texts if isinstance(text, str))
    if ended == "length":
        raise MaskError(f"the model's answer was cut off; raise {parameter}")
    if not isinstance(content, str) or not content.strip():
        raise MaskError("the model answered nothing")
    named = usage if isinstance(usage, dict) else {}
    tokens = (_count(named.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    return Completion(content, *tokens)


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 <= value <= _MOST_TOKENS else None


def complete_url(url: str) -> str:
    """The address of chat completions: a base address, with or without ``/v1``, is completed."""
    address, mark, rest = url.partition("?")
    address = address.rstrip("/")
    if not address.endswith(_PATH):
        address += _PATH if address.endswith("/v1") else f"/v1{_PATH}"
    return address + mark + rest
