"""Scenes that are no bacteria: what else tomograms show, so that a network stays silent there.

Densities are those of the simulator: ice 0, protein about 1, gold about 7.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from motorscope.simulation.density.canvas import Canvas

Volume = NDArray[np.float32]
Shape = tuple[int, int, int]


def draw_distractors(shape: Shape, spacing: float, rng: np.random.Generator) -> Volume:
    """Draw a volume with one to three kinds of things that are no cells; sometimes nothing but ice.

    Parameters
    ----------
    shape
        Voxels (z, y, x).
    spacing
        Å per voxel.

    Returns
    -------
    numpy.ndarray
        float32 ``(z, y, x)``.
    """
    canvas = Canvas(np.zeros(shape, np.float32), spacing)
    kinds = rng.choice(len(_PAINTERS), size=rng.integers(0, 4), replace=False)
    for kind in kinds:
        _PAINTERS[kind](canvas, rng)
    return canvas.density


def _places(canvas: Canvas, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    places: NDArray[np.float64] = rng.uniform(-0.05, 1.05, (count, 3)) * canvas.extent
    return places


def _virus_particles(canvas: Canvas, rng: np.random.Generator) -> None:
    """Membrane shells with a layer of protein inside, in part of the sphere, like immature HIV."""
    for place in _places(canvas, int(rng.integers(2, 25)), rng):
        radius = rng.uniform(350, 800)
        density = rng.uniform(0.6, 1.0)
        canvas.shell(place, radius, 55, density)
        canvas.shell(place, radius - rng.uniform(70, 100), 40, density * rng.uniform(0.4, 1.0))
        canvas.shell(place, radius - rng.uniform(140, 190), 40, density * rng.uniform(0.2, 0.8))
        if rng.random() < 0.5:
            offset = rng.normal(0, 60, 3)
            canvas.ball(place + offset, rng.uniform(100, 250), density, rng.uniform(0.2, 0.8))


def _vesicles(canvas: Canvas, rng: np.random.Generator) -> None:
    """Membrane bubbles of all sizes, some within others, some full."""
    for place in _places(canvas, int(rng.integers(3, 40)), rng):
        radius = float(np.exp(rng.uniform(np.log(120), np.log(1500))))
        if rng.random() < 0.3:
            canvas.ball(place, radius, rng.uniform(0.1, 0.6))
        canvas.shell(place, radius, rng.uniform(40, 70), rng.uniform(0.6, 1.0))
        if rng.random() < 0.3:
            canvas.shell(place + rng.normal(0, 30, 3), radius * rng.uniform(0.3, 0.8), 50, 0.8)


def _filaments(canvas: Canvas, rng: np.random.Generator) -> None:
    """Microtubules and thinner filaments, alone or in bundles, smooth or studded."""
    hollow = rng.random() < 0.6
    radius = rng.uniform(90, 140) if hollow else rng.uniform(30, 90)
    density = rng.uniform(0.5, 1.1)
    reach = 1.2 * float(np.linalg.norm(canvas.extent))
    heading = rng.normal(0, 1, 3) * (0.3, 1, 1)
    for place in _places(canvas, int(rng.integers(1, 14)), rng):
        direction = heading + rng.normal(0, rng.uniform(0.02, 1.0), 3) * (0.3, 1, 1)
        direction /= np.linalg.norm(direction)
        steps = np.linspace(-reach / 2, reach / 2, 24)[:, None]
        bend = np.cumsum(np.cumsum(rng.normal(0, 8, (24, 3)), axis=0), axis=0)
        canvas.tube(place + steps * direction + bend, radius, density, bore=0.6 * radius * hollow)
        if rng.random() < 0.4:
            for stud in rng.uniform(-reach / 2, reach / 2, 12):
                at = place + stud * direction + rng.normal(0, radius, 3)
                canvas.ball(at, rng.uniform(40, 120), density)


def _particles(canvas: Canvas, rng: np.random.Generator) -> None:
    """Single particles of one kind: balls, hollow balls or pairs of balls."""
    shape = rng.choice(["ball", "hollow", "dumbbell"])
    radius = rng.uniform(50, 260)
    density = rng.uniform(0.4, 1.4)
    for place in _places(canvas, int(rng.integers(5, 200)), rng):
        size = radius * rng.uniform(0.9, 1.1)
        if shape == "hollow":
            canvas.shell(place, size, 0.4 * size, density)
        else:
            canvas.ball(place, size, density)
        if shape == "dumbbell":
            step = rng.normal(0, 1, 3)
            canvas.ball(place + 1.6 * size * step / np.linalg.norm(step), 0.8 * size, density)


def _sheets(canvas: Canvas, rng: np.random.Generator) -> None:
    """Stacked or crossing membranes: parts of shells much larger than the volume."""
    middle = canvas.extent / 2
    direction = rng.normal(0, 1, 3) * (0.4, 1, 1)
    direction /= np.linalg.norm(direction)
    radius = rng.uniform(3000, 12000)
    gaps = np.cumsum(rng.uniform(120, 700, int(rng.integers(1, 7))))
    for gap in gaps - gaps.mean():
        canvas.shell(middle + direction * radius, radius + gap, rng.uniform(45, 80), 0.8)


def _gold(canvas: Canvas, rng: np.random.Generator) -> None:
    """Gold beads and clusters of them."""
    for place in _places(canvas, int(rng.integers(1, 12)), rng):
        for _ in range(int(rng.integers(1, 4))):
            canvas.ball(place + rng.normal(0, 80, 3), rng.uniform(25, 80), rng.uniform(3, 8))


def _clouds(canvas: Canvas, rng: np.random.Generator) -> None:
    """Dense lumps without outlines: dirt, crystals of ice, stained or aggregated matter."""
    for place in _places(canvas, int(rng.integers(1, 25)), rng):
        for _ in range(int(rng.integers(2, 9))):
            at = place + rng.normal(0, 200, 3)
            canvas.ball(at, rng.uniform(60, 500), rng.uniform(0.2, 2.5), rng.uniform(0.2, 0.8))


_PAINTERS: tuple[Callable[[Canvas, np.random.Generator], None], ...] = (
    _virus_particles,
    _vesicles,
    _filaments,
    _particles,
    _sheets,
    _gold,
    _clouds,
)
