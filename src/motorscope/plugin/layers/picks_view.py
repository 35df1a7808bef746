"""A review's picks as a points layer, both ways: what is done in one arrives in the other.

napari tells of edits by events, but not of all of them, and not which rows are which. So the rows
of the layer carry the picks' ids, and after every event layer and table are compared.

Only what differs is written to the layer, by `points_update`, and the layer is drawn once.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer, Points
from napari.layers.base import ActionType
from numpy.typing import NDArray

from motorscope.picks import PickTable
from motorscope.plugin.connections import listen
from motorscope.plugin.layers.kinds import PICKS, STATUS_COLOURS
from motorscope.plugin.layers.looks import (
    ADDED,
    marker_size,
    picks_arguments,
)
from motorscope.plugin.layers.points_update import (
    SAME,
    colours_of,
    first_of_known,
    ids_of,
    replace_all,
    update_colours,
    update_places,
    update_scores,
    update_shown,
    update_widths,
    update_words,
)
from motorscope.plugin.layers.rings import ring_widths
from motorscope.plugin.layers.source import find, place
from motorscope.plugin.layers.tag import retag
from motorscope.plugin.layers.viewport import world_unit
from motorscope.review import Review, intake

_CROWDED = 500  # rings: with more of them scores cannot be read, and take napari long to draw
_DONE = (ActionType.ADDED, ActionType.CHANGED, ActionType.REMOVED)


class PicksView:
    """The points layer of one tomogram's review; `add` brings it into the viewer."""

    def __init__(
        self,
        viewer: ViewerModel,
        review: Review,
        tomogram_id: str,
        add: Callable[[Layer], Layer] | None = None,
    ) -> None:
        self._add = viewer.add_layer if add is None else add
        self._viewer, self._review, self._tomogram_id = viewer, review, tomogram_id
        self._layer: Points | None = None
        self._writing = self._crowded = False
        self._clipboard: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._ends = ExitStack()
        self._ends.callback(self.detach)
        listen(self._ends, review.changing, self.take_edits)
        listen(self._ends, review.changed, self.show)
        listen(self._ends, review.selection_changed, self._show_selection)
        listen(self._ends, viewer.scene.camera.events.zoom, self._show_selection)
        found = find(viewer.layers, PICKS, tomogram_id)
        if found is not None:  # left by a panel that was closed
            self._attach(found)

    @property
    def layer(self) -> Points | None:
        """The points layer, if there is one."""
        return self._layer

    def close(self) -> None:
        """Let go of the layer, which stays as it is; closing twice does no harm."""
        self._ends.close()

    def detach(self) -> None:
        """Let go of a layer, for example one that was removed; `show` makes a new one."""
        layer, self._layer = self._layer, None
        if layer is None:
            return
        layer.events.data.disconnect(self._on_data)
        layer.selected_data.events.items_changed.disconnect(self._on_selection, missing_ok=True)
        for key in ("Ctrl-C", "Ctrl-V"):
            layer.bind_key(key, None, overwrite=True)

    def show(self) -> None:
        """Bring the layer to the table; it is made where there is none."""
        review = self._review
        with self._quiet():
            if self._layer is None:
                arguments = picks_arguments(
                    review.table, review.grid, review.name, self._tomogram_id
                )
                del arguments["border_color_cycle"]
                arguments["border_color"] = (
                    colours_of(review.table.statuses)
                    if len(review.table)
                    else STATUS_COLOURS[str(ADDED["status"])]  # napari takes no empty array
                )
                self._attach(self._add(Points(**arguments)))
            layer = self._layer
            assert layer is not None
            with _sliced(layer):
                self._update(layer, review.table)
            retag(layer, table=review.table)
        self._show_selection()

    def adopt(self, layer: Points) -> None:
        """Show the picks in a layer that nobody follows, such as that of another tomogram.

        Nothing of what it held is left; how it looks stays as a person chose it.
        """
        review = self._review
        arguments = picks_arguments(review.table, review.grid, review.name, self._tomogram_id)
        with _sliced(layer):
            replace_all(layer, review.table, arguments["data"])
        layer.size = layer.current_size = arguments["size"]
        layer.text.translation = arguments["text"]["translation"]
        layer.metadata = arguments["metadata"]
        place(layer, arguments, "translate", "name")
        self._attach(layer)

    def take_edits(self) -> None:
        """Take in what napari's own tools did to the layer, as one step; nothing is no step."""
        layer, review = self._layer, self._review
        if layer is None or self._writing:
            return
        if "id" not in layer.features:  # somebody replaced the features
            with self._quiet(), _sliced(layer):
                replace_all(layer, review.table, review.grid.to_voxels(review.table.positions))
            return
        table, ids = review.table, ids_of(layer)
        places = np.asarray(layer.data, dtype=float).reshape(-1, 3)
        known = first_of_known(ids, table.ids)
        fresh = np.flatnonzero(~known)
        rows = np.flatnonzero(known)
        expected = review.grid.to_voxels(table.positions)[table.rows_of(ids[rows])]
        moved = rows[(np.abs(places[rows] - expected) > SAME).any(axis=1)]
        removed = table.ids[~np.isin(table.ids, ids[rows])]
        if not len(fresh) + len(moved) + len(removed):
            return
        if len(fresh):
            with self._quiet():
                self._stamp(layer, fresh)
        world = review.grid.to_world(places)
        intake.take_edits(
            review, removed=removed, moved=ids[moved], places=world[moved], added=world[fresh]
        )

    def copy(self) -> None:
        """Remember the selected picks."""
        review = self._review
        if review.selected:
            rows = review.table.rows_of(review.selected)
            self._clipboard = review.table.positions[rows], self._here()

    def paste(self) -> None:
        """Add what was copied; picks of one slice arrive in the slice that is shown now."""
        if self._clipboard is not None:
            positions, there = self._clipboard
            shift = self._here() - there
            shift[[axis for axis in range(3) if axis - 3 in self._displayed()]] = 0
            self._review.add(positions + shift)

    # Inner parts

    def _attach(self, layer: Points) -> None:
        self._layer = layer
        self._crowded = not layer.text.visible
        layer.events.data.connect(self._on_data)
        layer.selected_data.events.items_changed.connect(self._on_selection)
        # napari's own paste tells nobody, and fails in a thick slice.
        layer.bind_key("Ctrl-C", lambda _: self.copy(), overwrite=True)
        layer.bind_key("Ctrl-V", lambda _: self.paste(), overwrite=True)

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """While we write, what the layer says is no news."""
        before, self._writing = self._writing, True
        try:
            yield
        finally:
            self._writing = before

    def _on_data(self, event: Any) -> None:
        if event.action in _DONE:
            self.take_edits()

    def _on_selection(self) -> None:
        layer = self._layer
        if layer is not None and not self._writing:
            ids, shown = ids_of(layer), layer.shown
            rows = (row for row in layer.selected_data if row < len(ids) and shown[row])
            self._review.select(ids[row] for row in rows)
            self._show_selection()  # "select all" selects hidden points too

    def _show_selection(self, event: Any = None) -> None:
        """Mark what is selected; `event` is one of the zoom, to which the rings' widths fit."""
        layer = self._layer
        if layer is None:
            return
        chosen = np.isin(ids_of(layer), self._review.selected)
        rows = set(np.flatnonzero(chosen).tolist())
        with self._quiet():
            if rows != set(layer.selected_data):
                layer.selected_data = rows
            if update_widths(layer, chosen, ring_widths(self._viewer, layer)):
                layer.refresh(extent=False, thumbnail=False, highlight=False)

    def _update(self, layer: Points, table: PickTable) -> None:
        """Change in the layer what differs from the table; its rows may have another order."""
        places = self._review.grid.to_voxels(table.positions)
        ids = ids_of(layer)
        known = first_of_known(ids, table.ids)
        if not known.any() or 2 * known.sum() < len(table):
            if len(table) or len(ids):
                replace_all(layer, table, places)
            ids, known = table.ids, np.ones(len(table), dtype=bool)
        if not known.all():
            layer.remove(np.flatnonzero(~known).tolist())
        missing = np.flatnonzero(~np.isin(table.ids, ids))
        if len(missing):
            before = len(layer.data)
            layer.add(places[missing])
            layer.features.loc[before:, "id"] = table.ids[missing]
        rows = table.rows_of(ids_of(layer))
        shown = self._review.shown[rows]
        crowded = bool(shown.sum() > _CROWDED)
        if crowded != self._crowded:  # else it is as a person chose it
            self._crowded = crowded
            layer.text.visible = not crowded
        moved = update_places(layer, places[rows])
        named = update_scores(layer, table.scores[rows], shown)
        if named or len(missing):
            layer.refresh_text()
        drawn = [
            update_words(layer, table, rows),
            update_colours(layer, table.statuses[rows]),
            update_shown(layer, shown, marker_size(self._review.grid)),
            update_widths(
                layer,
                np.isin(table.ids[rows], self._review.selected),
                ring_widths(self._viewer, layer),
            ),
        ]
        if moved or named or len(missing) or any(drawn):
            layer.refresh(extent=moved or bool(len(missing)))

    def _stamp(self, layer: Points, rows: NDArray[np.intp]) -> None:
        """Say whose the added rows are; napari gives them the features of a selected point."""
        features = layer.features
        for column, value in ADDED.items():
            features.loc[rows, column] = value
        first = self._review.table.next_id
        features.loc[rows, "id"] = np.arange(first, first + len(rows))
        layer.refresh_text()

    def _here(self) -> NDArray[np.float64]:
        """Return where the viewer's slices are, z, y, x in Å."""
        layer = self._layer
        point = np.asarray(self._viewer.dims.point[-3:], dtype=float)
        return point * world_unit(self._viewer, layer) if layer is not None else point

    def _displayed(self) -> list[int]:
        """Return the axes that are displayed, counted from the last."""
        return [axis - self._viewer.dims.ndim for axis in self._viewer.dims.displayed]


@contextmanager
def _sliced(layer: Points) -> Iterator[None]:
    """Show a layer while its rows change.

    napari does not slice a hidden layer again, but draws its labels anew all the same: those of
    the rows that were in the slice before, some of which are gone.
    """
    hidden = not layer.visible
    if hidden:
        layer.visible = True
    try:
        yield
    finally:
        if hidden:
            layer.visible = False
