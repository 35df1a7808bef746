"""Sections through the axes of motors, drawn as pictures rather than cut from a scene.

A real motor is seen in its axial section, and that is what labelled pictures of real ones show.
Drawing only that plane costs a thousandth of a volume, so that a network can see a new one at
every step.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motorscope.simulation.sections.border import cover_border
from motorscope.simulation.sections.cell import paint_cell
from motorscope.simulation.sections.ghosts import paint_ghost
from motorscope.simulation.sections.litter import (
    add_carbon,
    add_debris,
    add_dirt,
    add_filaments,
    add_gold,
    add_gradient,
    add_specks,
    add_streaks,
)
from motorscope.simulation.sections.options import SectionConfig
from motorscope.simulation.sections.plane import Drawing, Field, Plane
from motorscope.simulation.sections.transfer import transfer_section

# Each has a stream of random numbers of its own: new ones come last.
LITTER: tuple[Callable[[Drawing, SectionConfig, np.random.Generator], None], ...] = (
    add_carbon,
    add_gold,
    add_dirt,
    add_filaments,
    add_specks,
    add_debris,
    add_gradient,
    add_streaks,
)
"""What may lie about in a section, in the order in which it is drawn."""


@dataclass(frozen=True)
class Section:
    """A section without noise.

    Attributes
    ----------
    density
        float32 ``(y, x)``: protein about 1, ice 0.
    spacing
        Å per pixel; the centre of pixel 0 is at 0 Å.
    motors
        float64 ``(n, 2)``: centres of the motors ``(y, x)`` in Å, between MS ring and C ring. Some
        lie outside the section, a tenth of its side and the length of a motor at most.
    """

    density: Field
    spacing: float
    motors: NDArray[np.float64]


def draw_section(config: SectionConfig, rng: np.random.Generator) -> Section:
    """Draw cells, or what is left of them, with or without motors, and what lies about them."""
    plan, ghosts, cells, *litter = rng.spawn(3 + len(LITTER))
    drawing = Drawing.empty(Plane(config.side, config.spacing))
    motors = bool(plan.random() < config.motor_share)
    count = 1 + int(plan.random() < config.second_cell)
    if not motors and plan.random() < config.no_cell:
        count = 0
    on_cell = (2 if plan.random() < config.second_motor else 1) if motors else 0
    if plan.random() < config.ghost:
        paint_ghost(drawing, motors, config, ghosts)
        drawing.density *= np.float32(ghosts.uniform(0.3, 1.0))  # little is left of a burst cell
        count, on_cell = int(plan.random() < 0.1), 0
    for number, stream in enumerate(cells.spawn(count)):
        # The last cell covers the others, so that nothing covers its motors.
        paint_cell(drawing, on_cell if number == count - 1 else 0, config, stream)
    for add, stream in zip(LITTER, litter, strict=True):
        add(drawing, config, stream)
    places = np.array(drawing.motors, dtype=np.float64).reshape(-1, 2)
    return Section(drawing.density, config.spacing, places)


def image_section(
    density: Field,
    motors: NDArray[np.float64],
    spacing: float,
    config: SectionConfig,
    rng: np.random.Generator,
) -> Field:
    """Return what a tomogram shows of a section, or of a piece of one.

    Parameters
    ----------
    density
        ``(y, x)``: protein about 1, ice 0.
    motors
        Places ``(n, 2)``, ``(y, x)`` in Å, that the border of the field of view leaves free; the
        centre of pixel 0 is at 0 Å.
    spacing
        Å per pixel.

    Returns
    -------
    Field
        float32, of the same shape; dense is dark, protein about −1 beside ice.
    """
    transfer, border = rng.spawn(2)
    image = transfer_section(density, spacing, config, transfer)
    if border.random() < config.border:
        image = cover_border(image, motors, spacing, border)
    return image
