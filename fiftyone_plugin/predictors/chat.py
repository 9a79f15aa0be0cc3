"""Chat completions of OpenAI-compatible servers: their address, and how answers are read.

vLLM, SGLang, llama.cpp, Ollama and hosted services implement this protocol.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pairlens.importers.errors import MaskError

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.predictors.http_client import Reply

MAX_REPLY = 4 << 20
"""Maximum size of an answer in bytes, including what servers add to the text."""

_PATH = "/chat/completions"
_MOST_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class Completion:
    """The answer of a model.

    Attributes:
        text: the text of the answer
        tokens_in, tokens_out: tokens of prompt and answer, as the server reports them, or ``None``
    """

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None


def read_completion(reply: Reply, parameter: str = "vlm.max_tokens") -> Completion:
    """Reads a chat completion.

    Args:
        reply: the answer of the server
        parameter: the parameter that limits the length of answers, for messages

    Raises:
        MaskError: if it is not a chat completion, is empty, or was cut off
    """
    if reply.content_type != "application/json":
        raise MaskError(f"the server says that it answers {reply.content_type!r:.60}, not JSON")
    try:
        completion = json.loads(reply.body)
        choice = completion["choices"][0]
        content = choice["message"]["content"]
        finish_reason, usage = choice.get("finish_reason"), completion.get("usage")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise MaskError("the server answered no chat completion") from error
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(text for text in texts if isinstance(text, str))
    if finish_reason == "length":
        raise MaskError(f"the model's answer was cut off; raise {parameter}")
    if not isinstance(content, str) or not content.strip():
        raise MaskError("the model answered nothing")
    counts = usage if isinstance(usage, dict) else {}
    tokens = (_count(counts.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    return Completion(content, *tokens)


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 <= value <= _MOST_TOKENS else None


def complete_url(url: str) -> str:
    """Completes a base address, with or without ``/v1``, to that of chat completions."""
    address, mark, rest = url.partition("?")
    address = address.rstrip("/")
    if not address.endswith(_PATH):
        address += _PATH if address.endswith("/v1") else f"/v1{_PATH}"
    return address + mark + rest
