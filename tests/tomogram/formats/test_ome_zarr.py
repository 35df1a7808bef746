"""OME-Zarr: levels and their places, laziness, what it says of itself, and damage."""

import json
import pickle
import shutil
import sys

import numpy as np
import pytest
import yaozarrs
import zarr
from hypothesis import given
from hypothesis import strategies as st

from motorscope.errors import SpacingError, TomogramError
from motorscope.tomogram import (
    InputRecipe,
    VoxelGrid,
    can_open,
    find_tomograms,
    is_heatmap,
    is_map,
    is_tomogram,
    level_for,
    map_label,
    open_tomogram,
    write_heatmap,
    write_ome_zarr,
    write_volume,
)
from motorscope.tomogram.formats.ome.chunks import ChunkedVolume
from motorscope.tomogram.formats.ome.write import halved

SHAPE = (30, 131, 140)
VOXELS = np.random.default_rng(0).normal(0, 20, SHAPE).astype(np.float32)
GRID = VoxelGrid(SHAPE, (10.0, 10.0, 12.0), (5.0, -6.0, 7.0))


@pytest.fixture(params=["0.4", "0.5"])
def version(request):
    return request.param


@pytest.fixture
def path(tmp_path, version):
    path = tmp_path / "TS_1.ome.zarr"
    write_ome_zarr(path, VOXELS, GRID, version=version)
    return path


def by_hand(path, arrays, axes="zyx", unit="angstrom", datasets=None, whole=None, new=True):
    """Write an OME-Zarr as other programs do: scales, and no more unless told."""
    group = zarr.open_group(path, mode="w", zarr_format=3 if new else 2)
    for number, array in enumerate(arrays):
        group.create_array(str(number), data=array, chunks=tuple(min(n, 8) for n in array.shape))
    types = {"t": "time", "c": "channel"}
    kinds = [{"name": axis, "type": types.get(axis, "space")} for axis in axes]
    if unit is not None:
        kinds = [k | {"unit": unit} if k["type"] == "space" else k for k in kinds]
    if datasets is None:
        datasets = [[{"type": "scale", "scale": [2.0**n] * len(axes)}] for n in range(len(arrays))]
    image = {
        "axes": kinds,
        "datasets": [
            {"path": str(n), "coordinateTransformations": steps} for n, steps in enumerate(datasets)
        ],
    }
    if whole is not None:
        image["coordinateTransformations"] = whole
    if new:
        group.attrs["ome"] = {"version": "0.5", "multiscales": [image]}
    else:
        group.attrs["multiscales"] = [image | {"version": "0.4"}]
    return path


def test_what_was_written_is_read_and_follows_the_standard(path, version):
    tomogram = open_tomogram(path)
    assert tomogram.name == "TS_1"
    assert tomogram.grid == GRID
    np.testing.assert_array_equal(tomogram.data, VOXELS)
    assert can_open(path)
    assert is_tomogram(path)
    yaozarrs.validate_zarr_store(str(path))
    assert zarr.open_group(path, mode="r").metadata.zarr_format == (3 if version == "0.5" else 2)
    assert list(find_tomograms(path.parent).names.values()) == ["TS_1"]
    assert list(find_tomograms(path).names) == [path]


def test_levels_are_means_in_their_place(path):
    tomogram = open_tomogram(path)
    (level,) = tomogram.levels
    np.testing.assert_allclose(level.data, halved(VOXELS), rtol=1e-6)
    np.testing.assert_allclose(
        level.data[:, :65, :], VOXELS[:, :130].reshape(15, 2, 65, 2, 70, 2).mean(axis=(1, 3, 5)),
        atol=1e-4,
    )  # fmt: skip
    grid = tomogram.at(1).grid
    assert grid == VoxelGrid((15, 66, 70), (20.0, 20.0, 24.0), (10.0, -1.0, 13.0))
    assert tomogram.at(0).levels == ()
    wider = tomogram.with_spacing(20.0)
    assert wider.at(1).grid.origin == (15.0, 4.0, 17.0)


def test_integers_are_rounded_and_complete():
    block = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    means = halved(block)
    assert means.dtype == np.uint8
    assert means.shape == (2, 2, 2)
    assert means[0, 0, 0] == round(np.mean(block[:2, :2, :2]))
    assert means[1, 1, 1] == block[2, 2, 2]


@pytest.mark.parametrize(
    ("recipe", "shape"),
    [
        (InputRecipe(spacing=18.0), SHAPE),
        (InputRecipe(spacing=25.0), (15, 66, 70)),
        (InputRecipe(spacing=500.0), (15, 66, 70)),
        (InputRecipe(shape=(15, 65, 70)), (15, 66, 70)),
        (InputRecipe(shape=(30, 65, 70)), SHAPE),
    ],
)
def test_level_for_a_model_is_not_coarser_than_its_input(path, recipe, shape):
    assert level_for(open_tomogram(path), recipe).grid.shape == shape


@pytest.mark.parametrize(
    ("unit", "factor"), [("angstrom", 1), ("nanometer", 10), ("micrometer", 1e4), ("Å", 1)]
)
def test_units_become_angstrom(tmp_path, unit, factor):
    steps = [
        {"type": "scale", "scale": [12 / factor] * 3},
        {"type": "translation", "translation": [30 / factor, 0, -6 / factor]},
    ]
    path = by_hand(tmp_path / "a.zarr", [VOXELS[:4, :6, :8]], unit=unit, datasets=[steps])
    grid = open_tomogram(path).grid
    assert grid.spacing == pytest.approx((12, 12, 12))
    assert grid.origin == pytest.approx((30, 0, -6))


@pytest.mark.parametrize("unit", [None, "second", "kilometer"])
def test_without_a_length_the_spacing_is_unknown_and_asked_for(tmp_path, unit):
    levels = [VOXELS[:8, :8, :8], VOXELS[:4, :4, :4]]
    path = by_hand(tmp_path / "a.zarr", levels, unit=unit)
    tomogram = open_tomogram(path)
    assert tomogram.grid.spacing is None
    with pytest.raises(SpacingError):
        level_for(tomogram, InputRecipe(spacing=20.0))
    assert level_for(tomogram, InputRecipe(shape=(4, 4, 4))).grid.shape == (4, 4, 4)
    told = open_tomogram(path, spacing=10)
    assert level_for(told, InputRecipe(spacing=20.0)).grid.origin == (5, 5, 5)


def test_level_that_does_not_say_its_place_lies_between_the_voxels_it_stands_for(tmp_path, version):
    levels = [VOXELS[:8, :8, :8], VOXELS[:4, :4, :4], VOXELS[:2, :2, :2]]
    path = by_hand(tmp_path / "a.zarr", levels, new=version == "0.5")
    tomogram = open_tomogram(path)
    assert [level.offset for level in tomogram.levels] == [(0.5,) * 3, (1.5,) * 3]


def test_level_that_says_its_place_is_believed_and_the_whole_image_is_moved(tmp_path):
    steps = [
        [{"type": "scale", "scale": [1, 1, 1]}],
        [
            {"type": "scale", "scale": [2, 2, 2]},
            {"type": "translation", "translation": [0, 0, 0]},
        ],
    ]
    whole = [
        {"type": "scale", "scale": [10, 10, 10]},
        {"type": "translation", "translation": [100, 0, 0]},
    ]
    levels = [VOXELS[:8, :8, :8], VOXELS[:8:2, :8:2, :8:2]]
    tomogram = open_tomogram(by_hand(tmp_path / "a.zarr", levels, datasets=steps, whole=whole))
    assert tomogram.grid == VoxelGrid((8, 8, 8), (10,) * 3, (100, 0, 0))
    assert tomogram.at(1).grid == VoxelGrid((4, 4, 4), (20,) * 3, (100, 0, 0))


def test_level_of_another_part_is_left_out(tmp_path):
    path = by_hand(tmp_path / "a.zarr", [VOXELS[:16, :16, :16], VOXELS[:3, :3, :3]])
    assert open_tomogram(path).levels == ()


def test_axes_of_one_time_and_channel_do_no_harm(tmp_path):
    path = by_hand(tmp_path / "a.zarr", [VOXELS[None, None, :4, :6, :8]], axes="tczyx")
    tomogram = open_tomogram(path)
    assert tomogram.grid.shape == (4, 6, 8)
    np.testing.assert_array_equal(tomogram.data, VOXELS[:4, :6, :8])


@given(data=st.data())
def test_any_part_is_that_of_the_array(data):
    shape = data.draw(st.tuples(*[st.integers(1, 9)] * 3))
    chunks = data.draw(st.tuples(*[st.integers(1, 9)] * 3))
    values = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    array = zarr.create_array({}, shape=shape, dtype="i4", chunks=chunks)
    array[:] = values
    volume = ChunkedVolume(array, "it")
    volume._block = chunks  # as if chunks were large
    for _ in range(3):
        key = data.draw(_keys(shape))
        np.testing.assert_array_equal(volume[key], values[key])
    assert len(volume) == len(values)
    assert volume.size == values.size


def _keys(shape):
    def one(side):
        bound = st.none() | st.integers(-side - 1, side + 1)
        step = st.none() | st.integers(1, side + 1)
        return st.integers(-side, side - 1) | st.builds(slice, bound, bound, step)

    whole = st.tuples(*map(one, shape))
    return st.just(...) | whole | whole.map(lambda key: key[:2]) | whole.map(lambda k: (..., k[2]))


def test_voxels_are_read_once_and_only_where_wanted(path, version):
    tomogram = pickle.loads(pickle.dumps(open_tomogram(path)))
    first = np.asarray(tomogram.data[:, :128, :128])
    chunks = path / "0" / ("c" if version == "0.5" else "")
    (chunks / "0" / "0" / "0").unlink()
    np.testing.assert_array_equal(tomogram.data[3, :128, :128], first[3])
    assert not open_tomogram(path).data[:, :128, :128].any()  # a chunk that is not there is zero


def test_folder_scans_know_our_maps(tmp_path):
    write_heatmap(tmp_path / "one.zarr", VOXELS, GRID)
    write_volume(tmp_path / "two.zarr", np.stack([VOXELS] * 2), GRID, map_label("layer2"))
    write_ome_zarr(tmp_path / "TS_2.zarr", VOXELS, GRID)
    assert is_heatmap(tmp_path / "one.zarr")
    assert is_map(tmp_path / "two.zarr")
    assert not is_heatmap(tmp_path / "two.zarr")
    found = find_tomograms(tmp_path)
    assert list(found.names.values()) == ["TS_2"]
    assert [map_.name for map_ in found.maps] == ["one.zarr", "two.zarr"]


def test_what_was_there_is_replaced_whole_or_stays(tmp_path):
    path = tmp_path / "a.zarr"
    write_ome_zarr(path, VOXELS, GRID)

    class Broken:
        shape, dtype = SHAPE, np.dtype("f4")

        def __getitem__(self, key):
            raise OSError(28, "No space left on device")

    with pytest.raises(TomogramError, match=r"a\.zarr cannot be written \(no space left"):
        write_ome_zarr(path, Broken(), GRID)
    assert [each.name for each in tmp_path.iterdir()] == ["a.zarr"]
    np.testing.assert_array_equal(open_tomogram(path).data, VOXELS)
    write_ome_zarr(path, -VOXELS, GRID)
    np.testing.assert_array_equal(open_tomogram(path).data, -VOXELS)


def _attributes(path, change):
    """Change the attributes of a zarr 3 group."""
    file = path / "zarr.json"
    content = json.loads(file.read_text())
    change(content["attributes"])
    file.write_text(json.dumps(content))


def _axes(attributes):
    attributes["ome"]["multiscales"][0]["axes"].reverse()


def _scales(attributes):
    del attributes["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"]


DAMAGES = {
    "is no zarr": lambda path: (path / "zarr.json").unlink(),
    "cannot be opened as zarr": lambda path: (path / "zarr.json").write_text("{"),
    "no OME-Zarr image": lambda path: _attributes(path, lambda a: a.clear()),
    "has the axes x, y, z": lambda path: _attributes(path, _axes),
    "does not follow OME-Zarr 0.4 or 0.5": lambda path: _attributes(path, _scales),
    "lacks its level 0": lambda path: shutil.rmtree(path / "0"),
    "Level 0 of .* cannot be opened": lambda path: (path / "0" / "zarr.json").write_text("[]"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_in_a_sentence(tmp_path, damage):
    path = by_hand(tmp_path / "TS_1.zarr", [VOXELS[:4, :6, :8]])
    DAMAGES[damage](path)
    with pytest.raises(TomogramError, match=damage) as caught:
        open_tomogram(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert can_open(path) is ("no OME-Zarr image" != damage)


@pytest.mark.parametrize(
    ("array", "axes", "message"),
    [
        (VOXELS[:4, :6, :8] > 0, "zyx", "type bool"),
        (np.stack([VOXELS[:4, :6, :8]] * 2), "czyx", "2 × 4 × 6 × 8 values"),
        (VOXELS[0], "yx", "axes y, x"),
        (VOXELS[:1], "zyx", "a flat image"),
    ],
)
def test_what_is_no_tomogram_is_refused(tmp_path, array, axes, message):
    path = by_hand(tmp_path / "a.zarr", [array], axes=axes)
    with pytest.raises(TomogramError, match=message):
        open_tomogram(path)


def test_damaged_chunk_is_told_when_it_is_read(tmp_path):
    path = by_hand(tmp_path / "a.zarr", [VOXELS[:4, :6, :8]])
    (path / "0" / "c" / "0" / "0" / "0").write_bytes(b"damaged")
    tomogram = open_tomogram(path)
    with pytest.raises(TomogramError, match=r"Voxels of .*a\.zarr cannot be read"):
        tomogram.data[0]


@pytest.mark.parametrize("package", ["zarr", "yaozarrs"])
def test_missing_package_is_named(path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(TomogramError, match=rf"needs the package {package}; .*\[zarr\]"):
        open_tomogram(path)


def test_zarr_2_is_too_old(path, monkeypatch):
    monkeypatch.setattr(zarr, "__version__", "2.18.7")
    with pytest.raises(TomogramError, match=r"needs zarr 3, but 2\.18\.7"):
        open_tomogram(path)
