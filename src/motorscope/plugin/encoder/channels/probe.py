"""The values of all channels at one place, against those of the whole volume, without Qt."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from psygnal import Signal

from motorscope.contract.profile import Profile, profile_at
from motorscope.plugin.connections import bind_keys, listen
from motorscope.plugin.encoder.channels.controller import ChannelsController
from motorscope.plugin.encoder.controller import EncoderController
from motorscope.plugin.layers.viewport import world_unit
from motorscope.plugin.review.pointer import Pointer
from motorscope.tomogram import Vector

KEY = "W"
"""While it is held, the profile follows the cursor; it is free wherever those of the review are."""


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
        bind_keys(self._ends, viewer, {KEY: self._hold})
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
            known = profile_at(stage, self._place, self.encoder.channels)
        if known is not None or self.profile is not None:
            self.profile = known
            self.changed.emit()
