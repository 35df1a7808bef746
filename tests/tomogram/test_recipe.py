import pytest

from motorscope.errors import ConfigError
from motorscope.tomogram.recipe import InputRecipe


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"spacing": 16.0, "shape": (8, 8, 8)},
        {"spacing": 0.0},
        {"spacing": float("nan")},
        {"shape": (8, 8)},
        {"shape": (0, 8, 8)},
        {"spacing": 16.0, "percentiles": (99.0, 1.0)},
        {"spacing": 16.0, "percentiles": (-1.0, 99.0)},
        {"spacing": 16.0, "output_range": (1.0, 1.0)},
        {"spacing": 16.0, "density": "grey"},
    ],
)
def test_impossible_recipes_are_refused(arguments):
    with pytest.raises(ConfigError):
        InputRecipe(**arguments)


def test_possible_recipes():
    assert InputRecipe(spacing=16.0).shape is None
    assert InputRecipe(shape=(8, 9, 10), output_range=(-1.0, 1.0)).spacing is None
