"""Text and causes of exceptions, for messages that quote them."""

from __future__ import annotations

from collections.abc import Iterator


def first_line(error: BaseException) -> str:
    """The first non-blank line of an error's text, or its class; at most 200 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yields the error, its causes and contexts, and the members of exception groups."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            pending += reversed(current.exceptions)
        pending.append(current.__cause__ or current.__context__)
