"""The values of all channels of a stage at one place, against those of the whole volume."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motorscope.contract.stages import QUANTILES, OpenStage
from motorscope.tomogram import Vector


@dataclass(frozen=True)
class Profile:
    """What a stage says at a place.

    Attributes
    ----------
    place
        z, y, x in Å of the voxel's middle.
    channels
        The channels, in the order in which they are drawn.
    values
        Theirs ``(channel,)``.
    quantiles
        Of the volume ``(quantile, channel)``; see `motorscope.contract.stages.QUANTILES`.
    """

    place: Vector
    channels: tuple[int, ...]
    values: NDArray[np.float32]
    quantiles: NDArray[np.float32]

    def heights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return values ``(channel,)`` and quantiles ``(quantile, channel)`` on one scale.

        0 is a channel's median, 1 some way beyond what nine tenths of its values span; from there
        on it is logarithmic, because a motor can be far beyond.
        """
        low, middle, high = (self.quantiles[row] for row in (0, len(QUANTILES) // 2, -1))
        spread = np.maximum(high - low, np.finfo(np.float32).tiny).astype(float)
        return (
            np.arcsinh((self.values - middle) / spread),
            np.arcsinh((self.quantiles - middle) / spread),
        )


def profile_at(stage: OpenStage, place: Vector, channels: tuple[int, ...]) -> Profile | None:
    """Return the values of the voxel at a place; ``None`` outside of the stage."""
    voxel = np.round(stage.grid.to_voxels(place)).astype(int)
    if (voxel < 0).any() or (voxel >= stage.grid.shape).any():
        return None
    z, y, x = (int(side) for side in voxel)
    order = list(channels)
    middle = stage.grid.to_world(voxel)
    return Profile(
        place=(float(middle[0]), float(middle[1]), float(middle[2])),
        channels=channels,
        values=stage.maps[:, z, y, x].astype(np.float32)[order],
        quantiles=stage.quantiles[:, order],
    )
