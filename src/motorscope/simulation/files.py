"""Synthetic tomograms in a folder: ``NAME.mrc`` files, ``truth.csv`` and ``tomograms.csv``.

``truth.csv`` has the columns of a table of picks, then ``species, axis_z, axis_y, axis_x``, one row
per motor. ``tomograms.csv`` names every tomogram, those without motors too, with its seed, shape,
spacing and imaging.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from motorscope.errors import ConfigError
from motorscope.files import replacing
from motorscope.picks import PickTable, write_picks
from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.simulate import Simulation, simulate_tomogram
from motorscope.tomogram import VoxelGrid, write_volume
from motorscope.tomogram.formats import writable

TRUTH = "truth.csv"
TOMOGRAMS = "tomograms.csv"


@dataclass(frozen=True)
class Plan:
    """One tomogram to simulate: its name, what to draw from, and the seed."""

    name: str
    config: SimulationConfig
    seed: int | tuple[int, ...]


def simulate_folder(
    folder: str | os.PathLike[str],
    count: int,
    seed: int,
    config: SimulationConfig,
    overwrite: bool = False,
    suffix: str = ".mrc",
) -> Iterator[tuple[str, int]]:
    """Simulate tomograms into a folder; see `simulate_plans`.

    Tomogram *i* depends on the configuration, `seed` and *i* alone.

    Raises
    ------
    ConfigError
        If `count` or `seed` is impossible, or the folder holds something and `overwrite` is False.
    MotorscopeError
        If a file cannot be written. Nothing half written stays.
    """
    if count < 1 or seed < 0:
        raise ConfigError(
            f"A simulation needs a count of at least 1 and a seed of at least 0, "
            f"not {count} and {seed}."
        )
    digits = max(4, len(str(count - 1)))
    plans = [Plan(f"simulated-{seed}-{i:0{digits}d}", config, (seed, i)) for i in range(count)]
    return simulate_plans(folder, plans, overwrite, suffix)


def simulate_plans(
    folder: str | os.PathLike[str],
    plans: Sequence[Plan],
    overwrite: bool = False,
    suffix: str = ".mrc",
) -> Iterator[tuple[str, int]]:
    """Simulate tomograms into a folder, one at a time; yield the name and number of motors of each.

    They are written in the format that has the suffix.

    The two tables are written anew with every tomogram, so that a run that is stopped leaves a
    smaller, whole data set. Tables and tomograms of an earlier run are removed first if they may be
    overwritten.

    Raises
    ------
    ConfigError
        If the folder holds something and `overwrite` is False.
    MotorscopeError
        If a file cannot be written. Nothing half written stays.
    """
    target = Path(folder)
    _prepare(target, overwrite)
    return _simulate(target, plans, suffix)


def _prepare(target: Path, overwrite: bool) -> None:
    """Make the folder, or take an older simulation out of it."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()) and not overwrite:
            raise ConfigError(
                f"{target} is not empty; choose another folder, or allow it with --overwrite."
            )
        listing = target / TOMOGRAMS
        if listing.is_file():
            for name in pd.read_csv(listing, dtype=str)["tomogram"]:
                _remove(target, name)
            listing.unlink()
            (target / TRUTH).unlink(missing_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(
            f"The folder {target} cannot be used ({reason}); choose another."
        ) from error
    except (KeyError, ValueError) as error:
        raise ConfigError(
            f"{target / TOMOGRAMS} is no list of simulated tomograms; choose another folder."
        ) from error


def _remove(target: Path, name: str) -> None:
    """Remove a tomogram, whatever it was written as."""
    for form in writable():
        path = target / f"{name}{form.suffixes[0]}"
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _simulate(target: Path, plans: Sequence[Plan], suffix: str) -> Iterator[tuple[str, int]]:
    truths: dict[str, tuple[PickTable, VoxelGrid]] = {}
    motors: list[dict[str, object]] = []
    rows: list[dict[str, object]] = []
    for plan in plans:
        name = plan.name
        simulation = simulate_tomogram(plan.config, plan.seed, name)
        truths[name] = (simulation.truth, simulation.tomogram.grid)
        motors += _motor_rows(simulation)
        seed = plan.seed[0] if isinstance(plan.seed, tuple) else plan.seed
        rows.append({"tomogram": name, "seed": seed, **_tomogram_row(simulation)})
        file = target / f"{name}{suffix}"
        write_volume(file, simulation.tomogram.data, simulation.tomogram.grid)
        try:
            write_truth(target / TRUTH, truths, motors)
            with replacing(target / TOMOGRAMS, ConfigError) as partial:
                pd.DataFrame(rows).to_csv(partial, index=False, lineterminator="\n")
        except BaseException:
            # A tomogram without its truth would pass for one without motors.
            _remove(target, name)
            raise
        yield name, len(simulation.motors)


def write_truth(
    path: Path,
    truths: dict[str, tuple[PickTable, VoxelGrid]],
    motors: list[dict[str, object]],
) -> None:
    """Write a table of picks with more columns; `motors` has their values, in the same order."""
    with replacing(path, ConfigError) as partial:
        write_picks(partial, truths)
        table = pd.read_csv(partial, dtype=str, keep_default_na=False)
        extra = pd.DataFrame(motors, columns=["species", "axis_z", "axis_y", "axis_x"])
        pd.concat([table, extra], axis=1).to_csv(partial, index=False, lineterminator="\n")


def write_simulation(path: Path, simulation: Simulation) -> None:
    """Write one tomogram, and its truth as a CSV of the same stem beside it."""
    truths = {simulation.tomogram.name: (simulation.truth, simulation.tomogram.grid)}
    write_truth(path.with_suffix(".csv"), truths, _motor_rows(simulation))
    write_volume(path, simulation.tomogram.data, simulation.tomogram.grid)


def _motor_rows(simulation: Simulation) -> list[dict[str, object]]:
    return [
        {
            "species": motor.species,
            **{f"axis_{a}": round(v, 5) for a, v in zip("zyx", motor.axis, strict=True)},
        }
        for motor in simulation.motors
    ]


def _tomogram_row(simulation: Simulation) -> dict[str, object]:
    imaging, finish, grid = simulation.imaging, simulation.finish, simulation.tomogram.grid
    return {
        **{f"shape_{a}": n for a, n in zip("zyx", grid.shape, strict=True)},
        "spacing": grid.known_spacing()[0],
        "snr": round(imaging.snr, 5),
        "defocus": round(imaging.defocus),
        "tilt_range": round(imaging.tilt_high - imaging.tilt_low, 2),
        "ctf_corrected": imaging.ctf_corrected,
        "inverted": finish.inverted,
    }
