"""IMOD models.

In a model's pixel coordinates x and y run from 0 to their number of voxels, so the centre of the
first voxel is at 0.5, but z runs from -0.5, so there it is at 0. Source: IMOD's description of its
binary file format (binspec.html, *Model Coordinate Conventions*). Where a model was made on a part
of a volume, its image reference says by how much to move it: ``(otrans - ctrans) / cscale``
(asciispec.html). All points of all contours count as picks.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import PicksError
from motorscope.files import replacing
from motorscope.picks.formats.base import (
    Format,
    PickSets,
    RawSets,
    library,
    only_set,
    picks_from_voxels,
    to_write,
    voxels_to_write,
    with_shape,
    with_spacing,
)
from motorscope.picks.formats.imod_chunks import checked_model
from motorscope.tomogram.grid import VoxelGrid

_CENTRE_OF_FIRST = np.array([0.5, 0.5, 0.0])  # x, y, z
_MARKER_RADIUS = 225.0  # Å, of the spheres that 3dmod draws: about that of a motor
_NANOMETRES = -9  # IMOD's code for the unit


def read_imod(path: Path, grid: VoxelGrid, binning: float) -> RawSets:
    """Read the points of a model; its pixel size and image size serve where the grid says nothing.

    Raises
    ------
    PicksError
        If it is no model, is damaged, was saved with y and z exchanged, or the spacing is unknown.
    """
    model = library("imodmodel.parsers").parse_model(io.BytesIO(checked_model(path)))
    header = model.header
    if header.flags.model_last_viewed_onYZ_flipped_or_rotated:
        raise PicksError(
            f"{path} was saved while 3dmod showed the volume with y and z exchanged; undo that in "
            "3dmod (Edit > Image > Flip/Rotate), save the model again, and read it then."
        )
    # Units are powers of ten of a metre; none, or kilopixels, say nothing.
    spacing = header.pixelsize * 10.0 ** (header.units + 10) if header.units < 0 else None
    grid = with_spacing(grid, spacing if spacing is None else spacing * binning)
    if binning == 1:
        grid = with_shape(grid, (header.zmax, header.ymax, header.xmax))
    contours = [np.asarray(c.points, float) for o in model.objects for c in o.contours]
    points = np.concatenate([np.empty((0, 3)), *contours]) + _shift(model)
    voxels = points / binning - _CENTRE_OF_FIRST
    return {path.stem: picks_from_voxels(path, voxels[:, ::-1], grid)}


def write_imod(path: Path, sets: PickSets, binning: float) -> None:
    """Write a model with one object of scattered points.

    Raises
    ------
    PicksError
        If the spacing is unknown, or there are several tomograms.
    """
    table, grid = only_set(path, sets, "IMOD model")
    voxels = voxels_to_write(path, to_write(table), grid)[:, ::-1]
    pixel = float(np.mean(grid.known_spacing())) / binning
    models = library("imodmodel.models")
    item = models.Object()
    item.header.name = "motors"
    item.header.flags.scattered = True
    item.header.pdrawsize = max(round(_MARKER_RADIUS / pixel), 1)
    if len(voxels):
        item.contours.append(models.Contour(points=(voxels + _CENTRE_OF_FIRST) * binning))
    item.update_sizes()
    header = models.ModelHeader(pixelsize=pixel / 10, units=_NANOMETRES)
    header.zmax, header.ymax, header.xmax = (round(count * binning) for count in grid.shape)
    header.flags.z_coordinates_start_from_negative_half = True
    model = models.ImodModel(header=header, objects=[item])
    model.update_sizes()
    with replacing(path, PicksError) as temporary:
        model.to_file(temporary)


def _shift(model: Any) -> NDArray[np.float64]:
    """Return by how much the points of a part of a volume are to be moved, x, y, z in pixels."""
    reference = model.minx
    if reference is None or not model.header.flags.otrans_has_image_origin_values:
        return np.zeros(3)
    scale = np.asarray(reference.cscale, dtype=float)
    shift = np.asarray(reference.otrans, dtype=float) - np.asarray(reference.ctrans, dtype=float)
    pixels: NDArray[np.float64] = shift / np.where(scale > 0, scale, np.inf)
    return pixels


IMOD = Format(
    name="imod",
    title="IMOD model",
    suffixes=(".mod",),
    recognises=lambda start: start.startswith(b"IMOD"),
    read=read_imod,
    write=write_imod,
    package="imodmodel",
    several=False,
)
