"""The bare tomogram: all that is ours out of sight for a moment, such as while a key is down."""

from napari.components import ViewerModel
from napari.layers import Layer

from motorscope.plugin.layers.kinds import TOMOGRAM
from motorscope.plugin.layers.tag import kind_of


class BareView:
    """Hides our layers over the tomograms, and shows them again as they were."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._hidden: tuple[Layer, ...] = ()

    def hold(self) -> None:
        """Hide what is shown of heatmap, picks, comparison, coordinates and feature maps."""
        if self._hidden:
            return
        self._hidden = tuple(
            layer
            for layer in self._viewer.layers
            if layer.visible and kind_of(layer) not in (None, TOMOGRAM)
        )
        for layer in self._hidden:
            layer.visible = False

    def release(self) -> None:
        """Show again what was hidden and is still there; doing so twice does no harm."""
        hidden, self._hidden = self._hidden, ()
        for layer in hidden:
            if layer in self._viewer.layers:
                layer.visible = True
