"""Run-length encoding character by character, as ``common/maskApi.c`` of cocoapi does it."""

from __future__ import annotations


def decompress(text: str) -> list[int]:
    counts: list[int] = []
    at = 0
    while at < len(text):
        value, place, more = 0, 0, True
        while more:
            code = ord(text[at]) - 48
            value |= (code & 0x1F) << (5 * place)
            more = bool(code & 0x20)
            at += 1
            place += 1
            if not more and code & 0x10:
                value |= -1 << (5 * place)
        if len(counts) > 2:
            value += counts[-2]
        counts.append(value)
    return counts


def compress(counts: list[int]) -> str:
    text = ""
    for number, count in enumerate(counts):
        value = count - counts[number - 2] if number > 2 else count
        more = True
        while more:
            code = value & 0x1F
            value >>= 5
            more = value != -1 if code & 0x10 else value != 0
            text += chr((code | 0x20 if more else code) + 48)
    return text


def fill(counts: list[int]) -> list[int]:
    return [number % 2 for number, count in enumerate(counts) for _ in range(count)]
