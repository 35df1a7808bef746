import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.errors import SpacingError, TomogramError
from motorscope.tomogram.grid import VoxelGrid
from motorscope.tomogram.prepare import prepare, prepared_grid
from motorscope.tomogram.recipe import InputRecipe
from motorscope.tomogram.volume import Tomogram

shapes = st.tuples(*[st.integers(2, 24)] * 3)
spacings = st.tuples(*[st.floats(4, 40)] * 3)
origins = st.tuples(*[st.floats(-500, 500)] * 3)
recipes = st.one_of(
    st.builds(InputRecipe, spacing=st.floats(8, 32), antialias=st.booleans()),
    st.builds(InputRecipe, shape=shapes, antialias=st.booleans()),
)


def noise(shape, dtype=np.float32, seed=0):
    values = np.random.default_rng(seed).normal(0, 30, shape)
    return values.astype(dtype)


def tomogram(data, spacing=(10.0, 10.0, 10.0), origin=(0.0, 0.0, 0.0)):
    return Tomogram(data, VoxelGrid(data.shape, spacing, origin), "test")


def blob(grid, centre, width):
    """Return a Gaussian around `centre`, both in Å."""
    axes = [
        (np.arange(n) * s + o - c) / w
        for n, s, o, c, w in zip(grid.shape, grid.spacing, grid.origin, centre, width, strict=True)
    ]
    z, y, x = (np.exp(-(axis**2) / 2) for axis in axes)
    return (z[:, None, None] * y[:, None] * x).astype(np.float32)


def centre_of_mass(values, grid):
    weights = values / values.sum()
    return [
        float((weights.sum(axis=tuple({0, 1, 2} - {axis})) * np.arange(n)).sum()) * s + o
        for axis, (n, s, o) in enumerate(zip(grid.shape, grid.spacing, grid.origin, strict=True))
    ]


@given(shapes, spacings, origins, recipes)
def test_outer_faces_coincide(shape, spacing, origin, recipe):
    grid = VoxelGrid(shape, spacing, origin)
    out = prepared_grid(grid, recipe)
    near = np.subtract(out.origin, np.divide(out.spacing, 2))
    np.testing.assert_allclose(near, np.subtract(origin, np.divide(spacing, 2)), atol=1e-6)
    far = near + np.multiply(out.shape, out.spacing)
    wanted = near + np.multiply(shape, spacing)
    # A fixed grid fits exactly, an isotropic one to the nearest whole voxel.
    tolerance = 1e-6 if recipe.shape else np.maximum(0.5 * np.array(out.spacing), 0) + 1e-6
    small = np.array(out.shape) == 1
    assert (np.abs(far - wanted) <= tolerance)[~small].all()


def test_grid_of_an_isotropic_recipe():
    grid = prepared_grid(VoxelGrid((300, 960, 928), (13.1,) * 3), InputRecipe(spacing=16.0))
    assert grid.shape == (246, 786, 760)
    assert grid.spacing == (16.0, 16.0, 16.0)
    assert grid.origin == pytest.approx((1.45, 1.45, 1.45))


def test_a_fixed_grid_needs_no_spacing():
    data = noise((8, 9, 10))
    recipe = InputRecipe(shape=(4, 5, 6))
    assert prepared_grid(VoxelGrid(data.shape, None), recipe) == VoxelGrid((4, 5, 6), None)
    assert prepare(tomogram(data, spacing=None), recipe).shape == (4, 5, 6)


def test_an_isotropic_recipe_insists_on_a_spacing():
    with pytest.raises(SpacingError, match="--spacing"):
        prepare(tomogram(noise((4, 4, 4)), spacing=None), InputRecipe(spacing=16.0))


@given(shapes)
def test_equal_spacing_only_scales(shape):
    data = noise(shape)
    result = prepare(tomogram(data), InputRecipe(spacing=10.0), intensity=(-40.0, 60.0))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, np.clip((data + 40) / 100, 0, 1), atol=1e-6)


@given(shapes, spacings, recipes, st.floats(-10, 10))
def test_constants_stay(shape, spacing, recipe, value):
    data = np.full(shape, value, np.float32)
    result = prepare(tomogram(data, spacing), recipe, intensity=(-10.0, 10.0))
    np.testing.assert_allclose(result, (value + 10) / 20, atol=1e-5)


@given(
    shapes,
    spacings,
    recipes,
    st.sampled_from([np.int8, np.uint8, np.int16, np.float16, ">f4", np.float64]),
    st.data(),
)
def test_a_part_is_the_part_of_the_whole(shape, spacing, recipe, dtype, data):
    source = tomogram(
        noise(shape).clip(0 if dtype is np.uint8 else -100, 100).astype(dtype), spacing
    )
    whole = prepare(source, recipe, intensity=(-50.0, 60.0))
    start = tuple(data.draw(st.integers(0, n - 1)) for n in whole.shape)
    part = tuple(data.draw(st.integers(1, n - s)) for n, s in zip(whole.shape, start, strict=True))
    got = prepare(source, recipe, start, part, intensity=(-50.0, 60.0))
    box = tuple(slice(s, s + n) for s, n in zip(start, part, strict=True))
    np.testing.assert_array_equal(got, whole[box])


def test_a_part_of_something_wide():
    """Vectorised loops have their own ways with long rows."""
    source = tomogram(noise((5, 150, 311), np.int8), spacing=(13.1,) * 3)
    whole = prepare(source, InputRecipe(spacing=16.0))
    got = prepare(source, InputRecipe(spacing=16.0), (1, 3, 7), (2, 101, 203))
    np.testing.assert_array_equal(got, whole[1:3, 3:104, 7:210])


@settings(max_examples=30)
@given(
    st.tuples(*[st.floats(6, 30)] * 3), origins, st.tuples(*[st.floats(-40, 40)] * 3), st.booleans()
)
def test_things_stay_where_they_are(spacing, origin, shift, antialias):
    shape = [int(1000 / s) for s in spacing]
    grid = VoxelGrid(tuple(shape), spacing, origin)
    centre = np.add(grid.to_world(np.divide(shape, 2)), shift)
    data = blob(grid, centre, (60, 60, 60))
    recipe = InputRecipe(spacing=16.0, antialias=antialias)
    result = prepare(Tomogram(data, grid, "blob"), recipe, intensity=(0.0, 1.0))
    found = centre_of_mass(result, prepared_grid(grid, recipe))
    np.testing.assert_allclose(found, centre, atol=0.02 * 16)


def test_a_delta_stays_where_it_is():
    data = np.zeros((40, 40, 40), np.float32)
    data[20, 13, 27] = 1
    source = tomogram(data, (5.0, 6.0, 7.0), (100.0, 0.0, -50.0))
    recipe = InputRecipe(spacing=16.0)
    result = prepare(source, recipe, intensity=(0.0, 1.0))
    found = centre_of_mass(result, prepared_grid(source.grid, recipe))
    np.testing.assert_allclose(found, source.grid.to_world((20, 13, 27)), atol=4)


def test_ramps_in_the_interior_are_exact_without_antialias():
    grid = VoxelGrid((30, 30, 30), (13.0, 7.0, 10.0), (5.0, -3.0, 0.0))
    positions = grid.to_world(np.stack(np.indices(grid.shape), axis=-1))
    data = (positions @ (1.0, 2.0, -1.0)).astype(np.float32)
    recipe = InputRecipe(spacing=16.0, antialias=False)
    result = prepare(Tomogram(data, grid, "ramp"), recipe, intensity=(-1000.0, 2000.0))
    out = prepared_grid(grid, recipe)
    wanted = out.to_world(np.stack(np.indices(out.shape), axis=-1)) @ (1.0, 2.0, -1.0)
    inner = (slice(1, -1),) * 3
    np.testing.assert_allclose((result * 3000 - 1000)[inner], wanted[inner], atol=0.01)


def test_clipping_comes_before_resampling():
    """A voxel of gold is no brighter than the range when it is mixed with its neighbours."""
    data = np.zeros((8, 8, 8), np.float32)
    data[4, 4, 4] = 1e6
    result = prepare(tomogram(data), InputRecipe(spacing=20.0), intensity=(-1.0, 1.0))
    assert result.max() < 0.6


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_becomes_the_middle(bad):
    data = noise((6, 6, 6))
    data[2, 3, 4] = bad
    recipe = InputRecipe(spacing=10.0, output_range=(-1.0, 3.0))
    result = prepare(tomogram(data), recipe)
    assert np.isfinite(result).all()
    assert result[2, 3, 4] == 1.0


@pytest.mark.parametrize(("dtype", "low"), [(np.uint8, 0), (np.int8, -128)])
def test_bytes_may_keep_their_whole_range(dtype, low):
    data = np.arange(low, low + 256, dtype=np.int16).astype(dtype).reshape(4, 8, 8)
    recipe = InputRecipe(spacing=10.0, rescale_8bit=False)
    result = prepare(tomogram(data), recipe)
    np.testing.assert_allclose(result.ravel() * 255, np.arange(256), atol=1e-4)


@given(shapes, recipes, st.sampled_from([(0.0, 1.0), (-1.0, 1.0), (0.1, 0.7)]))
def test_values_stay_in_the_output_range(shape, recipe, output_range):
    recipe = InputRecipe(recipe.spacing, recipe.shape, output_range=output_range)
    result = prepare(tomogram(noise(shape)), recipe)
    assert result.min() >= np.float32(output_range[0])
    assert result.max() <= np.float32(output_range[1])


def test_progress_counts_up_to_the_end_and_may_cancel():
    class Cancelled(Exception):
        pass

    source = tomogram(noise((50, 4, 4)))
    steps = []
    prepare(source, InputRecipe(spacing=10.0), progress=lambda *step: steps.append(step))
    assert steps[-1] == (50, 50)
    assert steps == sorted(steps)
    assert len(steps) > 2

    def cancel(done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        prepare(source, InputRecipe(spacing=10.0), progress=cancel)


class Counting:
    """A lazy array that remembers what was read of it."""

    def __init__(self, data):
        self.data, self.shape, self.dtype, self.boxes = data, data.shape, data.dtype, []

    def __getitem__(self, box):
        self.boxes.append(box)
        return self.data[box]


def test_reads_only_what_a_part_needs():
    lazy = Counting(noise((60, 60, 60)))
    source = Tomogram(lazy, VoxelGrid(lazy.shape, (8.0,) * 3), "lazy")
    prepare(source, InputRecipe(spacing=16.0), (10, 5, 20), (4, 3, 2), intensity=(-1.0, 1.0))
    assert lazy.boxes == [(slice(19, 29), slice(9, 17), slice(39, 45))]


def test_lazy_and_plain_arrays_give_the_same():
    data = noise((40, 20, 20))
    lazy = Tomogram(Counting(data), VoxelGrid(data.shape, (13.1,) * 3), "lazy")
    recipe = InputRecipe(spacing=16.0)
    np.testing.assert_array_equal(
        prepare(lazy, recipe), prepare(tomogram(data, (13.1,) * 3), recipe)
    )


@pytest.mark.parametrize(
    ("start", "shape"), [((-1, 0, 0), None), ((0, 0, 0), (9, 1, 1)), ((8, 0, 0), None)]
)
def test_a_part_outside_is_refused(start, shape):
    with pytest.raises(ValueError, match="not within"):
        prepare(tomogram(noise((8, 8, 8))), InputRecipe(spacing=10.0), start, shape)


def test_intensity_must_be_two_values():
    with pytest.raises(ValueError, match="two values"):
        prepare(tomogram(noise((8, 8, 8))), InputRecipe(spacing=10.0), intensity=(1.0, 1.0))


def test_a_spacing_beyond_all_measure_is_told_in_words():
    source = tomogram(np.broadcast_to(np.int8(0), (2000, 20_000, 20_000)), (900.0,) * 3)
    with pytest.raises(TomogramError, match="spacing"):
        prepare(source, InputRecipe(spacing=1.0), intensity=(0.0, 1.0))
