"""Text and causes of exceptions, for messages that quote them."""

from __future__ import annotations

from collections.abc import Iterator


def first_line(error: BaseException) -> str:
    """The first line of an error's text that is not blank, or its class; at most 200 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that led to it, members of exception groups included."""
    seen: set[int] = set()
    ahead: list[BaseException | None] = [error]
    while ahead:
        one = ahead.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            ahead += reversed(one.exceptions)
        ahead.append(one.__cause__ or one.__context__)
