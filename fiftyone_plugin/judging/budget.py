"""The budget of a run in calls, tokens and money, and the prices of tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from threading import Lock

from pairlens.importers.bounded_json import is_number, read_json
from pairlens.importers.errors import UsageError
from pairlens.importers.source_files import reason_of

MILLION = 1_000_000
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Price:
    """Prices of a million tokens: of questions (``input``) and of answers (``output``)."""

    input: float
    output: float

    def of(self, tokens_in: int, tokens_out: int) -> float:
        """The cost of tokens of questions and of answers."""
        return (tokens_in * self.input + tokens_out * self.output) / MILLION


def read_price(file: Path, model: str) -> Price:
    """Reads the price of a model from a price table.

    Args:
        file: JSON such as ``{"MODEL": {"input": 0.25, "output": 2}}``, per million tokens
        model: name of the model

    Raises:
        UsageError: if the file cannot be read, is not such a table, or lacks the model
    """
    try:
        table = read_json(file, _MAX_BYTES)
    except OSError as error:
        raise UsageError(f"the price table {file} cannot be read ({reason_of(error)})") from error
    except ValueError as error:
        raise UsageError(f"the price table {file}: the file {error}") from error
    row = table.get(model) if isinstance(table, dict) else None
    if not isinstance(row, dict):
        known = ", ".join(list(table)[:10]) if isinstance(table, dict) else ""
        raise UsageError(
            f"the price table {file} has {known or 'no models'}, but not the model {model!r}"
        )
    values = [row.get(name) for name in ("input", "output")]
    numbers = [float(value) for value in values if is_number(value) and value >= 0]
    if len(numbers) != len(values):
        raise UsageError(
            f"the price table {file}: {model!r} needs 'input' and 'output', the prices of a "
            "million tokens"
        )
    return Price(*numbers)


@dataclass
class Budget:
    """The limits of a run, and what it has used so far.

    A pending question counts with its estimate, corrected by the error of earlier estimates. A
    limit of tokens or money can therefore be exceeded only by the error of the pending estimates.

    Attributes:
        max_calls, max_tokens, max_cost: the limits; ``None`` for none
        price: price of tokens
        calls: number of questions that were sent
        tokens_in, tokens_out: tokens of questions and of answers
        uncounted: number of answers without a count of tokens; their estimates count
        ended: the limit that ended the run, ``""`` if none did
    """

    max_calls: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    price: Price | None = None
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    uncounted: int = 0
    ended: str = ""
    _pending: list[tuple[int, int]] = field(default_factory=list)
    _estimated: tuple[int, int] = (0, 0)
    _counted: tuple[int, int] = (0, 0)
    _lock: Lock = field(default_factory=Lock)

    @property
    def cost(self) -> float | None:
        """The cost so far, ``None`` without a price."""
        return self.price and round(self.price.of(self.tokens_in, self.tokens_out), 6)

    def begin(self, estimate: tuple[int, int]) -> bool:
        """Adds a pending question; returns ``False`` if it would exceed a limit."""
        with self._lock:
            estimates = [self.corrected(one) for one in (*self._pending, estimate)]
            tokens_in = self.tokens_in + sum(one[0] for one in estimates)
            tokens_out = self.tokens_out + sum(one[1] for one in estimates)
            if self.max_calls is not None and self.calls >= self.max_calls:
                self.ended = f"--max-calls {self.max_calls} were asked"
            elif self.max_tokens is not None and tokens_in + tokens_out > self.max_tokens:
                self.ended = f"the next question would pass --max-tokens {self.max_tokens}"
            elif (
                self.max_cost is not None
                and self.price
                and self.price.of(tokens_in, tokens_out) > self.max_cost
            ):
                self.ended = f"the next question would pass --max-cost {self.max_cost:g}"
            else:
                self.calls += 1
                self._pending.append(estimate)
                return True
            return False

    def end(self, estimate: tuple[int, int], tokens_in: int | None, tokens_out: int | None) -> None:
        """Removes a pending question and charges its tokens.

        Args:
            estimate: the estimate passed to :meth:`begin`
            tokens_in, tokens_out: counted tokens, 0 for a failed question; ``None`` if they were
                not counted, which charges the estimate
        """
        with self._lock:
            self._pending.remove(estimate)
            if tokens_in is None or tokens_out is None:
                self.uncounted += any(estimate)
                tokens_in, tokens_out = estimate
            elif tokens_in or tokens_out:
                self._estimated = (
                    self._estimated[0] + estimate[0],
                    self._estimated[1] + estimate[1],
                )
                self._counted = (self._counted[0] + tokens_in, self._counted[1] + tokens_out)
            self.tokens_in += tokens_in
            self.tokens_out += tokens_out

    def corrected(self, estimate: tuple[int, int]) -> tuple[int, int]:
        """An estimate, scaled by the ratio of counted to estimated tokens so far."""
        pairs = zip(estimate, self._counted, self._estimated, strict=True)
        corrected_in, corrected_out = (
            ceil(one * counted / estimated) if estimated else one
            for one, counted, estimated in pairs
        )
        return corrected_in, corrected_out
