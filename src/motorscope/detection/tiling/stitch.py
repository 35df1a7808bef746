"""Putting the outputs of overlapping windows together, at the network's output stride."""

import numpy as np
from numpy.typing import NDArray

from motorscope.detection.tiling.plan import Window
from motorscope.tomogram.grid import Shape

Slices = tuple[slice, slice, slice]


class Stitcher:
    """A weighted mean of logits, blended while windows arrive.

    A window's trusted centre weighs 1. In its margins the weight falls with the cube of the
    distance to the centre, so that neighbouring windows go over into each other without a step.

    Parameters
    ----------
    shape
        Padded shape of the volume in input voxels (z, y, x).
    stride
        Output stride of the network.
    """

    def __init__(self, shape: Shape, stride: int) -> None:
        self._stride = stride
        size = tuple(side // stride for side in shape)
        self._sums = np.zeros(size, dtype=np.float32)
        self._weights = np.zeros(size, dtype=np.float32)
        self._trusted = np.zeros(size, dtype=bool)

    def place(self, window: Window) -> Slices:
        """Return where the output of a window lies, in output voxels."""
        z, y, x = (
            slice(start // self._stride, stop // self._stride)
            for start, stop in zip(window.start, window.stop, strict=True)
        )
        return z, y, x

    def add(self, window: Window, logits: NDArray[np.float32]) -> None:
        """Blend in the logits ``(z, y, x)`` of a window."""
        place = self.place(window)
        weights = self._window_weights(window)
        self._sums[place] += weights * logits
        self._weights[place] += weights
        self._trusted[trusted_output(window, self._stride)[1]] = True

    def needs(self, window: Window) -> bool:
        """Tell whether a window would bring trusted output where there is none yet."""
        return not self._trusted[trusted_output(window, self._stride)[1]].all()

    def logits(self, place: Slices) -> NDArray[np.float32]:
        """Return the blended logits of a part; minus infinity where no window has been yet."""
        weights = self._weights[place]
        blended = np.full(weights.shape, -np.inf, dtype=np.float32)
        np.divide(self._sums[place], weights, out=blended, where=weights > 0)
        return blended

    def finish(self) -> NDArray[np.float32]:
        """Return the blended logits of the whole, made in place: nothing can be added any more.

        Every voxel must have been in a window.
        """
        self._sums /= self._weights
        del self._weights, self._trusted  # they would stay while windows are looked at again
        return self._sums

    def _window_weights(self, window: Window) -> NDArray[np.float32]:
        z, y, x = (
            _axis_weights(side // self._stride, low / self._stride, high / self._stride)
            for side, low, high in zip(
                window.shape, window.margin_low, window.margin_high, strict=True
            )
        )
        return z[:, None, None] * y[None, :, None] * x[None, None, :]


def trusted_output(window: Window, stride: int) -> tuple[Slices, Slices]:
    """Return the trusted part of a window's output, within it and within that of the volume.

    An output voxel is trusted if its centre is.
    """
    half = stride // 2
    z, y, x = (
        slice((part.start + half) // stride, (part.stop + half) // stride)
        for part in window.trusted
    )
    inner_z, inner_y, inner_x = (
        slice(part.start - start // stride, part.stop - start // stride)
        for part, start in zip((z, y, x), window.start, strict=True)
    )
    return (inner_z, inner_y, inner_x), (z, y, x)


def _axis_weights(length: int, low: float, high: float) -> NDArray[np.float32]:
    """Return weights that rise from the window's ends and are 1 outside of the margins."""
    centres = np.arange(length) + 0.5
    near = centres / low if low else np.ones(length)
    far = (length - centres) / high if high else np.ones(length)
    return (np.clip(np.minimum(near, far), 0.0, 1.0) ** 3).astype(np.float32)
