"""How wide the rings around picks are: so many pixels on the screen, at any zoom."""

import numpy as np
from napari.components import ViewerModel
from napari.layers import Points

from motorscope.plugin.layers.source import spacing_of
from motorscope.plugin.layers.viewport import world_unit

RING, CHOSEN_RING = 2.0, 4.0
"""Width in pixels of the ring around a pick, and around a selected one."""

_WIDEST = 0.25  # of the diameter, for a ring that is small on the screen


def ring_widths(viewer: ViewerModel, layer: Points) -> tuple[float, float]:
    """Return the widths of a ring and of a selected one, as shares of the diameter.

    Parameters
    ----------
    layer
        Picks in a tomogram's voxels, all of one size but for those without any.
    """
    # napari takes the size of a selected point for its next one, which is 0 if that is hidden.
    size = float(np.max(layer.size, initial=0.0)) or float(np.max(layer.current_size)) or 1.0
    spacing = np.mean(spacing_of(layer) or layer.scale[-3:])
    pixels = size * spacing / world_unit(viewer, layer)[-1] * viewer.scene.camera.zoom
    thin, thick = np.minimum(np.array([RING, CHOSEN_RING]) / max(pixels, 1e-6), _WIDEST)
    return float(thin), float(thick)
