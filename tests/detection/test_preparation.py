import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.contract import FeatureSpec
from motorscope.detection import run_to_end
from motorscope.detection.forward.watch import Cancelled
from motorscope.detection.preparation import SLAB, PreparedPart, prepare_part
from motorscope.detection.tiling.plan import Window, padded_shape
from motorscope.detection.tiling.region import Part, choose_part
from motorscope.errors import TomogramError
from motorscope.tomogram import InputRecipe, Tomogram, VoxelGrid, prepare, prepared_grid

SPEC = FeatureSpec("heatmap", 1, 4, 1.5)
RECIPE = InputRecipe(spacing=16.0)


def noise(shape, spacing, dtype=np.int8):
    data = np.random.default_rng(0).normal(0, 30, shape).clip(-128, 127).astype(dtype)
    return Tomogram(data, VoxelGrid(shape, spacing), "noise")


def prepared(tomogram, start=(0, 0, 0), shape=None):
    whole = prepared_grid(tomogram.grid, RECIPE)
    part = choose_part(whole, None, (0, 0, 0), SPEC, 32)
    part = Part(start, shape or part.shape, part.output, part.heatmap)
    return PreparedPart(tomogram, RECIPE, part, (-50.0, 60.0))


@settings(max_examples=40)
@given(
    st.tuples(*[st.integers(2, 50)] * 3),
    st.tuples(*[st.floats(8, 40)] * 3),
    st.sampled_from([np.int8, np.float16, np.float32]),
    st.data(),
)
def test_a_window_is_bit_for_bit_that_of_the_whole_mirrored_volume(shape, spacing, dtype, data):
    tomogram = noise(shape, spacing, dtype)
    whole = prepare(tomogram, RECIPE, intensity=(-50.0, 60.0))
    start = tuple(data.draw(st.integers(0, n - 1)) for n in whole.shape)
    part = prepared(tomogram, start, tuple(n - s for n, s in zip(whole.shape, start, strict=True)))
    volume = whole[tuple(slice(s, None) for s in start)]
    padded = padded_shape(volume.shape, 32)
    volume = np.pad(
        volume, [(0, p - n) for p, n in zip(padded, volume.shape, strict=True)], mode="symmetric"
    )
    first, sides = [], []
    for side in padded:
        first.append(32 * data.draw(st.integers(0, side // 32 - 1)))
        sides.append(32 * data.draw(st.integers(1, (side - first[-1]) // 32)))
    window = Window(tuple(first), tuple(sides), (0, 0, 0), (0, 0, 0))
    expected = volume[tuple(slice(a, a + n) for a, n in zip(first, sides, strict=True))]
    np.testing.assert_array_equal(part.window(window), expected)


class Counting:
    """A lazy array that remembers how many sections were read at once."""

    def __init__(self, data):
        self.data, self.shape, self.dtype, self.sections = data, data.shape, data.dtype, []

    def __getitem__(self, box):
        self.sections.append(box[0].stop - box[0].start)
        return self.data[box]


def test_a_window_is_read_slab_by_slab_and_stops_between_two():
    source = noise((160, 40, 40), (16.0,) * 3)
    lazy = Counting(source.data)
    part = prepared(Tomogram(lazy, source.grid, "lazy"))
    window = Window((0, 0, 0), (160, 64, 64), (0, 0, 0), (0, 0, 0))
    part.window(window)
    assert max(lazy.sections) <= SLAB

    looks = []

    def stop():
        looks.append(1)
        if len(looks) == 3:
            raise Cancelled

    lazy.sections.clear()
    with pytest.raises(Cancelled):
        part.window(window, stop)
    assert sum(lazy.sections) == 2 * SLAB


def test_a_spacing_that_blows_the_tomogram_up_is_told_in_words():
    data = np.broadcast_to(np.int8(0), (300, 960, 928))
    tomogram = Tomogram(data, VoxelGrid(data.shape, (131.0,) * 3), "typed wrong")
    part = choose_part(prepared_grid(tomogram.grid, RECIPE), None, (0, 0, 0), SPEC, 32)
    with pytest.raises(TomogramError, match="check its voxel spacing"):
        run_to_end(prepare_part(tomogram, RECIPE, part, threading.Event()))
