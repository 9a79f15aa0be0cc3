"""What faults of captions and of conversations share, whatever files they are written to.

Which words are a fault is said once, by the benchmark of the checks: its faults are given what
stands on disk of an image and say what becomes of it, and a layout writes that down. Those that
can be mild are planted where they are plain, as the faults of masks are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path

from numpy.random import Generator

from fiftyone_plugin.bench import caption_faults, conversation_faults  # noqa: F401 - register
from fiftyone_plugin.bench.faults import FAULTS, Record, Tools
from fiftyone_plugin.checks import Sample
from fiftyone_plugin.checks.statements import statements
from fiftyone_plugin.checks.texts import quoted
from fiftyone_plugin.demo.faults import Attempt, Damage
from fiftyone_plugin.language.taxonomy import unlike
from importers.errors import RecordError
from importers.formats import FORMATS
from importers.records import Caption, CaptionedImage, Instruction, Turn

LOOPED = 1 / 3
"""Share of a caption's words that were said before, from which on it plainly loops."""

_GOES_ON = frozenset(
    {"a", "an", "the", "of", "and", "with", "by", "into", "its", "from", "two", "three", "four"}
)
"""Words behind which a sentence plainly goes on."""


class TextDamager(ABC):
    """Damages what is said of images; a unit is an image, named by its key."""

    format = ""
    carried: tuple[str, ...] = ()
    """Faults of the benchmark that the layout can carry."""

    def __init__(self, root: Path, used: set[str]) -> None:
        self._root = root
        self._used = used
        self.faults: dict[str, Attempt] = {
            name: partial(self._reword, name) for name in self.carried
        } | self.own()

    @abstractmethod
    def own(self) -> dict[str, Attempt]:
        """Faults of the files, which the benchmark does not know of."""

    @abstractmethod
    def write(self, before: Sample, after: Sample) -> bool:
        """Writes down what is now said of an image; false where its files cannot say that."""

    def images(self) -> dict[str, CaptionedImage | Instruction]:
        """All images by key, as they now stand on disk; broken records are passed over."""
        records = FORMATS[self.format].read(self._root, on_error=_pass)
        return {r.key: r for r in records if isinstance(r, CaptionedImage | Instruction)}

    def units(self) -> list[str]:
        """The keys of all images, in the order in which a reader meets them."""
        return list(self.images())

    def keys(self, unit: str) -> tuple[str, ...]:
        """The one key of an image."""
        return (unit,)

    def _reword(self, name: str, unit: str, rng: Generator) -> Damage | None:
        fault = FAULTS[name]
        before = subject_of(self.images()[unit])
        done = fault.plant([Record(before, "", "")], Tools(rng, lambda: (), self._root))
        if done is None:
            return None
        (after,) = done.pairs
        if not PLAIN.get(name, _any)(before, after) or not self.write(before, after):
            return None
        return Damage((unit,), _told(fault.about, before, after), check=fault.checks[0])


def _pass(error: RecordError) -> None:
    """Takes what a reader cannot read: it may have been broken on purpose."""


def subject_of(image: CaptionedImage | Instruction) -> Sample:
    """What the checks see of an image's texts."""
    return Sample(
        image.key,
        image.image_id,
        image.split,
        "",
        captions=image.captions,
        turns=turns_of(image),
    )


def turns_of(image: CaptionedImage | Instruction) -> tuple[Turn, ...]:
    """The turns about an image; captioned images have none."""
    return image.turns if isinstance(image, Instruction) else ()


def _told(about: str, before: Sample, after: Sample) -> str:
    """What was done, with the text that is now there and was not, if there is one."""
    old = {*_texts(before)}
    new = next((text for text in _texts(after) if text not in old and text.strip()), "")
    return f"{about[0].lower()}{about[1:].rstrip('.')}" + (f": {quoted(new)}" if new else "")


def _texts(one: Sample) -> list[str]:
    said = [caption.text for caption in one.captions]
    return said + [text for turn in one.turns for text in (turn.question, *turn.answers)]


def _changed(before: Sample, after: Sample) -> tuple[Caption, Caption]:
    pairs = zip(before.captions, after.captions, strict=True)
    return next((old, new) for old, new in pairs if old != new)


def _any(before: Sample, after: Sample) -> bool:
    return True


def _loops(before: Sample, after: Sample) -> bool:
    old, new = _changed(before, after)
    return 1 - len(old.text.split()) / len(new.text.split()) >= LOOPED


def _goes_on(before: Sample, after: Sample) -> bool:
    return _changed(before, after)[1].text.split()[-1].lower() in _GOES_ON


def _lost(before: Sample, after: Sample) -> bool:
    """Whether nothing else that the revision names is of the lost thing's kind."""
    old, new = (statements(caption.text).classes for caption in _changed(before, after))
    return bool(old) and all(unlike(old[0], name) == 1 for name in new)


PLAIN: dict[str, Callable[[Sample, Sample], bool]] = {
    "repetitive_caption": _loops,
    "truncated_caption": _goes_on,
    "drifted_object": _lost,
}
"""Whether a fault that can be mild is plain, by fault."""
