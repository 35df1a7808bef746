"""STAR files: RELION 4 and 5, and plain x, y, z in voxels as napari-tomoslice writes them.

RELION 5 gives positions in Å from the middle of the tomogram. Voxel *i* (centres at integers) lies
at ``i * s - W / 2 * p`` for voxels of *s* Å and a tomogram of *W* pixels of the tilt series, of *p*
Å each. *W* is in the project's ``tomograms.star``; without it the number of the tomogram's own
voxels stands in, *n s* for *W p*. Source: RELION's C++ code, which extracts particles by these
numbers: ``ParticleSet::getParticleCoordDecenteredPixel`` adds ``Tomogram::centre``, which
``TomogramSet::loadTomogram`` sets to half of ``rlnTomoSizeX/Y/Z``; and the reconstruction puts
voxel *i* of a tomogram binned by *b* at pixel ``b * i`` of the tilt series (its origin is 0).
RELION's interactive picker takes ``W / 2 - 1`` pixels instead: its picks lie one unbinned pixel
off, which is less than a voxel of a binned tomogram.

RELION 4 gives positions in pixels of the tilt series: voxel *i* lies at ``b * i``. (Its code adds 1
to coordinates, and its reconstruction begins at 1, so that the two cancel; RELION 5 does neither.)

Both may add a shift ``rlnOriginX/Y/ZAngst``, which is rotated by the subtomogram's orientation, if
there is one, and subtracted (``ParticleSet::getPosition``).
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motorscope.errors import PicksError
from motorscope.files import replacing
from motorscope.picks.formats.base import (
    Format,
    PickSets,
    RawSets,
    known_shape,
    library,
    picks_from_voxels,
    to_write,
    voxels_to_write,
    with_spacing,
)
from motorscope.picks.formats.tilt_series import TiltSeries, tilt_series_beside
from motorscope.tomogram.grid import VoxelGrid

CENTRED = [
    "rlnCenteredCoordinateXAngst",
    "rlnCenteredCoordinateYAngst",
    "rlnCenteredCoordinateZAngst",
]
PIXELS = ["rlnCoordinateX", "rlnCoordinateY", "rlnCoordinateZ"]
PLAIN = ["x", "y", "z"]
ORIGINS = ["rlnOriginXAngst", "rlnOriginYAngst", "rlnOriginZAngst"]
ORIENTATION = ["rlnTomoSubtomogramRot", "rlnTomoSubtomogramTilt", "rlnTomoSubtomogramPsi"]
_FROM_MIDDLE = "counts from the middle of the tomogram"
SCORE = "rlnAutopickFigureOfMerit"


def read_star(path: Path, grid: VoxelGrid, binning: float) -> RawSets:
    """Read a STAR file of any of the three kinds.

    Raises
    ------
    PicksError
        If it has no coordinates, or the grid does not say enough to understand them.
    """
    blocks = library("starfile").read(
        path, always_dict=True, parse_as_string=["rlnTomoName", "rlnMicrographName"]
    )
    particles = _block_with_points(path, blocks)
    plain = set(PLAIN) <= set(particles.columns)
    said, project = (None, {}) if plain else (_pixel_size(blocks), tilt_series_beside(path))
    names = _tomogram_names(path, particles)
    sets = {}
    for name, rows in particles.groupby(names, sort=False).indices.items():
        part, series = particles.iloc[rows], project.get(str(name))
        pixel = said if said is not None or series is None else series.pixel
        own = with_spacing(grid, None if pixel is None else pixel * binning)
        scores = part[SCORE] if SCORE in part.columns else None
        voxels = _voxels(path, part, own, binning, pixel, series)
        sets[str(name)] = picks_from_voxels(path, voxels[:, ::-1], own, scores)
    return sets


def _voxels(
    path: Path,
    particles: pd.DataFrame,
    grid: VoxelGrid,
    binning: float,
    pixel: float | None,
    series: TiltSeries | None,
) -> NDArray[np.float64]:
    """Return voxel coordinates ``(n, 3)``, x, y, z."""
    if set(CENTRED) <= set(particles.columns):
        spacing = _spacing(path, grid)
        voxels = (_numbers(particles, CENTRED) + _middle(path, grid, series)) / spacing
    elif set(PIXELS) <= set(particles.columns):
        per_voxel = binning if pixel is None else _spacing(path, grid) / pixel
        voxels = _numbers(particles, PIXELS) / per_voxel
    else:
        return _numbers(particles, PLAIN) / binning
    shifts = _shifts(particles)
    return voxels - shifts / _spacing(path, grid) if shifts.any() else voxels


def _middle(path: Path, grid: VoxelGrid, series: TiltSeries | None) -> NDArray[np.float64]:
    """Return the point from which RELION 5 counts, x, y, z in Å from the first voxel."""
    if series is not None:
        return series.middle
    shape = known_shape(path, grid, _FROM_MIDDLE)
    middle: NDArray[np.float64] = (shape / 2 * grid.known_spacing())[::-1]
    return middle


def _spacing(path: Path, grid: VoxelGrid) -> NDArray[np.float64]:
    """Return the spacing, x, y, z."""
    if grid.spacing is None:
        raise PicksError(
            f"{path} does not say how large its pixels are; give the tomogram's voxel spacing in Å "
            "(--spacing), and --binning N if the tilt series has N times smaller pixels."
        )
    return np.asarray(grid.spacing[::-1])


def _shifts(particles: pd.DataFrame) -> NDArray[np.float64]:
    """Return the shifts ``(n, 3)`` in Å, x, y, z, turned into the tomogram's axes."""
    if not set(ORIGINS) <= set(particles.columns):
        return np.zeros((len(particles), 3))
    shifts = _numbers(particles, ORIGINS)
    if not set(ORIENTATION) <= set(particles.columns):
        return shifts
    rot, tilt, psi = np.radians(_numbers(particles, ORIENTATION)).T
    (sr, cr), (st, ct), (sp, cp) = ((np.sin(a), np.cos(a)) for a in (rot, tilt, psi))
    matrix = np.array(  # RELION's Euler::anglesToMatrix3
        [
            [cp * ct * cr - sp * sr, cp * ct * sr + sp * cr, -cp * st],
            [-sp * ct * cr - cp * sr, -sp * ct * sr + cp * cr, sp * st],
            [st * cr, st * sr, ct],
        ]
    )
    turned: NDArray[np.float64] = np.einsum("ijn,nj->ni", matrix, shifts)
    return turned


def write_relion5(path: Path, sets: PickSets, binning: float) -> None:
    """Write centred positions in Å; the binning does not enter.

    Raises
    ------
    PicksError
        If a tomogram's spacing is unknown, or its shape, which the project does not say either.
    """
    project = tilt_series_beside(path)
    parts = []
    for name, (table, grid) in sets.items():
        picks = to_write(table)
        voxels = voxels_to_write(path, picks, grid)[:, ::-1]
        places = voxels * grid.known_spacing()[::-1] - _middle(path, grid, project.get(name))
        parts.append(_particles(name, places, CENTRED, picks.scores))
    _write(path, "particles", [*CENTRED, "rlnTomoName"], parts)


def write_relion4(path: Path, sets: PickSets, binning: float) -> None:
    """Write pixels of the tilt series, `binning` times smaller than the tomogram's voxels.

    Raises
    ------
    PicksError
        If a tomogram's spacing is unknown.
    """
    parts = []
    for name, (table, grid) in sets.items():
        picks = to_write(table)
        voxels = voxels_to_write(path, picks, grid) * binning
        parts.append(_particles(name, voxels[:, ::-1], PIXELS, picks.scores))
    _write(path, "particles", [*PIXELS, "rlnTomoName"], parts)


def write_plain(path: Path, sets: PickSets, binning: float) -> None:
    """Write x, y, z in voxels of one tomogram.

    Raises
    ------
    PicksError
        If the spacing is unknown, or there are several tomograms.
    """
    if len(sets) > 1:
        raise PicksError(
            f"{path}: plain STAR points belong to one tomogram, not {len(sets)}; write into a "
            "folder."
        )
    parts = [
        pd.DataFrame(voxels_to_write(path, to_write(table), grid)[:, ::-1] * binning, columns=PLAIN)
        for table, grid in sets.values()
    ]
    _write(path, "points", PLAIN, parts)


def _particles(
    name: str, places: NDArray[np.float64], columns: list[str], scores: NDArray[np.float64]
) -> pd.DataFrame:
    frame = pd.DataFrame(places, columns=columns)
    frame.insert(0, "rlnTomoName", name)
    if len(scores) and np.isfinite(scores).all():
        frame[SCORE] = scores
    return frame


def _write(path: Path, block: str, columns: list[str], parts: list[pd.DataFrame]) -> None:
    filled = [part for part in parts if len(part)]
    # A column that only some tomograms have would hold gaps.
    frame = pd.concat(filled, join="inner") if filled else pd.DataFrame(columns=columns)
    with replacing(path, PicksError) as temporary:
        library("starfile").write({block: frame}, temporary, float_format="%.4f")


def _block_with_points(path: Path, blocks: dict[str, Any]) -> pd.DataFrame:
    for block in blocks.values():
        # A block of a single line is read as a dictionary.
        frame = block if isinstance(block, pd.DataFrame) else pd.DataFrame([block])
        if any(set(columns) <= set(frame.columns) for columns in (CENTRED, PIXELS, PLAIN)):
            return frame
    raise PicksError(
        f"{path} has no block with the columns {', '.join(CENTRED)}, {', '.join(PIXELS)}, or x, "
        "y, z; "
        "choose a STAR file of particles."
    )


def _pixel_size(blocks: dict[str, Any]) -> float | None:
    """Return the tilt series' pixel size in Å, if the file says a single one."""
    optics = blocks.get("optics")
    if optics is None:
        return None
    frame = optics if isinstance(optics, pd.DataFrame) else pd.DataFrame([optics])
    for column in ("rlnTomoTiltSeriesPixelSize", "rlnMicrographPixelSize"):
        sizes = frame.get(column, pd.Series(dtype=float)).astype(float).unique()
        if len(sizes) == 1 and sizes[0] > 0:
            return float(sizes[0])
    return None


def _tomogram_names(path: Path, particles: pd.DataFrame) -> "pd.Series[str]":
    if "rlnTomoName" in particles.columns:
        return particles["rlnTomoName"].astype(str)
    if "rlnMicrographName" in particles.columns:
        return particles["rlnMicrographName"].map(lambda name: Path(str(name)).stem)
    return pd.Series(path.stem, index=particles.index)


def _numbers(frame: pd.DataFrame, columns: list[str]) -> NDArray[np.float64]:
    return frame[columns].to_numpy(dtype=float)


def _mentions(*words: str) -> Any:
    return lambda start: all(word.encode() in start for word in words)


def _has_axes(path: Path, start: bytes) -> bool:
    return all(
        re.search(rb"^_" + axis + rb"\s", start, re.MULTILINE) for axis in (b"x", b"y", b"z")
    )


RELION5 = Format(
    name="relion5",
    title="RELION 5 STAR",
    suffixes=(".star",),
    recognises=_mentions(CENTRED[0]),
    read=read_star,
    write=write_relion5,
    package="starfile",
    on_own_grid=True,
)
RELION4 = Format(
    name="relion4",
    title="RELION 4 STAR",
    suffixes=(".star",),
    recognises=_mentions(PIXELS[0]),
    read=read_star,
    write=write_relion4,
    package="starfile",
    in_voxels=True,
    on_own_grid=True,
)
PLAIN_STAR = Format(
    name="star",
    title="STAR with x, y, z in voxels",
    suffixes=(".star",),
    recognises=_mentions("_x", "_y", "_z"),
    read=read_star,
    write=write_plain,
    package="starfile",
    several=False,
    is_sure=_has_axes,
    in_voxels=True,
)
