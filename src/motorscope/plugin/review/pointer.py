"""Where the mouse points: in a slice a position, in 3D a line of sight."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.components import ViewerModel
from numpy.typing import NDArray

from motorscope.plugin.connections import listen

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Seen:
    """Where the cursor was in the world, and the camera, when the mouse moved last."""

    place: tuple[float, ...]
    ndisplay: int
    centre: Floats
    zoom: float


class Pointer:
    """Follows the mouse of a viewer, also where the view moves under it.

    napari tells where the cursor is in the world when the mouse moves, and not when the camera
    does: after a step to the next motor the position that it tells is not the one that is seen.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._seen: _Seen | None = None
        self._ends = ExitStack()
        listen(self._ends, viewer.cursor.events.position, self._on_position)

    def close(self) -> None:
        """Let go of the viewer; closing twice does no harm."""
        self._ends.close()

    def place(self) -> Floats:
        """Return the position under the cursor, along all axes of the viewer's world."""
        place = np.array(self._viewer.cursor.position, dtype=float)
        seen = self._seen
        if seen is not None and seen.ndisplay == self._viewer.dims.ndisplay:
            camera = self._viewer.scene.camera
            shown = list(self._viewer.dims.displayed)
            offset = (place[shown] - seen.centre) * (seen.zoom / camera.zoom)
            place[shown] = self._centre() + offset
        return place

    def direction(self) -> Floats:
        """Return the direction in which one looks there in 3D, along the axes displayed.

        In perspective it is that from the eye, which is as far from the camera's centre as makes
        the field of view as high as the canvas.
        """
        camera = self._viewer.scene.camera
        ahead = np.asarray(camera.view_direction, dtype=float)
        if camera.perspective <= 0:
            return ahead
        height = self._viewer.canvas.size[0] / camera.zoom
        distance = height / (2 * np.tan(np.radians(camera.perspective) / 2))
        eye = self._centre() - distance * ahead
        line = self.place()[list(self._viewer.dims.displayed)] - eye
        return np.asarray(line / np.linalg.norm(line))

    def _centre(self) -> Floats:
        count = len(self._viewer.dims.displayed)
        return np.array(self._viewer.scene.camera.center[-count:], dtype=float)

    def _on_position(self, event: Any) -> None:
        viewer = self._viewer
        displayed, position = list(viewer.dims.displayed), viewer.cursor.position
        if max(displayed) >= len(position):
            return  # an axis has just come
        place = tuple(position[axis] for axis in displayed)
        seen = self._seen
        if seen is not None and (place, len(displayed)) == (seen.place, seen.ndisplay):
            return  # only the slice is another one
        self._seen = _Seen(place, len(displayed), self._centre(), float(viewer.scene.camera.zoom))
