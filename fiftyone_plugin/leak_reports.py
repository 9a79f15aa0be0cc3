"""The report of a search for leaks between datasets and splits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pairlens.fiftyone_plugin.reports import Report, table

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.leaks.matching import Kind
    from pairlens.fiftyone_plugin.leaks.runner import LeakSummary, Shared

MAX_IN_JSON = 1000
"""Maximum of matches in ``--json``."""

MAX_LISTED = 10

_HEADS: dict[Kind, str] = {
    "same_image": "same image",
    "near_image": "near image",
    "alike_image": "alike",
    "same_mask": "same mask",
    "near_mask": "near mask",
    "same_text": "same text",
}


def of_leaks(done: LeakSummary, out: str | None, drawn: int) -> Report:
    """The report of a comparison of datasets.

    Args:
        done: the matches
        out: the file of the page, if one was written
        drawn: number of examples on the page
    """
    from pairlens.fiftyone_plugin.leaks.reading import leaks_between

    samples = sum(done.places.values())
    lines = [
        f"Compared {samples:,} samples of {len(done.places)} datasets and splits in "
        f"{done.seconds:.1f} s."
    ]
    lines += [f"  note: {note}" for note in done.notes]
    rows = [
        (one.name, other.name, *(f"{counts[kind]:,}" for kind in _HEADS),
         "training and other" if leaks_between(one, other) else "")
        for (one, other), counts in done.between.items()
    ]  # fmt: skip
    head = ("one", "the other", *_HEADS.values(), "")
    lines += table([head, *rows]) if rows else ["They have nothing in common."]
    leaking = [one for one in done.shared if one.leak and one.kind != "same_text"]
    lines += [f"  {_line(one)}" for one in leaking[:MAX_LISTED]]
    if len(leaking) > MAX_LISTED:
        lines.append(f"  ... and {len(leaking) - MAX_LISTED:,} more")
    if out:
        lines.append(f"Wrote {out} with {drawn:,} of them side by side.")
    if done.leaks:
        are = "image is" if done.leaks == 1 else "images are"
        lines.append(f"Failed: {done.leaks:,} {are} in training data and in another split.")
    return Report(_data(done, out), lines, ok=not done.leaks)


def _line(shared: Shared) -> str:
    from pairlens.fiftyone_plugin.leaks.page import describe

    sides = " and ".join(f"{side.key} ({side.dataset})" for side in (shared.first, shared.second))
    return f"{describe(shared)}: {sides}"


def _data(done: LeakSummary, out: str | None) -> dict[str, Any]:
    from pairlens.fiftyone_plugin.leaks.reading import leaks_between

    return {
        "leaks": done.leaks,
        "places": [place._asdict() | {"samples": n} for place, n in done.places.items()],
        "between": [
            {"first": a._asdict(), "second": b._asdict(), "leak": leaks_between(a, b), **counts}
            for (a, b), counts in done.between.items()
        ],
        "shared": [
            one._asdict() | {"first": one.first._asdict(), "second": one.second._asdict()}
            for one in done.shared[:MAX_IN_JSON]
        ],
        "shared_total": len(done.shared),
        "images_read": done.images_read,
        "notes": done.notes,
        "out": out,
        "seconds": done.seconds,
    }
