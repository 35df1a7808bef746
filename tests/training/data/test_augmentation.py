import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from motorscope.training.data import augmentation as aug
from motorscope.training.data.blending import blend, cutmix, mixup
from motorscope.training.settings.crop_config import AugmentationConfig

SEEDS = st.integers(0, 10_000)


def marked(shape=(12, 16, 16), seed=0, count=3):
    """A crop whose motors are single bright voxels, one brightness each."""
    rng = np.random.default_rng(seed)
    volume = np.zeros(shape, np.float32)
    places = np.stack([rng.choice(side, count, replace=False) for side in shape], axis=1)
    for value, place in enumerate(places, start=1):
        volume[tuple(place)] = value
    return aug.Crop(volume, places.astype(float))


def assert_marks_follow(crop, count=3):
    assert len(crop.positions) == count
    for value, place in enumerate(crop.positions, start=1):
        assert crop.volume[tuple(np.round(place).astype(int))] == value


@given(SEEDS, st.integers(0, 2), st.integers(-4, 4))
@settings(deadline=None)
def test_positions_follow_flips_turns_and_swaps(seed, axis, turns):
    assert_marks_follow(aug.flip(marked(seed=seed), axis))
    assert_marks_follow(aug.swap_yx(marked((12, 16, 20), seed)))
    assert_marks_follow(aug.rotate_quarter(marked((12, 16, 20), seed), turns))


@given(SEEDS)
@settings(deadline=None)
def test_positions_follow_the_random_geometry(seed):
    rng = np.random.default_rng(seed)
    assert_marks_follow(aug.augment_geometry(marked(seed=seed), AugmentationConfig(), rng))


def test_a_quarter_turn_is_that_of_numpy():
    crop = marked((4, 6, 8))
    np.testing.assert_array_equal(
        aug.rotate_quarter(crop, 1).volume, np.rot90(crop.volume, 1, (1, 2))
    )


@given(SEEDS, st.tuples(*[st.floats(0.6, 1.6)] * 3), st.tuples(*[st.floats(20, 28)] * 3))
@settings(deadline=None)
def test_positions_follow_a_magnified_cut(seed, scale, centre):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(22, 26, 3)
    z, y, x = np.indices((48, 48, 48), dtype=float)
    square = (z - truth[0]) ** 2 + (y - truth[1]) ** 2 + (x - truth[2]) ** 2
    blob = np.exp(-square / 18).astype(np.float32)
    piece = aug.cut(aug.Crop(blob, truth[None]), centre, (32, 40, 40), scale)
    if len(piece.positions) and (abs(piece.positions[0] - [15.5, 19.5, 19.5]) < 4).all():
        found = ndimage.center_of_mass(np.where(piece.volume > 0.5, piece.volume, 0))
        np.testing.assert_allclose(found, piece.positions[0], atol=0.5)
    assert piece.volume.shape == (32, 40, 40)


@given(st.tuples(*[st.integers(-3, 14)] * 3))
@settings(deadline=None)
def test_a_cut_of_whole_voxels_copies_them_and_mirrors_outside(start):
    volume = np.random.default_rng(0).random((10, 11, 12)).astype(np.float32)
    padded = np.pad(volume, 24, mode="reflect")
    shape = (5, 6, 7)
    centre = np.array(start) + (np.array(shape) - 1) / 2
    piece = aug.cut(aug.Crop(volume, np.empty((0, 3))), centre, shape, (1, 1, 1))
    slices = tuple(slice(a + 24, a + 24 + n) for a, n in zip(start, shape, strict=True))
    if (np.array(start) >= 0).all() and (np.array(start) + shape <= volume.shape).all():
        np.testing.assert_array_equal(piece.volume, padded[slices])
    assert np.isfinite(piece.volume).all()


@given(SEEDS, st.integers(0, 2), st.integers(5, 11))
@settings(deadline=None)
def test_a_mirrored_end_equals_symmetric_padding_and_doubles_its_motors(seed, axis, keep):
    crop = marked(seed=seed)
    result = aug.mirror_end(crop, axis, keep)
    kept = np.take(crop.volume, np.arange(keep), axis)
    missing = crop.volume.shape[axis] - keep
    widths = [(0, missing if index == axis else 0) for index in range(3)]
    np.testing.assert_array_equal(result.volume, np.pad(kept, widths, mode="symmetric"))
    assert len(result.positions) == np.count_nonzero(result.volume)
    for place in result.positions:
        assert result.volume[tuple(place.astype(int))] > 0


@given(SEEDS)
@settings(deadline=None)
def test_grey_values_stay_finite_and_near_the_unit_range(seed):
    rng = np.random.default_rng(seed)
    volume = (rng.normal(5, 3, (16, 16, 16))).astype(np.float32)
    config = AugmentationConfig(mirror=1.0, dropout=1.0, blur_share=1.0)
    result = aug.augment_grey(aug.Crop(volume, np.empty((0, 3))), config, rng).volume
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    assert -1 < result.min() <= result.max() < 2


def test_a_constant_crop_is_normalised_to_something_finite():
    crop = aug.Crop(np.full((8, 8, 8), 3, np.float32), np.empty((0, 3)))
    assert np.isfinite(aug.normalise(crop, 1, 99).volume).all()


def test_inversion_and_grading_know_their_fixed_points():
    crop = aug.Crop(np.linspace(0, 1, 64, dtype=np.float32).reshape(4, 4, 4), np.empty((0, 3)))
    np.testing.assert_allclose(aug.invert(aug.invert(crop)).volume, crop.volume, atol=1e-6)
    np.testing.assert_allclose(aug.grade(crop, 1, 1, 0).volume, crop.volume, atol=1e-6)


def test_coarse_dropout_changes_little_and_only_to_the_mean():
    rng = np.random.default_rng(1)
    crop = aug.Crop(rng.random((32, 32, 32)).astype(np.float32), np.empty((0, 3)))
    changed = (result := aug.coarse_dropout(crop, rng).volume) != crop.volume
    assert 0 < changed.mean() < 0.5
    assert result[changed] == pytest.approx(crop.volume.mean())


def test_mixup_blends_inputs_and_targets_alike():
    inputs, targets = torch.rand(4, 1, 8, 8, 8), torch.rand(4, 1, 2, 2, 2)
    order = torch.tensor([1, 0, 3, 2])
    mixed, heat = mixup(inputs, targets, order, 0.25)
    torch.testing.assert_close(mixed[0], 0.25 * inputs[0] + 0.75 * inputs[1])
    torch.testing.assert_close(heat[3], 0.25 * targets[3] + 0.75 * targets[2])


def test_cutmix_cuts_inputs_and_targets_at_the_same_place():
    inputs = torch.arange(2.0).reshape(2, 1, 1, 1, 1).expand(2, 1, 16, 16, 16)
    targets = torch.arange(2.0).reshape(2, 1, 1, 1, 1).expand(2, 1, 4, 4, 4)
    box = torch.tensor([1, 0, 2]), torch.tensor([2, 1, 2])
    mixed, heat = cutmix(inputs, targets, torch.tensor([1, 0]), *box, 4)
    torch.testing.assert_close(mixed[:, :, ::4, ::4, ::4], heat)
    assert heat[0].sum() == 4


@given(SEEDS)
@settings(deadline=None)
def test_blending_keeps_shapes_and_depends_on_the_seed_alone(seed):
    config = AugmentationConfig(mixup=0.5, cutmix=0.5)
    inputs, targets = torch.rand(3, 1, 16, 16, 16), torch.rand(3, 1, 4, 4, 4)
    first = blend(inputs, targets, config, np.random.default_rng(seed))
    again = blend(inputs, targets, config, np.random.default_rng(seed))
    for one, other in zip(first, again, strict=True):
        torch.testing.assert_close(one, other)
    assert first[0].shape == inputs.shape
    assert first[1].shape == targets.shape


def test_a_covered_edge_leaves_the_rest():
    rng = np.random.default_rng(0)
    volume = rng.normal(0, 1, (8, 64, 64)).astype(np.float32)
    covered = aug.cover_edge(aug.Crop(volume, np.empty((0, 3))), 10, 0.0, rng).volume
    np.testing.assert_array_equal(covered[:, :, :20], volume[:, :, :20])
    assert covered[:, :, -5:].std() < 0.8 * volume[:, :, -5:].std()


@given(x=st.floats(0, 63), seed=st.integers(0, 100))
def test_an_edge_of_the_field_of_view_leaves_motors_free(x, seed):
    rng = np.random.default_rng(seed)
    volume = rng.normal(0, 1, (2, 64, 64)).astype(np.float32)
    covered = aug.cover_edge(aug.Crop(volume, np.array([[1.0, 32.0, x]])), 0, 0.0, rng)
    assert len(covered.positions) == 1
    near = slice(None, int(x) + aug.REACH // 2)
    np.testing.assert_array_equal(covered.volume[:, :, near], volume[:, :, near])


@given(place=st.floats(-30, 94), axis=st.integers(0, 2))
def test_a_motor_is_cut_where_a_face_is_near_it(place, axis):
    position = np.full(3, 31.5)
    position[axis] = place
    distance = min(abs(place), abs(63 - place))
    cut = aug.cuts_motor(position[None], (31.5,) * 3, (64, 64, 64), (1, 1, 1))
    assert cut == (distance < aug.REACH)


def test_a_slope_rises_towards_its_angle():
    flat = aug.Crop(np.zeros((4, 9, 9), np.float32), np.empty((0, 3)))
    tilted = aug.slope(flat, 2.0, 0.0).volume
    assert tilted[0, 0, -1] - tilted[0, 0, 0] == pytest.approx(2.0)
    np.testing.assert_allclose(tilted[0, 0], tilted[0, -1])


@given(st.integers(1, 40), st.floats(1.0, 60.0))
def test_thick_sections_change_nothing_that_is_the_same_at_every_z(depth, thickness):
    plane = np.random.default_rng(0).random((8, 9)).astype(np.float32)
    crop = aug.Crop(np.repeat(plane[None], depth, axis=0), np.empty((0, 3)))
    np.testing.assert_allclose(aug.thicken(crop, thickness).volume, crop.volume, rtol=1e-5)


def test_thick_sections_are_means_at_their_middles():
    volume = np.random.default_rng(0).random((20, 8, 8)).astype(np.float32)
    thick = aug.thicken(aug.Crop(volume, np.empty((0, 3))), 5.0).volume
    assert thick.shape == volume.shape
    np.testing.assert_allclose(thick[[2, 7, 12, 17]], volume.reshape(4, 5, 8, 8).mean(1), rtol=1e-5)
    np.testing.assert_allclose(thick[4], 0.6 * thick[2] + 0.4 * thick[7], rtol=1e-5)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_undecided_places_go_where_motors_would(seed):
    rng = np.random.default_rng(seed)
    volume = rng.random((32, 32, 32)).astype(np.float32)
    places = rng.uniform(0, 31, (3, 3))
    config = AugmentationConfig(mirror=1.0, edge=0.0)

    def moved(crop):
        crop = aug.cut(crop, (15.5, 15.5, 15.5), (32, 32, 32), (1, 1, 1))
        again = np.random.default_rng(seed)
        return aug.augment_grey(aug.augment_geometry(crop, config, again), config, again)

    as_motors = moved(aug.Crop(volume, places)).positions
    undecided = moved(aug.Crop(volume, np.empty((0, 3)), places)).undecided
    inside = ((undecided >= -0.5) & (undecided < 31.5)).all(axis=1)
    np.testing.assert_allclose(undecided[inside], as_motors)
