"""An image as a tree of regions: superpixels, then unions of similar neighbours.

Superpixels are computed by SLIC (Achanta et al., 2012, scikit-image). They are merged two at a time
by the full lambda schedule of Koepfler, Lopez and Morel (1994), known in remote sensing from
Redding et al. (1999): the next pair is the one with the least squared colour difference times ``n1
n2 / (n1 + n2)``, divided by the length of their common border. Every node of the tree is a
candidate for a target, from a car to the field around it.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]

CONTRAST = 12.0
"""Lab distance to the neighbours at which the salience is 0.5."""


@dataclass(frozen=True, slots=True)
class Regions:
    """The tree of an image; the first ``leaves`` nodes are superpixels, the last is the image.

    Attributes:
        size: (width, height) of the image in pixels
        labels: (h, w) superpixel of each pixel, at the reduced size
        children: (nodes - leaves, 2) the two nodes that each merged node consists of
        area: (nodes,) share of the image, (0, 1]
        color: (nodes, 3) mean CIE Lab: L in 0 .. 100, a and b about -100 .. 100
        center: (nodes, 2) centroid (x, y) in fractions of the image
        salience: (nodes,) in [0, 1], distance of the colour from that of the neighbours; a single
            similar neighbour lowers it, as for a part of an object
        spread: (nodes,) standard deviation of the Lab colour in the region
        compactness: (nodes,) 16 area / perimeter squared: 1 for a square, less for others
        border: (nodes,) share of the perimeter that is the image's border
    """

    size: tuple[int, int]
    labels: Labels
    children: NDArray[np.int64]
    area: Floats
    color: Floats
    center: Floats
    salience: Floats
    spread: Floats
    compactness: Floats
    border: Floats

    @property
    def leaves(self) -> int:
        """The number of superpixels."""
        return len(self.area) - len(self.children)

    def mask(self, node: int) -> NDArray[np.uint8]:
        """The mask of a node in the image's size, (height, width) uint8 of 0 and 1."""
        chosen = np.zeros(self.leaves, np.float32)
        stack = [node]
        while stack:
            top = stack.pop()
            if top < self.leaves:
                chosen[top] = 1
            else:
                stack.extend(self.children[top - self.leaves].tolist())
        small = chosen[self.labels]
        # Interpolated and cut at 0.5, so that the enlarged outline has no steps.
        return (cv2.resize(small, self.size, interpolation=cv2.INTER_LINEAR) >= 0.5).astype(
            np.uint8
        )


def find_regions(
    rgb: NDArray[np.uint8], *, segments: int, side: int, compactness: float
) -> Regions:
    """Segments an image.

    Args:
        rgb: (height, width, 3) uint8
        segments: approximate number of superpixels
        side: longest side in pixels to which the image is reduced
        compactness: compactness of SLIC, in Lab units: higher makes squarer superpixels
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale < 1:
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        rgb = cv2.resize(rgb, small, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    lab = np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    labels = _superpixels(lab, segments, compactness)
    return _grow(labels, lab, (width, height))


def _superpixels(lab: NDArray[np.float32], segments: int, compactness: float) -> Labels:
    from skimage.segmentation import slic  # takes a second to import

    height, width = lab.shape[:2]
    extent = float(lab.max() - lab.min())
    if height * width <= 4 or not extent:
        many = np.arange(height * width, dtype=np.int32).reshape(height, width)
        return many if extent else np.zeros_like(many)
    labels = slic(
        lab,
        # Superpixels of fewer than four pixels follow noise.
        n_segments=max(2, min(segments, height * width // 4)),
        # SLIC scales the values to 0 .. 1 first.
        compactness=compactness / extent,
        max_num_iter=5,
        convert2lab=False,
        start_label=0,
        channel_axis=-1,
    )
    used = np.bincount(labels.ravel()) > 0
    return (np.cumsum(used) - 1)[labels].astype(np.int32)


def _grow(labels: Labels, lab: NDArray[np.float32], size: tuple[int, int]) -> Regions:
    """Merges the superpixels into one region, and computes the statistics of all nodes."""
    count = int(labels.max()) + 1
    sums = _leaf_sums(labels, lab, count)
    merger = _Merger(sums[:, 0], sums[:, 1:4], _shared_borders(labels, count))
    children, shared = merger.run()
    nodes = np.zeros((count + len(children), sums.shape[1]))
    nodes[:count] = sums
    for node, ((left, right), length) in enumerate(zip(children, shared, strict=True), count):
        nodes[node] = nodes[left] + nodes[right]
        nodes[node, 6] -= 2 * length
    pixels, perimeter = nodes[:, 0], nodes[:, 6]
    color = nodes[:, 1:4] / pixels[:, None]
    return Regions(
        size=size,
        labels=labels,
        children=np.array(children, np.int64).reshape(-1, 2),
        area=pixels / labels.size,
        color=color,
        center=nodes[:, 4:6] / pixels[:, None] / (labels.shape[1], labels.shape[0]),
        salience=np.array(merger.salience),
        spread=np.sqrt(np.maximum(nodes[:, 8] / pixels - (color**2).sum(1), 0)),
        compactness=16 * pixels / perimeter**2,
        border=nodes[:, 7] / perimeter,
    )


def _leaf_sums(labels: Labels, lab: NDArray[np.float32], count: int) -> Floats:
    """Pixels, sums of L, a, b, x and y, perimeter, border, sum of squares of each superpixel.

    Returns:
        (count, 9); all columns except the perimeter are additive under union
    """
    flat = labels.ravel()
    width = labels.shape[1]
    ys, xs = np.divmod(np.arange(flat.size), width)
    weights = [None, *lab.reshape(-1, 3).T, xs + 0.5, ys + 0.5]
    columns = [np.bincount(flat, w, count) for w in weights]
    edges = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    border = np.bincount(edges, minlength=count)
    framed = np.pad(labels, 1, constant_values=-1)
    inner = framed[1:-1, 1:-1]
    sides = (framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:])
    perimeter = np.bincount(flat, sum((inner != s).ravel().astype(np.int64) for s in sides), count)
    squares = np.bincount(flat, (lab.reshape(-1, 3) ** 2).sum(1), count)
    return np.stack([*columns, perimeter, border, squares], axis=1).astype(np.float64)


def _shared_borders(labels: Labels, count: int) -> list[dict[int, int]]:
    """Length of the common border by 4-connected neighbour, for each superpixel."""
    first = np.concatenate((labels[:, :-1].ravel(), labels[:-1].ravel())).astype(np.int64)
    second = np.concatenate((labels[:, 1:].ravel(), labels[1:].ravel())).astype(np.int64)
    differs = first != second
    first, second = first[differs], second[differs]
    codes = np.minimum(first, second) * count + np.maximum(first, second)
    neighbours: list[dict[int, int]] = [{} for _ in range(count)]
    for code, length in zip(
        *(a.tolist() for a in np.unique(codes, return_counts=True)), strict=True
    ):
        low, high = divmod(code, count)
        neighbours[low][high] = neighbours[high][low] = length
    return neighbours


class _Merger:
    """Merges regions; uses plain floats and dicts, since each step touches a few numbers only.

    Args:
        pixels: (n,) size of each superpixel
        color_sums: (n, 3) sums of its Lab values
        neighbours: shared border lengths by neighbour, for each superpixel
    """

    def __init__(
        self, pixels: Floats, color_sums: Floats, neighbours: list[dict[int, int]]
    ) -> None:
        self.pixels: list[float] = pixels.tolist()
        self.colors: list[tuple[float, ...]] = [
            tuple(c) for c in (color_sums / pixels[:, None]).tolist()
        ]
        self.neighbours = neighbours
        self.salience = [self._salience(node) for node in range(len(neighbours))]

    def run(self) -> tuple[list[tuple[int, int]], list[int]]:
        """Merges until one region is left.

        Returns:
            the two nodes merged in each step, and the length of their common border
        """
        heap = [
            (self._cost(low, high, length), low, high)
            for low, around in enumerate(self.neighbours)
            for high, length in around.items()
            if low < high
        ]
        heapq.heapify(heap)
        merged = [False] * len(self.neighbours)
        children, shared = [], []
        while heap:
            _, left, right = heapq.heappop(heap)
            if merged[left] or merged[right]:
                continue
            merged[left] = merged[right] = True
            merged.append(False)
            children.append((left, right))
            shared.append(self.neighbours[left][right])
            node = self._merge(left, right)
            for other, length in self.neighbours[node].items():
                heapq.heappush(heap, (self._cost(other, node, length), other, node))
        return children, shared

    def _merge(self, left: int, right: int) -> int:
        node = len(self.pixels)
        first, second = self.pixels[left], self.pixels[right]
        self.pixels.append(first + second)
        self.colors.append(
            tuple(
                (a * first + b * second) / (first + second)
                for a, b in zip(self.colors[left], self.colors[right], strict=True)
            )
        )
        around = dict(self.neighbours[left])
        for other, length in self.neighbours[right].items():
            around[other] = around.get(other, 0) + length
        del around[left], around[right]
        for other, length in around.items():
            self.neighbours[other].pop(left, None)
            self.neighbours[other].pop(right, None)
            self.neighbours[other][node] = length
        self.neighbours.append(around)
        self.salience.append(self._salience(node))
        return node

    def _squared_distance(self, one: int, other: int) -> float:
        (l1, a1, b1), (l2, a2, b2) = self.colors[one], self.colors[other]
        return (l1 - l2) ** 2 + (a1 - a2) ** 2 + (b1 - b2) ** 2

    def _cost(self, one: int, other: int, length: int) -> float:
        first, second = self.pixels[one], self.pixels[other]
        return self._squared_distance(one, other) * first * second / (first + second) / length

    def _salience(self, node: int) -> float:
        around = self.neighbours[node]
        total = 0.0
        for other, length in around.items():
            distance = self._squared_distance(node, other) ** 0.5
            total += length * math.log(distance / (distance + CONTRAST) + 0.01)
        return math.exp(total / sum(around.values())) if around else 0.0
