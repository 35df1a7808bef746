"""What lies beside the cells: carbon, gold, dirt, stray filaments, specks, streaks."""

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from motorscope.simulation.sections.options import SectionConfig
from motorscope.simulation.sections.plane import (
    Drawing,
    Field,
    Plane,
    add_tube,
    curve,
    dots,
    edge,
    line,
    random_direction,
)


def add_carbon(drawing: Drawing, config: SectionConfig, rng: np.random.Generator) -> None:
    """Draw the edge of the carbon film: a ragged dark line, often a band behind it, grain."""
    if rng.random() >= config.carbon:
        return
    plane = drawing.plane
    distance, _ = plane.frame(plane.point(rng), random_direction(rng))
    for size, height in ((rng.uniform(400, 1500), rng.uniform(20, 150)), (150, rng.uniform(0, 30))):
        distance = distance + plane.smooth(size, rng) * np.float32(height)
    grain = plane.grain(rng.uniform(14, 40), rng)
    film = edge(distance, 20) * (rng.uniform(-0.1, 0.5) + rng.uniform(0.03, 0.25) * grain)
    if rng.random() < 0.6:  # where it is thicker, or stands up
        band = edge(distance, 15) * (1 - edge(distance + rng.uniform(60, 700), 40))
        film += rng.uniform(0.1, 0.8) * band * (1 + rng.uniform(0, 0.4) * grain)
    rim = rng.uniform(0, 1.2) * line(distance, rng.uniform(20, 60)) * (1 + 0.2 * grain)
    drawing.density += (film + rim).astype(np.float32)


def add_gold(drawing: Drawing, config: SectionConfig, rng: np.random.Generator) -> None:
    """Draw beads of one size, 10, 15 or 20 nm, which come in crowds.

    Most have bright streaks to both sides, all along the same direction; of those that lie in
    another plane there is a dark smear.
    """
    plane = drawing.plane
    crowding = 4.0  # with a mean of 1 bead, two of three sections have none
    count = rng.poisson(config.gold * rng.gamma(1 / crowding, crowding))
    size, axis = float(rng.choice([50, 75, 100])), random_direction(rng)
    streaked, reach = rng.random() < 0.7, rng.uniform(1, 6)
    for _ in range(count):
        centre = plane.point(rng, margin=-0.05)
        radius = size * float(rng.uniform(0.8, 1.2))
        along, across = plane.frame(centre, axis)
        if rng.random() < 0.25:
            smear = np.hypot(along / rng.uniform(1.2, 4), across) - radius
            drawing.density += np.float32(rng.uniform(0.1, 1.2)) * edge(smear, 0.3 * radius)
            continue
        distance = np.hypot(along, across)
        drawing.density += np.float32(rng.uniform(3, 8)) * edge(distance - radius, 8)
        if streaked:
            streak = np.exp(-((across / (0.9 * radius)) ** 2) - np.abs(along) / (reach * radius))
            streak *= rng.uniform(0.5, 3) * (distance > radius)
            drawing.density -= streak.astype(np.float32)


def add_dirt(drawing: Drawing, config: SectionConfig, rng: np.random.Generator) -> None:
    """Draw lumps and hollow ones, most of them outside the cells."""
    plane = drawing.plane
    for _ in range(rng.poisson(config.dirt)):
        y, x = plane.point(rng)
        radius = float(np.exp(rng.uniform(np.log(60), np.log(700))))
        distance = np.hypot(plane.y - y, (plane.x - x) * rng.uniform(0.6, 1.6)) - radius
        distance += plane.smooth(max(108, radius), rng) * (0.25 * radius)
        hollow, density = rng.random() < 0.35, rng.uniform(0.1, 1.0)
        lump = line(distance, rng.uniform(22, 45)) if hollow else edge(distance, 20)
        where = drawing.outside if rng.random() < 0.85 else 1.0
        drawing.density += (density * lump * where).astype(np.float32)


def add_filaments(drawing: Drawing, config: SectionConfig, rng: np.random.Generator) -> None:
    """Draw filaments that belong to no motor here, fading in and out."""
    for _ in range(rng.poisson(config.free_filaments)):
        start, way = drawing.plane.point(rng), random_direction(rng)
        points = curve(start, way, rng.uniform(600, 6000), 3e-4, rng)
        share = np.linspace(0, 1, len(points))
        fade = np.clip(np.minimum(share, 1 - share) * rng.uniform(3, 20), 0, 1)
        half_width = rng.uniform(85, 160) if rng.random() < 0.6 else rng.uniform(20, 60)
        density, core = rng.uniform(0.15, 0.8), rng.uniform(0, 0.6)
        add_tube(drawing, points, half_width, density, core, fade, within=drawing.outside)


def add_specks(drawing: Drawing, config: SectionConfig, rng: np.random.Generator) -> None:
    """Draw specks in the ice."""
    plane = drawing.plane
    count = int(rng.exponential(1.0) * plane.area)
    radius, density = rng.uniform(30, 90), rng.uniform(0.1, 0.6)
    drawing.density += dots(plane, drawing.outside, count, radius, density, rng)


def add_debris(drawing: Drawing, config: SectionConfig, rng: np.random.Generator) -> None:
    """Draw rough pieces of membrane among grain."""
    if rng.random() < config.debris:
        drawing.density += scribbles(drawing.plane, rng) * drawing.outside


def scribbles(plane: Plane, rng: np.random.Generator) -> Field:
    """Draw winding pieces of membrane among grain, here and there."""
    values = plane.smooth(rng.uniform(300, 900), rng)
    distance = values / np.maximum(np.hypot(*plane.slope(values)), 1e-4)
    where = np.clip(2 * plane.smooth(rng.uniform(600, 1500), rng), 0, 1)
    pieces = rng.uniform(0.2, 0.9) * line(np.clip(distance, -500, 500), rng.uniform(22, 38))
    grain = plane.grain(rng.uniform(14, 36), rng) * rng.uniform(0.03, 0.2)
    drawn: Field = (where * (pieces + grain)).astype(np.float32)
    return drawn


def add_gradient(drawing: Drawing, config: SectionConfig, rng: np.random.Generator) -> None:
    """Let the brightness change over the section."""
    size = drawing.plane.extent * rng.uniform(0.4, 1.2)
    drawing.density += drawing.plane.smooth(size, rng) * np.float32(rng.uniform(0, 0.25))


def add_streaks(drawing: Drawing, config: SectionConfig, rng: np.random.Generator) -> None:
    """Draw faint streaks of one direction, as of what is dense elsewhere along the tilts."""
    if rng.random() >= config.streaks:
        return
    plane = drawing.plane
    along, across = plane.frame(plane.point(rng), random_direction(rng))
    long, wide = rng.uniform(2000, 9000), rng.uniform(60, 400)
    # A field of smooth noise, read where it is drawn out along the streaks.
    noise = gaussian_filter(rng.standard_normal((64, 256), dtype=np.float32), 1.0, mode="wrap")
    at = np.stack([2 * along / long, 2 * across / wide])
    field = map_coordinates(noise / noise.std(), at, order=1, mode="grid-wrap")
    drawing.density += np.float32(rng.uniform(0.01, 0.08)) * field
