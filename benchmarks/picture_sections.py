"""Pictures to compare: real axial sections, sections of simulated tomograms, and drawn ones."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import mrcfile
import numpy as np
from PIL import Image
from scipy import ndimage, signal

from motorscope.simulation import SectionConfig, draw_section, image_section

SIDE, SPACING, SLAB = 256, 15.0, 75.0  # pixels, Å a pixel, Å that are averaged along z
FAR = 600.0  # Å from any motor, for a section without one
LEAST = 40  # sections without a motor, where there are so many; else two for each with one


@dataclass(frozen=True)
class Picture:
    """A section: ``pixels`` (256, 256) of 8 bits, and ``motor`` (y, x) in pixels or None."""

    pixels: np.ndarray
    motor: tuple[float, float] | None
    tomogram: str
    clean: np.ndarray  # True where there is neither gold nor a flat or torn border


def clean_area(pixels: np.ndarray) -> np.ndarray:
    """Find what is neither flat grey with its torn border nor gold with its fringe."""
    grey = pixels.astype(np.float32)
    mean = ndimage.uniform_filter(grey, 7)
    spread = ndimage.uniform_filter(grey**2, 7) - mean**2
    flat = ndimage.binary_opening(spread < 4, iterations=2)
    black = ndimage.binary_opening(pixels < 8, np.ones((5, 5)))
    white = ndimage.binary_opening(pixels > 247, np.ones((5, 5)))
    bad = ndimage.distance_transform_edt(~flat) < 16 if flat.any() else flat
    if (black | white).any():
        bad = bad | (ndimage.distance_transform_edt(~(black | white)) < 12)
    return ~bad


def eight_bits(section: np.ndarray) -> np.ndarray:
    """Scale to 8 bits by the percentiles 1 and 99, as the real pictures are."""
    low, high = np.percentile(section, (1, 99))
    return np.clip((section - low) / max(high - low, 1e-9) * 255, 0, 255).astype(np.uint8)


def real_pictures(folder: Path) -> list[Picture]:
    """Read the pictures that index.csv lists."""
    result = []
    for row in csv.DictReader((folder / "index.csv").open()):
        pixels = np.array(Image.open(folder / row["file"]).convert("L"))
        if pixels.shape != (SIDE, SIDE):
            continue
        motor = (float(row["y"]), float(row["x"])) if float(row["y"]) >= 0 else None
        result.append(Picture(pixels, motor, row["tomogram"], clean_area(pixels)))
    return result


def simulated_pictures(folder: Path, places: np.ndarray, seed: int = 0) -> list[Picture]:
    """Cut one section through each motor near the plane, and twice as many without.

    ``places`` (n, 2) are the real motors' places in their pictures. Sections are turned
    by quarters until the motor's outside is up, as in the real pictures.
    """
    rng = np.random.default_rng(seed)
    tomograms = _rows(folder / "tomograms.csv")
    axes = folder / "motors.csv"
    motors = _rows(axes if axes.exists() else folder / "truth.csv")
    centres = {(r["tomogram"], r["id"]): r for r in _rows(folder / "truth.csv")}
    with_motor: list[Picture] = []
    without: list[list[Picture]] = []
    for row in tomograms:
        name = row["tomogram"]
        with mrcfile.mmap(folder / f"{name}.mrc", permissive=True) as file:
            volume, spacing = file.data, float(file.voxel_size.x)
            sign = -1.0 if row.get("inverted") in ("1", "True") else 1.0
            own = [
                (
                    np.array([float(centres[name, m["id"]][a]) for a in "zyx"]),
                    np.array([float(m[f"axis_{a}"]) for a in "zyx"]),
                )
                for m in motors
                if m["tomogram"] == name
            ]
            for centre, axis in own:
                if abs(axis[0]) < 0.7:
                    plane = sign * _slab(volume, centre[0], spacing)
                    place = places[rng.integers(len(places))] + rng.normal(0, 5, 2)
                    cut = _upright(plane, centre[1:] * spacing / SPACING, axis[1:], place)
                    with_motor.append(_picture(*cut, name))
            without.append(list(_empty(sign, volume, spacing, [c for c, _ in own], name, rng)))
    return with_motor + _in_turn(without, max(2 * len(with_motor), LEAST))


def drawn_pictures(
    like: list[Picture], seed: int = 0, config: SectionConfig | None = None
) -> list[Picture]:
    """Draw a section for each picture, with a motor at about the same place if it has one."""
    config = replace(config or SectionConfig(), spacing=SPACING, side=SIDE)
    room = replace(config, side=SIDE * 3 // 2)
    result = []
    for number, picture in enumerate(like):
        rng = np.random.default_rng([seed, number])
        if picture.motor is None:
            section = draw_section(replace(config, motor_share=0.0), rng)
            cut, motors = section.density, section.motors
        else:
            cut, motors = _about_a_motor(room, np.array(picture.motor), rng)
        pixels = eight_bits(image_section(cut, motors, SPACING, config, rng))
        motor = tuple(motors[0] / SPACING) if len(motors) else None
        result.append(Picture(pixels, motor, f"drawn {number}", clean_area(pixels)))
    return result


def _about_a_motor(
    config: SectionConfig, place: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw until a motor can lie within 30 pixels of its place; cut, and the motors' places."""
    while True:
        section = draw_section(replace(config, motor_share=1.0), rng)
        centre = section.motors[0] / SPACING
        corner = np.clip(np.round(centre - place), 0, config.side - SIDE).astype(int)
        if np.abs(centre - corner - place).max() < 30:
            y, x = corner
            motors = section.motors - corner * SPACING
            return section.density[y : y + SIDE, x : x + SIDE], motors


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open()))


def _slab(volume: np.ndarray, z: float, spacing: float) -> np.ndarray:
    """Average planes round z and resample to 15 Å, band-limited."""
    planes = max(1, round(SLAB / spacing))
    first = int(np.clip(round(z - planes / 2), 0, volume.shape[0] - planes))
    plane = volume[first : first + planes].astype(np.float32).mean(0)
    for dim in (0, 1) if abs(spacing / SPACING - 1) > 0.02 else ():
        plane = signal.resample(plane, round(plane.shape[dim] * spacing / SPACING), axis=dim)
    return plane


def _upright(
    plane: np.ndarray, centre: np.ndarray, axis: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, tuple[float, float]]:
    """Turn by quarters until the axis points up, and cut with the motor about at ``place``."""
    turns = int(np.argmax([_turned(axis, k)[0] * -1 for k in range(4)]))
    side = np.array(plane.shape)
    middle = (side - 1) / 2
    turned = np.rot90(plane, turns)
    centre = _turned(centre - middle, turns) + (np.array(turned.shape) - 1) / 2
    corner = np.clip(np.round(centre - place), 0, np.maximum(np.array(turned.shape) - SIDE, 0))
    y, x = corner.astype(int)
    return turned[y : y + SIDE, x : x + SIDE], tuple(centre - (y, x))


def _turned(vector: np.ndarray, turns: int) -> np.ndarray:
    """Turn (y, x) as np.rot90 turns an image."""
    for _ in range(turns):
        vector = np.array([-vector[1], vector[0]])
    return vector


def _empty(
    sign: float,
    volume: np.ndarray,
    spacing: float,
    centres: list[np.ndarray],
    name: str,
    rng: np.random.Generator,
) -> Iterator[Picture]:
    """Cut sections anywhere, but in no tomogram's outer eighth along z and near no motor."""
    depth = volume.shape[0]
    for _ in range(4):
        z = rng.uniform(depth / 8, depth * 7 / 8)
        plane = sign * _slab(volume, z, spacing)
        y, x = (int(rng.integers(max(n - SIDE, 0) + 1)) for n in plane.shape)
        near = [
            abs(c[0] - z) * spacing < FAR
            and all(-20 < v * spacing / SPACING - o < SIDE + 20 for v, o in ((c[1], y), (c[2], x)))
            for c in centres
        ]
        if not any(near):
            yield _picture(plane[y : y + SIDE, x : x + SIDE], None, name)


def _picture(cut: np.ndarray, motor: tuple[float, float] | None, name: str) -> Picture:
    pixels = eight_bits(cut)
    missing = [(0, SIDE - n) for n in pixels.shape]
    pixels = np.pad(pixels, missing, constant_values=128)
    return Picture(pixels, motor, name, clean_area(pixels))


def _in_turn(lists: list[list[Picture]], most: int) -> list[Picture]:
    """Take the first of each list, then the second of each, up to ``most`` in all."""
    depth = max((len(each) for each in lists), default=0)
    return [each[i] for i in range(depth) for each in lists if i < len(each)][:most]
