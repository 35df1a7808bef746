"""A folder of tomograms with the picks of a person: what is a motor there, what is none."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import ConfigError
from motorscope.picks import PickTable
from motorscope.picks.formats import UNKNOWN_GRID, format_of_file, read_coordinates
from motorscope.picks.formats.competition import LABELS
from motorscope.picks.formats.own import OWN
from motorscope.tomogram import (
    Tomogram,
    Vector,
    VoxelGrid,
    can_open,
    is_map,
    name_of,
    open_tomogram,
)
from motorscope.training.settings.crop_config import DataConfig

Positions = NDArray[np.float64]

_SAME_SPACING = 0.01  # headers round


@dataclass(frozen=True, eq=False)
class LabelledTomogram:
    """A tomogram and what a person said of it; positions ``(n, 3)`` in Å.

    Attributes
    ----------
    path
        Its file, or the folder of its slices.
    grid
        Its voxels; spacing and origin are those in which the positions are given.
    motors
        Where there are motors: picks that a person made or accepted.
    rejected
        Where there are none, though something looks like one: rejected picks.
    undecided
        Where nobody knows: a model's candidates on which nobody decided.
    """

    path: Path
    grid: VoxelGrid
    motors: Positions
    rejected: Positions
    undecided: Positions

    @property
    def name(self) -> str:
        """What the picks call it."""
        return name_of(self.path)

    def open(self) -> Tomogram:
        """Open it, with the grid of the positions.

        Raises
        ------
        TomogramError
            If it cannot be read.
        ConfigError
            If it has another shape than its labels say.
        """
        tomogram = open_tomogram(self.path)
        if tomogram.grid.shape != self.grid.shape:
            raise ConfigError(
                f"{self.path} has {_sides(tomogram.grid)} voxels (z, y, x), but its labels say "
                f"{_sides(self.grid)}; give the tomograms for which the labels were made."
            )
        return replace(tomogram, grid=self.grid)


def read_labelled(data: DataConfig) -> tuple[LabelledTomogram, ...]:
    """Read which tomograms a configuration names, and what is known of them.

    With our own CSV every tomogram in the folder takes part; one without picks counts as free of
    motors, because the CSV has no row for it. The competition's labels have a row for each, so
    those and the folder must name the same tomograms.

    The spacing is that of ``data.tomogram_spacing``, else of the picks file, else of the tomogram.

    Raises
    ------
    ConfigError
        If the folder is missing or holds no tomograms, a tomogram of the picks is not in it, a pick
        lies outside of its tomogram, or two files differ on the spacing.
    PicksError
        If the file of picks cannot be read or lacks columns.
    TomogramError
        If a tomogram cannot be read, or its spacing is unknown.
    """
    if data.tomograms is None or data.picks is None:
        raise ConfigError("data.tomograms and data.picks must both be given.")
    folder, file = Path(data.tomograms), Path(data.picks)
    paths = _tomograms_in(folder)
    known = UNKNOWN_GRID
    if data.tomogram_spacing is not None:
        known = known.with_spacing(data.tomogram_spacing)
    format_ = format_of_file(file)
    if format_ not in (OWN, LABELS):
        raise ConfigError(
            f"data.picks: {file} is of the format '{format_.title}'; turn it into a CSV of picks "
            "first (motorscope convert)."
        )
    sets = read_coordinates(file, known, format_=format_)
    if absent := sorted(sets.keys() - paths.keys()):
        raise ConfigError(
            f"{file} has rows of {_some(absent)} not in the folder {folder}; copy what is missing "
            "there, or remove the rows."
        )
    if format_ is LABELS and (silent := sorted(paths.keys() - sets.keys())):
        raise ConfigError(
            f"{file} has no row of {_some(silent)} in the folder {folder}; add one (-1 on each "
            "axis where there is no motor), or take the tomograms out."
        )
    labelled = []
    for name, path in paths.items():
        table, said = sets.get(name, (PickTable.empty(), known))
        # Labels say all; their tomograms are opened later, since slices take their time.
        override = data.tomogram_spacing is not None
        grid = said if format_ is LABELS else _grid_of(path, said, file, override)
        _check_inside(file, name, grid, table)
        labelled.append(_labelled(path, grid, table))
    return tuple(labelled)


def _tomograms_in(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise ConfigError(f"data.tomograms: there is no folder {folder}; check the path.")
    paths: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if can_open(path) and not is_map(path):
            if (name := name_of(path)) in paths:
                raise ConfigError(
                    f"{path} and {paths[name]} have the same name, so that nobody can tell whose "
                    "the picks are; rename one."
                )
            paths[name] = path
    if not paths:
        raise ConfigError(
            f"data.tomograms: the folder {folder} holds no tomograms; give the folder that holds "
            "MRC or TIFF files, or one folder of slices for each."
        )
    return paths


def _labelled(path: Path, grid: VoxelGrid, table: PickTable) -> LabelledTomogram:
    frame, places = table.frame, table.positions
    rejected = (frame["status"] == "rejected").to_numpy()
    motors = ((frame["status"] == "accepted") | (frame["origin"] == "user")).to_numpy() & ~rejected
    return LabelledTomogram(
        path=path,
        grid=grid,
        motors=places[motors],
        rejected=places[rejected],
        undecided=places[~motors & ~rejected],
    )


def _check_inside(file: Path, name: str, grid: VoxelGrid, table: PickTable) -> None:
    voxels = grid.to_voxels(table.positions)
    outside = ((voxels < -0.5) | (voxels > np.array(grid.shape) - 0.5)).any(axis=1)
    if outside.any():
        place = ", ".join(f"{value:.1f}" for value in voxels[outside.argmax()])
        raise ConfigError(
            f"{file}: a pick of {name} lies at voxel ({place}) (z, y, x), outside of its "
            f"{_sides(grid)} voxels; check the order of the axes and the voxel spacing, here "
            f"{grid.known_spacing()[0]:g} Å."
        )


def _grid_of(path: Path, said: VoxelGrid, file: Path, override: bool) -> VoxelGrid:
    """Return the tomogram's grid, with the spacing and origin of its picks where they say one."""
    grid = open_tomogram(path).grid
    if said.spacing is None and grid.spacing is None:
        raise ConfigError(
            f"{path} does not say its voxel spacing, and neither does {file}; give it in Å "
            "(--spacing, or data.tomogram_spacing)."
        )
    if said.spacing is None:
        return grid
    if grid.spacing is not None and not override and not _alike(said.spacing, grid.spacing):
        raise ConfigError(
            f"{file} counts in voxels of {said.spacing[0]:g} Å, but {path} says "
            f"{grid.spacing[0]:g} Å; give the right one (--spacing, or data.tomogram_spacing), or "
            "the tomogram for which the picks were made."
        )
    return replace(grid, spacing=said.spacing, origin=said.origin)


def _alike(first: Vector, second: Vector) -> bool:
    return bool(np.allclose(first, second, rtol=_SAME_SPACING, atol=0))


def _sides(grid: VoxelGrid) -> str:
    return " × ".join(map(str, grid.shape))


def _some(names: list[str], most: int = 3) -> str:
    shown = ", ".join(names[:most]) + (", …" if len(names) > most else "")
    return f"{shown}, which {'is' if len(names) == 1 else 'are'}"
