"""Volumes that are stored in chunks: parts are read where they are asked for, and kept a while."""

import itertools
import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from motorscope.errors import TomogramError
from motorscope.tomogram.grid import Shape

_BLOCK_BYTES = 2**20  # smaller chunks are read several at once
_KEPT_BYTES = 512 * 2**20
_THREADS = 8
_PAUSE = 0.5  # seconds before another try


class ChunkedVolume:
    """An array ``(z, y, x)`` of a zarr; what was read last stays in memory.

    As much stays as planes in order need to read each chunk once, 512 MiB at most. It can be
    indexed with whole numbers and slices that step forward, from any thread, and pickled.

    Parameters
    ----------
    array
        A zarr array whose last three axes are z, y, x, and the others one voxel thick.
    where
        What it is called in sentences.
    tries
        How often to try to read a part: a server may be busy.
    """

    def __init__(self, array: Any, where: str, tries: int = 1) -> None:
        self._array, self._where, self._tries = array, where, tries
        z, y, x = (int(side) for side in array.shape[-3:])
        self.shape: Shape = (z, y, x)
        self.dtype: np.dtype[Any] = np.dtype(array.dtype)
        self.ndim, self.size, self.nbytes = 3, z * y * x, z * y * x * self.dtype.itemsize
        self._block = _block_shape(array.chunks[-3:], self.shape, self.dtype.itemsize)
        layer = math.prod(-(-n // b) for n, b in zip(self.shape[1:], self._block[1:], strict=True))
        fitting = _KEPT_BYTES // (math.prod(self._block) * self.dtype.itemsize)
        self._read = lru_cache(maxsize=max(1, min(layer + 1, fitting)))(self._read_block)

    def __reduce__(self) -> tuple[Any, ...]:
        return ChunkedVolume, (self._array, self._where, self._tries)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        keys = _three(key if isinstance(key, tuple) else (key,))
        wanted = [_range(k, n) for k, n in zip(keys, self.shape, strict=True)]
        out = np.empty([len(each) for each in wanted], self.dtype)
        pieces = [_pieces(each, side) for each, side in zip(wanted, self._block, strict=True)]
        places = list(itertools.product(*pieces))

        def fill(place: tuple[tuple[int, slice, slice], ...]) -> None:
            numbers, targets, sources = zip(*place, strict=True)
            out[targets] = self._read(numbers)[sources]

        if len(places) > 1:
            with ThreadPoolExecutor(min(_THREADS, len(places))) as pool:
                for _ in pool.map(fill, places):
                    pass
        elif places:
            fill(places[0])
        return out[tuple(slice(None) if isinstance(k, slice) else 0 for k in keys)]

    def parts(self) -> Iterator[tuple[tuple[slice, slice, slice], NDArray[Any]]]:
        """Read every voxel once, several parts at a time: yield where each is, and its voxels.

        Nothing of it stays in memory here.
        """
        counts = [range(-(-n // b)) for n, b in zip(self.shape, self._block, strict=True)]
        with ThreadPoolExecutor(_THREADS) as pool:
            waiting = deque[tuple[Sequence[int], Future[NDArray[Any]]]]()
            try:
                for numbers in itertools.product(*counts):
                    waiting.append((numbers, pool.submit(self._read_block, numbers)))
                    if len(waiting) > _THREADS:
                        first, future = waiting.popleft()
                        yield self._place(first), future.result()
                while waiting:
                    first, future = waiting.popleft()
                    yield self._place(first), future.result()
            finally:
                for _, future in waiting:
                    future.cancel()

    def _place(self, numbers: Sequence[int]) -> tuple[slice, slice, slice]:
        z, y, x = (slice(n * b, n * b + b) for n, b in zip(numbers, self._block, strict=True))
        return z, y, x

    def _read_block(self, numbers: Sequence[int]) -> NDArray[Any]:
        place = self._place(numbers)
        lead = (0,) * (len(self._array.shape) - 3)
        for left in reversed(range(self._tries)):
            try:
                return np.asarray(self._array[lead + place])
            except Exception as error:  # the disk, the network, a codec: anything can go wrong
                if not left:
                    raise TomogramError(
                        f"Voxels of {self._where} cannot be read ({reason(error)}); check the "
                        "disk or the connection, or copy it again."
                    ) from error
                time.sleep(_PAUSE)
        raise AssertionError("nothing was tried")


def reason(error: BaseException) -> str:
    """Return what an error of a library says, in one line."""
    said = str(getattr(error, "strerror", None) or error).strip().splitlines()
    return said[0] if said and said[0] else type(error).__name__


def _block_shape(chunks: Sequence[int], shape: Shape, itemsize: int) -> Shape:
    """Return a multiple of the chunks' shape that has some size, or is the whole volume."""
    block = [int(chunk) for chunk in chunks]
    while math.prod(block) * itemsize < _BLOCK_BYTES:
        growing = [axis for axis in range(3) if block[axis] < shape[axis]]
        if not growing:
            break
        block[min(growing, key=lambda axis: block[axis])] *= 2
    return (block[0], block[1], block[2])


def _three(keys: tuple[Any, ...]) -> list[Any]:
    """Return a key for each of three axes."""
    for number, key in enumerate(keys):
        if key is Ellipsis:
            filling = (slice(None),) * (4 - len(keys))
            keys = (*keys[:number], *filling, *keys[number + 1 :])
            break
    return [*keys, *[slice(None)] * (3 - len(keys))]


def _range(key: Any, side: int) -> range:
    if isinstance(key, slice):
        return range(side)[key]
    return range(int(key) % side, int(key) % side + 1) if -side <= key < side else range(side)[key]


def _pieces(wanted: range, block: int) -> list[tuple[int, slice, slice]]:
    """Return for each block that is touched its number, and the places in the result and in it."""
    pieces = []
    for number in range(wanted.start // block, -(-wanted.stop // block) if wanted else 0):
        first = max(0, -(-(number * block - wanted.start) // wanted.step))
        last = min(len(wanted), -(-((number + 1) * block - wanted.start) // wanted.step))
        if first < last:
            start = wanted[first] - number * block
            stop = wanted[last - 1] - number * block + 1
            pieces.append((number, slice(first, last), slice(start, stop, wanted.step)))
    return pieces
