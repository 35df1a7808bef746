"""A whole scene, drawn the second way."""

import numpy as np

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.density.canvas import Canvas, Point, Volume
from motorscope.simulation.density.shapes import CoarseGrid
from motorscope.simulation.motors.motor import Motor
from motorscope.simulation.swept.anatomy import DECOYS
from motorscope.simulation.swept.around import AROUND
from motorscope.simulation.swept.bodies import Body, surface_site
from motorscope.simulation.swept.crowd import paint_crowd
from motorscope.simulation.swept.kinds import KINDS, Plan, draw_plan
from motorscope.simulation.swept.layers import draw_layers, paint_layers
from motorscope.simulation.swept.layout import Layout, Machine, draw_layout
from motorscope.simulation.swept.paths import (
    flagellum_path,
    flagellum_tables,
    lay_path,
    lay_thin,
    periplasmic_path,
    sheathed_outer,
)
from motorscope.simulation.swept.stage import Stage, Streams, Textures, paint_things, tipped
from motorscope.simulation.swept.turned import paint_turned
from motorscope.simulation.swept.within import WITHIN

_ROOM = {"injectisome": (80.0, 240.0)}
"""Depth and radius, Å, of the room that a decoy keeps free of molecules."""


def draw_swept(
    config: SimulationConfig, rng: np.random.Generator
) -> tuple[Volume, tuple[Motor, ...]]:
    """Draw a scene the second way.

    Of the configuration it heeds `shape`, `spacing`, `motor_counts` and `swept_species`; all else
    has ranges of its own.

    Returns
    -------
    tuple
        Density ``(z, y, x)``, protein about 1 and ice 0, and the motors with the places, Å, between
        their MS ring and C ring.
    """
    streams = Streams(int(rng.integers(2**62)))
    canvas = Canvas(np.zeros(config.shape, np.float32), config.spacing)
    grid = CoarseGrid.over(config.shape, config.spacing)
    plan = draw_plan(config, streams)
    layout = draw_layout(grid, canvas.extent, plan, streams)
    outers, flagella = _flagella(grid, canvas.extent, plan, layout, streams)
    stage = _stage(canvas, grid, plan, layout, outers, streams)
    for which, body in enumerate(layout.bodies):
        layers = draw_layers(body, streams.of(f"layers {which}"))
        rest = [outer for i, outer in enumerate(outers) if i != which]
        others = np.min(rest, axis=0) if rest else None
        paint_layers(canvas, grid, body, outers[which], others, layers, stage.textures)
    paint_things(stage, WITHIN)
    paint_crowd(stage, plan.ribosomes)
    _machines(stage, layout, plan)
    tables = flagellum_tables(config.spacing, streams.of("filaments"))
    for path, hook in flagella:
        lay_path(canvas, stage.textures, path[: hook + 1], tables[0], beads=0.05)
        lay_path(canvas, stage.textures, path[hook:], tables[1], beads=0.03)
    paint_things(stage, AROUND)
    return canvas.density, tuple(_labelled(machine, plan) for machine in layout.motors)


def _flagella(
    grid: CoarseGrid, extent: Point, plan: Plan, layout: Layout, streams: Streams
) -> tuple[list[Volume], list[tuple[Point, int]]]:
    """Return the cells' outer membranes, with sheaths, and where hooks and filaments run."""
    outers = [body.outer for body in layout.bodies]
    cells = np.min(outers, axis=0)
    rng = streams.of("flagella")
    paths = []
    for machine, own in zip(layout.motors, rng.spawn(len(layout.motors)), strict=True):
        body, kind = layout.bodies[machine.owner], plan.kind
        if kind.periplasmic:
            path, hook = periplasmic_path(grid, body, machine, kind, extent, own)
        else:
            path, hook = flagellum_path(grid, cells, machine, kind, plan.ice, extent, own)
            if kind.sheathed:
                radius = float(own.uniform(140, 165))
                outers[machine.owner] = sheathed_outer(
                    grid, outers[machine.owner], path[1:], radius
                )
        paths.append((path, hook))
    return outers, paths


def _stage(
    canvas: Canvas,
    grid: CoarseGrid,
    plan: Plan,
    layout: Layout,
    outers: list[Volume],
    streams: Streams,
) -> Stage:
    """Bring together what painters need to know."""
    nearest = np.argmin(outers, axis=0)[None]

    def joined(fields: list[Volume]) -> Volume:
        field: Volume = np.take_along_axis(np.stack(fields), nearest, axis=0)[0]
        return field

    motors = [machine.site for machine in layout.motors]
    stage = Stage(
        canvas,
        grid,
        Textures.draw(canvas.spacing, max(canvas.density.shape), streams.of("textures")),
        streams,
        inner=joined([body.inner for body in layout.bodies]),
        outer=joined(outers),
        nucleoid=joined([body.nucleoid for body in layout.bodies]),
        surfaces=_surfaces(grid, layout.bodies[0], canvas.extent, streams.of("surfaces")),
        motors=np.array([site.point for site in motors]).reshape(-1, 3),
        ice=plan.ice,
        crowded=plan.crowded,
    )
    for machine in layout.motors:
        below = machine.site.point - 120 * machine.site.axis
        stage.kept_free.append((below, 380 * machine.scale))
    for machine in layout.decoys:
        if machine.name in _ROOM:
            depth, radius = _ROOM[machine.name]
            stage.kept_free.append((machine.site.point - depth * machine.site.axis, radius))
    return stage


def _surfaces(
    grid: CoarseGrid, body: Body, extent: Point, rng: np.random.Generator
) -> tuple[Point, Point]:
    """Draw places of the first cell's inner membrane within the volume, many of them at poles."""
    sites = [
        surface_site(grid, body, str(where), rng)
        for where in rng.choice(["pole", "subpole", "side", "far pole"], 60, p=[0.4, 0.2, 0.3, 0.1])
    ]
    inside = [s for s in sites if s and (s.point > 100).all() and (s.point < extent - 100).all()]
    return (
        np.array([site.point for site in inside]).reshape(-1, 3),
        np.array([site.axis for site in inside]).reshape(-1, 3),
    )


def _machines(stage: Stage, layout: Layout, plan: Plan) -> None:
    """Draw motors and decoys."""
    everything = [*layout.decoys, *layout.motors]
    for machine, rng in zip(
        everything,
        [
            *stage.streams.of("decoys").spawn(len(layout.decoys)),
            *stage.streams.of("motors").spawn(len(layout.motors)),
        ],
        strict=True,
    ):
        decoy = machine.name in DECOYS
        parts = DECOYS[machine.name][0]() if decoy else KINDS[machine.name].parts()
        parts = [part for part in parts if machine.studs or part.role != "stud"]
        paint_turned(
            stage.canvas, stage.grid, layout.bodies[machine.owner].inner, parts, machine.site,
            stage.textures, rng, machine.scale, machine.gain, empties_cytoplasm=not decoy,
        )  # fmt: skip
        if machine.name == "pilus base":
            start = machine.site.point + 340 * machine.site.axis
            way, length = tipped(machine.site.axis, 0.3, rng), float(rng.uniform(1500, 9000))
            lay_thin(stage, start, way, length, 32, 0.85, rng)


def _labelled(machine: Machine, plan: Plan) -> Motor:
    """Return a motor as the truth has it."""
    axis = machine.site.axis
    z, y, x = machine.site.point + plan.kind.label * machine.scale * axis
    return Motor(
        (float(z), float(y), float(x)),
        (float(axis[0]), float(axis[1]), float(axis[2])),
        machine.name,
    )
