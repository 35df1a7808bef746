import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from motorscope.contract import Architecture
from motorscope.detection.tiling.plan import activation_bytes, padded_shape, plan_windows
from motorscope.detection.tiling.stitch import trusted_output

triples = st.tuples(*[st.integers(1, 300)] * 3)
windows = st.tuples(*[st.integers(1, 10).map(lambda n: 32 * n)] * 3)
contexts = st.tuples(*[st.integers(0, 64)] * 3)
strides = st.sampled_from([4, 8, 16])


@given(triples, windows, contexts, st.integers(1, 10**7), strides)
def test_every_voxel_is_trusted_somewhere_and_every_window_fits_the_network(
    shape, largest, context, max_voxels, stride
):
    plan = plan_windows(shape, largest, context, max_voxels, stride, 32)
    padded = padded_shape(shape, 32)
    trusted = np.zeros([side // stride for side in padded], dtype=bool)
    for window in plan:
        trusted[trusted_output(window, stride)[1]] = True
        for axis in range(3):
            assert window.shape[axis] % 32 == 0
            assert window.start[axis] % stride == 0
            assert window.shape[axis] <= max(largest[axis], 32)
            assert 0 <= window.start[axis] <= window.stop[axis] <= padded[axis]
    assert trusted.all()
    assert len({window.shape for window in plan}) == 1


@given(triples, contexts, st.integers(1, 10**7), strides)
def test_starts_are_on_the_phase_of_the_whole(shape, context, max_voxels, stride):
    # With a large window allowed the trusted centre is wide enough.
    for window in plan_windows(shape, (320, 320, 320), context, max_voxels, stride, 32):
        wide = [
            side - low - high >= 32
            for side, low, high in zip(
                window.shape, window.margin_low, window.margin_high, strict=True
            )
        ]
        if all(wide):
            assert all(start % 32 == 0 for start in window.start)


@given(triples, contexts)
def test_what_fits_is_one_window_without_margins(shape, context):
    (window,) = plan_windows(shape, (320, 320, 320), context, 10**9, 32, 32)
    assert window.shape == padded_shape(shape, 32)
    assert window.margin_low == window.margin_high == (0, 0, 0)


@given(triples, st.integers(0, 7), st.integers(1, 10**7))
def test_the_allowance_is_kept_unless_it_is_below_the_smallest_window(shape, context, max_voxels):
    context *= 8
    windows = plan_windows(shape, (320, 320, 320), (context,) * 3, max_voxels, 8, 32)
    smallest = math.prod(
        min(side, -(-(2 * context + 8) // 32) * 32) for side in padded_shape(shape, 32)
    )
    assert math.prod(windows[0].shape) <= max(max_voxels, smallest)


def test_margins_are_the_context_at_cuts_only():
    first, last = plan_windows((32, 32, 256), (32, 32, 192), (9, 9, 40), 10**9, 8, 32)
    assert (first.start, last.start) == ((0, 0, 0), (0, 0, 64))
    assert (first.margin_low, first.margin_high) == ((0, 0, 0), (0, 0, 40))
    assert (last.margin_low, last.margin_high) == ((0, 0, 40), (0, 0, 0))


def test_the_reference_recipe_steps_an_eighth_of_its_window_along_z():
    # Window 64, step 8: nine windows, as the reference has them.
    plan = plan_windows((128, 672, 672), (64, 672, 672), (28, 168, 168), 10**9, 8, 32)
    assert [window.start for window in plan] == [(z, 0, 0) for z in range(0, 65, 8)]


@pytest.mark.parametrize("backbone", ["r3d18", "r3d200"])
def test_memory_grows_with_width_and_precision(backbone):
    narrow, wide = (
        Architecture(backbone=backbone, base_width=width, decoder_channels=(64, 32))
        for width in (16, 64)
    )
    assert activation_bytes(narrow, torch.float32) < activation_bytes(wide, torch.float32)
    assert activation_bytes(wide, torch.float16) == activation_bytes(wide, torch.float32) / 2
