"""Decisions about ambiguous input: reported, stored, and open to an override.

A decision is a note with further attributes, so whatever takes notes also takes decisions.
:class:`Decisions` counts equal ones and reports each once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pairlens.importers.errors import shown

MOST_KINDS = 1000
"""Maximum number of different decisions; hostile files could cause any number of them."""


LEFT_OUT = "files that a file manager left (._*, __MACOSX, .DS_Store) are left out"
"""The rule of a decision of kind ``left_out``."""

MOST_REPORTED = 8
"""Largest number of different decisions of a kind in a summary."""


class Decision(str):
    """A note that says how ambiguous input was read.

    Attributes:
        kind: what was ambiguous, such as ``mask_values``
        times: how many files or records it applies to
        example: the first of them
        override: the parameter that changes the decision, as ``name=values``; ``""`` for none
        usual: whether it follows the format's definition; then it is reported only if another
            decision of its kind was taken too
    """

    kind: str
    times: int
    example: str
    override: str
    usual: bool

    def __new__(
        cls,
        rule: str,
        kind: str = "",
        *,
        example: str = "",
        override: str = "",
        times: int = 1,
        usual: bool = False,
    ) -> Decision:
        """Creates a decision; ``rule`` is its sentence, without count and example."""
        made = super().__new__(cls, rule)
        made.kind, made.times, made.example = kind, times, example
        made.override, made.usual = override, usual
        return made


class Decisions:
    """Counts the decisions of one step.

    Attributes:
        notes: the notes that are not decisions, in order

    Args:
        notes: notes and decisions to start with
    """

    def __init__(self, notes: Iterable[str] = ()) -> None:
        self.notes: list[str] = []
        self._made: dict[tuple[str, str], Decision] = {}
        for note in notes:
            self(note)

    @classmethod
    def of_stored(cls, entries: Iterable[dict[str, Any]]) -> Decisions:
        """Restores the decisions of one step from what :meth:`stored` returned."""
        return cls(
            Decision(
                one["rule"], one["kind"], example=one["example"], override=one["override"],
                times=one["count"], usual=one.get("usual", False),
            )
            for one in entries
        )  # fmt: skip

    def __call__(self, note: str) -> None:
        """Takes a note or a decision."""
        if not isinstance(note, Decision):
            self.notes.append(shown(note))
            return
        counted = self._made.get((note.kind, str(note)))
        if counted is not None:
            counted.times += note.times
        elif len(self._made) < MOST_KINDS:
            self._made[note.kind, str(note)] = Decision(
                shown(str(note)), note.kind, example=shown(note.example), override=note.override,
                times=note.times, usual=note.usual,
            )  # fmt: skip

    def take(self, image: Sequence[Any]) -> None:
        """Takes the decisions on one image and its masks."""
        for decision in taken(image):
            self(decision)

    def all(self) -> list[Decision]:
        """Returns all decisions, each with its count."""
        return list(self._made.values())

    def reportable(self) -> list[Decision]:
        """Returns the decisions to report: a usual one only if there is another of its kind."""
        kinds = [decision.kind for decision in self._made.values()]
        return [d for d in self._made.values() if not d.usual or kinds.count(d.kind) > 1]

    def lines(self) -> list[str]:
        """Returns a sentence for each decision to report, up to :data:`MOST_REPORTED` of a kind."""
        listed: list[str] = []
        decisions = self.reportable()
        for kind in dict.fromkeys(decision.kind for decision in decisions):
            of_kind = [decision for decision in decisions if decision.kind == kind]
            listed += map(line_of, of_kind[:MOST_REPORTED])
            if len(of_kind) > MOST_REPORTED:
                listed.append(
                    f"{kind}: {len(of_kind) - MOST_REPORTED:,} more, in the dataset's info"
                )
        return listed

    def stored(self, step: str, before: Iterable[dict[str, Any]] = ()) -> list[dict[str, Any]]:
        """Returns all decisions as they are stored in the fact ``decisions``.

        Args:
            step: the step that took them, such as ``import``
            before: decisions stored earlier, to which those of the same step are added
        """
        listed = {(d["step"], d["kind"], d["rule"]): dict(d) for d in before}
        for decision in self._made.values():
            entry = {
                "step": step,
                "kind": decision.kind,
                "rule": str(decision),
                "count": decision.times,
                "example": decision.example,
                "override": decision.override,
            } | ({"usual": True} if decision.usual else {})
            old = listed.setdefault((step, decision.kind, str(decision)), entry)
            if old["example"] != decision.example:  # otherwise the same files were read again
                old["count"] += decision.times
        return list(listed.values())


def taken(image: Sequence[Any]) -> Iterator[Decision]:
    """Yields the decisions on the image and the masks of the prepared records of one image."""
    if image:
        yield from image[0].image.decisions
    for prepared in image:
        yield from getattr(prepared, "decisions", ())


def of_leftovers(names: Sequence[str]) -> Decision:
    """Returns the decision to leave out files of a file manager, such as ``.DS_Store``."""
    override = "left_out=read"
    return Decision(LEFT_OUT, "left_out", example=names[0], override=override, times=len(names))


def line_of(decision: Decision) -> str:
    """Returns a decision as a sentence with its count, first example and override."""
    line = f"{decision.kind}: {decision.times:,} {decision}"
    if decision.example:
        line += f", {decision.example} the first"
    if decision.override:
        option = "" if decision.override.startswith("--") else "--param "
        line += f"; {option}{decision.override} decides otherwise"
    return line
