"""Cutting a volume into windows that fit into memory and lose nothing at their seams."""

import itertools
import math
from dataclasses import dataclass

import torch

from motorscope.contract import Architecture
from motorscope.network.encoders import features_of
from motorscope.tomogram.grid import Shape


@dataclass(frozen=True)
class Window:
    """A part of the padded input that the network sees at once; voxels of the input, z, y, x.

    Attributes
    ----------
    start, shape
        First voxel and number of voxels.
    margin_low, margin_high
        Voxels at the near and the far side whose output is not trusted; 0 where the volume ends
        there.
    """

    start: Shape
    shape: Shape
    margin_low: Shape
    margin_high: Shape

    @property
    def stop(self) -> Shape:
        """First voxel after the window."""
        return _add(self.start, self.shape)

    @property
    def trusted(self) -> tuple[slice, slice, slice]:
        """The part of the volume for which this window's output is trusted."""
        z, y, x = (
            slice(start + low, stop - high)
            for start, stop, low, high in zip(
                self.start, self.stop, self.margin_low, self.margin_high, strict=True
            )
        )
        return z, y, x


def padded_shape(shape: Shape, alignment: int) -> Shape:
    """Return the shape with every side rounded up to a multiple of the alignment."""
    z, y, x = (round_up(side, alignment) for side in shape)
    return z, y, x


def round_up(voxels: int, alignment: int) -> int:
    """Return the next multiple of the alignment."""
    return -(-voxels // alignment) * alignment


def plan_windows(
    shape: Shape, largest: Shape, context: Shape, max_voxels: int, stride: int, alignment: int
) -> list[Window]:
    """Cover a volume with equal windows so that every voxel is trusted in one of them at least.

    Of all window shapes that fit, the one is taken that needs the fewest voxels computed, overlaps
    included; of several such the largest.

    Parameters
    ----------
    shape
        Voxels of the volume (z, y, x); it is padded to multiples of `alignment`.
    largest
        Largest window, per axis.
    context
        Voxels at each cut side of a window that are not trusted. If even the largest window has no
        room for them and for a trusted centre, they shrink.
    max_voxels
        Most voxels of a window. If not even the smallest window fits, that one is taken.
    stride
        The network's output stride, a divisor of `alignment`.
    alignment
        Of what windows are multiples; see `Encoder.alignment`.

    Returns
    -------
    list of Window
        In the order z, y, x; sides are multiples of `alignment`, starts too unless the trusted
        centre is narrower than that, and then multiples of `stride`.
    """
    options = [
        _axis_options(side, most, margin, stride, alignment)
        for side, most, margin in zip(padded_shape(shape, alignment), largest, context, strict=True)
    ]
    combinations = list(itertools.product(*options))
    fitting = [axes for axes in combinations if _window_voxels(axes) <= max_voxels]
    best = min(fitting, key=_cost) if fitting else min(combinations, key=_window_voxels)
    return [_window(cuts) for cuts in itertools.product(*(axis.cuts for axis in best))]


def activation_bytes(architecture: Architecture, dtype: torch.dtype) -> float:
    """Estimate the memory of the activations that live at once, in bytes per input voxel.

    The input is there all the time, and the features that the decoder takes in until it has taken
    them in. To them comes what is at work: the stem, which is made in slabs unless the decoder
    takes it in; a block's input, branch and shortcut in a layer; or a decoder stage's input,
    upsampled, beside its skip, and its outputs. Measured with ``benchmarks/activation_memory.py``.
    """
    outline = features_of(architecture)
    features = outline.values
    stages = len(architecture.decoder_channels)
    first = len(features) - 1 - stages
    working = [features[0] * (1 if first == 0 else outline.first_share)]
    working += [3 * values for values in features[1:]]
    peak = max(sum(features[first:level]) + at_work for level, at_work in enumerate(working))
    deeper = features[-1]
    for level, channels in enumerate(architecture.decoder_channels):
        skip, above = features[-2 - level], features[first : -2 - level]
        output = channels / outline.strides[-2 - level] ** 3
        # Upsampled alone and beside its skip, then what comes of both convolutions.
        peak = max(peak, sum(above) + deeper + 2 * 8 * deeper + 2 * skip + output)
        deeper = output
    return float(dtype.itemsize * (1 + peak))


@dataclass(frozen=True)
class _Cut:
    start: int
    length: int
    low: int
    high: int


@dataclass(frozen=True)
class _Axis:
    length: int
    cuts: tuple[_Cut, ...]


def _axis_options(
    side: int, largest: int, context: int, stride: int, alignment: int
) -> list[_Axis]:
    """Return, for each possible number of windows along an axis, the shortest windows."""
    longest = min(side, max(largest // alignment, 1) * alignment)
    least = min(longest, round_up(2 * context + stride, alignment))
    shortest: dict[int, _Axis] = {}
    for length in range(least, longest + 1, alignment):
        axis = _cut_axis(side, length, context, stride, alignment)
        shortest.setdefault(len(axis.cuts), axis)
    return list(shortest.values())


def _cut_axis(side: int, length: int, context: int, stride: int, alignment: int) -> _Axis:
    if length >= side:
        return _Axis(side, (_Cut(0, side, 0, 0),))
    margin = min(context, (length - stride) // 2)
    centre = length - 2 * margin
    step = centre // alignment * alignment or centre // stride * stride
    starts = [*range(0, side - length, step), side - length]
    last = len(starts) - 1
    return _Axis(
        length,
        tuple(
            _Cut(start, length, margin if i > 0 else 0, margin if i < last else 0)
            for i, start in enumerate(starts)
        ),
    )


def _window_voxels(axes: tuple[_Axis, ...]) -> int:
    return math.prod(axis.length for axis in axes)


def _cost(axes: tuple[_Axis, ...]) -> tuple[int, int]:
    """Return the voxels computed, overlaps included, and the number of windows."""
    count = math.prod(len(axis.cuts) for axis in axes)
    return count * _window_voxels(axes), count


def _window(cuts: tuple[_Cut, ...]) -> Window:
    z, y, x = cuts
    return Window(
        start=(z.start, y.start, x.start),
        shape=(z.length, y.length, x.length),
        margin_low=(z.low, y.low, x.low),
        margin_high=(z.high, y.high, x.high),
    )


def _add(a: Shape, b: Shape) -> Shape:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])
