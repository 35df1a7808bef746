import numpy as np

from motorscope.simulation import SimulationConfig
from motorscope.simulation.density.shapes import CoarseGrid, draw_cell
from motorscope.simulation.density.sites import find_sites
from motorscope.simulation.motors.flagellum import periplasmic_path
from motorscope.simulation.species import SPECIES


def test_a_periplasmic_filament_that_leaves_the_volume_stays_finite():
    """At the corner of the volume the walk once divided by zero."""
    config = SimulationConfig(shape=(112, 224, 224), spacing=18.0)
    rng = np.random.default_rng(45)
    grid = CoarseGrid.over(config.shape, config.spacing)
    cell = draw_cell(config, grid, rng)
    sites = find_sites(grid, cell, [], SPECIES["spirochete"], 4, [], rng)
    assert len(sites) == 4
    for site in sites:
        assert np.isfinite(periplasmic_path(grid, cell, site, 300.0, rng)).all()
