"""Sample data for napari's File menu."""

from dataclasses import replace

from motorscope.plugin.reader import LayerData
from motorscope.plugin.specs import tomogram_arguments
from motorscope.tomogram import Tomogram, open_tomogram


def sample_tomogram() -> Tomogram:
    """Return a simulated bacterium with flagellar motors; made at the first use, then kept."""
    from motorscope.simulation import sample_tomogram_path

    return replace(open_tomogram(sample_tomogram_path()), name="simulated bacterium")


def sample_layers() -> list[LayerData]:
    """Return the sample tomogram as an image layer."""
    tomogram = sample_tomogram()
    return [(tomogram.data, tomogram_arguments(tomogram), "image")]
