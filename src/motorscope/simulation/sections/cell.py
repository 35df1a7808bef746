"""A cell: its envelope, what it holds, its motors and what it carries."""

import numpy as np

from motorscope.simulation.sections.axial_motor import paint_motor
from motorscope.simulation.sections.cytoplasm import paint_contents
from motorscope.simulation.sections.membranes import (
    Envelope,
    Stuff,
    draw_envelope,
    draw_stuff,
    outward,
    paint_envelope,
    random_place,
)
from motorscope.simulation.sections.options import SectionConfig
from motorscope.simulation.sections.outline import draw_outline
from motorscope.simulation.sections.plane import (
    Drawing,
    Field,
    Plane,
    Point,
    add_tube,
    curve,
    edge,
    random_direction,
)
from motorscope.simulation.species import SPECIES

_APART = 700.0  # Å between two motors


def paint_cell(
    drawing: Drawing, motors: int, config: SectionConfig, rng: np.random.Generator
) -> None:
    """Draw a cell whose surface passes through the section.

    What was there before is covered by the cell, but for one in ten, which shows it through.

    Parameters
    ----------
    motors
        How many it shall have; fewer if there is no room for them.
    """
    where, shape, kinds, make, contents, holes, carried, moving = rng.spawn(8)
    plane = drawing.plane
    place = plane.point(where, margin=0.08 if where.random() < 0.8 else -0.1)
    outline = draw_outline(plane, place, random_direction(where), config, shape)
    places = _motor_places(plane, outline, place, motors, where)

    gram_positive = bool(kinds.random() < config.gram_positive)
    name = str(kinds.choice(config.species))
    species = SPECIES["firmicute" if gram_positive else name]
    width = float(kinds.uniform(*config.motor_width)) * species.width

    stuff = draw_stuff(config, make)
    envelope = draw_envelope(plane, outline, places, width, gram_positive, config, shape)
    body = paint_envelope(envelope, stuff, config, make)
    body += paint_contents(plane, envelope, stuff, config, contents)
    if stuff.lysed and holes.random() < 0.8:
        body *= _torn(plane, envelope, holes)
    if kinds.random() < 0.9:
        drawing.density *= 1 - edge(envelope.outer - 60, 10)
    drawing.density += body
    drawing.outside &= envelope.outer > 60
    for seat in envelope.seats:
        paint_motor(drawing, seat, species, gram_positive, stuff.outer_membrane, config, moving)
    if carried.random() < config.pili:
        _add_pili(drawing, envelope, stuff, carried)


def _motor_places(
    plane: Plane, outline: Field, first: Point, count: int, rng: np.random.Generator
) -> list[Point]:
    places = [first][:count]
    for _ in range(count - 1):
        place = random_place(plane, outline, rng)
        if place is not None and all(np.hypot(*(place - other)) > _APART for other in places):
            places.append(place)
    return places


def _torn(plane: Plane, envelope: Envelope, rng: np.random.Generator) -> Field:
    """Return which share is left of a burst cell: pieces, and what is about its motors."""
    rough = plane.smooth(rng.uniform(300, 1000), rng)
    left = np.clip(4 * (rough - np.quantile(rough, rng.uniform(0.05, 0.7))), 0, 1)
    for seat in envelope.seats:
        around = plane.away(seat.point) / np.float32(rng.uniform(250, 600))
        left = np.maximum(left, np.exp(-(around**2)))
    share: Field = left.astype(np.float32)
    return share


def _add_pili(drawing: Drawing, envelope: Envelope, stuff: Stuff, rng: np.random.Generator) -> None:
    slope = drawing.plane.slope(envelope.outer)
    for _ in range(rng.integers(1, 6)):
        place = random_place(drawing.plane, envelope.outer, rng)
        if place is None:
            return
        way = outward(drawing.plane, place, slope)
        points = curve(place, way, rng.uniform(200, 2500), 6e-4, rng)
        density = rng.uniform(0.1, 0.4) * stuff.outer_membrane
        add_tube(drawing, points, rng.uniform(18, 35), density)
