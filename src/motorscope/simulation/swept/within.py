"""Things in cells: chemoreceptor arrays, granules, vesicles, secretion tubes, phages."""

import numpy as np

from motorscope.simulation.density.canvas import Point, dot, perpendicular
from motorscope.simulation.swept.layers import bilayer
from motorscope.simulation.swept.paths import disc, lay_path, lay_thin, radii_table
from motorscope.simulation.swept.stage import Stage, Thing, grain, unit

_GOLDEN = (1 + 5**0.5) / 2
_FACES = np.array(
    [(1, 1, 1), (1, 1, -1), (1, -1, 1), (-1, 1, 1)]
    + [(0, 1 / _GOLDEN, s * _GOLDEN) for s in (-1, 1)]
    + [(1 / _GOLDEN, s * _GOLDEN, 0) for s in (-1, 1)]
    + [(_GOLDEN, 0, s / _GOLDEN) for s in (-1, 1)]
) / 3**0.5  # fmt: skip
"""Unit vectors of an icosahedron's faces, one of each pair."""


def _granule(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a dense ball in a light halo."""
    radius = float(np.clip(rng.lognormal(np.log(340), 0.45), 140, 850))
    density = float(rng.choice([1.15, 1.5, 2.2]) * rng.normal(1, 0.1))
    centre = stage.inside(radius + 80, rng)
    if centre is None:
        return
    box = stage.canvas.box(centre - radius - 150, centre + radius + 150)
    if box is None:
        return
    z, y, x = stage.canvas.offsets(box, centre)
    away = np.sqrt(z**2 + y**2 + x**2) - np.float32(radius)
    ball = 1 / (1 + np.exp(np.clip(away / (8 + 0.25 * stage.canvas.spacing), -50, 50)))
    halo = 0.5 * np.exp(-0.5 * ((away - 40) / 30) ** 2)
    here = stage.canvas.density[box]
    here *= (1 - ball) * (1 - halo)
    here += ball * density * (1 + 0.12 * stage.textures.fine_at(box))
    stage.kept_free.append((centre, radius + 120))


def _vesicle(stage: Stage, rng: np.random.Generator) -> None:
    radius = float(rng.uniform(140, 400))
    centre = stage.inside(radius + 100, rng)
    if centre is not None:
        paint_vesicle(stage, centre, radius, 0.12, rng, empties=True)
        stage.kept_free.append((centre, radius + 140))


def paint_vesicle(
    stage: Stage,
    centre: Point,
    radius: float,
    filling: float,
    rng: np.random.Generator,
    empties: bool = False,
    squash: float = 1.0,
) -> None:
    """Draw a membrane about a ball that is not quite round.

    Parameters
    ----------
    filling
        Mean density inside.
    empties
        Whether it takes the place of what was there.
    squash
        Its height as a share of its width.
    """
    reach = 1.3 * radius + 120
    box = stage.canvas.box(centre - reach, centre + reach)
    if box is None:
        return
    z, y, x = stage.canvas.offsets(box, centre)
    away = np.sqrt((z / np.float32(squash)) ** 2 + y**2 + x**2) - np.float32(radius)
    dents = grain(away.shape, 180 / stage.canvas.spacing, rng)
    away += np.float32(min(30.0, 0.06 * radius)) * dents
    here = stage.canvas.density[box]
    if empties:
        here *= 1 - np.clip((30 - away) / 50, 0, 1)
    here += bilayer(away, stage.canvas.spacing)
    inside = np.maximum(filling * (1 + 0.6 * stage.textures.proteins_at(box)), 0)
    here += np.clip(-away / 30, 0, 1) * inside


def _array(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a hexagonal array: a base plate about 260 Å below the inner membrane, and stalks."""
    reach, tilt = float(rng.uniform(700, 1500)), float(rng.uniform(0, np.pi))
    for _ in range(20):
        found = stage.surface(rng)
        if found is None:
            return
        point, outwards = found
        if stage.far_from_motors(point, reach + 340):
            break
    else:
        return
    middle = point - 140 * outwards
    box = stage.canvas.box(middle - reach - 450, middle + reach + 450)
    if box is None:
        return
    o = stage.canvas.offsets(box, point)
    first, second = perpendicular(outwards)
    u, v = dot(o, first), dot(o, second)
    d = stage.grid.fine(stage.inner, box)
    away = np.sqrt(o[0] ** 2 + o[1] ** 2 + o[2] ** 2)
    edge = reach + 80 * grain(d.shape, 200 / stage.canvas.spacing, rng)
    patch = np.clip((edge - away) / 80, 0, 1)
    k = 4 * np.pi / (120 * np.sqrt(3))
    waves = sum(
        np.cos(k * (u * np.cos(tilt + a) + v * np.sin(tilt + a)))
        for a in (0, np.pi / 3, 2 * np.pi / 3)
    )
    lattice = np.clip((waves + 1.5) / 4.5, 0, 1)
    depth = float(rng.uniform(240, 280))
    plate = np.exp(-0.5 * ((d + depth) / 24) ** 2) * (0.55 + 0.5 * lattice)
    below, above = np.clip((-d - 30) / 30, 0, 1), np.clip((d + depth) / 30, 0, 1)
    stalks = below * above * (0.1 + 0.45 * lattice)
    heads = 0.5 * lattice * np.clip((d - 20) / 20, 0, 1) * np.clip((90 - d) / 30, 0, 1)
    here = stage.canvas.density[box]
    here *= 1 - 0.7 * patch * below * np.clip((d + depth + 80) / 40, 0, 1)
    here += patch * (0.95 * plate + 0.8 * stalks + heads)
    for angle in np.linspace(0, 2 * np.pi, 8, endpoint=False):
        for share in (0.25, 0.7):
            aside = share * reach * (first * np.cos(angle) + second * np.sin(angle))
            stage.kept_free.append((point - 180 * outwards + aside, 0.33 * reach))


def _tube(stage: Stage, rng: np.random.Generator) -> None:
    """Draw the sheath of a type VI secretion machine, long and thin or short and wide."""
    for _ in range(60):
        start = stage.inside(350, rng)
        if start is None:
            return
        direction = unit(rng.normal(size=3) * (0.4, 1, 1))
        path = start + np.arange(0, rng.uniform(1800, 4800), 45.0)[:, None] * direction
        leaves = stage.grid.sample(stage.inner, path) > -90
        path = path[: int(np.argmax(leaves)) if leaves.any() else len(path)]
        if len(path) * 45.0 > 1200:
            break
    else:
        return
    extended = rng.random() < 0.5
    radius, bore, share = (115, 40, 0.35) if extended else (155, 60, 0.95)
    table = radii_table(disc(radius) * (1 - share * disc(bore)), stage.canvas.spacing)
    lay_path(stage.canvas, stage.textures, path, table, beads=0.12)
    stage.kept_free.extend((point, radius + 110.0) for point in path[::4])


def _phage(stage: Stage, rng: np.random.Generator) -> None:
    centre = stage.inside(450, rng)
    if centre is not None:
        paint_phage(stage, centre, rng, full=True, tailed=False)
        stage.kept_free.append((centre, 450.0))


def paint_phage(
    stage: Stage, centre: Point, rng: np.random.Generator, full: bool, tailed: bool
) -> None:
    """Draw an icosahedral head, full of DNA or empty, perhaps with a tail."""
    radius = float(rng.uniform(240, 340))
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    box = stage.canvas.box(centre - radius - 100, centre + radius + 100)
    if box is not None:
        o = stage.canvas.offsets(box, centre)
        away = np.max([np.abs(dot(o, turned @ face)) for face in _FACES], axis=0) - 0.9 * radius
        shell = np.exp(-0.5 * (away / np.hypot(15, 0.3 * stage.canvas.spacing)) ** 2)
        here = stage.canvas.density[box]
        here *= 1 - np.clip((20 - away) / 20, 0, 1)
        here += shell
        if full:
            rings = 0.25 * np.cos(2 * np.pi / 26 * np.sqrt(o[0] ** 2 + o[1] ** 2 + o[2] ** 2))
            here += np.clip((-away - 25) / 15, 0, 1) * (0.95 + rings)
    if tailed:
        way = unit(rng.normal(size=3) * (0.3, 1, 1))
        length, wide = rng.uniform(800, 1600), rng.uniform(45, 80)
        lay_thin(stage, centre + way * radius, way, float(length), float(wide), 0.85, rng)


WITHIN: dict[str, Thing] = {
    "arrays": Thing(_array, 0.4, 0.7, one=True),
    "granules": Thing(_granule, 1.3, 1.3),
    "vesicles": Thing(_vesicle, 0.3, 0.66),
    "tubes": Thing(_tube, 0.08, 0.18, one=True),
    "phages inside": Thing(_phage, 0.05, 0.11),
}
"""What lies in cells, and how often."""
