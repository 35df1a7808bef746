"""copick: the JSON file of one set of picks, or a whole project by its configuration file.

Locations are in Å, x, y, z, from the middle of the first voxel; a point's transformation may add a
shift.
"""

from pathlib import Path
from typing import Any

import numpy as np

from motorscope.errors import PicksError
from motorscope.picks.files import read_text, write_text
from motorscope.picks.formats.base import (
    Format,
    PickSets,
    RawPicks,
    RawSets,
    json_in,
    library,
    only_set,
    picks_from_world,
    to_write,
    with_spacing,
)
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import VoxelGrid

OBJECT = "flagellar-motor"
USER = "motorscope"
SESSION = "0"


def read_copick(path: Path, grid: VoxelGrid, binning: float) -> RawSets:
    """Read a set of picks, or from a project all picks of motors, by run.

    Raises
    ------
    PicksError
        If the file is neither, or a project has several kinds of objects and no motors.
    """
    copick = library("copick")
    if not _is_project(path):
        models = library("copick.models")
        file = models.CopickPicksFile.model_validate_json(read_text(path, "a copick file"))
        if file.unit != "angstrom":
            raise PicksError(f"{path} gives its locations in {file.unit}, not in angstrom.")
        own = with_spacing(grid, file.voxel_spacing)
        return {file.run_name or path.stem: RawPicks(_table(path, file.points or [], own), own)}
    root = copick.from_file(str(path))
    wanted = _motor_objects(path, root)
    sets = {}
    for run in root.runs:
        points = [
            point
            for picks in run.picks
            if picks.pickable_object_name in wanted
            for point in picks.points
        ]
        sets[run.name] = RawPicks(_table(path, points, grid), grid)
    return sets


def write_copick(path: Path, sets: PickSets, binning: float) -> None:
    """Write a set of picks, or into a project that is there one for each run.

    Raises
    ------
    PicksError
        If there are several tomograms and no project, or the project lacks a run or an object.
    """
    copick, models = library("copick"), library("copick.models")
    if path.exists() and _is_project(path):
        root = copick.from_file(str(path))
        missing = [name for name in sets if root.get_run(name) is None]
        if missing:
            raise PicksError(f"The project {path} has no run {', '.join(missing)}; add it first.")
        target = sorted(_motor_objects(path, root))[0]
        for name, (table, grid) in sets.items():
            picks = root.get_run(name).new_picks(target, SESSION, USER, exist_ok=True)
            picks.points = _points(models, table, grid)
            picks.store()
        return
    _, grid = only_set(path, sets, "copick")
    name, (table, grid) = next(iter(sets.items()))
    file = models.CopickPicksFile(
        pickable_object_name=OBJECT,
        user_id=USER,
        session_id=SESSION,
        run_name=name,
        voxel_spacing=None if grid.spacing is None else grid.spacing[0],
        points=_points(models, table, grid),
        trust_orientation=False,
    )
    write_text(path, file.model_dump_json(indent=1) + "\n")


def replaced_by_copick(path: Path, sets: PickSets) -> list[Path]:
    """Return which files `write_copick` would replace: in a project our own sets of picks."""
    if not (path.exists() and _is_project(path)):
        return [path]
    root = library("copick").from_file(str(path))
    target = sorted(_motor_objects(path, root))[0]
    runs = [run for run in map(root.get_run, sets) if run is not None]
    earlier = [picks for run in runs for picks in run.get_picks(target, USER, SESSION)]
    return [Path(picks.path) for picks in earlier]


def _table(path: Path, points: list[Any], grid: VoxelGrid) -> PickTable:
    places = [[p.location.z, p.location.y, p.location.x] for p in points]
    shifts = [np.asarray(p.transformation_, dtype=float)[2::-1, 3] for p in points]
    scores = np.array([np.nan if p.score is None else p.score for p in points])
    if (scores == 1).all():
        scores[:] = np.nan  # what copick writes when there is none
    world = np.reshape(places, (-1, 3)) + np.reshape(shifts, (-1, 3)) + grid.origin
    return picks_from_world(path, world, scores)


def _points(models: Any, table: PickTable, grid: VoxelGrid) -> list[Any]:
    picks = to_write(table)
    return [
        models.CopickPoint(
            location=models.CopickLocation(x=x, y=y, z=z),
            **({"score": score} if np.isfinite(score) else {}),
        )
        for (z, y, x), score in zip(picks.positions - grid.origin, picks.scores, strict=True)
    ]


def _motor_objects(path: Path, root: Any) -> set[str]:
    names = [item.name for item in root.pickable_objects if item.is_particle]
    motors = {name for name in names if "motor" in name.lower()}
    if motors:
        return motors
    if len(names) == 1:
        return set(names)
    raise PicksError(
        f"The project {path} has no object with 'motor' in its name, but "
        f"{', '.join(names) or 'none'}; "
        f"add the object {OBJECT}."
    )


def _is_project(path: Path) -> bool:
    return '"pickable_objects"' in read_text(path, "a copick file")


def _is_sure(path: Path, start: bytes) -> bool:
    content = json_in(path)
    one_set = {"pickable_object_name", "points"} <= content.keys()
    return one_set or isinstance(content.get("pickable_objects"), list)


COPICK = Format(
    name="copick",
    title="copick",
    suffixes=(".json",),
    recognises=lambda start: b'"pickable_object' in start,
    read=read_copick,
    write=write_copick,
    package="copick",
    is_sure=_is_sure,
    replaces=replaced_by_copick,
)
