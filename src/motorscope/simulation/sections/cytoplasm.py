"""What is within a cell: grain, ribosomes, granules, a chemoreceptor array."""

import numpy as np

from motorscope.simulation.sections.membranes import (
    Envelope,
    Stuff,
    outward,
    random_place,
)
from motorscope.simulation.sections.options import SectionConfig
from motorscope.simulation.sections.plane import Field, Plane, dots, edge, line


def paint_contents(
    plane: Plane,
    envelope: Envelope,
    stuff: Stuff,
    config: SectionConfig,
    rng: np.random.Generator,
) -> Field:
    """Return the density that fills a cell."""
    fill, ribosomes, granules, array = rng.spawn(4)
    body = _fill(plane, envelope, stuff, config, fill)
    body += _ribosomes(plane, envelope, stuff, config, ribosomes)
    for _ in range(granules.poisson(config.granules)):
        body += _granule(plane, envelope, stuff, granules)
    if array.random() < config.array and not stuff.lysed:
        body += _array(plane, envelope, stuff, array)
    return body


def _fill(
    plane: Plane, envelope: Envelope, stuff: Stuff, config: SectionConfig, rng: np.random.Generator
) -> Field:
    """Return the mean density, which may change with depth, and its grain."""
    cytoplasm = envelope.cytoplasm
    deeper = rng.uniform(-0.1, 0.6) * (
        1 - np.exp(np.clip(envelope.inner, None, 0) / np.float32(rng.uniform(500, 3000)))
    )
    size = np.repeat(rng.uniform(11, 27), 2) if rng.random() < 0.5 else rng.uniform(11, 29, 2)
    grain = plane.grain(size, rng)
    rough = np.float32(rng.uniform(*config.grain)) * grain
    rough += np.float32(rng.uniform(0, 0.1)) * plane.grain(rng.uniform(22, 63), rng)
    if stuff.lysed:
        deeper, rough = 0, rough * np.float32(rng.uniform(0.2, 1))
    body: Field = cytoplasm * (np.float32(stuff.cytoplasm) + deeper + rough)
    body += envelope.periplasm * grain * np.float32(rng.uniform(0, 0.14))
    filled: Field = body.astype(np.float32)
    return filled


def _ribosomes(
    plane: Plane, envelope: Envelope, stuff: Stuff, config: SectionConfig, rng: np.random.Generator
) -> Field:
    """Return dots away from the membrane, fewer in a nucleoid, none below a motor."""
    where = envelope.cytoplasm * edge(envelope.inner + 120, 20)
    for seat in envelope.seats:
        below = plane.away(seat.point - seat.axis * (seat.width + 150))
        where *= 1 - 0.95 * np.exp(-((below / np.float32(rng.uniform(200, 330))) ** 4))
    if rng.random() < 0.5:
        where *= np.clip(0.6 + plane.smooth(rng.uniform(1000, 2500), rng), 0, 1)
    many = rng.uniform(0, 3) if stuff.lysed else rng.uniform(*config.ribosomes)
    count = int(many * plane.area)
    radius, density = rng.uniform(60, 110), rng.uniform(*config.ribosome_density)
    return dots(plane, where, count, radius, density, rng)


def _granule(plane: Plane, envelope: Envelope, stuff: Stuff, rng: np.random.Generator) -> Field:
    """Return a dense granule, a light one, or a vesicle."""
    centre, radius = plane.point(rng), float(rng.uniform(120, 900))
    distance = plane.away(centre) - np.float32(radius)
    room = edge(envelope.inner + 0.7 * radius, 30)
    kind = rng.random()
    if kind >= 0.8:
        vesicle: Field = line(distance, stuff.inner_thickness) * stuff.inner_membrane * room
        return vesicle
    density = rng.uniform(0.5, 1.5) if kind < 0.5 else -rng.uniform(0.1, 0.5)
    granule: Field = edge(distance, 20) * envelope.cytoplasm * room * np.float32(density)
    return granule


def _array(plane: Plane, envelope: Envelope, stuff: Stuff, rng: np.random.Generator) -> Field:
    """Return a plate below the inner membrane, often with receptors between (25 nm long)."""
    inner, om = envelope.inner, stuff.outer_membrane
    place = random_place(plane, inner, rng)
    if place is None or any(np.hypot(*(place - seat.point)) < 900 for seat in envelope.seats):
        return np.zeros_like(inner)
    near = np.exp(-((plane.away(place) / np.float32(rng.uniform(500, 1800))) ** 8))
    depth, thickness = rng.uniform(230, 330), rng.uniform(20, 32)
    body = near * np.float32(om * rng.uniform(0.3, 0.9)) * line(inner + depth, thickness)
    if rng.random() < 0.6:
        _, along = plane.frame(place, outward(plane, place, plane.slope(inner)))
        comb = 1 + np.cos(along * np.float32(2 * np.pi / rng.uniform(70, 120)))
        body += near * np.float32(0.25 * om) * comb * ((inner < -20) & (inner > -depth))
    plate: Field = body.astype(np.float32)
    return plate
