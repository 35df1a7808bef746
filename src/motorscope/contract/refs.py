"""Names of what is too large, or not made, to be handed about."""

from dataclasses import dataclass
from pathlib import Path

from motorscope.tomogram import Tomogram, open_tomogram
from motorscope.tomogram.grid import Vector


@dataclass(frozen=True)
class ModelRef:
    """Which model; `motorscope.network.load_model` takes the same two.

    Attributes
    ----------
    name
        A shipped model's name, or the path of a card or of weights.
    weights
        Weights to use instead of the card's own, if any.
    """

    name: str
    weights: Path | None = None


@dataclass(frozen=True)
class VolumeRef:
    """A tomogram in a file or a folder, which is opened where it is needed.

    Attributes
    ----------
    spacing
        Voxel spacing in Å, one number or z, y, x, instead of what the file says; ``None`` for that.
    """

    path: Path
    spacing: float | Vector | None = None

    def open(self) -> Tomogram:
        """Return the tomogram.

        Raises
        ------
        TomogramError
            If it cannot be read.
        """
        return open_tomogram(self.path, spacing=self.spacing)
