"""What can be told of a stage while its blocks go by, without holding all of them.

A reducer is begun with the stage's geometry (anew if all is computed again), is given every block
once, and has its result in the end.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import ArrayLike, NDArray

from motorscope.contract import FeatureSpec
from motorscope.detection.tiling.stitch import Slices
from motorscope.inspection.stage import Began, Block, Maps
from motorscope.tomogram import VoxelGrid

Statistic = Literal["mean", "max", "std"]
STATISTICS: tuple[Statistic, ...] = ("mean", "max", "std")
SAMPLES = 20_000

_AT_ONCE = 2**22  # values that are widened to float32 at a time


class Reducer(Protocol):
    """Takes in the blocks of a stage."""

    def begin(self, spec: FeatureSpec, grid: VoxelGrid) -> None:
        """Forget everything; blocks of this geometry follow."""

    def add(self, place: Slices, values: Maps) -> None:
        """Take in the values ``(channel, z, y, x)`` of a part of the grid."""


def feeding(
    blocks: Generator[Any, None, None], reducers: "list[Reducer]"
) -> Generator[Any, None, None]:
    """Give the blocks of a stage to reducers, and yield all other messages."""
    for message in blocks:
        if isinstance(message, Began):
            for reducer in reducers:
                reducer.begin(message.spec, message.grid)
        elif isinstance(message, Block):
            for reducer in reducers:
                reducer.add(message.place, message.values)
        else:
            yield message


class Assemble:
    """All maps ``(channel, z, y, x)`` in float16: in memory, or in a ``.npy`` file.

    Parameters
    ----------
    path
        The file, which is open only while a block is written; ``None`` for memory.
    channels
        Which channels to keep, in this order; ``None`` for all.
    """

    def __init__(self, path: Path | None = None, channels: tuple[int, ...] | None = None) -> None:
        self._path = path
        self._channels = channels
        self._maps: Maps | None = None

    def begin(self, spec: FeatureSpec, grid: VoxelGrid) -> None:  # noqa: D102
        count = spec.channels if self._channels is None else len(self._channels)
        shape = (count, *grid.shape)
        if self._path is None:
            self._maps = np.zeros(shape, np.float16)
        else:
            open_memmap(self._path, "w+", np.float16, shape)

    def add(self, place: Slices, values: Maps) -> None:  # noqa: D102
        if self._channels is not None:
            values = values[list(self._channels)]
        maps = self._maps if self._path is None else open_memmap(self._path, "r+")
        assert maps is not None
        maps[:, *place] = values

    def result(self) -> Maps:
        """Return the maps; those of a file are mapped from it."""
        maps = self._maps if self._path is None else np.load(self._path, mmap_mode="r")
        assert maps is not None
        return maps


@dataclass(frozen=True)
class Moments:
    """Of all channels over all voxels: mean, least and greatest ``(c,)``, covariance ``(c, c)``."""

    count: int
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    least: NDArray[np.float64]
    greatest: NDArray[np.float64]

    @property
    def variance(self) -> NDArray[np.float64]:
        """Variance of each channel ``(c,)``."""
        return np.diagonal(self.covariance)


class Momentum:
    """Computes `Moments`; in double precision, around the mean of what came first."""

    def begin(self, spec: FeatureSpec, grid: VoxelGrid) -> None:  # noqa: D102
        c = spec.channels
        self._count = 0
        self._shift: NDArray[np.float32] | None = None
        self._sum = np.zeros(c)
        self._products = np.zeros((c, c))
        self._least = np.full(c, np.inf)
        self._greatest = np.full(c, -np.inf)

    def add(self, place: Slices, values: Maps) -> None:  # noqa: D102
        for x in wide(values):
            if self._shift is None:
                self._shift = x.mean(axis=1)
            np.minimum(self._least, x.min(axis=1), out=self._least)
            np.maximum(self._greatest, x.max(axis=1), out=self._greatest)
            x -= self._shift[:, None]
            self._count += x.shape[1]
            self._sum += x.sum(axis=1, dtype=np.float64)
            self._products += x @ x.T

    def result(self) -> Moments:
        """Return the moments."""
        assert self._shift is not None
        mean = self._sum / self._count
        covariance = self._products / self._count - np.outer(mean, mean)
        return Moments(self._count, mean + self._shift, covariance, self._least, self._greatest)


class Sample:
    """Values ``(n, channel)``, float16, of voxels drawn at random, the same in every run."""

    def __init__(self, count: int = SAMPLES) -> None:
        self._most = count

    def begin(self, spec: FeatureSpec, grid: VoxelGrid) -> None:  # noqa: D102
        total = int(np.prod(grid.shape))
        drawn = np.random.default_rng(0).choice(total, min(self._most, total), replace=False)
        self._voxels = np.stack(np.unravel_index(np.sort(drawn), grid.shape), axis=1)
        self._values = np.zeros((len(self._voxels), spec.channels), np.float16)

    def add(self, place: Slices, values: Maps) -> None:  # noqa: D102
        rows, local = _within(self._voxels, place)
        self._values[rows] = values[:, *local.T].T

    @property
    def voxels(self) -> NDArray[np.intp]:
        """Which voxels were drawn ``(n, 3)``."""
        return self._voxels

    def result(self) -> Maps:
        """Return the values."""
        return self._values


class At:
    """Values ``(n, channel)``, float32, at places ``(n, 3)`` in Å, linear between voxels.

    Places beyond the outermost voxels get the values of those.
    """

    def __init__(self, places: ArrayLike) -> None:
        self._places = np.asarray(places, dtype=float).reshape(-1, 3)

    def begin(self, spec: FeatureSpec, grid: VoxelGrid) -> None:  # noqa: D102
        last = np.array(grid.shape) - 1
        exact = np.clip(grid.to_voxels(self._places), 0, last)
        self._low = np.floor(exact).astype(np.intp)
        self._high = np.minimum(self._low + 1, last)
        self._share = exact - self._low
        self._values = np.zeros((len(exact), spec.channels), np.float32)

    def add(self, place: Slices, values: Maps) -> None:  # noqa: D102
        for corner in np.ndindex(2, 2, 2):
            upper = np.array(corner, dtype=bool)
            voxels = np.where(upper, self._high, self._low)
            weights = np.where(upper, self._share, 1 - self._share).prod(axis=1)
            rows, local = _within(voxels, place)
            self._values[rows] += weights[rows, None] * values[:, *local.T].T.astype(np.float32)

    def result(self) -> NDArray[np.float32]:
        """Return the values."""
        return self._values


class Project:
    """Weighted sums of the channels, float32 ``(k, z, y, x)``: ``weights @ (values - center)``.

    Parameters
    ----------
    weights
        ``(k, channel)``.
    center
        ``(channel,)``.
    """

    def __init__(self, weights: ArrayLike, center: ArrayLike | float = 0.0) -> None:
        self._weights = np.atleast_2d(np.asarray(weights, dtype=float))
        center = np.broadcast_to(np.asarray(center, dtype=float), self._weights.shape[1])
        self._constant = (self._weights @ center)[:, None].astype(np.float32)

    def begin(self, spec: FeatureSpec, grid: VoxelGrid) -> None:  # noqa: D102
        self._sums = np.zeros((len(self._weights), *grid.shape), np.float32)

    def add(self, place: Slices, values: Maps) -> None:  # noqa: D102
        weights = self._weights.astype(np.float32)
        self._sums[:, *place] = _mapped(values, lambda x: weights @ x - self._constant)

    def result(self) -> NDArray[np.float32]:
        """Return the sums."""
        return self._sums


class Correlate:
    """How well a small pattern fits about each voxel, float32 ``(z, y, x)``.

    That is the sum of ``weights @ (values - center)`` over the pattern's voxels; those outside of
    the grid add nothing.

    Parameters
    ----------
    weights, center
        ``(k, channel)``, of each of the pattern's voxels.
    steps
        Where these lie from the middle ``(k, 3)``, z, y, x.
    """

    def __init__(self, weights: ArrayLike, center: ArrayLike, steps: ArrayLike) -> None:
        self._weights = np.asarray(weights, np.float32)
        products = np.asarray(weights, dtype=float) * np.asarray(center, dtype=float)
        self._constant = products.sum(axis=1)[:, None].astype(np.float32)
        self._steps = np.asarray(steps, dtype=np.intp)

    def begin(self, spec: FeatureSpec, grid: VoxelGrid) -> None:  # noqa: D102
        self._sums = np.zeros(grid.shape, np.float32)

    def add(self, place: Slices, values: Maps) -> None:  # noqa: D102
        parts = _mapped(values, lambda x: self._weights @ x - self._constant)
        for part, step in zip(parts, self._steps, strict=True):
            starts = [side.start - shift for side, shift in zip(place, step, strict=True)]
            low = [max(-start, 0) for start in starts]
            room = zip(starts, part.shape, self._sums.shape, strict=True)
            high = [min(side, most - start) for start, side, most in room]
            here = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
            there = tuple(
                slice(start + a, start + b) for start, a, b in zip(starts, low, high, strict=True)
            )
            self._sums[there] += part[here]

    def result(self) -> NDArray[np.float32]:
        """Return the sums."""
        return self._sums


class Across:
    """Mean, maximum or standard deviation over the channels, float32 ``(z, y, x)``."""

    def __init__(self, statistic: Statistic) -> None:
        self._statistic = statistic

    def begin(self, spec: FeatureSpec, grid: VoxelGrid) -> None:  # noqa: D102
        self._map = np.zeros(grid.shape, np.float32)

    def add(self, place: Slices, values: Maps) -> None:  # noqa: D102
        reduce: Callable[..., NDArray[np.float32]] = getattr(np, self._statistic)
        self._map[place] = _mapped(values, lambda x: reduce(x, axis=0)[None])[0]

    def result(self) -> NDArray[np.float32]:
        """Return the map."""
        return self._map


def wide(values: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
    """Yield values ``(channel, z, y, x)`` as float32 ``(channel, voxels)``, a few at a time."""
    flat = values.reshape(len(values), -1) if values.flags.c_contiguous else None
    if flat is not None:
        step = max(_AT_ONCE // len(values), 1)
        for start in range(0, flat.shape[1], step):
            yield flat[:, start : start + step].astype(np.float32)
        return
    planes = max(_AT_ONCE // max(int(np.prod(values.shape[2:])) * len(values), 1), 1)
    for start in range(0, values.shape[1], planes):
        yield values[:, start : start + planes].astype(np.float32).reshape(len(values), -1)


def _mapped(
    values: Maps, function: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> NDArray[np.float32]:
    parts = [function(x) for x in wide(values)]
    return np.concatenate(parts, axis=1).reshape(-1, *values.shape[1:])


def _within(voxels: NDArray[np.intp], place: Slices) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which voxels lie in a part of the grid, and where in it."""
    low = np.array([side.start for side in place])
    high = np.array([side.stop for side in place])
    rows = np.flatnonzero(((voxels >= low) & (voxels < high)).all(axis=1))
    return rows, voxels[rows] - low
