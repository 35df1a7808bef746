"""Damaged IMOD models, each of which the library would read for ever or take all memory for."""

import struct

import numpy as np
import pytest

from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.picks.formats import UNKNOWN_GRID, read_coordinates, write_coordinates
from motorscope.picks.formats.imod_chunks import checked_model
from motorscope.tomogram.grid import VoxelGrid

pytest.importorskip("imodmodel")
pytestmark = pytest.mark.timeout(20)

GRID = VoxelGrid(shape=(40, 60, 80), spacing=(10.0, 10.0, 10.0))
PLACES = np.arange(30.0).reshape(10, 3) * 10


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "motors.mod"
    write_coordinates(path, {"motors": (PickTable.from_positions(PLACES), GRID)})
    return path


def with_chunk(path, name, body):
    """Put a chunk before the end."""
    content = path.read_bytes()
    end = content.rindex(b"IEOF")
    path.write_bytes(content[:end] + name + body + content[end:])


def read(path):
    ((table, _),) = read_coordinates(path, GRID).values()
    return table.positions


def test_a_model_without_an_end_is_refused(path):
    path.write_bytes(path.read_bytes().removesuffix(b"IEOF"))
    with pytest.raises(PicksError, match=r"motors\.mod is cut short or damaged"):
        read(path)


@pytest.mark.parametrize("size", [0, 7, 239, 300, 450])
def test_a_model_that_is_cut_short_is_refused(path, size):
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(PicksError, match=r"motors\.mod .*copy or save it again"):
        read_coordinates(path, GRID)


@pytest.mark.parametrize("count", [11, 10**9, 2**31 - 1, -1])
def test_a_contour_of_more_points_than_there_are_is_refused(path, count):
    content = path.read_bytes()
    at = content.index(b"CONT") + 4
    path.write_bytes(content[:at] + struct.pack(">i", count) + content[at + 4 :])
    with pytest.raises(PicksError, match=r"motors\.mod .*'CONT' .*beyond the file's end"):
        read(path)


@pytest.mark.parametrize("name", [b"MESH", b"SIZE", b"LABL", b"IMAT", b"\xff\0ab"])
def test_a_part_that_claims_more_than_there_is_is_refused(path, name):
    with_chunk(path, name, struct.pack(">ii", 10**9, 0))
    with pytest.raises(PicksError, match=r"motors\.mod .*beyond the file's end"):
        read(path)


@pytest.mark.parametrize("name", [b"IMAT", b"SIZE", b"MINX", b"VIEW"])
def test_parts_of_other_lengths_than_the_library_thinks_are_passed_over(path, name):
    with_chunk(path, name, struct.pack(">i", 5) + b"IEOF!")
    assert read(path) == pytest.approx(PLACES)


def test_meshes_are_passed_over(path):
    mesh = struct.pack(">iiIhh3f2i", 1, 2, 0, 0, 0, 1.0, 2.0, 3.0, -20, -1)
    with_chunk(path, b"MESH", mesh)
    assert read(path) == pytest.approx(PLACES)
    assert b"MESH" not in checked_model(path)


def test_a_model_whose_pixels_have_no_size_says_nothing_of_the_spacing(path):
    models = pytest.importorskip("imodmodel.models")
    model = models.ImodModel.from_file(path)
    model.header.pixelsize = 0.0
    model.to_file(path)
    assert read(path) == pytest.approx(PLACES)
    with pytest.raises(PicksError, match=r"motors\.mod counts in voxels"):
        read_coordinates(path, UNKNOWN_GRID)
