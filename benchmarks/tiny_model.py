"""The card of a small network, for trials and tests that need one whatever it says."""

from motorscope.contract import Architecture, Calibration, ModelCard
from motorscope.tomogram import InputRecipe


def tiny_card(architecture: Architecture) -> ModelCard:
    """Return the card of a network of this architecture."""
    return ModelCard(
        name="tiny",
        description="",
        architecture=architecture,
        input=InputRecipe(spacing=16.0),
        calibration=Calibration(),
        window=(64, 64, 64),
        context=(0, 0, 0),
        default_threshold=0.5,
        minimum_distance=200.0,
        training_data="none",
        licence="BSD-3-Clause",
    )
