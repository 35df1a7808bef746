"""The engine in this process."""

import gc
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from motorscope.contract import (
    DetectionRequest,
    FeatureRequest,
    HeatmapBlock,
    HeatmapStarted,
    InventoryRequest,
    ModelRef,
    ModelRequest,
    Progress,
    RunSettings,
    VolumeRef,
)
from motorscope.detection import detect, run_to_end
from motorscope.engine import ThreadEngine
from motorscope.errors import DeviceError, ModelError, TomogramError
from motorscope.inspection import encoder_maps
from motorscope.tomogram import VoxelGrid, open_tomogram, write_mrc

FP32 = RunSettings("cpu", "fp32")


def test_detection_is_that_of_the_library(ref, model, tomogram):
    handle = ThreadEngine().submit(DetectionRequest(tomogram, ref, settings=FP32, generation=3))
    messages = list(handle.messages())
    result = handle.result()
    wanted = run_to_end(detect(DetectionRequest(tomogram, model, settings=FP32)))
    assert result.generation == 3
    assert np.array_equal(result.heatmap, wanted.heatmap)
    assert result.candidates == wanted.candidates
    kinds = [type(message) for message in messages]
    assert kinds.index(HeatmapStarted) < kinds.index(HeatmapBlock)
    assert messages[0] == Progress("Loading the model", 0, 0)


def test_feature_maps_of_a_file_are_those_of_the_library(ref, model, tomogram, tmp_path):
    path = tmp_path / "noise.mrc"
    data = tomogram.data[:32, :64, :64]  # one window
    write_mrc(path, data, VoxelGrid(data.shape, (10.0,) * 3))
    asked = FeatureRequest(VolumeRef(path, spacing=16.0), ref, 1, settings=FP32)
    result = ThreadEngine().submit(asked).result()
    here = replace(asked, tomogram=open_tomogram(path, 16.0), model=model)
    assert np.array_equal(result.maps, run_to_end(encoder_maps(here)).maps)


def test_errors_of_a_person_keep_their_kind(ref, tomogram):
    engine = ThreadEngine()
    for request, kind in (
        (DetectionRequest(tomogram, ModelRef("absent"), settings=FP32), ModelError),
        (DetectionRequest(tomogram, ref, settings=RunSettings("cuda:99")), DeviceError),
        (DetectionRequest(VolumeRef(Path("absent.mrc")), ref, settings=FP32), TomogramError),
        (ModelRequest(ModelRef("absent")), ModelError),
    ):
        with pytest.raises(kind):
            engine.submit(request).result()


def test_models_and_devices_can_be_asked_for(ref, model):
    engine = ThreadEngine()
    inventory = engine.submit(InventoryRequest(ref.name)).result()
    assert inventory.options[0].choice == ref
    assert engine.submit(ModelRequest(ref)).result().stages == model.features


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_threads_and_memory_after_many_runs_as_after_one(ref, tomogram):
    engine = ThreadEngine()
    small = replace(
        tomogram, data=tomogram.data[:32, :64, :64], grid=replace(tomogram.grid, shape=(32, 64, 64))
    )

    def run(times):
        for _ in range(times):
            result = engine.submit(DetectionRequest(small, ref, settings=FP32)).result()
            assert result is not None
        gc.collect()
        return threading.active_count(), megabytes()

    run(2)  # PyTorch builds its kernels, and keeps them
    threads, memory = run(1)
    after = run(20)
    assert after[0] == threads
    assert after[1] < memory + 10


def megabytes():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
