import json
import tracemalloc
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, map_coordinates

from motorscope.errors import PicksError
from motorscope.picks import PickTable, formats
from motorscope.picks.coordinates.file import CoordinateFile
from motorscope.picks.formats import (
    FORMATS,
    UNKNOWN_GRID,
    format_by_name,
    format_of_file,
    format_to_write,
    read_coordinates,
    write_coordinates,
)
from motorscope.tomogram.grid import VoxelGrid


def installed(forms):
    """Parameters for formats; those whose library is absent are skipped."""
    return [
        pytest.param(
            form,
            id=form.name,
            marks=pytest.mark.skipif(
                form.package is not None and find_spec(form.package) is None,
                reason=f"{form.package} is not installed",
            ),
        )
        for form in forms
    ]


GRID = VoxelGrid(shape=(40, 60, 80), spacing=(10.0, 10.0, 10.0))
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,10}", fullmatch=True)


@st.composite
def sets(draw, most):
    """Picks of a few tomograms of different shapes, in the middle of which the origin may be."""
    result = {}
    for name in draw(st.lists(names, min_size=1, max_size=most, unique=True)):
        shape = draw(st.tuples(*[st.integers(1, 2000)] * 3))
        grid = VoxelGrid(shape=shape, spacing=(draw(st.floats(0.5, 30)),) * 3)
        count = draw(st.integers(0, 4))
        unit = st.floats(0, 1)
        voxels = np.array(
            draw(st.lists(st.tuples(unit, unit, unit), min_size=count, max_size=count))
        )
        voxels = voxels.reshape(-1, 3) * (np.array(shape) - 1)
        scores = draw(st.one_of(st.just(np.nan), st.floats(0.01, 0.99)))
        result[name] = (PickTable.from_positions(grid.to_world(voxels), scores), grid)
    return result


@pytest.mark.parametrize("form", installed(FORMATS))
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_round_trip(form, tmp_path_factory, data):
    written = data.draw(sets(most=3 if form.several and form.name != "copick" else 1))
    binning = data.draw(st.sampled_from([1.0, 4.0, 0.5]))
    folder = tmp_path_factory.mktemp("formats")
    for name, (table, grid) in written.items():
        # A grid belongs to a tomogram, so read them one by one, as from the command line.
        path = folder / f"{name}{form.suffixes[0]}"
        write_coordinates(path, {name: (table, grid)}, binning, form)
        back = read_coordinates(path, grid, binning, form)
        if not len(table) and form.name in ("csv", "relion4", "relion5", "star"):
            assert back == {}  # these say nothing of a tomogram without picks
            continue
        assert list(back) == [name]
        expected = table.best() if form.name == "submission" else table
        found = grid.to_voxels(back[name][0].positions)
        np.testing.assert_allclose(found, grid.to_voxels(expected.positions), atol=0.01)
        assert back[name][1] == grid


@pytest.mark.parametrize("name", ["csv", "labels", "json", "dynamo", "submission", "relion5"])
def test_several_tomograms_in_one_file(name, tmp_path):
    form = format_by_name(name)
    written = {
        "b": (PickTable.from_positions(GRID.to_world([(1, 2, 3), (4, 5, 6)])), GRID),
        "a": (PickTable.from_positions(GRID.to_world([(7, 8, 9)])), GRID),
        "none": (PickTable.empty(), GRID),
    }
    path = tmp_path / f"all{form.suffixes[0]}"
    write_coordinates(path, written, format_=form)
    back = read_coordinates(path, GRID)
    filled = ["b", "a"] if name in ("csv", "relion5") else ["b", "a", "none"]
    assert list(back) == filled
    for tomogram in filled:
        table = written[tomogram][0]
        expected = table.best() if name == "submission" else table
        np.testing.assert_allclose(back[tomogram][0].positions, expected.positions, atol=0.1)


@pytest.mark.parametrize("form", installed(FORMATS))
def test_rejected_picks_are_for_our_own_file_only(form, tmp_path):
    table = PickTable.from_positions(GRID.to_world([(1, 2, 3), (4, 5, 6)]), [0.5, 0.9])
    path = tmp_path / f"a{form.suffixes[0]}"
    write_coordinates(path, {"a": (table.set_status(1, "rejected"), GRID)}, format_=form)
    ((back, _),) = read_coordinates(path, GRID, format_=form).values()
    assert len(back) == (2 if form.name == "csv" else 1)
    np.testing.assert_allclose(back.positions[0], table.positions[0], atol=0.1)


@pytest.mark.parametrize("form", installed(FORMATS))
def test_the_files_of_each_format_are_recognised(form, tmp_path):
    table = PickTable.from_positions(GRID.to_world([(1, 2, 3)]))
    path = tmp_path / f"a{form.suffixes[0]}"
    write_coordinates(path, {"a": (table, GRID)}, format_=form)
    assert format_of_file(path) is form
    assert format_by_name(form.name) is form
    assert format_to_write(path).suffixes == form.suffixes


@pytest.mark.parametrize("form", installed(FORMATS))
def test_an_origin_moves_all_positions(form, tmp_path):
    moved = VoxelGrid(GRID.shape, GRID.spacing, origin=(-300.0, 50.0, 7.0))
    table = PickTable.from_positions(moved.to_world([(1, 2, 3)]))
    path = tmp_path / f"a{form.suffixes[0]}"
    write_coordinates(path, {"a": (table, moved)}, format_=form)
    ((back, _),) = read_coordinates(path, moved, format_=form).values()
    np.testing.assert_allclose(back.positions, table.positions, atol=0.1)


@pytest.mark.parametrize("form", installed(FORMATS))
def test_each_format_says_what_it_counts_in_at_the_first_reading(form, tmp_path):
    """Voxels of an unknown size were once told by reading a file twice, with two sizes."""
    table = PickTable.from_positions(GRID.to_world([(1, 2, 3), (4, 5, 6)]), [0.9, 0.8])
    path = tmp_path / f"a{form.suffixes[0]}"
    write_coordinates(path, {"a": (table, GRID)}, format_=form)
    readings = []

    def read(*arguments):
        readings.append(arguments)
        return form.read(*arguments)

    file = CoordinateFile(path, replace(form, read=read))
    if form.name == "relion5":
        with pytest.raises(PicksError, match="--spacing"):
            file.read(UNKNOWN_GRID)
        return
    (raw,) = file.read(UNKNOWN_GRID).values()
    assert raw.in_voxels == form.in_voxels
    ((wanted, _),) = read_coordinates(path, GRID, format_=form).values()
    np.testing.assert_allclose(file.read_on("a", GRID).table.positions, wanted.positions, atol=1e-6)
    assert len(readings) == 2  # one for each question


def test_relion5_counts_from_half_the_size(tmp_path):
    """In RELION's code: decentred pixel = centred Å / pixel + size / 2, voxel i at pixel b·i."""
    path = tmp_path / "particles.star"
    path.write_text(
        "data_particles\n\nloop_\n_rlnTomoName #1\n_rlnCenteredCoordinateXAngst #2\n"
        "_rlnCenteredCoordinateYAngst #3\n_rlnCenteredCoordinateZAngst #4\n"
        "TS_01 0.0 0.0 0.0\nTS_01 -400.0 -300.0 -200.0\nTS_02 390.0 290.0 190.0\n"
    )
    back = read_coordinates(path, GRID)
    assert GRID.to_voxels(back["TS_01"][0].positions).tolist() == [[20, 30, 40], [0, 0, 0]]
    assert GRID.to_voxels(back["TS_02"][0].positions).tolist() == [[39, 59, 79]]


def test_relion4_counts_pixels_of_the_tilt_series(tmp_path):
    path = tmp_path / "particles.star"
    header = "data_particles\n\nloop_\n_rlnTomoName #1\n" + "".join(
        f"_rlnCoordinate{axis} #{number}\n" for number, axis in enumerate("XYZ", start=2)
    )
    path.write_text(header + "007 12.0 8.0 4.0\n")
    ((table, _),) = read_coordinates(path, GRID, binning=4).values()
    assert GRID.to_voxels(table.positions).tolist() == [[1, 2, 3]]
    # With the pixel size in the file, neither spacing nor binning is needed for Å.
    optics = "data_optics\n\n_rlnOpticsGroup 1\n_rlnTomoTiltSeriesPixelSize 2.5\n\n"
    path.write_text(optics + header + "007 12.0 8.0 4.0\n")
    back = read_coordinates(path)
    assert back["007"][0].positions.tolist() == [[10, 20, 30]]
    assert read_coordinates(path, GRID)["007"][0].positions.tolist() == [[10, 20, 30]]


def test_relions_shifts_are_turned_and_subtracted(tmp_path):
    path = tmp_path / "particles.star"
    columns = [
        *("rlnTomoName", "rlnCoordinateX", "rlnCoordinateY", "rlnCoordinateZ"),
        *("rlnOriginXAngst", "rlnOriginYAngst", "rlnOriginZAngst"),
    ]
    angles = ["rlnTomoSubtomogramRot", "rlnTomoSubtomogramTilt", "rlnTomoSubtomogramPsi"]

    def read(names, values):
        loop = "".join(f"_{name} #{n}\n" for n, name in enumerate(names, start=1))
        path.write_text(f"data_particles\n\nloop_\n{loop}TS_01 {values}\n")
        return GRID.to_voxels(read_coordinates(path, GRID)["TS_01"][0].positions)[0]

    assert read(columns, "30 20 10 10 0 0").tolist() == [10, 20, 29]
    # RELION's matrix of (rot, 0, 0) takes x to (cos rot, -sin rot, 0).
    turned = read([*columns, *angles], "30 20 10 10 0 0 90 0 0")
    np.testing.assert_allclose(turned, [10, 21, 30], atol=1e-6)


def tomograms_star(folder, *rows):
    """Write what a RELION project says of its tomograms: name, size x, y, z, pixel size."""
    header = [
        "rlnTomoName",
        *(f"rlnTomoSize{axis}" for axis in "XYZ"),
        "rlnTomoTiltSeriesPixelSize",
    ]
    loop = "".join(f"_{name} #{n}\n" for n, name in enumerate(header, start=1))
    lines = "".join(" ".join(map(str, row)) + "\n" for row in rows)
    path = folder / "tomograms.star"
    path.write_text(f"data_global\n\nloop_\n{loop}{lines}")
    return path


def as_copick_reads_relion(path, tomograms):
    """Positions z, y, x in Å from the first voxel, by another project's reader."""
    relion = pytest.importorskip("copick.util.formats")
    frame = pytest.importorskip("starfile").read(path, always_dict=True)["particles"]
    frame = frame if hasattr(frame, "iloc") else pd.DataFrame([frame])
    known = relion.read_relion_tomograms(str(tomograms))
    return relion.relion_coordinates_to_angstrom(frame, tomograms=known)[:, ::-1]


@pytest.mark.parametrize("name", ["relion5", "relion4"])
@settings(max_examples=15, deadline=None)
@given(
    size=st.tuples(*[st.integers(300, 4000)] * 3),
    binning=st.floats(1.0, 12.0),
    unit=st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=1, max_size=4),
)
def test_relion_files_are_what_another_reader_makes_of_them(
    name, tmp_path_factory, size, binning, unit
):
    """Sizes are no multiples of the binning, as in practice: the project's own middle counts."""
    pytest.importorskip("starfile")
    folder, pixel = tmp_path_factory.mktemp("relion"), 2.17
    tomograms = tomograms_star(folder, ("TS", *size[::-1], pixel))
    shape = tuple(round(side / binning) for side in size)
    grid = VoxelGrid(shape=shape, spacing=(pixel * binning,) * 3)
    table = PickTable.from_positions(grid.to_world(np.array(unit) * (np.array(shape) - 1)))
    path = folder / "particles.star"
    write_coordinates(path, {"TS": (table, grid)}, binning, format_by_name(name))
    tolerance = 0.01 * grid.spacing[0]
    theirs = as_copick_reads_relion(path, tomograms)
    np.testing.assert_allclose(theirs, table.positions, atol=tolerance)
    # The project says the pixel size, so nothing needs to be given to read the file.
    ((back, own),) = read_coordinates(path, binning=binning).values()
    np.testing.assert_allclose(back.positions, table.positions, atol=tolerance)
    assert own.spacing == pytest.approx(grid.spacing)


def test_a_project_that_does_not_know_a_size_is_not_asked(tmp_path):
    """RELION writes -999 for it."""
    pytest.importorskip("starfile")
    tomograms_star(tmp_path, ("TS", -999, -999, -999, 2.5), ("other", 320, 240, 160, 2.5))
    path = tmp_path / "particles.star"
    table = PickTable.from_positions(GRID.to_world([(20, 30, 40)]))
    with pytest.raises(PicksError, match="--shape"):
        write_coordinates(path, {"TS": (table, UNKNOWN_GRID.with_spacing(10.0))})
    write_coordinates(path, {"TS": (table, GRID)})
    assert "TS 0.0000 0.0000 0.0000" in " ".join(path.read_text().split())


def test_points_of_the_portal_and_of_copick_are_what_copick_makes_of_them(tmp_path):
    """copick takes the portal's voxels times the spacing, and its own locations as they are."""
    models = pytest.importorskip("copick.models")
    table = PickTable.from_positions(GRID.to_world([(1, 2, 3.25), (4, 5, 6)]), [0.25, 0.75])
    write_coordinates(tmp_path / "a.ndjson", {"a": (table, GRID)})
    lines = (tmp_path / "a.ndjson").read_text().splitlines()
    places = [json.loads(line)["location"] for line in lines]
    found = [[place[axis] * GRID.spacing[0] for axis in "zyx"] for place in places]
    np.testing.assert_allclose(found, table.positions, atol=0.01)
    write_coordinates(tmp_path / "a.json", {"a": (table, GRID)}, format_=format_by_name("copick"))
    file = models.CopickPicksFile.model_validate_json((tmp_path / "a.json").read_text())
    found = [[getattr(point.location, axis) for axis in "zyx"] for point in file.points]
    np.testing.assert_allclose(found, table.positions)
    assert [point.score for point in file.points] == [0.25, 0.75]


def test_dynamo_tables_are_half_a_voxel_from_what_counts_the_first_voxel_as_zero(tmp_path):
    """Dynamo's coordinates begin at the corner of the first voxel; copick takes them as indices."""
    pytest.importorskip("dynamotable")
    dynamo = pytest.importorskip("copick.util.formats")
    table = PickTable.from_positions(GRID.to_world([(1, 2, 3.25), (4, 5, 6)]), [0.25, 0.75])
    write_coordinates(tmp_path / "a.tbl", {"a": (table, GRID)})
    places, _, shifts, scores = dynamo.read_dynamo_table(str(tmp_path / "a.tbl"))
    np.testing.assert_allclose(places[:, ::-1] - 0.5, GRID.to_voxels(table.positions), atol=1e-3)
    assert not np.any(shifts)
    assert list(scores) == [0.25, 0.75]


def test_dynamo_counts_from_the_corner_and_adds_the_shift(tmp_path):
    row = np.zeros(35)
    row[[0, 19]] = 1
    row[3:6] = (0.25, 0, -1)
    row[23:26] = (3.25, 2.5, 2.5)
    path = tmp_path / "crop.tbl"
    np.savetxt(path, [row])
    ((table, _),) = read_coordinates(path, GRID).values()
    assert GRID.to_voxels(table.positions).tolist() == [[1, 2, 3]]


def test_dynamo_names_come_from_its_map(tmp_path):
    rows = np.zeros((2, 35))
    rows[:, 19] = (3, 8)
    path = tmp_path / "crop.tbl"
    np.savetxt(path, rows)
    assert list(read_coordinates(path, GRID)) == ["crop_3", "crop_8"]
    path.with_suffix(".doc").write_text("3 /data/TS_01.rec\n8 TS_02\n")
    assert list(read_coordinates(path, GRID)) == ["TS_01", "TS_02"]
    table = PickTable.from_positions([(0, 0, 0)])
    with pytest.raises(PicksError, match="cannot hold the name 'a b'"):
        write_coordinates(tmp_path / "other.tbl", {"a b": (table, GRID)})


def test_imod_has_voxel_centres_at_a_half_in_x_and_y_but_not_in_z(tmp_path):
    imodmodel = pytest.importorskip("imodmodel")
    path = tmp_path / "a.mod"
    write_coordinates(path, {"a": (PickTable.from_positions([(10, 20, 30)]), GRID)})
    row = imodmodel.read(path).iloc[0]
    assert (row["x"], row["y"], row["z"]) == (3.5, 2.5, 1.0)
    model = imodmodel.ImodModel.from_file(path)
    assert (model.header.xmax, model.header.ymax, model.header.zmax) == (80, 60, 40)
    assert (model.header.pixelsize, model.header.units) == (1.0, -9)
    assert model.objects[0].header.flags.scattered


def test_imod_points_of_a_part_of_a_volume_are_moved(tmp_path):
    models = pytest.importorskip("imodmodel.models")
    path = tmp_path / "a.mod"
    write_coordinates(path, {"a": (PickTable.from_positions([(10, 20, 30)]), GRID)})
    model = models.ImodModel.from_file(path)
    zero = (0.0, 0.0, 0.0)
    # 3dmod showed the part that begins at voxel 5 in x: it moved the origin by 5 voxels of 10 Å.
    model.minx = models.MINX(
        oscale=zero, otrans=zero, orot=zero, cscale=(10.0,) * 3, ctrans=(-50.0, 0, 0), crot=zero
    )
    model.header.flags.otrans_has_image_origin_values = True
    model.to_file(path)
    ((table, _),) = read_coordinates(path).values()
    assert table.positions.tolist() == [[10, 20, 80]]


def test_imod_models_with_y_and_z_exchanged_are_refused(tmp_path):
    models = pytest.importorskip("imodmodel.models")
    path = tmp_path / "a.mod"
    write_coordinates(path, {"a": (PickTable.from_positions([(10, 20, 30)]), GRID)})
    model = models.ImodModel.from_file(path)
    model.header.flags.model_last_viewed_onYZ_flipped_or_rotated = True
    model.to_file(path)
    with pytest.raises(PicksError, match=r"a\.mod was saved while 3dmod showed"):
        read_coordinates(path)


def test_an_array_that_claims_more_points_than_there_are_takes_no_memory(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.ones((20, 3)))
    path.write_bytes(path.read_bytes().replace(b"(20, 3)", b"(1000000000, 3)"))
    tracemalloc.start()
    try:
        with pytest.raises(PicksError, match=r"a\.npy cannot be read"):
            read_coordinates(path, GRID)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_portal_points(tmp_path):
    path = tmp_path / "motor.ndjson"
    path.write_text(
        '{"type": "point", "location": {"x": 3, "y": 2, "z": 1}}\n\n'
        '{"type": "orientedPoint", "location": {"x": 6.5, "y": 5, "z": 4},'
        ' "xyz_rotation_matrix": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}\n'
    )
    ((table, _),) = read_coordinates(path, GRID).values()
    assert table.positions.tolist() == [[10, 20, 30], [40, 50, 65]]
    assert table.frame["origin"].tolist() == ["user", "user"]


def test_labels_say_everything_themselves(tmp_path):
    path = tmp_path / "a.csv"
    written = {
        "t1": (PickTable.from_positions(GRID.to_world([(1, 2, 3), (4, 5, 6.25)])), GRID),
        "t2": (PickTable.empty(), GRID),
    }
    write_coordinates(path, written, format_=format_by_name("labels"))
    assert path.read_text().splitlines() == [
        "row_id,tomo_id,Motor axis 0,Motor axis 1,Motor axis 2,Array shape (axis 0),"
        "Array shape (axis 1),Array shape (axis 2),Voxel spacing,Number of motors",
        "0,t1,1.0,2.0,3.0,40,60,80,10.0,2",
        "1,t1,4.0,5.0,6.25,40,60,80,10.0,2",
        "2,t2,-1.0,-1.0,-1.0,40,60,80,10.0,0",
    ]
    back = read_coordinates(path)
    assert {name: grid for name, (_, grid) in back.items()} == {"t1": GRID, "t2": GRID}


def test_a_submission_has_the_best_pick_of_each_tomogram(tmp_path):
    path = tmp_path / "a.csv"
    table = PickTable.from_positions(GRID.to_world([(1, 2, 3), (4, 5, 6)]), [0.2, 0.7])
    sets = {"t1": (table, GRID), "t2": (table.set_status(1, "rejected"), GRID)}
    sets["t3"] = (PickTable.empty(), GRID)
    write_coordinates(path, sets, format_=format_by_name("submission"))
    assert path.read_text().splitlines() == [
        "tomo_id,Motor axis 0,Motor axis 1,Motor axis 2",
        "t1,4.0,5.0,6.0",
        "t2,1.0,2.0,3.0",
        "t3,-1.0,-1.0,-1.0",
    ]


def test_a_copick_project_is_read_and_written(tmp_path):
    pytest.importorskip("copick")
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {
                "config_type": "filesystem",
                "name": "motors",
                "description": "",
                "version": "1.0",
                "pickable_objects": [
                    {"name": "ribosome", "is_particle": True, "label": 1},
                    {"name": "flagellar-motor", "is_particle": True, "label": 2},
                ],
                "overlay_root": f"local://{tmp_path}/overlay",
            }
        )
    )
    table = PickTable.from_positions([(10, 20, 30), (1, 2, 3)], [0.25, 0.75])
    with pytest.raises(PicksError, match="has no run TS_01"):
        write_coordinates(config, {"TS_01": (table, GRID)})
    (tmp_path / "overlay" / "ExperimentRuns" / "TS_01").mkdir(parents=True)
    (tmp_path / "overlay" / "ExperimentRuns" / "TS_02").mkdir()
    write_coordinates(config, {"TS_01": (table, GRID)})
    back = read_coordinates(config)
    assert len(back["TS_02"][0]) == 0
    assert back["TS_01"][0].positions.tolist() == table.positions.tolist()
    assert back["TS_01"][0].scores.tolist() == [0.25, 0.75]
    assert back["TS_01"][0].frame["origin"].tolist() == ["user", "user"]


# Real files


def test_real_imod_models(shared_data):
    back = read_coordinates(shared_data / "multiple_objects_example.mod")
    table, grid = back["multiple_objects_example"]
    assert grid.shape == (300, 924, 956)
    assert grid.spacing == pytest.approx((19.7333,) * 3, abs=1e-3)
    assert len(table) == 6
    voxels = grid.to_voxels(table.positions)
    assert voxels[:, 0].tolist() == [134.0] * 3 + [141.0] * 3
    assert (voxels < grid.shape).all()
    table, grid = read_coordinates(shared_data / "two_contour_example.mod")["two_contour_example"]
    assert len(table) == 25
    assert grid.spacing == pytest.approx((4.48,) * 3)
    assert set(grid.to_voxels(table.positions)[:, 0].round(4)) == {59.0, 80.0}


def test_real_dynamo_table(shared_data):
    (table, _), *rest = read_coordinates(shared_data / "dynamo.tbl", GRID).values()
    expected = np.array([163.08 + 2.1043, 114.71 - 3.523, 141.28 + 2.5178]) - 0.5
    np.testing.assert_allclose(GRID.to_voxels(table.positions[0]), expected, atol=1e-3)
    assert table.scores[0] == pytest.approx(0.15858)
    lines = (shared_data / "dynamo.tbl").read_text().splitlines()
    assert len(table) + sum(len(other) for other, _ in rest) == len(lines)


def test_real_plain_star(shared_data):
    ((table, _),) = read_coordinates(shared_data / "tomoslice_points.star", GRID).values()
    assert len(table) == 6
    first = GRID.to_voxels(table.positions[0])
    np.testing.assert_allclose(first, [63, 144.723436, 68.381837], atol=1e-6)


def test_real_labels(shared_data):
    back = read_coordinates(shared_data / "motor_labels_kaggle.csv")
    assert len(back) == 648
    table, grid = back["tomo_00e463"]
    assert grid.shape == (500, 924, 956)
    assert grid.spacing == (19.7,) * 3
    assert grid.to_voxels(table.positions[0]).round(6).tolist() == [235, 403, 137]
    assert len(back["tomo_003acc"][0]) == 0


def test_real_json_lists(shared_data):
    back = read_coordinates(shared_data / "motor_coordinates_zyx.json", GRID)
    assert len(back) == 2490
    assert sum(len(table) for table, _ in back.values()) == 2598
    table, grid = back["10139__ycw2013-11-24-13"]
    assert grid.to_voxels(table.positions).round(6).tolist() == [[409, 820, 152], [388, 786, 126]]


def test_real_array_of_another_binning(shared_data):
    grid = VoxelGrid(shape=(101, 135, 135), spacing=(5.4,) * 3)
    path = shared_data / "hiv_points_zyx_unbinned.npy"
    table, _ = read_coordinates(path, grid, binning=4)["hiv_points_zyx_unbinned"]
    voxels = grid.to_voxels(table.positions)
    assert len(table) == 5377
    assert (voxels >= 0).all()
    assert (voxels <= np.array(grid.shape) - 1).all()
    np.testing.assert_allclose(voxels * 4, np.load(path))

    # They lie on the bright shells of the particles, and on the middle of them.
    volume = gaussian_filter(tifffile.imread(shared_data / "hiv_tomogram_bin4.tif"), 1.0)
    volume = (volume - volume.mean()) / volume.std()

    def brightness(shift):
        return map_coordinates(volume, (voxels + shift).T, order=1).mean()

    assert brightness(0) > 1.0
    for axis in np.eye(3):
        assert max(brightness(2 * axis), brightness(-2 * axis)) < brightness(0)


# Errors


@pytest.mark.parametrize(
    "name", ["json", "npy", "portal", "dynamo", "star", "relion4", "submission"]
)
def test_a_file_in_voxels_asks_for_their_size(name, tmp_path):
    form = format_by_name(name)
    path = tmp_path / f"a{form.suffixes[0]}"
    table = PickTable.from_positions([(10, 20, 30)])
    write_coordinates(path, {"a": (table, GRID)}, format_=form)
    with pytest.raises(PicksError, match=r"a\.[\w.]+ .*--spacing\).*--binning N"):
        read_coordinates(path)


@pytest.mark.parametrize("form", installed(FORMATS))
def test_a_file_in_voxels_cannot_be_written_without_their_size(form, tmp_path):
    table = PickTable.from_positions([(10, 20, 30)])
    path = tmp_path / f"a{form.suffixes[0]}"
    if form.name == "copick":  # positions in Å need nothing else
        write_coordinates(path, {"a": (table, UNKNOWN_GRID)}, format_=form)
        return
    with pytest.raises(PicksError, match="--spacing"):
        write_coordinates(path, {"a": (table, UNKNOWN_GRID)}, format_=form)
    assert list(tmp_path.iterdir()) == []
    if form.name in ("relion5", "labels"):
        with pytest.raises(PicksError, match="--shape"):
            write_coordinates(path, {"a": (table, UNKNOWN_GRID.with_spacing(10))}, format_=form)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", installed(f for f in FORMATS if f.package))
def test_an_absent_library_is_named(form, tmp_path, monkeypatch):
    path = tmp_path / f"a{form.suffixes[0]}"
    write_coordinates(path, {"a": (PickTable.from_positions([(1, 2, 3)]), GRID)}, format_=form)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for attempt in (
        lambda: read_coordinates(path, GRID, format_=form),
        lambda: write_coordinates(path, {"a": (PickTable.empty(), GRID)}, format_=form),
    ):
        with pytest.raises(PicksError) as error:
            attempt()
        assert form.package in str(error.value)
        extra = "copick" if form.name == "copick" else "formats"
        assert f"pip install 'napari-motorscope[{extra}]'" in str(error.value)


@pytest.mark.parametrize("suffix", sorted({s for form in FORMATS for s in form.suffixes}))
@pytest.mark.parametrize("content", [b"\x00\x01\x02\xff" * 50, b"", b"hello, world\n1,2\n", b"{"])
def test_nonsense_is_refused_with_the_files_name(suffix, content, tmp_path):
    path = tmp_path / f"nonsense{suffix}"
    path.write_bytes(content)
    if content == b"" and suffix in (".ndjson", ".tbl"):
        ((table, _),) = read_coordinates(path, GRID).values()
        assert len(table) == 0  # no points is an ordinary list
        return
    with pytest.raises(PicksError, match="nonsense"):
        read_coordinates(path, GRID)


@pytest.mark.parametrize("form", installed(FORMATS))
def test_a_file_that_is_cut_short_is_refused_or_says_less(form, tmp_path):
    table = PickTable.from_positions(GRID.to_world([(1, 2, 3)] * 20))
    path = tmp_path / f"a{form.suffixes[0]}"
    write_coordinates(path, {"a": (table, GRID)}, format_=form)
    whole = path.read_bytes()
    for share in (0.2, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        try:
            sets = read_coordinates(path, GRID, format_=form)
        except PicksError as error:
            said = str(error)
        else:
            said = path.name
            assert sum(len(part) for part, _ in sets.values()) <= 20
        assert path.name in said


def test_absent_files_and_unknown_formats(tmp_path):
    with pytest.raises(PicksError, match=r"no\.star cannot be read"):
        read_coordinates(tmp_path / "no.star")
    (tmp_path / "a.txt").write_text("1 2 3")
    with pytest.raises(PicksError, match=r"a\.txt is of no known format; .*--from"):
        read_coordinates(tmp_path / "a.txt")
    with pytest.raises(PicksError, match="--to"):
        write_coordinates(tmp_path / "b.txt", {})
    with pytest.raises(PicksError, match="no format 'eman'; choose one of csv, labels"):
        format_by_name("eman")
    with pytest.raises(PicksError, match="positive number"):
        read_coordinates(tmp_path / "a.txt", GRID, binning=0, format_=formats.OWN)


@pytest.mark.parametrize("form", installed(f for f in FORMATS if not f.several))
def test_formats_of_one_tomogram_refuse_several(form, tmp_path):
    table = PickTable.from_positions([(10, 20, 30)])
    two = dict.fromkeys(("a", "b"), (table, GRID))
    with pytest.raises(PicksError, match="not 2; write into a folder"):
        write_coordinates(tmp_path / f"a{form.suffixes[0]}", two, format_=form)


def test_a_point_without_a_position_is_named(tmp_path):
    np.save(tmp_path / "a.npy", [(1.0, 2.0, 3.0), (1.0, np.nan, 3.0)])
    with pytest.raises(PicksError, match="point 2 has no position"):
        read_coordinates(tmp_path / "a.npy", GRID)
    np.save(tmp_path / "a.npy", np.zeros((3, 2)))
    with pytest.raises(PicksError, match=r"shape \(3, 2\)"):
        read_coordinates(tmp_path / "a.npy", GRID)


@pytest.mark.parametrize("form", installed(FORMATS))
def test_a_failed_write_leaves_the_old_file(form, tmp_path, monkeypatch):
    table = PickTable.from_positions([(10, 20, 30)])
    path = tmp_path / f"a{form.suffixes[0]}"
    write_coordinates(path, {"a": (table, GRID)}, format_=form)
    before = path.read_bytes()
    names = sorted(tmp_path.iterdir())
    monkeypatch.setattr("os.replace", _disk_full)
    with pytest.raises(PicksError, match="no space left"):
        write_coordinates(path, {"a": (table.move(0, (0, 0, 0)), GRID)}, format_=form)
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == names


def _disk_full(*_):
    raise OSError(28, "No space left on device")
