"""How fast a list of records is cut: against decoding over a window and nothing more.

python benchmarks/bench_json_stream.py [RECORDS]
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable

from pairlens.importers.json_stream import read_items
from pairlens.importers.json_window import CHUNK

RECORDS = 200_000
ROUNDS = 5


def make_list(records: int) -> bytes:
    """A list of LLaVA records of two turns, the size that published ones have."""
    turns = [
        {"from": "human", "value": "<image>\nHow many ships lie at the pier in the north?"},
        {"from": "gpt", "value": "Two ships lie there, one of them larger than the other. " * 4},
        {"from": "human", "value": "Is the larger one a tanker?"},
        {"from": "gpt", "value": "Yes, the larger one is a tanker."},
    ]
    made = [{"id": str(n), "image": f"a/{n}.jpg", "conversations": turns} for n in range(records)]
    return json.dumps(made).encode()


def decode_window(data: bytes) -> int:
    """Counts the records by ``raw_decode`` over a window, as little as can be done."""
    stream, decoder = io.BytesIO(data), json.JSONDecoder()
    text, at, count = stream.read(CHUNK).decode("latin-1"), 1, 0
    while True:
        try:
            _, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            piece = stream.read(CHUNK).decode("latin-1")
            if not piece:
                return count
            text, at = (text[at:] + piece).lstrip(", "), 0
            continue
        count += 1
        at = end + 2


def read_records(data: bytes) -> int:
    """Counts the records that PairLens reads, each with its value."""
    return sum(1 for item in read_items(io.BytesIO(data), "list") if item.load())


def best_of(work: Callable[[bytes], int], data: bytes) -> float:
    """The least seconds of some rounds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work(data)
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    """Measures both and prints the ratio."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    data = make_list(records)
    if not decode_window(data) == read_records(data) == records:
        raise SystemExit("the two do not read the same")
    plain, ours = best_of(decode_window, data), best_of(read_records, data)
    print(f"{records:,} records, {len(data):,} bytes")
    print(f"raw_decode over a window  {plain:.2f} s")
    print(f"read_items                {ours:.2f} s, {ours / plain:.2f} times as long")


if __name__ == "__main__":
    main()
