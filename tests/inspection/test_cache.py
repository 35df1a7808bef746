import os
from dataclasses import replace

import numpy as np
import pytest

from motorscope.contract import RunSettings
from motorscope.detection import run_to_end
from motorscope.errors import ConfigError, MotorscopeError
from motorscope.inspection import Across, StageCache, StageRequest, open_stage, reduce_stage
from motorscope.inspection import run as runs
from motorscope.inspection.cache import key_of
from motorscope.tomogram import open_tomogram, write_mrc


@pytest.fixture
def cache(tmp_path):
    return StageCache(tmp_path / "stages", 10**8)


@pytest.fixture
def request_of(model, tomogram, tmp_path):
    path = tmp_path / "t.mrc"
    write_mrc(path, tomogram.data[:40, :40, :40], replace(tomogram.grid, shape=(40, 40, 40)))

    def make(stage="layer2", **values):
        return StageRequest(
            open_tomogram(path), model, stage, settings=RunSettings("cpu", "fp32"), **values
        )

    return make


def opened(request, cache, cancel=None):
    return run_to_end(open_stage(request, cache, cancel))


def never(*_):
    raise AssertionError("computed")


def test_a_kept_stage_is_not_computed_again(request_of, cache, monkeypatch):
    first = opened(request_of(), cache)
    monkeypatch.setattr(runs, "stage_blocks", never)
    second = opened(request_of(), cache)
    np.testing.assert_array_equal(first.maps, second.maps)
    assert (second.spec, second.grid) == (first.spec, first.grid)
    np.testing.assert_allclose(second.moments.covariance, first.moments.covariance)
    across = Across("max")
    run_to_end(reduce_stage(request_of(), [across], cache))
    np.testing.assert_array_equal(across.result(), second.maps.max(axis=0))


@pytest.mark.parametrize("change", ["file", "spacing", "model", "recipe", "stage", "box"])
def test_what_a_stage_depends_on_makes_another_entry(request_of, cache, monkeypatch, change):
    opened(request_of(), cache)
    monkeypatch.setattr(runs, "stage_blocks", never)
    request = request_of()
    tomogram, model = request.tomogram, request.model
    if change == "file":
        os.utime(tomogram.path, (1, 1))
    elif change == "spacing":
        request = replace(request, tomogram=tomogram.with_spacing(17.0))
    elif change == "model":
        next(model.network.parameters()).data += 1
        request = replace(request, model=replace(model))
    elif change == "recipe":
        recipe = replace(model.card.input, percentiles=(2.0, 98.0))
        request = replace(request, model=replace(model, card=replace(model.card, input=recipe)))
    else:
        request = (
            request_of("layer1") if change == "stage" else request_of(region=((100,) * 3,) * 2)
        )
    with pytest.raises(AssertionError, match="computed"):
        opened(request, cache)


def test_voxels_without_a_file_count(request_of, cache, monkeypatch):
    request = request_of()
    values = np.array(request.tomogram.data)
    request = replace(request, tomogram=replace(request.tomogram, data=values, path=None))
    opened(request, cache)
    monkeypatch.setattr(runs, "stage_blocks", never)
    opened(request, cache)
    values[7, 8, 9] += 1
    with pytest.raises(AssertionError, match="computed"):
        opened(request, cache)


def test_what_was_not_used_for_long_makes_room(request_of, cache):
    size = request_of("layer1").map_bytes
    small = replace(cache, limit=int(size * 1.5))
    opened(request_of("layer2"), small)
    opened(request_of("layer3"), small)
    old = max(small.folder.iterdir(), key=lambda f: (f / "maps.npy").stat().st_size)
    os.utime(old, (1, 1))
    opened(request_of("layer1"), small)
    assert not old.exists()
    assert sum(f.stat().st_size for f in small.folder.glob("*/maps.npy")) <= small.limit


def test_a_stage_that_can_never_be_kept_says_so_and_streams(request_of, cache):
    tiny = replace(cache, limit=1000)
    with pytest.raises(ConfigError, match="choose a region or a deeper stage"):
        opened(request_of(), tiny)
    across, expected = Across("mean"), Across("mean")
    assert run_to_end(reduce_stage(request_of(), [across], tiny))
    assert not tiny.folder.exists()
    run_to_end(reduce_stage(request_of(), [expected], cache))
    np.testing.assert_array_equal(across.result(), expected.result())


def test_cancelling_leaves_nothing(request_of, cache):
    run = open_stage(request_of(), cache)
    while next(run).what != "Computing feature maps":
        pass
    run.close()
    assert list(cache.folder.iterdir()) == []


def test_a_damaged_entry_is_computed_again(request_of, cache):
    expected = np.array(opened(request_of(), cache).maps)
    (entry,) = cache.folder.iterdir()
    (entry / "maps.npy").write_bytes(b"")
    np.testing.assert_array_equal(opened(request_of(), cache).maps, expected)


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(request_of, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MotorscopeError, match="MOTORSCOPE_CACHE"):
        opened(request_of(), StageCache(tmp_path / "file" / "stages", 10**8))


def test_the_limit_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path))
    monkeypatch.setenv("MOTORSCOPE_CACHE_GB", "0.5")
    assert StageCache.default() == StageCache(tmp_path / "stages", 500_000_000)
    monkeypatch.setenv("MOTORSCOPE_CACHE_GB", "much")
    with pytest.raises(ConfigError, match="not 'much'"):
        StageCache.default()


def test_maps_of_a_tomogram_whose_density_is_said_are_others(request_of):
    request = request_of()
    told = [
        replace(request, tomogram=replace(request.tomogram, density=density))
        for density in (None, "dark", "bright")
    ]
    assert len({key_of(each, "fp32") for each in told}) == 3
