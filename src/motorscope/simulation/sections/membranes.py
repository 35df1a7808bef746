"""The envelope of a cell: where its two membranes run, and how they meet its motors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motorscope.simulation.sections.options import SectionConfig
from motorscope.simulation.sections.plane import Field, Plane, Point, edge, line

SURFACE = 15.0
"""Å: a pixel that is nearer to a membrane than this is on it."""


@dataclass(frozen=True)
class Seat:
    """Where a motor sits.

    Attributes
    ----------
    point
        On the outline of the cell.
    axis
        Unit vector, outwards.
    width
        Distance of the two membranes, Å.
    """

    point: Point
    axis: Point
    width: float


@dataclass(frozen=True)
class Envelope:
    """Two membranes, by how far every pixel is from the middle of each, negative inside, in Å."""

    outer: Field
    inner: Field
    seats: tuple[Seat, ...]
    gram_positive: bool

    @property
    def inside(self) -> Field:
        """1 within the outer membrane, 0 outside."""
        return edge(self.outer + 20, 18)

    @property
    def cytoplasm(self) -> Field:
        """1 within the inner membrane, 0 outside."""
        return edge(self.inner + 10, 18)

    @property
    def periplasm(self) -> Field:
        """1 between the membranes."""
        return self.inside * (1 - self.cytoplasm)


@dataclass(frozen=True)
class Stuff:
    """What one cell is made of: densities, and thicknesses of membranes in Å."""

    outer_membrane: float
    inner_membrane: float
    periplasm: float
    cytoplasm: float
    outer_thickness: float
    inner_thickness: float
    lysed: bool


def draw_stuff(config: SectionConfig, rng: np.random.Generator) -> Stuff:
    """Draw what a cell is made of."""
    lysed = bool(rng.random() < config.lysed)
    outer = float(rng.uniform(*config.outer_membrane))
    inner = outer * float(rng.uniform(*config.inner_membrane))
    periplasm = float(rng.uniform(*config.periplasm_density))
    more = float(rng.uniform(*config.cytoplasm))
    cytoplasm = periplasm + (0.0 if rng.random() < 0.08 else more)
    thicknesses = float(rng.uniform(24, 45)), float(rng.uniform(20, 34))
    if lysed:
        periplasm, cytoplasm = 0.4 * periplasm * rng.random(), 0.35 * cytoplasm * rng.random()
    return Stuff(outer, inner, periplasm, cytoplasm, *thicknesses, lysed)


def draw_envelope(
    plane: Plane,
    outline: Field,
    places: Sequence[Point],
    motor_width: float,
    gram_positive: bool,
    config: SectionConfig,
    rng: np.random.Generator,
) -> Envelope:
    """Lay the membranes of a cell, with seats for motors.

    Parameters
    ----------
    outline
        Distance from the cell's surface.
    places
        Of the motors, on the surface.
    motor_width
        Distance of the membranes there, Å.
    """
    seating, widths, waves, bulges = rng.spawn(4)
    outer = outline + plane.smooth(waves.uniform(250, 900), waves) * np.float32(
        waves.uniform(0, 35)
    )
    width = _draw_width(plane, config, widths)
    slope = plane.slope(outline)
    seats = []
    for place in places:
        seat = _seat(plane, place, slope, motor_width, seating)
        seats.append(seat)
        height, across = plane.frame(seat.point, seat.axis)
        near = _draw_approach(height, across, seating)
        width = width * (1 - near) + near * np.float32(motor_width)
        outer = _dip(outer, height, across, seating)
    if bulges.random() < config.blebs:
        outer = _add_blebs(plane, outer, seats, bulges)
    inner = np.maximum(outer, outline) + width
    return Envelope(outer, inner, tuple(seats), gram_positive)


def paint_envelope(
    envelope: Envelope, stuff: Stuff, config: SectionConfig, rng: np.random.Generator
) -> Field:
    """Return the density of the membranes and of what is between and around them."""
    outer, om = envelope.outer, stuff.outer_membrane
    body = stuff.periplasm * envelope.periplasm
    if envelope.gram_positive:
        wall = edge(outer, 20) * (1 - edge(envelope.inner - 50, 22))
        body += np.float32(rng.uniform(0.3, 0.7)) * wall
    else:
        if stuff.outer_thickness > 30 and rng.random() < 0.3:  # two leaflets show
            body += np.float32(0.75 * om) * (line(outer - 26, 22) + line(outer + 26, 22))
        else:
            body += np.float32(om) * line(outer, stuff.outer_thickness)
        if rng.random() < 0.6:  # peptidoglycan
            depth, thickness = rng.uniform(70, 160), rng.uniform(20, 40)
            body += np.float32(om * rng.uniform(0, 0.25)) * line(outer + depth, thickness)
    body += np.float32(stuff.inner_membrane) * line(envelope.inner, stuff.inner_thickness)
    if rng.random() < config.surface_layer:
        height, thickness = rng.uniform(120, 260), rng.uniform(20, 35)
        body += np.float32(om * rng.uniform(0.2, 0.7)) * line(outer - height, thickness)
    return body


def random_place(plane: Plane, distance: Field, rng: np.random.Generator) -> Point | None:
    """Return a pixel on a membrane, None if it is out of sight."""
    pixels = np.flatnonzero(np.abs(distance) < SURFACE)
    if not pixels.size:
        return None
    j, i = divmod(int(pixels[rng.integers(pixels.size)]), plane.side)
    return np.array([j, i]) * plane.spacing


def outward(plane: Plane, point: Point, slope: tuple[Field, Field]) -> Point:
    """Return the unit vector in which a distance with this slope grows at a place."""
    at = plane.pixel(point)
    way = np.array([float(slope[0][at]), float(slope[1][at])])
    return way / max(float(np.hypot(*way)), 1e-3)


def _draw_width(plane: Plane, config: SectionConfig, rng: np.random.Generator) -> Field:
    """Draw the distance of the membranes, away from motors."""
    uneven = rng.uniform(0, 0.3) * plane.smooth(rng.uniform(700, 3000), rng)
    width = rng.uniform(*config.periplasm) * (1 + uneven)
    if rng.random() < config.plasmolysis:
        gaps = np.clip(plane.smooth(rng.uniform(1200, 3000), rng), 0, None)
        width = width + gaps * rng.uniform(200, 900)
    if rng.random() < 0.3:  # the inner membrane comes up somewhere, without a motor
        hill = np.clip(1 - plane.away(plane.point(rng)) / rng.uniform(300, 1800), 0, 1)
        width = width - hill * rng.uniform(50, max(0.6 * float(width.mean()), 50))
    least = 140  # Å: membranes this near just do not touch
    result: Field = np.maximum(width, least).astype(np.float32)
    return result


def _seat(
    plane: Plane,
    place: Point,
    slope: tuple[Field, Field],
    width: float,
    rng: np.random.Generator,
) -> Seat:
    tilt = rng.normal(0, 0.1)
    y, x = outward(plane, place, slope)
    axis = np.array([y * np.cos(tilt) - x * np.sin(tilt), y * np.sin(tilt) + x * np.cos(tilt)])
    return Seat(place, axis, width)


def _draw_approach(height: Field, across: Field, rng: np.random.Generator) -> Field:
    """Draw how far the distance of the membranes is that at the motor: 1 at it, 0 far away."""
    r2 = across * across
    plateau, reach, tent = rng.random() < 0.5, rng.uniform(220, 420), rng.uniform(600, 1800)
    if plateau:
        near = 0.9 * np.exp(-((r2 / reach**2) ** 1.5) - (height / 1000) ** 6)
    else:  # the inner membrane comes up like a tent with a round top
        near = np.clip(tent - np.sqrt(r2 + 120**2), 0, None) / (tent - 120)
        near = near * np.exp(-((height / 1500) ** 6))
    share: Field = near.astype(np.float32)
    return share


def _dip(outer: Field, height: Field, across: Field, rng: np.random.Generator) -> Field:
    """Let the outer membrane dip to the rod, or bulge, and be flat about it."""
    r2 = across * across
    dip = rng.normal(25, 40) * np.exp(-r2 / rng.uniform(90, 220) ** 2 - (height / 700) ** 6)
    flat = np.exp(-((r2 / rng.uniform(200, 400) ** 2) ** 2) - (height / 800) ** 6)
    flat *= rng.uniform(0, 0.8)
    met: Field = ((outer + dip) * (1 - flat) + height * flat).astype(np.float32)
    return met


def _add_blebs(
    plane: Plane, outer: Field, seats: Sequence[Seat], rng: np.random.Generator
) -> Field:
    for _ in range(rng.integers(1, 3)):
        place = random_place(plane, outer, rng)
        radius, blend = rng.uniform(100, 350), rng.uniform(20, 60)
        if place is None or any(np.hypot(*(place - seat.point)) < 500 for seat in seats):
            continue
        bleb = plane.away(place) - radius
        both = (np.clip(-d / blend, -3000 / blend, 3000 / blend) for d in (outer, bleb))
        outer = (-blend * np.logaddexp(*both)).astype(np.float32)
    return outer
