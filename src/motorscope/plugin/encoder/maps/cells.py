"""Maps side by side: each over the tomogram in a cell of napari's grid, for as long as wanted."""

from collections.abc import Mapping
from contextlib import suppress

from napari.layers import Layer

from motorscope.plugin.document import OpenTomogram, Tomograms
from motorscope.plugin.layers.kinds import CELL
from motorscope.plugin.layers.source import tomogram_name
from motorscope.plugin.layers.tag import LayerTag

_LETTERS = 9


class Cells:
    """Copies of maps, and of the tomogram under each; all other layers are hidden until `close`.

    Parameters
    ----------
    maps
        By the words that are written over them.
    """

    def __init__(
        self, tomograms: Tomograms, tomogram: OpenTomogram, maps: Mapping[str, Layer]
    ) -> None:
        viewer = self._viewer = tomograms.viewer
        self._tomograms = tomograms
        self._hidden = [layer for layer in viewer.layers if layer.visible]
        tag = LayerTag(CELL, tomogram_name(tomogram.layer), tomogram.id)
        pairs = [
            (_copy(tomogram.layer, tag, f"under {words}"), _copy(each, tag, words))
            for words, each in maps.items()
        ]
        for layer in self._hidden:
            layer.visible = False
        self._copies = [layer for pair in reversed(pairs) for layer in pair]
        for layer in self._copies:
            tomograms.add(tomogram, layer, keep_selection=True)
        for _, shown in pairs:
            shown.name_overlay.visible = True
            shown.name_overlay.font_size = _LETTERS
        grid = viewer.canvas.grid
        self._before = (grid.stride, grid.shape)
        grid.stride, grid.shape = -2, (-1, -1)  # two layers a cell, from the top of the list
        grid.enabled = True
        viewer.reset_view()

    def close(self) -> None:
        """Remove the copies, and show what was hidden."""
        grid, layers = self._viewer.canvas.grid, self._viewer.layers
        grid.enabled = False
        grid.stride, grid.shape = self._before
        with self._tomograms.quiet():
            for layer in self._copies:
                with suppress(ValueError):  # a person has removed it, or its tomogram
                    layers.remove(layer)
        for layer in self._hidden:
            if layer in layers:
                layer.visible = True
        self._viewer.reset_view()


def _copy(layer: Layer, tag: LayerTag, name: str) -> Layer:
    """Return a layer that looks like another and shares its data."""
    data, arguments, kind = layer.as_layer_data_tuple()
    changes = {"visible": True, "name": name, "metadata": tag.metadata}
    return Layer.create(data, arguments | changes, kind)
