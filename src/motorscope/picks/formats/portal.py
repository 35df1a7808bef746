"""Points of the CryoET Data Portal: a JSON object a line, located in voxels, x, y, z from 0."""

import json
from pathlib import Path

from motorscope.errors import PicksError
from motorscope.picks.files import read_text, write_text
from motorscope.picks.formats.base import (
    Format,
    PickSets,
    RawSets,
    only_set,
    picks_from_voxels,
    to_write,
    voxels_to_write,
)
from motorscope.tomogram.grid import VoxelGrid


def read_portal(path: Path, grid: VoxelGrid, binning: float) -> RawSets:
    """Read points, oriented points or points of instances; only their locations count.

    Raises
    ------
    PicksError
        If a line is no point, or the spacing is unknown.
    """
    voxels = []
    for number, line in enumerate(read_text(path, "a list of points").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            place = json.loads(line)["location"]
            voxels.append([float(place[axis]) / binning for axis in "zyx"])
        except (ValueError, KeyError, TypeError) as error:
            raise PicksError(
                f'{path}, line {number}: not a point like {{"type": "point", "location": '
                '{"x": 1, "y": 2, "z": 3}}; correct or remove it.'
            ) from error
    return {path.stem: picks_from_voxels(path, voxels, grid)}


def write_portal(path: Path, sets: PickSets, binning: float) -> None:
    """Write points.

    Raises
    ------
    PicksError
        If the spacing is unknown, or there are several tomograms.
    """
    table, grid = only_set(path, sets, "CryoET Data Portal points")
    voxels = (voxels_to_write(path, to_write(table), grid) * binning).round(4)
    lines = (
        json.dumps({"type": "point", "location": {"x": x, "y": y, "z": z}})
        for z, y, x in voxels.tolist()
    )
    write_text(path, "".join(f"{line}\n" for line in lines))


def _is_point(path: Path, start: bytes) -> bool:
    if not start:
        return True  # a list without points
    place = json.loads(start.splitlines()[0])["location"]
    return all(isinstance(place[axis], int | float) for axis in "xyz")


PORTAL = Format(
    name="portal",
    title="CryoET Data Portal points",
    suffixes=(".ndjson",),
    recognises=lambda start: True,
    read=read_portal,
    write=write_portal,
    several=False,
    is_sure=_is_point,
    in_voxels=True,
)
