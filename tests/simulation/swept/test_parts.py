"""What scenes of the second way are made of: bodies, layers, machines, paths, molecules, things."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.density.canvas import Canvas
from motorscope.simulation.density.shapes import CoarseGrid
from motorscope.simulation.density.sites import Site
from motorscope.simulation.swept.anatomy import DECOYS
from motorscope.simulation.swept.around import AROUND
from motorscope.simulation.swept.bodies import draw_body, draw_line, sweep
from motorscope.simulation.swept.crowd import first_come, paint_crowd
from motorscope.simulation.swept.kinds import KINDS, draw_plan
from motorscope.simulation.swept.layers import draw_layers, paint_layers
from motorscope.simulation.swept.layout import draw_layout
from motorscope.simulation.swept.paths import disc, lay_path, sheathed_outer
from motorscope.simulation.swept.stage import Stage, Streams, Textures
from motorscope.simulation.swept.turned import paint_turned
from motorscope.simulation.swept.within import WITHIN

SPACING, SHAPE = 30.0, (80, 100, 100)
GRID = CoarseGrid.over(SHAPE, SPACING)
TEXTURES = Textures.draw(SPACING, 100, np.random.default_rng(0))


def _canvas():
    return Canvas(np.zeros(SHAPE, np.float32), SPACING)


def _ball_stage():
    """A round cell of 1000 Å with a periplasm of 300 Å, in the corner of the volume."""
    canvas = _canvas()
    points = GRID.points()
    middle = np.array([1200.0, 1000, 1000])
    inner = (np.linalg.norm(points - middle, axis=-1) - 1000).astype(np.float32)
    ways = np.random.default_rng(0).normal(size=(20, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    return Stage(
        canvas, GRID, TEXTURES, Streams(1), inner, inner - 300, np.zeros_like(inner),
        (middle + 1000 * ways, ways), np.empty((0, 3)), 2200.0, False,
    )  # fmt: skip


def test_sweeping_gives_the_distance_from_a_capsule():
    line = np.array([[1200.0, 800, 900], [1200, 1900, 900], [1200, 2200, 900]])
    distance = sweep(GRID, line, np.full(3, 500.0), 1.0)
    points = GRID.points()
    nearest = np.clip(points[..., 1], 800, 2200)
    away = points - np.stack([np.full_like(nearest, 1200), nearest, np.full_like(nearest, 900)], -1)
    np.testing.assert_allclose(distance, np.linalg.norm(away, axis=-1) - 500, atol=0.1)


@pytest.mark.parametrize("shape", ["rod", "mini", "sphere", "comma", "spiral", "wave"])
def test_lines_have_their_length_and_lie_flat(shape):
    line, radii = draw_line(shape, 800, np.array([0.0, 1, 0]), 9000, np.random.default_rng(2))
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0])
    assert steps.sum() == pytest.approx(9000, abs=steps[0])
    assert np.ptp(line[:, 0]) < 3000
    assert 300 < radii.min() < radii.max() < 1000


def test_a_long_cell_without_motors_is_in_sight():
    """Cells whose first pole is far outside were once cut to that pole."""
    config = SimulationConfig(motor_counts=(1,), swept_species=("salmonella",))
    extent = (np.array(SHAPE) - 1) * SPACING
    for seed in range(12):
        streams = Streams(seed)
        (body, *_) = draw_layout(GRID, extent, draw_plan(config, streams), streams).bodies
        assert (body.outer < 0).any()


@pytest.mark.parametrize("name", ["shewanella", "bacillus"])
def test_cytoplasm_is_denser_than_periplasm_and_periplasm_than_ice(name):
    rng, canvas = np.random.default_rng(3), _canvas()
    line = np.array([[1200.0, 500, 1500], [1200, 2500, 1500]])
    body = draw_body(GRID, KINDS[name], line, np.full(2, 800.0), 1.0, rng)
    paint_layers(canvas, GRID, body, body.outer, None, draw_layers(body, rng), TEXTURES)
    whole = (slice(None),) * 3
    inner, outer = (
        GRID.fine(field, tuple(slice(0, n) for n in SHAPE)) for field in (body.inner, body.outer)
    )
    here = canvas.density[whole]
    cytoplasm = here[inner < -150].mean()
    periplasm = here[(inner > 120) & (outer < -200)].mean() if name == "shewanella" else 0.1
    assert 0.2 < cytoplasm < 0.5
    assert 0.02 < periplasm < cytoplasm - 0.05
    assert here[np.abs(inner) < 30].mean() > cytoplasm
    assert not here[outer > 330].any()


@pytest.mark.parametrize("name", [*KINDS, *DECOYS])
def test_machines_stand_about_their_axis(name):
    """On a flat membrane the rings are where they belong, whatever the axis."""
    rng, canvas = np.random.default_rng(5), _canvas()
    axis = np.array([0.6, 0.64, 0.48])
    axis /= np.linalg.norm(axis)
    site = Site(np.array([1200.0, 1500, 1500]), axis)
    flat = ((GRID.points() - site.point) @ axis).astype(np.float32)
    decoy = name in DECOYS
    parts = DECOYS[name][0]() if decoy else KINDS[name].parts()
    paint_turned(canvas, GRID, flat, parts, site, TEXTURES, rng, empties_cytoplasm=not decoy)
    z, y, x = np.nonzero(canvas.density > 0.3)
    away = np.stack([z, y, x], axis=1) * SPACING - site.point
    height = away @ axis
    radius = np.sqrt(np.maximum((away**2).sum(axis=1) - height**2, 0))
    middle = (away - height[:, None] * axis).mean(axis=0)
    assert np.linalg.norm(middle) < 30
    ring = (np.abs(height - (KINDS[name].label if not decoy else -50) + 60) < 40) & (radius > 140)
    assert ring.any() != decoy or name == "injectisome"


def test_paths_are_dense_within_their_radius_alone():
    canvas = _canvas()
    path = np.array([[1200.0, y, 1500] for y in np.arange(600, 2400, 45)])
    lay_path(canvas, TEXTURES, path, disc(90).astype(np.float32))
    z, y, x = np.nonzero(canvas.density)
    away = np.hypot(z * SPACING - 1200, x * SPACING - 1500)
    assert away.max() < 95
    line = canvas.density[40, 20:79, 50]
    assert line.min() > 0.5
    assert line.max() < 1.6
    assert y.min() * SPACING > 500


def test_a_bore_stays_open_over_the_joints_of_a_path():
    """Round ends of each piece once filled the piece before."""
    canvas = Canvas(np.zeros((24, 60, 24), np.float32), 10.0)
    turns = np.linspace(0, 0.6, 12)
    path = np.stack(
        [np.full(12, 120), 60 + 800 * np.sin(turns), 120 + 800 * (1 - np.cos(turns))], 1
    )
    lay_path(canvas, TEXTURES, path, (disc(90) * (1 - disc(25))).astype(np.float32))
    z, y, x = np.rint(path[2:-2] / 10).astype(int).T
    assert canvas.density[z, y, x].max() < 0.1
    assert canvas.density[z - 5, y, x].min() > 0.5


def test_a_sheath_goes_on_from_the_outer_membrane():
    outer = (GRID.points()[..., 1] - 1000).astype(np.float32)
    path = np.array([[1200.0, y, 1500] for y in np.arange(900, 2000, 45)])
    with_sheath = sheathed_outer(GRID, outer, path, 150)
    assert (with_sheath <= outer + 1e-3).all()
    along = GRID.sample(with_sheath, path[3:-3])
    assert (along < -60).all()
    np.testing.assert_array_equal(with_sheath[:, -1], outer[:, -1])


@settings(max_examples=40, deadline=None)
@given(arrays(float, st.tuples(st.integers(0, 40), st.just(3)), elements=st.floats(0, 10)))
def test_molecules_keep_apart_and_no_room_is_left(points):
    stay = first_come(points, 3.0)
    apart = np.linalg.norm(points[stay][:, None] - points[stay], axis=-1)
    assert (apart[~np.eye(len(stay), dtype=bool)] > 3.0).all()
    for i in set(range(len(points))) - set(stay.tolist()):
        before = stay[stay < i]
        assert (np.linalg.norm(points[before] - points[i], axis=1) <= 3.0).any()


def test_molecules_fill_the_cytoplasm_but_for_what_is_kept_free():
    stage = _ball_stage()
    stage.kept_free.append((np.array([1200.0, 1000, 1300]), 300.0))
    paint_crowd(stage, 30000.0)
    inner = GRID.fine(stage.inner, tuple(slice(0, n) for n in SHAPE))
    assert (stage.canvas.density[inner < -150] > 0.1).mean() > 0.1
    assert not stage.canvas.density[inner > 60].any()
    assert stage.canvas.density[40, 33, 43] == 0


@pytest.mark.parametrize("name", [*WITHIN, *AROUND])
def test_each_thing_is_drawn_where_it_belongs(name):
    stage = _ball_stage()
    thing = {**WITHIN, **AROUND}[name]
    for seed in range(20):
        thing.paint(stage, np.random.default_rng(seed))
        if (stage.canvas.density != 0).sum() > 10:
            break
    drawn = stage.canvas.density != 0
    assert drawn.sum() > 10 or name == "tubes"  # so long a tube has no room in this cell
    part = tuple(slice(0, n) for n in SHAPE)
    field = GRID.fine(stage.inner if name in WITHIN else -stage.outer, part)
    if name not in ("carbon", "frost", "gold"):  # on the surface of the ice, whatever is below
        assert (field[drawn] < 320).all()
    assert np.isfinite(stage.canvas.density).all()
