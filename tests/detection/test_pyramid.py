"""A pyramid is searched at the level that fits the network, with the picks of its full size."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from motorscope.contract import DetectionRequest, RunSettings
from motorscope.contract.attribution import AttributionRequest
from motorscope.detection import detect, run_to_end
from motorscope.inspection import Across, StageRequest, stage_facts
from motorscope.inspection.attribution.explain import attribute
from motorscope.inspection.reducers import feeding
from motorscope.inspection.stage import stage_blocks
from motorscope.tomogram import Level, Tomogram, VoxelGrid, open_tomogram, write_ome_zarr

FP32 = RunSettings("cpu", "fp32", flips=False)


class Unread:
    """Voxels that nobody may ask for."""

    ndim = 3

    def __init__(self, like):
        self.shape, self.dtype = like.shape, like.dtype

    def __getitem__(self, key):
        raise AssertionError("the finest level was read")


@pytest.fixture(scope="module")
def pyramid(tmp_path_factory):
    """A smooth volume of 8 Å as OME-Zarr; its second level is of the network's 16 Å."""
    noise = np.random.default_rng(0).normal(size=(63, 191, 128))  # sides that cannot be halved
    fine = ndimage.gaussian_filter(noise, 3).astype(np.float32)
    path = tmp_path_factory.mktemp("pyramid") / "TS_1.zarr"
    write_ome_zarr(path, fine, VoxelGrid(fine.shape, (8.0,) * 3, (100.0, 0.0, -50.0)))
    return open_tomogram(path)


@pytest.fixture(scope="module")
def unread(pyramid):
    return replace(pyramid, data=Unread(pyramid.data))


def found(tomogram, model):
    result = run_to_end(detect(DetectionRequest(tomogram, model, settings=FP32)))
    return result, result.candidates.positions, result.candidates.scores


def test_picks_are_those_of_the_full_size_and_the_finest_level_is_not_read(pyramid, unread, model):
    full, places, scores = found(pyramid.at(0), model)
    level, same_places, same_scores = found(unread, model)
    assert level.grid == full.grid
    assert len(places) == len(same_places) > 4
    distances = np.linalg.norm(places[:, None] - same_places, axis=2)
    nearest = distances.argmin(axis=1)
    assert distances.min(axis=1).max() < 16  # Å, a voxel of the network's input
    np.testing.assert_allclose(same_scores[nearest], scores, atol=0.02)


def test_features_and_attributions_read_the_same_level(pyramid, unread, model):
    request = StageRequest(unread, model, "layer1")
    assert request.tomogram.grid == pyramid.at(1).grid
    assert stage_facts(request).spacing == (64.0,) * 3
    across = Across("max")
    run_to_end(feeding(stage_blocks(request, threading.Event()), [across]))
    assert np.isfinite(across.result()).all()
    asked = AttributionRequest(unread, model, at=(300.0, 700.0, 400.0), settings=FP32)
    assert run_to_end(attribute(asked)).values.any()


def test_level_of_a_layer_without_metadata(model):
    coarse = np.random.default_rng(0).normal(size=(20, 30, 40)).astype(np.float32)
    fine = Unread(np.empty((40, 60, 80), np.float32))
    level = Level(coarse, (2.0,) * 3, (0.5,) * 3)
    tomogram = Tomogram(fine, VoxelGrid(fine.shape, (8.0,) * 3), "t", levels=(level,))
    result, *_ = found(tomogram, model)
    assert result.grid.spacing == (128.0,) * 3
