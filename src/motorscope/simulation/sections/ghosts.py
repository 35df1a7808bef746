"""What is left of burst cells: clumps, pieces of membrane, motors in what is left of theirs."""

import numpy as np

from motorscope.simulation.sections.axial_motor import paint_motor
from motorscope.simulation.sections.litter import scribbles
from motorscope.simulation.sections.membranes import Seat
from motorscope.simulation.sections.options import SectionConfig
from motorscope.simulation.sections.plane import Drawing, add_tube, curve, random_direction
from motorscope.simulation.species import SPECIES

_APART = 900.0  # Å between two motors


def paint_ghost(
    drawing: Drawing, motors: bool, config: SectionConfig, rng: np.random.Generator
) -> None:
    """Draw remains of cells, with one to three motors if there shall be any."""
    clumps, pieces, moving = rng.spawn(3)
    plane = drawing.plane
    membrane = float(pieces.uniform(0.5, 1.2))  # density
    dense = plane.smooth(clumps.uniform(250, 1000), clumps) - clumps.uniform(-0.3, 0.8)
    dense = np.clip(clumps.uniform(0.5, 1.5) * dense, 0, 1)
    dense *= np.clip(0.5 + plane.smooth(clumps.uniform(1000, 3000), clumps), 0, 1)
    rough = plane.grain(clumps.uniform(14, 32), clumps) * clumps.uniform(0.05, 0.3)
    drawing.density += (dense * (rough + clumps.uniform(0, 0.35))).astype(np.float32)
    if clumps.random() < 0.6:
        drawing.density += scribbles(plane, clumps)

    for _ in range(pieces.integers(0, 7)):
        start, way = plane.point(pieces, margin=-0.1), random_direction(pieces)
        bend = float(pieces.choice([2e-4, 8e-4]))
        points = curve(
            start, way, pieces.uniform(300, 3500), bend, pieces, waves=pieces.uniform(0, 1)
        )
        add_tube(drawing, points, pieces.uniform(25, 45), membrane * pieces.uniform(0.3, 1.0))

    for _ in range(moving.integers(1, 4) if motors else 0):
        if drawing.motors and moving.random() < 0.4:
            break
        place, axis = plane.point(moving, margin=0.1), random_direction(moving)
        if any(np.hypot(*(place - other)) < _APART for other in drawing.motors):
            continue
        species = SPECIES[str(moving.choice(config.species))]
        seat = Seat(place, axis, float(moving.uniform(0.85, 1.2)) * species.width)
        _add_remains(drawing, seat, membrane, moving)
        paint_motor(drawing, seat, species, False, membrane, config, moving)


def _add_remains(drawing: Drawing, seat: Seat, membrane: float, rng: np.random.Generator) -> None:
    """Draw what is left of the two membranes beside a motor."""
    across = np.array([-seat.axis[1], seat.axis[0]])
    depths = (0.0, membrane * rng.uniform(0.2, 1.0)), (seat.width, membrane * rng.uniform(0, 0.8))
    for depth, density in depths:
        for side in (-1, 1):
            way = side * across - 0.1 * seat.axis
            start = seat.point - seat.axis * depth
            points = curve(start, way, rng.uniform(60, 900), 6e-4, rng, waves=rng.uniform(0, 0.6))
            fade = np.clip(np.linspace(rng.uniform(1, 6), 0, len(points)), 0, 1)
            add_tube(drawing, points, rng.uniform(24, 40), density, fade=fade)
