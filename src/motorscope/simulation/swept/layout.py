"""Where things are: the cell with its motors, other cells, and machines that are no motors."""

from dataclasses import dataclass

import numpy as np

from motorscope.simulation.density.canvas import Point
from motorscope.simulation.density.shapes import CoarseGrid
from motorscope.simulation.density.sites import Site
from motorscope.simulation.swept.anatomy import DECOYS
from motorscope.simulation.swept.bodies import (
    Body,
    draw_body,
    draw_line,
    seated,
    site_towards,
    surface_site,
)
from motorscope.simulation.swept.kinds import Plan
from motorscope.simulation.swept.stage import Streams, across, unit

_ATTEMPTS, _FEW = 40, 12
"""How many cells are drawn for a motor to sit on, and how many for all of several."""
_MARGIN = 410.0
"""A motor's label is at least so far from the faces of a volume that is large enough, Å."""


@dataclass(frozen=True)
class Machine:
    """A motor, or what is none, at its place.

    Attributes
    ----------
    owner
        Which cell it sits in.
    scale, gain
        Factors of its size and density.
    studs
        Whether it has stators.
    tail
        ``filament``, ``hook`` or ``none``.
    """

    name: str
    site: Site
    owner: int
    scale: float = 1.0
    gain: float = 1.0
    studs: bool = True
    tail: str = "none"


@dataclass(frozen=True)
class Layout:
    """Cells, their motors and their decoys."""

    bodies: list[Body]
    motors: list[Machine]
    decoys: list[Machine]


def draw_layout(grid: CoarseGrid, extent: Point, plan: Plan, streams: Streams) -> Layout:
    """Draw cells and the places of machines in them.

    The cell is drawn anew until it has room for all of the motors; the best of some tries counts.
    """
    rng = streams.of("cell")
    best: tuple[Body, list[Machine]] | None = None
    for attempt, own in enumerate(rng.spawn(_ATTEMPTS)):
        body, mode = _first_cell(grid, extent, plan, own)
        motors = _motors(grid, extent, body, mode, plan, own)
        if best is None or len(motors) > len(best[1]):
            best = body, motors
        enough = plan.motors if attempt < _FEW else min(2, plan.motors)
        if len(best[1]) >= enough:
            break
    assert best is not None
    bodies, motors = [best[0]], best[1]
    for own in streams.of("neighbours").spawn(plan.neighbours):
        other = _neighbour(grid, extent, bodies[0], plan, own)
        if other is not None:
            bodies.append(other)
    decoys: list[Machine] = []
    if not plan.kind.gram_positive:
        for name, (_, usual, crowded) in DECOYS.items():
            own = streams.of(name)
            for _ in range(int(own.poisson(crowded if plan.crowded else usual))):
                decoys += _decoy(grid, extent, bodies, [*motors, *decoys], name, own)
    bending = streams.of("bending")
    for machine in [*motors, *decoys]:
        bodies[machine.owner] = seated(
            grid, bodies[machine.owner], machine.site, plan.kind, machine.scale, bending
        )
    return Layout(bodies, motors, decoys)


def _first_cell(
    grid: CoarseGrid, extent: Point, plan: Plan, rng: np.random.Generator
) -> tuple[Body, str]:
    """Draw the cell that has the motors, and where on it the first one shall sit."""
    kind = plan.kind
    shape = str(rng.choice(kind.shapes))
    periplasm = float(np.mean(kind.periplasm))
    fits = 0.52 * plan.ice - periplasm
    low, high = kind.radius
    radius = float(rng.uniform(low, max(low + 50, min(high, fits / 0.8))))
    squeeze = float(np.clip(fits / radius, 0.72, 1.0) * rng.uniform(0.95, 1.0))
    places = np.array(kind.places)
    mode = str(rng.choice(["pole", "subpole", "side"], p=places / places.sum()))
    length = float(rng.uniform(5000, 22000))
    if shape == "sphere":
        length = float(rng.uniform(0, 200))
    elif shape == "mini":
        length = float(rng.uniform(0.1, 1.2)) * radius
    short = shape in ("mini", "sphere")
    rise = np.radians(rng.uniform(-75, 75) if short and rng.random() < 0.6 else rng.normal(0, 9))
    turn = rng.uniform(0, 2 * np.pi)
    heading = np.array([np.sin(rise), np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn)])
    line, radii = draw_line(shape, radius, heading, length, rng)
    seen = 0.5 * float(np.hypot(*extent[1:]))
    if not short:  # a body may not climb out of the ice
        near = np.linalg.norm(line[:, 1:], axis=1) < 1.5 * seen
        climb = np.ptp(line[near, 0])
        room = max(50.0, plan.ice - 2 * (radii.max() * squeeze + periplasm) + 300)
        line[:, 0] *= min(1.0, room / max(climb, 1e-6))

    anchor = line[int(rng.integers(len(line)))]
    if mode == "pole":
        anchor = line[0] + unit(line[0] - line[1]) * radii[0]
    elif mode == "subpole":
        anchor = line[min(len(line) - 1, 3)]
    shift = _target(extent, rng) - anchor
    near = np.linalg.norm((line + shift)[:, 1:], axis=1) < 1.4 * seen
    levels = line[near if near.any() else slice(None), 0]
    shift[0] = rng.normal(0, 0.06) * plan.ice - (levels.min() + levels.max()) / 2
    line = line + shift
    far = np.any(np.abs(line[:, 1:]) > extent[1:] / 2 + radii.max() + 1200, axis=1)
    close = np.flatnonzero(~far)  # what is far out of sight costs time only
    part = slice(max(0, close[0] - 1), close[-1] + 2) if len(close) else slice(0, 2)
    line, radii = line[part] + extent / 2, radii[part]
    return draw_body(grid, kind, line, radii, squeeze, rng), mode


def _target(extent: Point, rng: np.random.Generator) -> Point:
    """Draw where the first motor shall be, from the middle: off it, sometimes near a face."""
    half = extent / 2
    limit = half - _margin(extent) - 50
    place = rng.uniform(-0.6, 0.6, 3) * half
    for i in (1, 2):
        if rng.random() < 0.28:
            place[i] = rng.choice([-1, 1]) * rng.uniform(min(0.6 * half[i], limit[i]), limit[i])
    return place


def _margin(extent: Point) -> Point:
    return np.minimum(_MARGIN, extent / 6)


def _motors(
    grid: CoarseGrid, extent: Point, body: Body, mode: str, plan: Plan, rng: np.random.Generator
) -> list[Machine]:
    """Put motors on a cell."""
    motors: list[Machine] = []
    if plan.motors == 0:
        return motors
    gap = 620.0 if plan.kind.flat < 400 else 840.0
    margin = _margin(extent)
    for attempt in range(30 + 10 * plan.motors):
        if len(motors) == plan.motors or (attempt and not motors):
            break  # where the first one has no place, another cell is drawn
        if not motors:
            site = surface_site(grid, body, mode, rng)
        else:
            site = _next_site(grid, body, motors, plan, rng)
        if site is None or any(np.linalg.norm(m.site.point - site.point) < gap for m in motors):
            continue
        ends = site.point + np.outer((plan.kind.label, 120.0), site.axis)
        if (ends < margin).any() or (ends > extent - margin).any():
            continue
        motors.append(
            Machine(
                plan.kind.name,
                site,
                0,
                scale=plan.scale * float(rng.normal(1, 0.012)),
                gain=float(rng.normal(1, 0.05)),
                studs=bool(rng.random() >= plan.without_studs),
                tail="hook" if rng.random() < plan.hook_only else "filament",
            )
        )
    return motors


def _next_site(
    grid: CoarseGrid, body: Body, motors: list[Machine], plan: Plan, rng: np.random.Generator
) -> Site | None:
    """Draw a place for one motor more, as they stand on this cell."""
    if plan.arrangement == "bipolar":
        where = "far pole" if len(motors) == 1 else str(rng.choice(["pole", "far pole"]))
        return surface_site(grid, body, where, rng)
    if plan.arrangement == "around":
        return surface_site(grid, body, str(rng.choice(["side", "side", "pole"])), rng)
    first, line = motors[0].site, body.line
    if plan.arrangement == "row":
        along = unit(line[min(len(line) - 1, 4)] - line[0])
        apart = rng.uniform(700, 1100) * rng.integers(1, 1 + plan.motors)
        aim = first.point + along * apart + 150 * across(along, rng)
    else:
        aim = first.point + rng.normal(0, 750, 3)
    start = line[int(np.argmin(np.linalg.norm(line - aim + 200 * first.axis, axis=1)))]
    return site_towards(grid, body, start, unit(aim - start))


def _neighbour(
    grid: CoarseGrid, extent: Point, first: Body, plan: Plan, rng: np.random.Generator
) -> Body | None:
    """Draw another cell beside the first, if there is room."""
    for _ in range(25):
        shape = str(rng.choice(plan.kind.shapes))
        radius = float(np.median(first.radii) * rng.uniform(0.75, 1.15))
        if rng.random() < 0.25:
            shape, radius = "sphere", radius * float(rng.uniform(0.5, 0.9))
        length = float(rng.uniform(5000, 15000))
        length = {"sphere": 150.0, "mini": 0.8 * radius}.get(shape, length)
        turn = rng.uniform(0, 2 * np.pi)
        heading = np.array([rng.normal(0, 0.05), np.cos(turn), np.sin(turn)])
        line, radii = draw_line(shape, radius, heading, length, rng)
        line += rng.uniform(-0.6, 0.6, 3) * extent * (0, 1, 1)
        line[:, 0] = np.clip(line[:, 0] + rng.normal(0, 150), -200, 200)
        seen = (np.abs(line[:, 1:]) < extent[1:] / 2).all(axis=1)
        line += extent / 2
        room = _outside_by(grid, first, line) - radii - 420
        if seen.any() and room.min() > -40:
            return draw_body(grid, plan.kind, line, radii, first.squeeze, rng)
    return None


def _outside_by(grid: CoarseGrid, body: Body, points: Point) -> Point:
    """Return how far points are outside a cell, Å, also beyond the volume."""
    within = np.clip(points, 0, (np.array(grid.shape) - 1) * grid.step)
    beyond = np.linalg.norm(points - within, axis=1)
    away: Point = grid.sample(body.outer, within) + beyond
    return away


def _decoy(
    grid: CoarseGrid,
    extent: Point,
    bodies: list[Body],
    taken: list[Machine],
    name: str,
    rng: np.random.Generator,
) -> list[Machine]:
    """Put a machine that is no motor into an envelope, away from all others."""
    for _ in range(20):
        owner = int(rng.integers(len(bodies)))
        site = surface_site(
            grid, bodies[owner], str(rng.choice(["pole", "side", "side", "subpole"])), rng
        )
        if site is None or (site.point < 200).any() or (site.point > extent - 200).any():
            continue
        if all(np.linalg.norm(m.site.point - site.point) >= 950 for m in taken):
            return [Machine(name, site, owner)]
    return []
