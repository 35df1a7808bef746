"""The outline of a cell: how far every pixel is from its surface."""

import numpy as np

from motorscope.simulation.sections.options import SectionConfig
from motorscope.simulation.sections.plane import Field, Plane, Point


def draw_outline(
    plane: Plane, through: Point, normal: Point, config: SectionConfig, rng: np.random.Generator
) -> Field:
    """Draw a cell's outline.

    Parameters
    ----------
    through, normal
        A place on the surface and, but for the waves of the surface, the way out there.

    Returns
    -------
    Field
        Distance from the surface in Å, negative inside.
    """
    low, high = config.radius
    radius = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    straight = 0.0 if rng.random() < config.round_cell else float(rng.uniform(500, 8000))
    squash = float(rng.uniform(0.7, 1.3))  # of the caps
    axis = float(rng.uniform(0, 2 * np.pi))
    at_pole = straight == 0.0 or rng.random() < config.at_pole
    if at_pole:
        axis = float(np.arctan2(normal[0], normal[1]) + rng.normal(0, 0.35))
    along = np.array([np.sin(axis), np.cos(axis)])
    centre = through - _surface_point(along, normal, radius, straight, squash, rng)

    wave = rng.uniform(0, 120) if rng.random() < 0.75 else rng.uniform(100, 450)
    size = float(rng.uniform(1000, 3500))
    u, v = plane.frame(centre, along)
    u, v = (a + np.float32(0.6 * wave) * plane.smooth(size, rng) for a in (u, v))
    cap = np.maximum(np.abs(u) - np.float32(straight), 0) * np.float32(squash)
    distance: Field = np.hypot(cap, v) - np.float32(radius)
    dy, dx = plane.slope(distance)
    steep = np.maximum(np.hypot(dy, dx), np.float32(0.3))
    distance /= steep
    # In spite of its waves it passes through the place.
    j, i = plane.pixel(through)
    missing = through - np.array([j, i]) * plane.spacing
    there = distance[j, i] + missing @ np.array([dy[j, i], dx[j, i]]) / steep[j, i]
    return (distance - np.float32(there)).astype(np.float32)


def _surface_point(
    along: Point,
    normal: Point,
    radius: float,
    straight: float,
    squash: float,
    rng: np.random.Generator,
) -> Point:
    """Return where the surface has this normal, seen from the cell's middle."""
    across = np.array([-along[1], along[0]])
    nu, nv = float(normal @ along), float(normal @ across)
    if abs(nu) < 0.2:  # nearly at right angles: anywhere on the side
        u, v = float(rng.uniform(-straight, straight)), radius * np.sign(nv)
    else:
        # A cap is (radius / squash · cos φ, radius · sin φ), its normal (squash · cos φ, sin φ).
        phi = np.arctan2(nv, nu / squash)
        u = np.sign(nu) * straight + radius / squash * np.cos(phi)
        v = radius * np.sin(phi)
    place: Point = u * along + v * across
    return place
