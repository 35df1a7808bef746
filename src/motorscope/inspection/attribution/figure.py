"""A figure of an explained point: the tomogram's slices, the map over them, and how it was made."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motorscope import __version__
from motorscope.contract.attribution import Attribution, AttributionRequest
from motorscope.errors import ConfigError
from motorscope.files import replacing
from motorscope.inspection.attribution.methods import METHODS
from motorscope.inspection.regrid import resampled
from motorscope.network.model import Model
from motorscope.tomogram import Tomogram, VoxelGrid

_BARS = (100, 200, 500, 1000, 2000, 5000)  # Å
_SMOOTHING = 2  # voxels of the crop, for maps of single voxels only
_VIEWS = (("z", 0, 1, 2), ("y", 1, 0, 2))  # name and axis of the slice, its rows, its columns


def check_matplotlib() -> None:
    """See that figures can be drawn.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise ConfigError(
            "A figure needs matplotlib; install it with "
            "'pip install \"napari-motorscope[inspect]\"', or leave out the figure."
        )


def write_figure(
    path: Path, request: AttributionRequest[Tomogram, Model], found: Attribution
) -> None:
    """Draw the slices through the explained point without and with the map.

    Parameters
    ----------
    path
        Ends in ``.png``, ``.svg`` or ``.pdf``. A file that exists is replaced.
    request, found
        What was asked, and what `attribute` returned.

    Raises
    ------
    ConfigError
        If matplotlib is not installed, or the file cannot be written.
    """
    check_matplotlib()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    grid = found.crop.inside_grid
    z, y, x = grid.shape
    grey = found.crop.values[:z, :y, :x]
    marks = _on(found, grid)
    centre = grid.to_voxels(found.target)
    limit = float(np.abs(marks).max()) or 1.0
    heights = [grid.shape[rows] * grid.known_spacing()[rows] for _, _, rows, _ in _VIEWS]
    figure = Figure(
        figsize=(8.4, 1.4 + 7.4 * sum(heights) / (2 * heights[0])), layout="constrained"
    )
    axes = figure.subplots(2, 2, height_ratios=heights)
    for row, (name, along, rows, columns) in enumerate(_VIEWS):
        at = int(np.clip(round(centre[along]), 0, grid.shape[along] - 1))
        extent = _extent(grid, rows, columns)
        for axis, marked in zip(axes[row], (False, True), strict=True):
            section = np.asarray(grey.take(at, axis=along))
            axis.imshow(section, cmap="gray", extent=extent, **_contrast(section))
            if marked:
                values = marks.take(at, axis=along)
                image = axis.imshow(
                    values,
                    cmap="RdBu_r",
                    vmin=-limit,
                    vmax=limit,
                    alpha=np.clip(np.abs(values) / (0.5 * limit), 0, 0.75),
                    extent=extent,
                )
            _cross(axis, found.target[rows], found.target[columns])
            axis.set_xticks([])
            axis.set_yticks([])
        axes[row][0].set_ylabel("zyx"[rows])
        axes[row][0].set_xlabel("zyx"[columns])
        world = grid.to_world(np.full(3, at))[along]
        axes[row][0].set_title(f"slice {name} = {world:.0f} Å", fontsize=9)
    axes[0][1].set_title(METHODS[found.method].label, fontsize=9)
    _scale_bar(axes[0][0], grid)
    bar = figure.colorbar(image, ax=axes, shrink=0.5, pad=0.02)
    bar.set_label("against a motor  ·  for a motor", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    figure.suptitle(request.tomogram.name, fontsize=10)
    figure.supxlabel(_caption(request, found), fontsize=7.5)
    # Letters stay letters in SVG, so that they can be edited.
    with replacing(path, ConfigError) as partial, rc_context({"svg.fonttype": "none"}):
        figure.savefig(partial, format=path.suffix.lower().lstrip("."), dpi=160)


def _on(found: Attribution, grid: VoxelGrid) -> NDArray[np.float32]:
    """Return the map on the crop's voxels; where it is as fine as those, smoothed to be seen."""
    from scipy import ndimage

    values = found.values
    if found.grid.spacing == grid.spacing:
        values = ndimage.gaussian_filter(values, _SMOOTHING)
    return resampled(values, found.grid, grid)


def _extent(grid: VoxelGrid, rows: int, columns: int) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top in Å, the first row at the top as in napari."""
    spacing, last = grid.known_spacing(), grid.to_world(np.array(grid.shape) - 1)
    half = [s / 2 for s in spacing]
    return (
        grid.origin[columns] - half[columns],
        float(last[columns]) + half[columns],
        float(last[rows]) + half[rows],
        grid.origin[rows] - half[rows],
    )


def _contrast(section: NDArray[np.float32]) -> dict[str, float]:
    low, high = np.percentile(section, (0.5, 99.5))
    return {"vmin": float(low), "vmax": float(max(high, low + 1e-6))}


def _cross(axis: Any, row: float, column: float) -> None:
    """Mark the explained point without covering it."""
    for x, y in ((60, 0), (-60, 0), (0, 60), (0, -60)):
        axis.plot(
            [column + x, column + 3 * x], [row + y, row + 3 * y], color="#ffd400", linewidth=1
        )


def _scale_bar(axis: Any, grid: VoxelGrid) -> None:
    left, right, bottom, top = _extent(grid, 1, 2)
    width, height = right - left, bottom - top
    bar = max([each for each in _BARS if each <= width / 4], default=_BARS[0])
    x, y = left + 0.05 * width, bottom - 0.05 * height
    axis.plot([x, x + bar], [y, y], color="white", linewidth=3, solid_capstyle="butt")
    label = f"{bar / 10:g} nm"
    box = {"facecolor": "black", "edgecolor": "none", "alpha": 0.5, "pad": 1.5}
    axis.text(
        x + bar / 2, y - 0.03 * height, label, color="white", ha="center", fontsize=9, bbox=box
    )


def _caption(request: AttributionRequest[Tomogram, Model], found: Attribution) -> str:
    settings = {
        "integrated": f", {request.steps} steps",
        "occlusion": f", blocks of {request.block:g} Å",
    }.get(found.method, "")
    z, y, x = found.target
    return (
        f"{METHODS[found.method].label}{settings} · model {request.model.card.name} · score "
        f"{found.score:.3f} (without flips)\nat z {z:.0f} y {y:.0f} x {x:.0f} Å (yellow) · network "
        f"input at {' × '.join(f'{s:.3g}' for s in _distinct(found))} Å · "
        f"motorscope {__version__}"
    )


def _distinct(found: Attribution) -> tuple[float, ...]:
    spacing = found.crop.grid.known_spacing()
    return spacing[:1] if len(set(spacing)) == 1 else spacing
