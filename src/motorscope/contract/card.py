"""Everything that must be said of a network to run it and to trust it."""

from dataclasses import dataclass, field
from typing import Any

from motorscope.errors import ModelError
from motorscope.tomogram.recipe import InputRecipe


@dataclass(frozen=True)
class FeatureSpec:
    """Geometry of one map of a network.

    Voxel *i* of the map is centred on voxel ``stride * i + offset`` of the network's input.
    """

    name: str
    channels: int
    stride: int
    offset: float


@dataclass(frozen=True)
class Architecture:
    """The arguments from which the network is built again."""

    backbone: str = "r3d18"
    in_channels: int = 1
    base_width: int = 64
    decoder_channels: tuple[int, ...] = (256,)
    auxiliary_head: bool = True
    align_corners: bool = True


@dataclass(frozen=True)
class Calibration:
    """``probability = sigmoid(scale * logit - shift)``.

    A net trained with a ``pos_weight`` has the shift ln(pos_weight).
    """

    shift: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class ModelCard:
    """What a network is, how its input is made, what its output means, and where it comes from.

    Attributes
    ----------
    name
        What a person calls it, e.g. ``built-in``.
    architecture, input, calibration
        See the classes.
    window
        Largest window (z, y, x) in input voxels that the network is run on at once; multiples of
        32.
    context
        Voxels at each window side whose output is not trusted, because the receptive field sees the
        cut.
    default_threshold
        Calibrated probability from which a candidate counts as a motor.
    minimum_distance
        Closest distance of two motors in Å.
    flips
        Whether calibration, default threshold and figures are those of averages over flips along z,
        y and x. If so, detection averages too, unless told otherwise.
    weights
        File name of the weights beside the card, or ``None`` where a person must bring them.
    sha256
        Checksum of the weights file.
    """

    name: str
    description: str
    architecture: Architecture
    input: InputRecipe
    calibration: Calibration
    window: tuple[int, int, int]
    context: tuple[int, int, int]
    default_threshold: float
    minimum_distance: float
    training_data: str
    licence: str
    flips: bool = False
    weights: str | None = None
    sha256: str | None = None
    metrics: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name or set(self.name) & set('/\\:*?"<>|') or self.name.startswith("."):
            raise ModelError(f"A model's name must do as a file's name, unlike '{self.name}'.")
        if self.weights is not None and (not self.weights or set(self.weights) & set("/\\")):
            raise ModelError(f"'weights' must name a file beside the card, not '{self.weights}'.")
        if any(side < 32 or side % 32 for side in self.window):
            raise ModelError(f"The window's sides must be multiples of 32, not {self.window}.")
        if any(not 0 <= 2 * c < side for c, side in zip(self.context, self.window, strict=True)):
            raise ModelError(
                f"The context {self.context} leaves nothing of the window {self.window}."
            )
        if not 0 <= self.default_threshold <= 1:
            raise ModelError(
                f"The default threshold must be a probability, not {self.default_threshold}."
            )
        if not self.minimum_distance >= 0:
            raise ModelError(
                f"The minimum distance must not be negative, unlike {self.minimum_distance}."
            )
