import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from motorscope.detection.tiling.plan import padded_shape, plan_windows
from motorscope.detection.tiling.stitch import Stitcher

ALL = (slice(None),) * 3
triples = st.tuples(*[st.integers(1, 300)] * 3)
contexts = st.tuples(*[st.integers(0, 60)] * 3)


@given(triples, contexts, st.integers(10**5, 10**7), st.sampled_from([4, 8, 16]))
def test_windows_of_one_map_give_that_map_again(shape, context, max_voxels, stride):
    padded = padded_shape(shape, 32)
    rng = np.random.default_rng(0)
    whole = rng.normal(size=[side // stride for side in padded]).astype(np.float32)
    stitcher = Stitcher(padded, stride)
    windows = plan_windows(shape, (320, 320, 320), context, max_voxels, stride, 32)
    for window in windows:
        assert stitcher.needs(window)
        stitcher.add(window, whole[stitcher.place(window)])
        assert not stitcher.needs(window)
    np.testing.assert_allclose(stitcher.logits(ALL), whole, atol=1e-4)  # of hundreds of windows
    # Any other way of cutting finds nothing left to do.
    again = plan_windows(shape, (320, 320, 320), context, 10**9, 32, 32)
    assert not any(map(stitcher.needs, again))
    np.testing.assert_array_equal(stitcher.logits(ALL), stitcher.finish())


def test_nothing_is_known_before_the_first_window():
    stitcher = Stitcher((32, 32, 64), 8)
    assert (stitcher.logits(ALL) == -np.inf).all()
    assert stitcher.logits(ALL).shape == (4, 4, 8)


def test_margins_hardly_count_beside_a_trusted_centre_and_there_is_no_step():
    first, last = plan_windows((32, 32, 256), (32, 32, 192), (0, 0, 64), 10**9, 8, 32)
    assert (first.start[2], last.start[2]) == (0, 64)
    stitcher = Stitcher((32, 32, 256), 8)
    stitcher.add(first, np.zeros((4, 4, 24), np.float32))
    stitcher.add(last, np.ones((4, 4, 24), np.float32))
    line = stitcher.logits(ALL)[0, 0]
    assert (line[:8] == 0).all()
    assert line[8] < 0.001
    assert line[23] > 0.999
    assert (line[24:] == 1).all()
    assert (np.diff(line) >= 0).all()
    assert np.diff(line).max() < 0.25
