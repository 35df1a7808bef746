"""The open tomograms of a viewer: each is one object, which owns what belongs to it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Layer
from psygnal import Signal

from motorscope.contract import DetectionResult, ModelCard
from motorscope.plugin.connections import listen
from motorscope.plugin.layers.kinds import TOMOGRAM, TOP, Ending, LayerKind
from motorscope.plugin.layers.picks_view import PicksView
from motorscope.plugin.layers.source import identity, is_source, place
from motorscope.plugin.layers.tag import KEY, kind_of, retag, tag_of
from motorscope.review import Review
from motorscope.review.comparison import Compared
from motorscope.review.heatmap_part import Heatmap
from motorscope.tomogram import Shade


@dataclass(frozen=True)
class LastRun:
    """The last detection of this sitting, the model's card, and what was said of density then."""

    result: DetectionResult
    card: ModelCard
    density: Shade | None = None


class OpenTomogram:
    """A tomogram that is open, and all that belongs to it.

    Attributes
    ----------
    layer
        The image layer that shows it.
    id
        Tells it from all others, also from one that was in the same layer before.
    layers
        Its results, and points of files that were opened on it.
    review, view
        The review of its picks, and the points layer's side of it; ``None`` before it begins.
    last_run, comparison
        ``None`` before there is one.
    heatmap, heatmaps
        The mark of the heatmap that is shown, and those that a step may lead back to by theirs.
    """

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.id = identity(layer)
        self.layers: list[Layer] = []
        self.review: Review | None = None
        self.view: PicksView | None = None
        self.last_run: LastRun | None = None
        self.comparison: Compared | None = None
        self.heatmap: str | None = None
        self.heatmaps: dict[str, Heatmap] = {}
        self._hidden: list[Layer] | None = None

    def layer_of(self, kind: LayerKind, part: str = "") -> Layer | None:
        """Return the layer of a kind, or ``None`` if there is none.

        `part` tells it from others of the kind, where there may be several.
        """
        for layer in self.layers:
            tag = tag_of(layer)
            if tag is not None and tag.kind is kind and tag.part == part:
                return layer
        return None

    @property
    def hidden(self) -> bool:
        """Whether another tomogram is shown."""
        return self._hidden is not None

    @property
    def unkept(self) -> bool:
        """Whether there are edits that are not on disk."""
        review = self.review
        return review is not None and review.journal is None and review.history.can_undo

    def hide(self) -> None:
        """Hide the tomogram and its results; what is hidden already stays so in `show`."""
        if self._hidden is None:
            self._hidden = []
        for layer in (self.layer, *self.layers):
            if layer.visible:
                layer.visible = False
                self._hidden.append(layer)

    def show(self) -> None:
        """Show the tomogram, and what `hide` has hidden, again."""
        hidden, self._hidden = self._hidden, None
        if hidden is None:
            return
        for layer in (self.layer, *self.layers):
            if layer in hidden or layer == self.layer:
                layer.visible = True


class Tomograms:
    """The open tomograms of a viewer, in the order of their layers.

    Attributes
    ----------
    by_id
        The tomograms by their identities.
    settled
        Whether what napari selects is a person's choice.
    changed
        Emitted when tomograms come, go or are renamed, or other layers do.
    closing
        Emitted with a tomogram that goes, while its results are still there.
    lost
        Emitted with a tomogram and the layer of its that has gone.
    """

    changed = Signal()
    closing = Signal(object)
    lost = Signal(object, object)

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer
        self.settled = True
        self.by_id: dict[str, OpenTomogram] = {}
        self._left: list[Layer] | None = None  # results to be removed when napari has done
        self._ends = ExitStack()
        for signal in (self.changed, self.closing, self.lost):
            self._ends.callback(signal.disconnect)
        events = viewer.layers.events
        listen(self._ends, events.inserted, self._on_inserted)
        listen(self._ends, events.removed, self._on_removed)
        listen(self._ends, events.renamed, self._on_renamed)
        listen(self._ends, events.begin_batch, self._on_batch)
        listen(self._ends, events.end_batch, self._on_batch_end)
        for layer in sorted(viewer.layers, key=is_source, reverse=True):
            self._take(layer)  # a tomogram before its results, wherever they are

    def close(self) -> None:
        """Let go of the viewer; layers stay. May be called more than once."""
        self._ends.close()

    def __iter__(self) -> Iterator[OpenTomogram]:
        """Go through the tomograms in the order of their layers."""
        found = (self.by_id.get(identity(layer)) for layer in self.viewer.layers)
        return (each for each in found if each is not None)

    def get(self, tomogram_id: str) -> OpenTomogram | None:
        """Return the tomogram of an identity, or ``None`` if it has gone."""
        return self.by_id.get(tomogram_id)

    def of(self, layer: Layer | None) -> OpenTomogram | None:
        """Return the tomogram that a layer shows, or ``None`` if it shows none."""
        return None if layer is None else self.by_id.get(identity(layer))

    def owner(self, layer: Layer | None) -> OpenTomogram | None:
        """Return the tomogram that a layer shows or belongs to."""
        tag = None if layer is None else tag_of(layer)
        return self.of(layer) or (None if tag is None else self.by_id.get(tag.tomogram))

    # Coming and going

    def open(self, layer: Layer) -> OpenTomogram:
        """Take a layer for the tomogram that it shows by now."""
        tomogram = self.by_id[identity(layer)] = OpenTomogram(layer)
        return tomogram

    def end(self, tomogram: OpenTomogram, why: Ending = Ending.TOMOGRAM) -> None:
        """Let go of a tomogram, and of those of its results that do not outlive that.

        Picks that are not on disk stay as a layer.
        """
        keep = tomogram.view.layer if tomogram.unkept and tomogram.view is not None else None
        self.closing.emit(tomogram)  # first: so the review takes in what was done
        self.by_id.pop(tomogram.id, None)
        self.drop_results(tomogram, why, keep)

    def drop_results(self, tomogram: OpenTomogram, why: Ending, keep: Layer | None = None) -> None:
        """Remove the results of a tomogram that do not outlive something."""
        gone = [
            layer
            for layer in tomogram.layers
            if why in _kind(layer).dies_with and (keep is None or layer != keep)
        ]
        if self._left is not None:
            self._left += gone
            return
        with self.quiet():
            for layer in gone:
                if layer in self.viewer.layers:
                    self.viewer.layers.remove(layer)

    # Results

    def add(self, tomogram: OpenTomogram, layer: Layer, keep_selection: bool = False) -> Layer:
        """Add a result to the viewer, at the place of its kind.

        One of a tomogram that is not shown is hidden. What is selected stays so then, or if that
        is wanted.
        """
        layers, tag = self.viewer.layers, tag_of(layer)
        assert tag is not None
        with self.quiet():
            before = set(layers.selection)
            added = self.viewer.add_layer(layer)
            if tomogram.hidden or keep_selection:
                layers.selection = before
            if tag.kind.order < TOP:
                below = [other for other in tomogram.layers if _kind(other).order < tag.kind.order]
                place = max(layers.index(other) for other in (tomogram.layer, *below)) + 1
                layers.move(layers.index(added), place)
        if tomogram.hidden:
            tomogram.hide()
        return added

    def put(
        self, tomogram: OpenTomogram, arguments: Mapping[str, Any], keep_selection: bool = False
    ) -> Layer:
        """Show an image in the layer of its kind and part, which is added where there is none.

        `arguments` are those of ``add_image``; one that is there keeps its looks and its name.
        """
        tag = arguments["metadata"][KEY]
        layer = tomogram.layer_of(tag.kind, tag.part)
        if layer is None:
            return self.add(tomogram, Image(**arguments), keep_selection)
        layer.data = arguments["data"]
        place(layer, arguments, "translate")
        return layer

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """While we add and remove results, what napari selects is nobody's choice."""
        before, self.settled = self.settled, False
        try:
            yield
        finally:
            self.settled = before

    # Events

    def _take(self, layer: Layer) -> None:
        """Take a layer for what it says that it is."""
        if is_source(layer):
            tag = tag_of(layer)
            if identity(layer) in self.by_id and tag is not None:
                retag(layer, tomogram="", queued=False)  # a copy
            self.open(layer)
            return
        tag = tag_of(layer)
        owner = None if tag is None else self.by_id.get(tag.tomogram)
        if tag is not None and owner is not None and tag.kind is not TOMOGRAM:
            owner.layers.append(layer)

    def _on_inserted(self, event: Any) -> None:
        self._take(event.value)
        self.changed.emit()

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        tomogram = self.of(layer)
        if tomogram is not None and tomogram.layer == layer:
            self.end(tomogram)
        else:
            owner = self.owner(layer)
            if owner is not None:
                owner.layers = [each for each in owner.layers if each != layer]
                self.lost.emit(owner, layer)
        self.changed.emit()

    def _on_renamed(self) -> None:
        self.changed.emit()

    def _on_batch(self) -> None:
        self._left = []

    def _on_batch_end(self) -> None:
        left, self._left = self._left or [], None
        with self.quiet():
            for layer in left:
                if layer in self.viewer.layers:
                    self.viewer.layers.remove(layer)


def _kind(layer: Layer) -> LayerKind:
    kind = kind_of(layer)
    assert kind is not None
    return kind
