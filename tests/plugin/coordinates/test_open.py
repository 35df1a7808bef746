"""Files of coordinates in napari: what opens, where it lies, and that it comes back from a file."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer, Points
from npe2 import PluginManager, PluginManifest

from motorscope.errors import MotorscopeError, PicksError
from motorscope.picks import PickTable
from motorscope.picks.formats import (
    FORMATS,
    format_inside,
    format_of_file,
    format_to_write,
    write_coordinates,
)
from motorscope.plugin.coordinates.open import get_reader, open_coordinates, open_on
from motorscope.plugin.layers.kinds import COORDINATES, PICKS
from motorscope.plugin.layers.looks import picks_arguments, tomogram_arguments
from motorscope.plugin.layers.points import picks_of_points
from motorscope.plugin.layers.source import identity
from motorscope.plugin.layers.tag import kind_of, tag_of
from motorscope.tomogram import Tomogram, VoxelGrid, open_tomogram

PLUGIN = "napari-motorscope"
GRID = VoxelGrid(shape=(40, 60, 50), spacing=(12.5, 12.5, 12.5), origin=(100.0, -50.0, 25.0))
VOXELS = np.array([[3.25, 50.5, 12.0], [30.0, 7.125, 44.75], [12.5, 22.0, 3.0]])
SAVED = ("csv", "labels", "submission", "relion5", "relion4", "star", "dynamo", "imod", "portal")

needs_formats = pytest.mark.skipif(
    importlib.util.find_spec("starfile") is None, reason="the extra formats is not installed"
)


@pytest.fixture(autouse=True)
def plugin(npe2pm: PluginManager) -> None:
    """Register the plugin, and napari's own readers and writers before it."""
    npe2pm.register(PluginManifest.from_distribution("napari"))
    npe2pm.register(PluginManifest.from_distribution(PLUGIN))


@pytest.fixture
def shared_data() -> Path:
    folder = Path(__file__).parents[4] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real files is absent")
    return folder


def add_tomogram(viewer: ViewerModel, grid: VoxelGrid = GRID, name: str = "tomo") -> Layer:
    tomogram = Tomogram(data=np.zeros(grid.shape, np.uint8), grid=grid, name=name)
    return viewer.add_image(tomogram.data, **tomogram_arguments(tomogram))


def add_picks(viewer: ViewerModel, table: PickTable, grid: VoxelGrid = GRID) -> Points:
    return viewer.add_points(**picks_arguments(table, grid, "tomo", ""))


def a_table(grid: VoxelGrid = GRID) -> PickTable:
    return PickTable.from_positions(grid.to_world(VOXELS), [0.9, 0.8, 0.7], status="accepted")


def opened(viewer: ViewerModel, path: Path, **options) -> tuple[Points, list[str]]:
    (layer_data,), remarks = open_coordinates(path, viewer.layers, **options)
    return _add(viewer, layer_data), remarks


def _add(viewer: ViewerModel, layer_data) -> Points:
    return viewer.add_layer(Layer.create(*layer_data))


def world(layer: Points) -> np.ndarray:
    return np.array([layer.data_to_world(each) for each in layer.data]).reshape(-1, 3)


@needs_formats
@pytest.mark.parametrize("name", SAVED)
def test_what_napari_saves_opens_where_it_was(name, tmp_path, npe2pm):
    viewer = ViewerModel()
    add_tomogram(viewer)
    points = add_picks(viewer, a_table())
    format_ = next(each for each in FORMATS if each.name == name)
    path = tmp_path / f"tomo{format_.suffixes[0]}"
    writer = next(
        each
        for each in npe2pm.iter_compatible_writers(["points"])
        if each.command.endswith(f"write_{name}")
    )
    assert format_.suffixes[0] in writer.filename_extensions
    written = writer.exec(args=(str(path), *points.as_layer_data_tuple()[:2]))
    assert written == [str(path)]
    again, _ = opened(viewer, path)
    kept = slice(1) if name == "submission" else slice(None)  # the best one
    assert world(again) == pytest.approx(world(points)[kept], abs=0.01 * 12.5)
    assert kind_of(again) is COORDINATES
    assert tag_of(again).tomogram == identity(viewer.layers[0])


def test_what_napari_saves_by_itself_keeps_the_decisions(tmp_path, npe2pm):
    viewer = ViewerModel()
    add_tomogram(viewer)
    table = a_table()
    points = add_picks(viewer, table.set_status(table.ids[:1], "rejected"))
    path = tmp_path / "x.csv"
    assert points.save(str(path)) == [str(path)]
    assert path.read_text().startswith("index,")  # which is napari's, not ours
    assert get_reader(str(path)) is not None
    again, _ = opened(viewer, path)
    assert world(again) == pytest.approx(world(points), abs=0.01 * 12.5)
    assert again.features["status"].tolist() == points.features["status"].tolist()
    assert again.features["score"].to_numpy() == pytest.approx(
        points.features["score"], nan_ok=True
    )
    # Points of anybody else are left to napari's own reader.
    other = tmp_path / "y.csv"
    Points(points.data, features={"score": points.data[:, 0]}).save(str(other))
    assert get_reader(str(other)) is None
    assert format_of_file(other).name == "napari"


@needs_formats
@pytest.mark.parametrize("suffix", [".csv", ".star", ".tbl", ".mod", ".ndjson", ".json", ".npy"])
@pytest.mark.parametrize("empty", [False, True])
def test_layers_save_and_viewer_open(suffix, empty, tmp_path):
    viewer = ViewerModel()
    add_tomogram(viewer)
    table = PickTable.empty() if empty else a_table()
    points = add_picks(viewer, table)
    path = tmp_path / f"tomo{suffix}"
    viewer.layers.selection = {points}
    assert viewer.layers.save(str(path), selected=True, plugin=PLUGIN) == [str(path)]
    if suffix in (".star", ".json", ".npy"):  # they count from the middle, or say not from where
        (data,), _ = open_coordinates(path, viewer.layers)
        layer = _add(viewer, data)
    else:
        (layer,) = viewer.open(str(path), plugin=PLUGIN)
    assert len(layer.data) == len(table)
    again, _ = opened(viewer, path)
    assert world(again) == pytest.approx(world(points), abs=0.125)


@pytest.mark.parametrize("name", ["labels", "submission"])
def test_the_name_of_a_csv_tells_which_one_is_written(name, tmp_path):
    viewer = ViewerModel()
    add_tomogram(viewer)
    viewer.layers.selection = {add_picks(viewer, a_table())}
    path = tmp_path / f"a.{name}.csv"
    assert viewer.layers.save(str(path), selected=True) == [str(path)]
    assert format_inside(path).name == name
    assert format_to_write(path).name == name


def test_labels_need_to_know_how_large_the_tomogram_is(tmp_path):
    viewer = ViewerModel()
    viewer.add_points(VOXELS, units=("nm",) * 3, name="others")
    with pytest.raises(PicksError, match=r"says how large the tomogram is; .*over the tomogram"):
        viewer.layers.save(str(tmp_path / "a.labels.csv"))
    assert not list(tmp_path.iterdir())


def test_napari_still_writes_its_own_csv(tmp_path):
    viewer = ViewerModel()
    viewer.add_points(VOXELS)
    path = tmp_path / "points.csv"
    viewer.layers.save(str(path))
    assert path.read_text().startswith("index,")
    assert get_reader(str(path)) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("other.csv", "tomogram,x,y\na,1,2\n"),
        ("points.csv", "index,axis-0,axis-1,axis-2\n0,1,2,3\n"),
        ("empty.csv", ""),
        ("binary.csv", b"\xff\xfe\x00\x01"),
        ("notes.star", "data_notes\n\n_year 2026\n_zeal much\n_xylophone 1\n"),
        ("text.tbl", "name age\nx 3\n"),
        ("empty.tbl", ""),
        ("go.mod", "module example.org/x\n"),
        ("log.ndjson", '{"level": "info"}\n'),
        ("package.json", '{"name": "x", "version": "1"}'),
        ("list.json", "[1, 2"),
        ("numbers.json", '{"a": [[1, 2]]}'),
        ("shape.npy", b"\x93NUMPY"),
        ("points.txt", "1 2 3\n"),
    ],
)
def test_files_of_others_are_left_to_them(name, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert get_reader(str(path)) is None


def test_no_reader_for_folders_and_absent_files(tmp_path):
    (tmp_path / "x.csv").mkdir()
    for path in (tmp_path / "x.csv", tmp_path / "absent.star"):
        assert get_reader(str(path)) is None
    assert get_reader([]) is None


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("dynamo.tbl", "dynamo"),
        ("tomoslice_points.star", "star"),
        ("motor_labels_kaggle.csv", "labels"),
        ("motor_coordinates_zyx.json", "json"),
        ("two_contour_example.mod", "imod"),
        ("hiv_points_zyx_unbinned.npy", "npy"),
        ("hiv_tomogram_bin4.tif", None),
        ("int8_23A.mrc", None),
    ],
)
def test_real_files_are_known_by_their_inside(file, name, shared_data):
    found = format_inside(shared_data / file)
    assert (found and found.name) == name


def test_one_layer_per_tomogram_with_scores_and_statuses(tmp_path):
    path = tmp_path / "picks.csv"
    table = a_table().set_status([1], "rejected")
    write_coordinates(path, {"a": (table, GRID), "b": (a_table(), GRID)})
    layers, remarks = open_coordinates(path, [])
    assert [arguments["name"] for _, arguments, _ in layers] == ["picks.csv: a", "picks.csv: b"]
    assert remarks == []
    points = Layer.create(*layers[0])
    assert list(points.features["status"]) == ["accepted", "rejected", "accepted"]
    assert tuple(points.scale) == GRID.spacing
    assert world(points) == pytest.approx(GRID.to_world(VOXELS), abs=0.01)
    assert list(points.features["label"]) == ["0.90", "0.80", "0.70"]


def test_only_the_open_one_of_many_is_opened_and_the_rest_told(shared_data):
    path = shared_data / "motor_labels_kaggle.csv"
    with pytest.raises(PicksError, match=r"648 tomograms, none of which is open"):
        open_coordinates(path, [])
    viewer = ViewerModel()
    grid = VoxelGrid(shape=(500, 924, 956), spacing=(19.7,) * 3)
    name = "tomo_00e047"
    add_tomogram(viewer, VoxelGrid(shape=(30, 92, 95), spacing=grid.spacing), name)
    points, remarks = opened(viewer, path)
    assert points.name == "motor_labels_kaggle.csv"
    assert any("647 tomograms that are not open" in each for each in remarks)


def test_without_a_spacing_points_lie_in_pixels_and_it_is_said(tmp_path):
    path = tmp_path / "list.npy"
    np.save(path, VOXELS)
    viewer = ViewerModel()
    points, remarks = opened(viewer, path)
    assert points.data == pytest.approx(VOXELS)
    assert tuple(points.scale) == (1, 1, 1)
    assert {str(unit) for unit in points.units} == {"pixel"}
    assert tag_of(points).in_pixels
    assert tag_of(points).grid.spacing is None
    assert "does not say how large its voxels are" in remarks[0]


def test_on_a_tomogram_without_spacing_points_lie_in_its_voxels(tmp_path):
    viewer = ViewerModel()
    tomogram = add_tomogram(viewer, VoxelGrid(shape=GRID.shape, spacing=None))
    path = tmp_path / "picks.csv"
    write_coordinates(path, {"tomo": (a_table(), GRID)})
    points, remarks = opened(viewer, path)
    assert points.data == pytest.approx(VOXELS, abs=1e-3)
    assert points.units == tomogram.units
    assert "picks.csv says 12.5 Å" in remarks[0]


def test_another_binning_of_the_same_tomogram_is_placed_by_its_angstrom(tmp_path):
    viewer = ViewerModel()
    coarse = VoxelGrid(shape=(10, 15, 13), spacing=(50.0,) * 3, origin=GRID.origin)
    add_tomogram(viewer, coarse)
    path = tmp_path / "picks.csv"
    write_coordinates(path, {"tomo": (a_table(), GRID)})
    points, remarks = opened(viewer, path)
    assert world(points) == pytest.approx(GRID.to_world(VOXELS), abs=0.01)
    assert "voxels of 12.5 Å" in remarks[0]


def test_positions_in_angstrom_need_no_voxels_and_that_is_said(tmp_path):
    path = tmp_path / "one.csv"  # from a single pick no spacing and origin follow
    table = a_table().select([0])
    write_coordinates(path, {"tomo": (table, GRID)})
    points, remarks = opened(ViewerModel(), path)
    assert world(points) == pytest.approx(table.positions, abs=0.001)
    assert "voxels of 1 Å" in remarks[0]
    viewer = ViewerModel()
    add_tomogram(viewer)
    points, remarks = opened(viewer, path)
    assert points.data == pytest.approx(VOXELS[:1], abs=0.001)
    assert remarks == []


def test_hiv_points_of_the_unbinned_volume_lie_in_the_tomogram(shared_data):
    viewer = ViewerModel()
    tomogram = open_tomogram(shared_data / "hiv_tomogram_bin4.tif", spacing=21.6)
    layer = viewer.add_image(tomogram.data, **tomogram_arguments(tomogram))
    path = shared_data / "hiv_points_zyx_unbinned.npy"
    _, remarks = open_coordinates(path, viewer.layers)
    assert "lie outside" in remarks[-1]
    assert "perhaps 4" in remarks[-1]
    data, remarks = open_on(path, layer, binning=4)
    assert "outside" not in " ".join(remarks)
    points = _add(viewer, data)
    assert points.data == pytest.approx(np.load(path) / 4)
    volume = np.asarray(tomogram.data)

    def brightness(shift):  # the particles are bright here
        voxels = np.round(points.data + shift).astype(int).clip(0, np.array(volume.shape) - 1)
        return volume[tuple(voxels.T)].mean()

    there = brightness((0, 0, 0))
    assert there > volume.mean() + volume.std()
    ways = [sign * axis for axis in np.eye(3) for sign in (1, -1)]
    assert all(brightness(way) < there for way in ways)
    assert all(brightness(4 * way) < 0.6 * there for way in ways)


def test_points_of_other_plugins_are_saved_too(tmp_path):
    viewer = ViewerModel()
    points = viewer.add_points(
        VOXELS, name="others", scale=(1.25,) * 3, units=("nm",) * 3, features={"score": [1, 0, 0.5]}
    )
    table, grid = picks_of_points(points)
    assert grid.spacing == pytest.approx((12.5,) * 3)
    assert table.positions == pytest.approx(VOXELS * 12.5)
    path = tmp_path / "others.csv"
    viewer.layers.save(str(path), plugin=PLUGIN)
    (data,), _ = open_coordinates(path, [])
    assert data[0] * data[1]["scale"] == pytest.approx(VOXELS * 12.5, abs=0.01)


@needs_formats
def test_points_without_a_unit_are_saved_only_where_voxels_are_enough(tmp_path):
    viewer = ViewerModel()
    viewer.add_points(VOXELS, name="plain")
    viewer.layers.save(str(tmp_path / "plain.ndjson"), plugin=PLUGIN)
    (data,), _ = open_coordinates(tmp_path / "plain.ndjson", [])
    assert data[0] == pytest.approx(VOXELS)
    for suffix in (".csv", ".mod", ".star"):
        with pytest.raises(MotorscopeError, match="how large a voxel is"):
            viewer.layers.save(str(tmp_path / f"plain{suffix}"), plugin=PLUGIN)
    assert not list(tmp_path.glob("plain.[cms]*"))


def test_a_missing_library_is_named_with_its_extra(tmp_path, monkeypatch):
    viewer = ViewerModel()
    points = add_picks(viewer, a_table())
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    viewer.layers.selection = {points}
    with pytest.raises(PicksError, match=r"pip install 'napari-motorscope\[formats\]'"):
        viewer.layers.save(str(tmp_path / "tomo.mod"), plugin=PLUGIN)


def test_layers_of_the_review_know_their_grid():
    viewer = ViewerModel()
    points = add_picks(viewer, a_table())
    assert kind_of(points) is PICKS
    assert picks_of_points(points)[1] == GRID


def test_the_form_opens_points_with_a_binning(qtbot, tmp_path, monkeypatch):
    from motorscope.plugin.coordinates.open_widget import open_coordinates_widget

    said = []
    monkeypatch.setattr("motorscope.plugin.coordinates.open_widget.show_error", said.append)
    form = open_coordinates_widget()
    qtbot.addWidget(form.native)
    path = tmp_path / "list.npy"
    np.save(path, 4 * VOXELS)
    ((data, arguments, kind),) = form(path, add_tomogram(ViewerModel()), 4.0)
    assert data == pytest.approx(VOXELS)
    assert (arguments["scale"], kind) == (GRID.spacing, "points")
    assert form(path, None, 4.0) == []
    assert form(tmp_path / "absent.npy", add_tomogram(ViewerModel()), 1.0) == []
    assert said[0] == "Open the tomogram first."
    assert "absent.npy cannot be read" in said[1]
