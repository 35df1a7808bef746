"""Ranking, colors and likeness: what is asked of a stage, on values that are made up."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, tuples

from motorscope.contract import FeatureSpec
from motorscope.contract.stages import BY_BACKGROUND, BY_VARIANCE
from motorscope.errors import ModelError, PicksError
from motorscope.inspection import (
    Entry,
    Moments,
    alike_stage,
    best_places,
    colors,
    deviations_at,
    discriminant,
    find_alike,
    fit_basis,
    kept_basis,
    load_basis,
    look_for,
    percentiles,
    rank_channels,
    save_basis,
    similarity,
)
from motorscope.inspection.alike.discriminant import AROUND
from motorscope.inspection.basis import pooled, principal_axes
from motorscope.inspection.ranking import separation
from motorscope.inspection.reducers import Correlate
from motorscope.network import EncoderModel, read_card
from motorscope.picks import PickTable
from motorscope.tomogram import VoxelGrid


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def moments_of(values):
    return Moments(
        len(values), values.mean(0), np.cov(values.T, bias=True), values.min(0), values.max(0)
    )


def test_separation_is_the_area_under_the_curve(rng):
    ones, others = (rng.integers(0, 5, (n, 2)).astype(np.float32) for n in (7, 30))
    pairs = ones[:, None] - others[None]
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean(axis=(0, 1))
    np.testing.assert_allclose(separation(ones, others), expected)


def test_channels_are_ranked_by_how_well_they_tell_picks_apart(rng):
    background = rng.normal(size=(500, 4)) * [9, 1, 1, 1]
    accepted = rng.normal(size=(20, 4)) * 0.1 + [0, 1.5, 0, -4]
    rejected = rng.normal(size=(5, 4)) * 0.1 + [0, 3, 0, -4]
    found = rank_channels(moments_of(background), background, accepted, rejected)
    assert found.by == BY_BACKGROUND
    assert found.table["channel"].tolist()[:2] == [3, 1]
    assert found.table["direction"].tolist()[:2] == ["down", "up"]
    first = found.table.set_index("channel")
    assert first.loc[3, "auc"] > 0.99
    assert (first.loc[1, "auc_rejected"], first.loc[1, "direction_rejected"]) == (1.0, "down")
    without = rank_channels(moments_of(background), background)
    assert without.by == BY_VARIANCE
    assert without.table["channel"].iloc[0] == 0
    assert without.table["auc"].isna().all()


def test_percentile_of_the_volume():
    sample = np.arange(100)[:, None] * [1, 0]
    np.testing.assert_allclose(percentiles([25, 0], sample), [25.5, 50])


def test_pooled_moments_are_those_of_all_voxels(rng):
    parts = [rng.normal(n, 1 + n, size=(20 * (n + 1), 3)) for n in range(3)]
    found, expected = pooled([moments_of(p) for p in parts]), moments_of(np.concatenate(parts))
    assert found.count == expected.count
    np.testing.assert_allclose(found.mean, expected.mean)
    np.testing.assert_allclose(found.covariance, expected.covariance)


@pytest.mark.parametrize("seed", range(8))
def test_the_largest_weight_of_an_axis_is_positive_whatever_the_solver_returns(seed):
    values = np.random.default_rng(seed).normal(size=(50, 6))
    axes, variances = principal_axes(np.cov(values.T), 4)
    assert (axes[np.arange(4), np.abs(axes).argmax(axis=1)] > 0).all()
    assert (np.diff(variances) <= 0).all()
    np.testing.assert_allclose(axes @ np.cov(values.T) @ axes.T, np.diag(variances), atol=1e-9)


def test_a_basis_has_fixed_signs_and_explains_the_variance(rng):
    values = (
        rng.normal(size=(4000, 3)) @ np.diag([3, 1, 0.1]) @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    )
    basis = fit_basis([moments_of(values)], "layer2", "abc", 3)
    assert basis.explained.sum() == pytest.approx(1)
    assert basis.explained[0] == pytest.approx(9 / 10.01, abs=0.02)
    np.testing.assert_allclose(basis.axes @ basis.axes.T, np.eye(3), atol=1e-9)
    largest = np.abs(basis.axes).argmax(axis=1)
    assert (basis.axes[np.arange(3), largest] > 0).all()
    with pytest.raises(ModelError, match="1 to 3 principal components, not 4"):
        fit_basis([moments_of(values)], "layer2", "abc", 4)


def test_a_color_means_the_same_in_every_tomogram(rng):
    values = rng.normal(size=(1000, 4))
    basis = fit_basis([moments_of(values)], "layer2", "abc", 2)
    components = np.zeros((2, 1, 1, 3), np.float32)
    components[0, 0, 0] = np.sqrt(basis.variances[0]) * np.array([-9, 0, 9])
    assert colors(components, basis)[0, 0].tolist() == [
        [0, 127, 128],
        [127, 127, 128],
        [255, 127, 128],
    ]


def test_channels_that_never_vary_are_gray(rng):
    values = np.outer(rng.normal(size=50), [1, 1, 0, 0])
    basis = fit_basis([moments_of(values)], "layer2", "abc", 3)
    found = colors(np.zeros((3, 1, 1, 2), np.float32), basis)
    assert set(np.unique(found)) <= {127, 128}


def test_a_basis_is_kept_for_its_network_and_stage_only(rng, tmp_path):
    basis = fit_basis([moments_of(rng.normal(size=(99, 4)))], "layer2", "abc")
    path = tmp_path / "mine.layer2.basis.safetensors"
    save_basis(basis, path)
    again = load_basis(path, "layer2", "abc")
    np.testing.assert_array_equal(again.axes, basis.axes)
    assert again.total == basis.total
    assert kept_basis(tmp_path / "mine.pt", "layer2", "abc") is not None
    assert kept_basis(tmp_path / "mine.pt", "layer1", "abc") is None
    with pytest.raises(ModelError, match="fit one for layer2 of this network"):
        load_basis(path, "layer2", "other")
    path.write_text("")
    with pytest.raises(ModelError, match="fit it again"):
        load_basis(path, "layer2", "abc")


def test_a_basis_in_the_package_is_found_by_the_name_of_its_model(rng, tmp_path, monkeypatch):
    models = tmp_path / "models"
    models.mkdir()
    basis = fit_basis([moments_of(rng.normal(size=(99, 4)))], "layer2", "abc")
    save_basis(basis, models / "built-in.layer2.basis.safetensors")
    monkeypatch.setattr("motorscope.inspection.basis.files", lambda _: tmp_path)
    assert kept_basis("built-in", "layer2", "abc") is not None
    assert kept_basis("built-in", "layer2", "of other weights") is None


def test_no_basis_is_shipped_that_does_not_fit_the_shipped_weights():
    """After a new training: `python benchmarks/fit_colors.py built-in FOLDER`, or remove it."""
    shipped = Path(str(files("motorscope.network") / "models"))
    for path in shipped.glob("*.basis.safetensors"):
        name, stage, *_ = path.name.split(".")
        load_basis(path, stage, read_card(name).sha256)


def test_the_discriminant_outweighs_what_all_voxels_share(rng):
    """A small bump in a quiet channel counts for more than a large one in a noisy channel."""
    background = rng.normal(size=(5000, 3)) * [30, 1, 1] + [100, 0, 0]
    found = discriminant(moments_of(background), [[[110, 6, 0]]], shrinkage=1e-6)
    places = np.array([[110, 6, 0], [100, 6, 0], [190, 0, 0]])
    scores = (places - found.center) @ found.weights[0]
    assert scores[0] == pytest.approx(1)
    assert scores[1] > 0.9
    assert abs(scores[2]) < 0.2
    assert found.top_channels(1) == [1]


def test_rejected_examples_weigh_in(rng):
    background = moments_of(rng.normal(size=(5000, 3)))
    example, decoy = np.array([[[5.0, 5, 0]]]), np.array([[[5.0, 0, 0]]])

    def likeness(found):
        return float(np.sum((decoy[0] - found.center) * found.weights))

    without = likeness(discriminant(background, example))
    once = likeness(discriminant(background, example, decoy))
    thrice = likeness(discriminant(background, example, np.repeat(decoy, 3, axis=0)))
    assert 0.4 < without < 0.6
    assert once < 0.8 * without
    assert thrice < once


def test_no_example_is_an_error(rng):
    background = moments_of(rng.normal(size=(50, 3)))
    with pytest.raises(PicksError, match="choose one pick at least"):
        discriminant(background, np.empty((0, 27, 3)))
    with pytest.raises(PicksError, match="look like the background"):
        discriminant(background, background.mean[None, None])


def test_alike_leaves_the_examples_out():
    grid = VoxelGrid((5, 20, 20), (100.0,) * 3, (50.0, 0.0, 0.0))
    similarity = np.full(grid.shape, -0.1, np.float32)
    for place, score in (
        ((2, 5, 5), 1.3),
        ((2, 5, 15), 0.8),
        ((2, 15, 15), 0.4),
        ((2, 15, 17), 0.3),
    ):
        similarity[place] = score
    examples = PickTable.from_positions([[250.0, 540, 480]], status="accepted")
    found = find_alike(similarity, grid, 500.0, examples)
    np.testing.assert_allclose(found.positions, [[250, 500, 1500], [250, 1500, 1500]])
    np.testing.assert_allclose(found.scores, [0.8, 0.4])
    assert set(found.origins) == {"alike"}
    everything = find_alike(similarity, grid, 0.0)
    assert everything.scores.tolist() == pytest.approx([1.3, 0.8, 0.4, 0.3])


def test_what_stands_out_more_than_the_examples_is_not_all_the_same():
    """Ties at 1 had lost the order of the best."""
    similarity = np.zeros((3, 3, 30), np.float32)
    similarity[1, 1, [5, 15, 25]] = 1.2, 2.0, 1.6
    found = find_alike(similarity, VoxelGrid(similarity.shape, (100.0,) * 3), 300.0)
    np.testing.assert_allclose(found.positions[:, 2], [1500, 2500, 500], atol=50)
    assert (np.diff(found.scores) < 0).all()


@given(gain=floats(0.2, 5), shift=floats(-20, 20))
def test_a_tomogram_of_other_contrast_is_searched_as_well(gain, shift):
    rng = np.random.default_rng(3)
    background = rng.normal(size=(4000, 3)) @ rng.normal(size=(3, 3)) + 2
    own, other = moments_of(background), moments_of(gain * background + shift)
    wanted = np.array([[[4.0, 9, -3]]])
    nothing = np.empty((0, 1, 3))
    here = look_for(wanted - own.mean, nothing, [own], own, among=True)
    there = look_for(wanted - own.mean, nothing, [own], other)

    def likeness(found, values):
        return float(np.sum(found.weights * (values - found.center)))

    assert likeness(here, wanted[0]) == pytest.approx(1)
    # What is looked for is mixed of both backgrounds, but those differ in their scale alone.
    assert likeness(there, gain * wanted[0] + shift) == pytest.approx(1, rel=1e-6)
    mean = (gain * background + shift).mean(axis=0)
    assert likeness(there, mean) == pytest.approx(0, abs=1e-6)


def test_alike_asks_the_last_of_the_decoder_and_of_an_encoder_its_middle(model):
    assert alike_stage(model) == "decoder2"
    encoder = EncoderModel(model.card, model.network.encoder)
    assert alike_stage(encoder) == "layer2"


@given(
    seed=integers(0, 10_000),
    shape=tuples(integers(1, 5), integers(1, 6), integers(1, 6)),
    cut=integers(1, 5),
)
def test_a_pattern_is_compared_at_every_voxel_in_parts_as_in_one(seed, shape, cut):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(2, *shape)).astype(np.float16)
    weights, center = rng.normal(size=(2, len(AROUND), 2))
    correlate = Correlate(weights, center, AROUND)
    correlate.begin(FeatureSpec("layer", 2, 4, 1.5), VoxelGrid(shape, (10.0,) * 3))
    for start in range(0, shape[0], cut):
        place = (slice(start, min(start + cut, shape[0])), slice(0, shape[1]), slice(0, shape[2]))
        correlate.add(place, values[:, place[0]])
    expected = np.zeros(shape)
    for voxel in np.ndindex(shape):
        for step, weight, middle in zip(AROUND, weights, center, strict=True):
            z, y, x = there = voxel + step
            if (there >= 0).all() and (there < shape).all():
                expected[voxel] += weight @ (values[:, z, y, x].astype(float) - middle)
    np.testing.assert_allclose(correlate.result(), expected, atol=1e-3)


def test_places_that_differ_in_what_is_about_them_are_told_apart(rng):
    """A voxel alone says the same of a bar along y and of one along x."""
    values = rng.normal(0, 0.2, (3, 40, 40, 40)).astype(np.float32)
    wanted, alike, other = (20, 10, 10), (10, 30, 20), (30, 20, 30)
    for z, y, x in (wanted, alike):
        values[0, z, y - 1 : y + 2, x] += 4
    z, y, x = other
    values[0, z, y, x - 1 : x + 2] += 4
    grid = VoxelGrid(values.shape[1:], (10.0,) * 3)
    flat = values.reshape(3, -1).T
    entry = Entry(FeatureSpec("layer", 3, 1, 0.0), grid, values, flat, moments_of(flat))
    example = deviations_at(entry, 10 * np.array([wanted]))
    what = look_for(example, example[:0], [entry.moments], entry.moments, among=True)
    found = similarity(entry, what)
    assert found[wanted] == pytest.approx(1, abs=0.02)
    assert found[alike] > 0.7
    assert found[other] < 0.6 < found[alike]


def test_the_best_places_are_those_of_all_tomograms():
    tables = {
        "a": PickTable.from_positions([[1, 1, 1], [2, 2, 2]], [0.9, 0.2]),
        "b": PickTable.from_positions([[3, 3, 3], [4, 4, 4]], [0.8, 0.7]),
        "c": PickTable.from_positions([[5, 5, 5]], [0.1]),
    }
    best = best_places(tables, 3)
    assert {name: places[:, 0].tolist() for name, places in best.items()} == {"a": [1], "b": [3, 4]}
    assert best_places(tables, 0) == {}
