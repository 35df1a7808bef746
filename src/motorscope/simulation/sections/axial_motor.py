"""A motor in an axial section, with its hook and filament."""

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from motorscope.simulation.motors.profile import HIGH, LOW, PIXEL, RADIUS, Profile, draw_profile
from motorscope.simulation.sections.membranes import Seat
from motorscope.simulation.sections.options import SectionConfig
from motorscope.simulation.sections.plane import STEP, Drawing, Field, add_tube, curve
from motorscope.simulation.species import CENTRE_HEIGHT, Species

_SLICES = 4  # planes within the thickness of a section
HOOK = 550.0
"""Å, with the rod: where a hook ends (55 nm in Salmonella)."""


def paint_motor(
    drawing: Drawing,
    seat: Seat,
    species: Species,
    gram_positive: bool,
    outer_membrane: float,
    config: SectionConfig,
    rng: np.random.Generator,
) -> None:
    """Draw a motor and note its centre.

    Parameters
    ----------
    outer_membrane
        Density of the outer membrane, to which its own is set.
    """
    parts, flagellum = rng.spawn(2)
    density = outer_membrane * float(parts.uniform(*config.motor_density))
    profile = draw_profile(replace(species, width=seat.width), 1.0, gram_positive, parts)
    base = seat.point - seat.axis * seat.width  # on the axis, in the middle of the inner membrane
    height, across = drawing.plane.frame(base, seat.axis)
    where = np.nonzero(
        (np.abs(across) < RADIUS - 60) & (height > LOW + PIXEL) & (height < HIGH - 3 * PIXEL)
    )
    value, kept = _cut(profile, height[where], across[where], drawing.plane.spacing, parts)
    drawing.density[where] = drawing.density[where] * kept + np.float32(density) * value
    drawing.motors.append(base + CENTRE_HEIGHT * seat.axis)
    if flagellum.random() < config.filament:
        _paint_flagellum(drawing, seat, species, outer_membrane, config, flagellum)


def _cut(
    profile: Profile, height: Field, across: Field, spacing: float, rng: np.random.Generator
) -> tuple[Field, Field]:
    """Return the density at places of a section, and which share of what was there stays.

    The section lies a little beside the axis and has a thickness.
    """
    beside, thickness = rng.normal(0, 35), rng.uniform(15, 60)
    soft = rng.uniform(0.6, 1.4) * 0.5 * spacing / PIXEL
    # Across the axis the picture goes on as its mirror image.
    pictures = [
        gaussian_filter(picture, soft, mode=("reflect", "nearest"))
        for picture in (profile.round + sum(profile.studded.values()), profile.kept)
    ]
    values = [np.zeros(height.shape, np.float32) for _ in pictures]
    for off in beside + thickness * np.linspace(-1, 1, _SLICES):
        radius = np.hypot(across, np.float32(off)) / PIXEL
        radius = np.minimum(radius, pictures[0].shape[0] - 1.01)
        at = np.stack([radius, (height - LOW) / PIXEL])
        for value, picture in zip(values, pictures, strict=True):
            value += map_coordinates(picture, at, order=1) / _SLICES
    value, kept = values
    return value, 1 - np.float32(rng.uniform(0.5, 1.0)) * (1 - kept)


def _paint_flagellum(
    drawing: Drawing,
    seat: Seat,
    species: Species,
    outer_membrane: float,
    config: SectionConfig,
    rng: np.random.Generator,
) -> None:
    """Draw a hook that turns into a filament, which leaves the section sooner or later."""
    only_hook = rng.random() < 0.15
    length = HOOK if only_hook else min(500 + float(rng.exponential(2200)), 9000.0)
    start = seat.point + 10 * seat.axis
    points = curve(start, seat.axis, length, 2e-4, rng, turn=rng.normal(0, 0.5), turn_length=HOOK)
    done = np.arange(len(points))
    fade = np.clip((len(points) - done) * STEP / rng.uniform(3 * STEP, 14 * STEP), 0, 1)
    fade *= np.clip(1 - done / len(points) * rng.uniform(-0.3, 0.6), 0.2, 1)
    # Half of 18 to 22 nm: filaments with what the transfer makes of them; more with a sheath.
    bare = species.filament != "sheathed" or rng.random() < 0.4
    half_width = rng.uniform(80, 110) if bare else rng.uniform(125, 165)
    density = outer_membrane * rng.uniform(*config.filament_density)
    add_tube(drawing, points, half_width, density, core=rng.uniform(0, 0.5), fade=fade)
