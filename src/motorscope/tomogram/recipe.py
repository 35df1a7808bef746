"""What a network wants to see: the one description from which its input is made."""

from dataclasses import dataclass
from typing import Literal, get_args

from motorscope.errors import ConfigError
from motorscope.tomogram.grid import Shape

Shade = Literal["dark", "bright"]
"""How dense things (protein, membranes) look."""


@dataclass(frozen=True)
class InputRecipe:
    """How a tomogram becomes the input of a network.

    Attributes
    ----------
    spacing
        Isotropic voxel spacing in Å to resample to. Exactly one of `spacing` and `shape` is set.
    shape
        Fixed grid (z, y, x) to resize to, whatever the spacing.
    percentiles
        Lower and upper percentile of the whole tomogram, clipped to and mapped onto `output_range`.
    rescale_8bit
        Whether 8-bit volumes are clipped to percentiles too; if not, 0…255 maps onto
        `output_range`.
    output_range
        Grey values that the network was trained with, lowest first.
    antialias
        Whether the linear filter widens when voxels become larger, so that fine noise averages out.
    density
        How dense things looked in what the network learned from: ``dark`` or ``bright``. Tomograms
        in which they look the other way are inverted. ``None`` leaves all as they are.
    """

    spacing: float | None = None
    shape: Shape | None = None
    percentiles: tuple[float, float] = (1.0, 99.0)
    rescale_8bit: bool = True
    output_range: tuple[float, float] = (0.0, 1.0)
    antialias: bool = True
    density: Shade | None = None

    def __post_init__(self) -> None:
        if (self.spacing is None) == (self.shape is None):
            raise ConfigError(
                "An input recipe has either a spacing in Å or a fixed shape, not both or neither."
            )
        if self.spacing is not None and not 0 < self.spacing < 1000:
            raise ConfigError(
                f"The input spacing must be a positive number of Å, not {self.spacing}."
            )
        if self.shape is not None and (len(self.shape) != 3 or min(self.shape) < 1):
            raise ConfigError(
                f"The input shape must be three positive numbers (z, y, x), not {self.shape}."
            )
        low, high = self.percentiles
        if not 0 <= low < high <= 100:
            raise ConfigError(f"Percentiles must rise between 0 and 100, not {self.percentiles}.")
        if not self.output_range[0] < self.output_range[1]:
            raise ConfigError(f"The output range must rise, not {self.output_range}.")
        if self.density is not None and self.density not in get_args(Shade):
            raise ConfigError(f"Density is dark, bright or not said, not '{self.density}'.")
