"""Many pairs side by side, a column for each thing that checks ask of them.

What a check looks at closely is one pair in a hundred. Comparing a thousand areas with a bound
takes as long as making one pair, so the many are looked at in columns first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fiftyone_plugin.checks.records import Columns, Row
from fiftyone_plugin.checks.said import FIRES, Reading, Said, said_of
from importers import fields

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Numbers = NDArray[Any]

_QUANTILES = 5
_NO_QUANTILES = [float("nan")] * _QUANTILES


class Table:
    """Pairs in rows, image by image.

    Args:
        rows: as the database sends them
        columns: what is in them
        images: the number of each row's image, ascending
        readings: what was read in their queries, where checks go by that
    """

    def __init__(
        self,
        rows: Sequence[Row],
        columns: Columns,
        images: NDArray[np.int64],
        readings: Sequence[Reading] | Sequence[Row] = (),
    ) -> None:
        self.rows = rows
        self.read = bool(readings)
        self._readings = list(zip(*readings, strict=True))
        self.columns = columns
        self.images = images
        self._values = dict(zip(columns.paths, zip(*rows, strict=True), strict=True))
        self._numbers: dict[str, Floats] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, path: str) -> Sequence[Any]:
        """A column as it came."""
        return self._values.get(path) or [None] * len(self)

    def number(self, path: str) -> Floats:
        """A column of numbers; NaN, which is in no relation to any other, where there is none."""
        if path not in self._numbers:
            self._numbers[path] = np.array(self.values(path), np.float64)
        return self._numbers[path]

    def there(self, path: str) -> Bools:
        """Where a text is not empty, a list has members, a flag is set."""
        return np.fromiter(map(bool, self.values(path)), np.bool_, len(self))

    def stat(self, name: str) -> Floats:
        """One of the mask's numbers."""
        return self.number(f"{fields.MASK_STATS}.{name}")

    def image(self, name: str) -> Floats:
        """One of the image's numbers; NaN for placeholders, which no check judges."""
        numbers = self.number(f"{fields.IMAGE_STATS}.{name}")
        return np.where(self.missing, np.nan, numbers)

    @cached_property
    def area(self) -> Floats:
        """Target pixels."""
        return self.stat("area")

    @cached_property
    def share(self) -> Floats:
        """Share of the image's pixels that are target."""
        pixels = self.stat("width") * self.stat("height")
        return np.divide(self.area, pixels, out=np.zeros(len(self)), where=pixels > 0)

    @cached_property
    def missing(self) -> Bools:
        """Where a placeholder stands for the image."""
        return self.there(fields.IMAGE_MISSING)

    @cached_property
    def broken(self) -> Bools:
        """Where the mask could not be decoded."""
        return self.there(f"{fields.MASK_STATS}.error")

    @cached_property
    def judged(self) -> Bools:
        """Where there should be a target and a mask of it could be decoded."""
        return ~self.there(fields.NO_TARGET) & ~self.broken

    @cached_property
    def sides(self) -> NDArray[np.int64]:
        """How many sides of the image the target touches."""
        borders = self.values(f"{fields.MASK_STATS}.border")
        return np.fromiter((len(border or "") for border in borders), np.int64, len(self))

    @cached_property
    def box(self) -> Floats:
        """The target's ``(x, y, w, h)``."""
        boxes = self.values(f"{fields.MASK_STATS}.box")
        return np.array([box or (0, 0, 0, 0) for box in boxes], np.float64)

    @cached_property
    def masks(self) -> NDArray[np.int64]:
        """A number for each mask digest within a split."""
        pairs = zip(self.values("tags"), self.values(f"{fields.MASK_STATS}.digest"), strict=True)
        return np.fromiter(map(hash, pairs), np.int64, len(self))

    def quantiles(self, axis: str, chosen: NDArray[np.intp]) -> Floats:
        """Where 10, 25, 50, 75 and 90 % of the targets lie, in image sides, of some rows."""
        values = self.values(f"{fields.MASK_STATS}.{axis}_quantiles")
        some = (values[n] or () for n in chosen)
        listed = [each if len(each) == _QUANTILES else _NO_QUANTILES for each in some]
        side = self.stat("width" if axis == "x" else "height")[chosen]
        return np.array(listed, np.float64).reshape(-1, _QUANTILES) / side[:, None]

    # What was read in the queries.

    @cached_property
    def words(self) -> NDArray[np.int64]:
        """Their number."""
        return np.array(self._readings[1], np.int64)

    @cached_property
    def normal(self) -> NDArray[np.int64]:
        """Equal for equal queries; 0 for one without words."""
        return np.array(self._readings[2], np.int64)

    @cached_property
    def left(self) -> NDArray[np.int64]:
        """As in a reading."""
        return np.array(self._readings[3], np.int64)

    def fires(self, check: str) -> Bools:
        """Where a check on queries or texts alone has something to say, as was read."""
        found = self.values(FIRES)
        if not any(found):
            return np.zeros(len(self), np.bool_)
        return np.fromiter((check in (each or "").split() for each in found), np.bool_, len(self))

    @cached_property
    def said(self) -> list[Said]:
        """What the queries say, each once."""
        self._saying  # noqa: B018
        return self._said

    @cached_property
    def saying(self) -> NDArray[np.int64]:
        """The number of what each query says in :attr:`said`."""
        return self._saying

    @cached_property
    def _saying(self) -> NDArray[np.int64]:
        known: dict[str, int] = {}
        numbers = [known.setdefault(text, len(known)) for text in self._readings[5]]
        self._said = [said_of(text) for text in known]
        return np.array(numbers, np.int64)

    def where(self, is_so: Callable[[Said], Any]) -> Bools:
        """Where a query says something."""
        each = np.fromiter((bool(is_so(one)) for one in self.said), np.bool_, len(self.said))
        return each[self.saying]

    # What the checks on places and on several pairs share.

    @cached_property
    def outside(self) -> Floats:
        """How far the masks lie outside the places that their queries name, in image sides.

        As :func:`fiftyone_plugin.checks.positions.outside`; NaN where quantiles are not to be had.
        """
        away = np.zeros(len(self))
        placed = self.where(lambda said: said.region)
        chosen = np.flatnonzero(placed & (self.area > 0) & (self.share > 0))
        if not len(chosen):
            return away
        regions = [self.said[n].region for n in self.saying[chosen]]
        corners = np.array([(r.x0, r.y0, r.x1, r.y1) for r in regions if r])
        lengths = [
            _beyond(self.quantiles(axis, chosen), corners[:, n], corners[:, n + 2])
            for n, axis in enumerate("xy")
        ]
        away[chosen] = np.hypot(*lengths)
        return away

    @cached_property
    def odd(self) -> Bools:
        """Rows in which something is not there that the others have: better looked at closely."""
        found = np.zeros(len(self), np.bool_)
        for field, part in self.columns.parts:
            columns = [self.values(f"{field}.{name}") for name in part.names]
            if any(None in column for column in columns):
                gone = sum(np.array([v is None for v in column]) for column in columns)
                found |= (gone > 0) & ((gone < len(columns)) | (field == fields.MASK_STATS))
        return found


def _beyond(values: Floats, low: Floats, high: Floats) -> Floats:
    """As ``Region.excess_of`` has it along one axis, of many masks."""
    apart = np.maximum(np.maximum(low[:, None] - values, values - high[:, None]), 0.0)
    return (apart.mean(1) + 2 * apart.min(1)) / 3
