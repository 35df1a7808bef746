"""What all tests share."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import settings

from motorscope.contract import Architecture, Calibration, ModelCard
from motorscope.tomogram import InputRecipe

# Where a change is judged, the same examples are tried each time; at home new ones are looked for.
# No time limits: a busy machine is no failure.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("home", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "home")


@pytest.fixture(scope="session")
def make_card() -> Callable[..., ModelCard]:
    """Return a function that makes the card of a small network, but for what it is told."""

    def make(architecture: Architecture, **values: object) -> ModelCard:
        card = ModelCard(
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
        return replace(card, **values)

    return make
