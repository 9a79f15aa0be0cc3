"""How much may be asked: calls, tokens and money; and what tokens cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from threading import Lock

from pairlens.importers.bounded_json import is_number, read_json
from pairlens.importers.errors import UsageError
from pairlens.importers.source_files import reason_of

MILLION = 1_000_000
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, of questions and of answers."""

    input: float
    output: float

    def of(self, tokens_in: int, tokens_out: int) -> float:
        """What some tokens cost."""
        return (tokens_in * self.input + tokens_out * self.output) / MILLION


def read_price(file: Path, model: str) -> Price:
    """The price of a model in a table: ``{"MODEL": {"input": 0.25, "output": 2}}`` as JSON, for a
    million tokens each.

    Raises:
        UsageError: if the file cannot be read, is no such table, or lacks the model
    """
    try:
        table = read_json(file, _MOST_BYTES)
    except OSError as error:
        raise UsageError(f"the prices {file} cannot be read ({reason_of(error)})") from error
    except ValueError as error:
        raise UsageError(f"the prices {file}: the file {error}") from error
    row = table.get(model) if isinstance(table, dict) else None
    if not isinstance(row, dict):
        known = ", ".join(list(table)[:10]) if isinstance(table, dict) else ""
        raise UsageError(
            f"the prices {file} have {known or 'no models'}, and not the model {model!r}"
        )
    values = [row.get(name) for name in ("input", "output")]
    numbers = [float(value) for value in values if is_number(value) and value >= 0]
    if len(numbers) != len(values):
        raise UsageError(
            f"the prices {file}: {model!r} needs 'input' and 'output', what a million tokens cost"
        )
    return Price(*numbers)


@dataclass
class Budget:
    """What may be spent and what was.

    What is under way counts with its estimate, corrected by how wrong earlier estimates were. So a
    bound of tokens or money is passed, if at all, by what the questions that are under way at once
    take beyond that.

    Attributes:
        max_calls, max_tokens, max_cost: bounds; ``None`` for none
        price: of tokens
        calls: questions that were begun
        tokens_in, tokens_out: that were counted
        uncounted: answers of which nobody counted the tokens; their estimate counts
        ended: which bound ended the run, ``""`` if none did
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
    _told: tuple[int, int] = (0, 0)
    _counted: tuple[int, int] = (0, 0)
    _lock: Lock = field(default_factory=Lock)

    @property
    def cost(self) -> float | None:
        """What was spent, ``None`` without a price."""
        return self.price and round(self.price.of(self.tokens_in, self.tokens_out), 6)

    def begin(self, estimate: tuple[int, int]) -> bool:
        """Whether one more question fits; it is then under way."""
        with self._lock:
            held = [self.corrected(one) for one in (*self._pending, estimate)]
            tokens_in = self.tokens_in + sum(one[0] for one in held)
            tokens_out = self.tokens_out + sum(one[1] for one in held)
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
        """A question is answered, or failed: then nothing was counted, and nothing is charged.

        Args:
            estimate: as it was begun with
            tokens_in, tokens_out: as counted; ``None`` where nobody counts them
        """
        with self._lock:
            self._pending.remove(estimate)
            if tokens_in is None or tokens_out is None:
                self.uncounted += any(estimate)
                tokens_in, tokens_out = estimate
            elif tokens_in or tokens_out:
                self._told = (self._told[0] + estimate[0], self._told[1] + estimate[1])
                self._counted = (self._counted[0] + tokens_in, self._counted[1] + tokens_out)
            self.tokens_in += tokens_in
            self.tokens_out += tokens_out

    def corrected(self, estimate: tuple[int, int]) -> tuple[int, int]:
        """An estimate, by how wrong those of answered questions were."""
        pairs = zip(estimate, self._counted, self._told, strict=True)
        given, taken = (ceil(one * counted / told) if told else one for one, counted, told in pairs)
        return given, taken
