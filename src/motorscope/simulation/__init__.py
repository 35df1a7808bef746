"""Synthetic tomograms of bacteria with known flagellar motors."""

from motorscope.simulation.config import SimulationConfig, read_simulation_config
from motorscope.simulation.files import Plan, simulate_folder, simulate_plans
from motorscope.simulation.imaging.finish import Finish, draw_finish, to_8bit
from motorscope.simulation.imaging.fourier import image_density
from motorscope.simulation.imaging.optics import Imaging, draw_imaging
from motorscope.simulation.motors.motor import Motor
from motorscope.simulation.sample import sample_tomogram_path
from motorscope.simulation.scene import Scene, simulate_density
from motorscope.simulation.sections import (
    Section,
    SectionConfig,
    draw_section,
    image_section,
)
from motorscope.simulation.simulate import Simulation, simulate_tomogram
from motorscope.simulation.species import SPECIES, Species

__all__ = [
    "SPECIES",
    "Finish",
    "Imaging",
    "Motor",
    "Plan",
    "Scene",
    "Section",
    "SectionConfig",
    "Simulation",
    "SimulationConfig",
    "Species",
    "draw_finish",
    "draw_imaging",
    "draw_section",
    "image_density",
    "image_section",
    "read_simulation_config",
    "sample_tomogram_path",
    "simulate_density",
    "simulate_folder",
    "simulate_plans",
    "simulate_tomogram",
    "to_8bit",
]
