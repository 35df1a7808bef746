"""What of an open stage is shown, and the contrast that a person gave to it."""

import numpy as np
from napari.layers import Layer

from motorscope.contract.stages import OpenStage, Overview, OverviewMap
from motorscope.plugin.encoder.maps.layer import Picture, as_limits, show_picture
from motorscope.plugin.workspace import Workspace

OVERVIEWS: dict[Overview, str] = {
    "mean": "mean of all channels",
    "max": "maximum of all channels",
    "std": "standard deviation over all channels",
    "pca": "principal components in color",
}


class Pictures:
    """Shows stages of the chosen tomogram, and remembers what was computed of them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._overviews: dict[tuple[str, Overview], OverviewMap] = {}
        self._limits: dict[tuple[str, int], tuple[float, float]] = {}

    def known(self, stage: OpenStage | None, of: Overview) -> OverviewMap | None:
        """Return all channels in one picture, if that was computed."""
        return None if stage is None else self._overviews.get((stage.key, of))

    def keep(self, stage: OpenStage, found: OverviewMap) -> None:
        """Remember all channels in one picture."""
        self._overviews[stage.key, found.of] = found

    def show(self, stage: OpenStage, what: int | Overview) -> bool:
        """Show a channel, or all of them in one picture; return whether that is known."""
        name, tomogram = stage.spec.name, self._workspace.tomogram
        if isinstance(what, int):
            limits = self._limits.get((stage.key, what), as_limits(stage.limits[what]))
            picture = Picture(name, f"channel {what}", stage.maps[what], stage.grid, limits)
        else:
            known = self.known(stage, what)
            if known is None:
                return False
            picture = Picture(name, OVERVIEWS[what], known.values, stage.grid, known.limits)
        if tomogram is not None:
            show_picture(self._workspace.tomograms, tomogram, picture)
        return True

    def remember_limits(
        self, stage: OpenStage | None, shown: int | Overview, layer: Layer | None
    ) -> None:
        """Remember the contrast that a person has given to the channel that is shown."""
        if layer is None or stage is None or not isinstance(shown, int) or layer.rgb:
            return
        low, high = (float(value) for value in layer.contrast_limits)
        if not np.allclose((low, high), stage.limits[shown]):
            self._limits[stage.key, shown] = (low, high)
