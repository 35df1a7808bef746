"""What all tests share."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings

from motorscope.contract import Architecture, ModelCard
from tiny_model import tiny_card

# Where a change is judged, the same examples are tried each time; at home new ones are looked for.
# No time limits: a busy machine is no failure.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("home", deadline=None, max_examples=50)
settings.load_profile("ci" if os.environ.get("CI") else "home")


@pytest.fixture(scope="session")
def make_card() -> Callable[..., ModelCard]:
    """Return a function that makes the card of a small network, but for what it is told."""

    def make(architecture: Architecture, **values: object) -> ModelCard:
        return replace(tiny_card(architecture), **values)

    return make


@pytest.fixture(scope="session")
def with_card() -> Callable[..., object]:
    """Return a function that gives a model like another but for some values of its card."""

    def change(model: Any, **values: object) -> Any:
        return replace(model, card=replace(model.card, **values))

    return change
