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
    HeatmapBlock,
    HeatmapStarted,
    InventoryRequest,
    ModelRef,
    ModelRequest,
    Progress,
    RunSettings,
    VolumeRef,
)
from motorscope.contract.attribution import AttributionRequest
from motorscope.contract.stages import (
    AlikeRequest,
    OpenStageRequest,
    OverviewRequest,
    RankingRequest,
    StagesRequest,
)
from motorscope.detection import detect, run_to_end
from motorscope.engine import ThreadEngine
from motorscope.errors import ConfigError, DeviceError, ModelError, TomogramError
from motorscope.picks import PickTable

FP32 = RunSettings("cpu", "fp32")


def test_detection_is_that_of_the_library(ref, model, tomogram):
    handle = ThreadEngine().submit(DetectionRequest(tomogram, ref, settings=FP32))
    messages = list(handle.messages())
    result = handle.result()
    wanted = run_to_end(detect(DetectionRequest(tomogram, model, settings=FP32)))
    assert np.array_equal(result.heatmap, wanted.heatmap)
    assert result.candidates == wanted.candidates
    kinds = [type(message) for message in messages]
    assert kinds.index(HeatmapStarted) < kinds.index(HeatmapBlock)
    assert messages[0] == Progress("Loading the model", 0, 0)


def test_stages_can_be_listed_opened_and_asked_about(ref, tomogram, tmp_path, monkeypatch):
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path))
    engine = ThreadEngine()
    facts = engine.submit(StagesRequest(tomogram, ref, settings=FP32)).result()
    assert [each.spec.name for each in facts[-2:]] == ["decoder1", "logits"]
    asked = OpenStageRequest(tomogram, ref, "layer1", settings=FP32)
    stage = engine.submit(asked).result()
    assert asked.device == "cpu"  # in turn with other work on it
    assert stage.maps.shape == (stage.spec.channels, *stage.grid.shape)
    assert stage.counts.sum(axis=1).tolist() == [stage.grid.shape[0] * 24 * 24] * len(stage.maps)
    facts = engine.submit(StagesRequest(tomogram, ref, settings=FP32)).result()
    assert [each.kept for each in facts[:3]] == [False, True, False]

    places = stage.grid.to_world([[3, 12, 12], [4, 5, 6]])
    here = (float(places[0, 0]), float(places[0, 1]), float(places[0, 2]))
    ranking = engine.submit(RankingRequest(stage.key, places, places[:0], here)).result()
    first = ranking.table.iloc[0]
    assert first["at"] == pytest.approx(float(stage.maps[int(first["channel"]), 3, 12, 12]))
    largest = engine.submit(OverviewRequest(stage.key, "max", ref)).result()
    assert np.array_equal(largest.values, stage.maps.max(axis=0))
    colors = engine.submit(OverviewRequest(stage.key, "pca", ref)).result()
    assert colors.own
    assert colors.values.shape == (*stage.grid.shape, 3)
    wanted = PickTable.from_positions(places[:1])
    alike = engine.submit(AlikeRequest(stage.key, wanted, PickTable.empty(), 100.0)).result()
    assert alike.similarity[3, 12, 12] == pytest.approx(1, abs=1e-3)
    with pytest.raises(ConfigError, match="show it again"):
        engine.submit(RankingRequest("gone", places, places)).result()


def test_why_here_is_asked_in_turn(ref, tomogram):
    asked = AttributionRequest(tomogram, ref, at=(200.0, 700.0, 700.0), settings=FP32)
    assert asked.device == "cpu"
    found = ThreadEngine().submit(asked).result()
    assert found.method == "hirescam"
    assert np.isfinite(found.values).all()


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
