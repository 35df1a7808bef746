"""The values of all channels at one place, against those of the whole volume, without Qt."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from motorscope.contract.stages import QUANTILES, OpenStage
from motorscope.plugin.connections import listen
from motorscope.plugin.encoder.channels.controller import ChannelsController
from motorscope.plugin.encoder.controller import EncoderController
from motorscope.plugin.layers.viewport import world_unit
from motorscope.plugin.review.pointer import Pointer
from motorscope.tomogram import Vector

KEY = "W"
"""While it is held, the profile follows the cursor; it is free wherever those of the review are."""


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


class ProbeController:
    """Reads the open stage at the cursor, or at the current pick.

    Attributes
    ----------
    profile
        What was read last; ``None`` where there is nothing to read.
    follows
        Whether it is read at the cursor, wherever that goes.
    changed
        Emitted when one of them has changed.
    """

    changed = Signal()

    def __init__(self, channels: ChannelsController) -> None:
        self.encoder: EncoderController = channels.encoder
        self.workspace = self.encoder.workspace
        self.profile: Profile | None = None
        self.follows = False
        self._channels = channels
        self._pick: Vector | None = None
        self._place: Vector | None = None
        viewer = self.workspace.viewer
        self._pointer = Pointer(viewer)
        self._ends = ExitStack()
        self._ends.callback(self.changed.disconnect)
        self._ends.callback(self._pointer.close)
        listen(self._ends, self.encoder.changed, self._read)
        listen(self._ends, channels.changed, self._on_channels)
        listen(self._ends, viewer.cursor.events.position, self._on_cursor)
        try:
            viewer.bind_key(KEY, self._hold)
            self._ends.callback(viewer.bind_key, KEY, None)
        except ValueError:  # somebody has bound it already: it stays theirs
            pass
        self._on_channels()

    def close(self) -> None:
        """Let go of the viewer and of the key."""
        self._ends.close()

    def follow(self, follows: bool) -> None:
        """Read at the cursor from now on, or stay where it is."""
        self.follows = follows
        self._on_cursor()
        self.changed.emit()

    def read_at(self, place: Vector | None) -> None:
        """Read at a place (z, y, x) in Å."""
        self._place = place
        self._read()

    # Inner parts

    def _hold(self, viewer: Any) -> Iterator[None]:
        self.follow(True)
        yield
        self.follow(False)

    def _on_channels(self) -> None:
        """Read at the current pick when that is another one."""
        if self._channels.at != self._pick:
            self._pick = self._channels.at
            self.read_at(self._pick)

    def _on_cursor(self, *_: object) -> None:
        layer, viewer = self.workspace.layer, self.workspace.viewer
        if self.follows and layer is not None and viewer.dims.ndisplay == 2:
            z, y, x = self._pointer.place()[-3:] * world_unit(viewer, layer)
            self.read_at((float(z), float(y), float(x)))

    def _read(self) -> None:
        stage, known = self.encoder.open_stage, None
        if stage is not None and self._place is not None:
            known = _profile(stage, self._place, self.encoder.channels)
        if known is not None or self.profile is not None:
            self.profile = known
            self.changed.emit()


def _profile(stage: OpenStage, place: Vector, channels: tuple[int, ...]) -> Profile | None:
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
