"""What a layout on disk is to the planting of faults: units to damage, and how to write a fault."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from numpy.random import Generator

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.checks.texts import quoted
from pairlens.fiftyone_plugin.faults import FAULTS, Damage, Fault, LoadedSample, Tools, Unit
from pairlens.importers.errors import RecordError
from pairlens.importers.formats import FORMATS
from pairlens.importers.prepare import MediaPlace, PreparedPair, prepare
from pairlens.importers.records import Instruction, Pair, Record
from pairlens.importers.registry import Registry

IMPORT = "import"
"""Stands for a check where the import must find the fault: a file or a record is broken."""


@dataclass(frozen=True, slots=True)
class FileDamage:
    """What damaging the files of a unit did.

    Attributes:
        keys: the samples that are now faulty
        note: what was done
        check: the check that must find it, or :data:`IMPORT`
        concerned: other units that are no longer clean
        source: where the import must report an error, if it is the one to find it
    """

    keys: tuple[str, ...]
    note: str
    check: str
    concerned: tuple[str, ...] = ()
    source: str = ""


Attempt = Callable[[str, Generator], FileDamage | None]
"""Damages a unit, or returns ``None`` and touches nothing where it cannot carry the fault."""


class Layout(ABC):
    """A layout on disk that faults are planted in.

    A unit is what is damaged at one time: an annotation file of GRES, a line of RefSegRS, an
    image of the others.

    Args:
        root: the folder that an importer takes
        used: the units that are spoken for; it grows meanwhile

    Attributes:
        format: its name
        carried: the faults of the library that its files can express
        faults: these and its own, by name
    """

    format: str
    carried: tuple[str, ...]

    def __init__(self, root: Path, used: set[str]) -> None:
        self._root = root
        self._used = used
        self._units: dict[str, tuple[Record, ...]] | None = None
        self.faults: dict[str, Attempt] = {
            name: partial(self._plant, FAULTS[name]) for name in self.carried
        } | self.own()

    def own(self) -> dict[str, Attempt]:
        """Faults of files alone, by name."""
        return {}

    @abstractmethod
    def write(self, unit: str, before: Unit, damage: Damage) -> dict[str, str] | None:
        """Writes what a fault did to a unit.

        Returns:
            the keys on disk of the samples that were added, by their keys in ``damage``;
            ``None`` where the files cannot express the fault, and nothing was written
        """

    def unit_of(self, record: Record) -> str:
        """The unit that a record belongs to."""
        return record.key

    def sharing(self, unit: str) -> tuple[str, ...]:
        """Other units that show the same image."""
        return ()

    def units(self) -> dict[str, tuple[Record, ...]]:
        """The records of all units as they now stand on disk, but for broken ones."""
        if self._units is None:
            found: dict[str, list[Record]] = {}
            for record in FORMATS[self.format].read(self._root, on_error=_pass):
                found.setdefault(self.unit_of(record), []).append(record)
            self._units = {unit: tuple(records) for unit, records in found.items()}
        return self._units

    def forget(self) -> None:
        """Has the files read again."""
        self._units = None

    def _plant(self, fault: Fault, unit: str, rng: Generator) -> FileDamage | None:
        with TemporaryDirectory(prefix="pairlens-plant-") as scratch:
            try:
                before = load(self.units()[unit], Path(scratch))
            except RecordError:  # published broken
                return None
            damage = fault.plant(before, Tools(rng, lambda: (), Path(scratch)))
            if damage is None or not _is_plain(fault, before, damage):
                return None
            splits = {one.sample.split for one in before}
            leaks = any(one.split not in splits for one in damage.samples)
            # Their image then stands in two splits as well.
            concerned = self.sharing(unit) if leaks else ()
            if not self._used.isdisjoint(concerned):
                return None
            names = self.write(unit, before, damage)
        if names is None:
            return None
        self.forget()
        keys = tuple(names.get(key, key) for key in damage.faulty)
        note = _note(fault.about, before, damage, [*names.values()])
        return FileDamage(keys, note, fault.checks[0], (*concerned, *names.values()))


LAYOUTS: Registry[type[Layout]] = Registry("format with faults")


def _pass(error: RecordError) -> None:
    """Ignores what a reader cannot read: it may have been broken on purpose."""


def sample_of(record: Record) -> Sample:
    """What the checks see of a record's texts."""
    start = Sample(record.key, record.image_id, record.split, "")
    if isinstance(record, Pair):
        return replace(start, phrase=record.phrase, no_target=record.no_target)
    turns = record.turns if isinstance(record, Instruction) else ()
    return replace(start, captions=record.captions, turns=turns)


def load(records: tuple[Record, ...], folder: Path) -> list[LoadedSample]:
    """The samples of a unit as an import would make them; masks are written to the folder."""
    loaded = []
    for one in prepare(records, MediaPlace(folder, placeholders=True)):
        facts, mask = one.image.facts, ""
        sample = replace(
            sample_of(one.record),
            image_missing=one.image.missing,
            image_size=(facts.width, facts.height),
            image_digest=facts.digest,
        )
        if isinstance(one, PreparedPair):
            sample = replace(sample, stats=one.stats)
            mask = str(one.mask_path or "")
        loaded.append(LoadedSample(sample, mask, str(one.image.filepath)))
    return loaded


def _is_plain(fault: Fault, before: Unit, damage: Damage) -> bool:
    pairs = zip((one.sample for one in before), damage.samples, strict=False)
    return all(fault.plain(old, new) for old, new in pairs if old != new)


def _note(about: str, before: Unit, damage: Damage, added: list[str]) -> str:
    """What was done, with the text that is now there and was not, or the keys of new samples."""
    old = {text for one in before for text in _texts(one.sample)}
    texts = (text for one in damage.samples for text in _texts(one))
    new = next((quoted(text) for text in texts if text not in old and text.strip()), "")
    told = new or ", ".join(added)
    return f"{about[0].lower()}{about[1:].rstrip('.')}" + (f": {told}" if told else "")


def _texts(one: Sample) -> list[str]:
    said = [one.phrase, *(caption.text for caption in one.captions)]
    return said + [text for turn in one.turns for text in (turn.question, *turn.answers)]
