"""All heatmaps of a viewer: each is the one that the present step of its tomogram's review is from.

Beside a journal is the file of the heatmap that is shown, so that it is there again with the picks.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray

from motorscope.errors import MotorscopeError
from motorscope.plugin.connections import listen
from motorscope.plugin.document import OpenTomogram, Tomograms
from motorscope.plugin.layers.filling import Filling
from motorscope.plugin.layers.kinds import HEATMAP
from motorscope.plugin.layers.looks import heatmap_arguments
from motorscope.plugin.layers.source import full_grid, identity, is_queued, tomogram_name
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.workspace import Workspace
from motorscope.review import Review, TomogramRecord
from motorscope.review.heatmap_part import (
    Heatmap,
    offset,
    pasted,
    trusted_box,
    voxels_in,
    whole_grid,
)
from motorscope.review.searches import heatmap_of, read_heatmap
from motorscope.tomogram import (
    VoxelGrid,
    heatmap_fingerprint,
    write_heatmap,
)
from motorscope.tomogram.grid import Box

_LOG = logging.getLogger(__name__)
_MOST = 500_000_000  # bytes of heatmaps to go back to


class HeatmapController:
    """The heatmaps of a viewer's tomograms."""

    def __init__(self, reviews: ReviewController) -> None:
        self._tomograms, self._viewer, self._reviews = reviews.tomograms, reviews.viewer, reviews
        self._writer = ThreadPoolExecutor(1, "heatmap")
        self._ends = ExitStack()
        self._ends.callback(self._writer.shutdown)
        listen(self._ends, reviews.changed, self.follow)

    @classmethod
    def of(cls, workspace: Workspace) -> "HeatmapController":
        """Return that of a workspace; it loads the heatmap of every tomogram that is chosen."""

        def make() -> HeatmapController:
            made = cls(ReviewController.of(workspace))
            listen(made._ends, workspace.events.current, lambda: made.load(workspace.layer))
            made.load(workspace.layer)
            return made

        return workspace.part(cls, make)

    def close(self) -> None:
        """Write what is to be written; layers stay. May be called more than once."""
        self._ends.close()

    # A run

    def begin(
        self, layer: Layer, grid: VoxelGrid, prepared: VoxelGrid, region: Box | None
    ) -> Filling:
        """Show the heatmap of a run that begins: empty where it looks, elsewhere as it was.

        Parameters
        ----------
        layer
            The tomogram's.
        grid, prepared
            Of the run's heatmap, and of the network's input for the whole tomogram.
        region
            Where it looks; ``None`` for everywhere.
        """
        self.keep(identity(layer))
        before = self._present(identity(layer))
        if region is None:
            data = np.zeros(grid.shape, dtype=np.float32)
            return Filling(data, put_heatmap(self._tomograms, layer, (data, grid)), grid, before)
        whole = whole_grid(grid, prepared)
        box = trusted_box(region, grid, whole)
        if before is None:
            data = np.zeros(whole.shape, dtype=np.float32)
        else:
            data, whole = np.array(before[0], dtype=np.float32), before[1]
        part = voxels_in(box, whole)
        data[part] = 0.0
        shown = put_heatmap(self._tomograms, layer, (data, whole))
        return Filling(data, shown, whole, before, box, offset(grid, whole), part)

    def finish(
        self, layer: Layer, filling: Filling, values: NDArray[np.float32], grid: VoxelGrid
    ) -> str:
        """Show what a run found, and return what tells this heatmap from others."""
        if filling.box is not None:
            base = filling.before or (np.zeros(filling.grid.shape, np.float32), filling.grid)
            values = pasted(*base, values, grid, filling.box)
        filling.data[...] = values
        filling.refresh(self._viewer, at_once=True)
        return self.settle(identity(layer), (filling.data, filling.grid))

    def give_up(self, layer: Layer, filling: Filling) -> None:
        """Show what was there before a run that came to nothing."""
        shown = self._open(identity(layer)).layer_of(HEATMAP)
        if shown is not None and filling.before is not None:
            put_heatmap(self._tomograms, layer, filling.before)
        elif shown is not None:
            self._viewer.layers.remove(shown)

    # Steps

    def settle(self, layer_id: str, heatmap: Heatmap) -> str:
        """Take note that a heatmap of a search is shown, which the review is about to take in."""
        mark = heatmap_fingerprint(heatmap[0])
        tomogram = self._open(layer_id)
        tomogram.heatmap = mark
        self._keep(layer_id, heatmap)
        review = tomogram.review
        if review is not None:
            self._write(review, heatmap)
        return mark

    def keep(self, layer_id: str) -> None:
        """Remember what is shown: a step may lead back to it."""
        heatmap = self._present(layer_id)
        if heatmap is not None:
            self._keep(layer_id, heatmap)

    def follow(self, layer_id: str) -> None:
        """Show the heatmap that the present step of a review is from; an unknown one is empty."""
        tomogram = self._tomograms.get(layer_id)
        if tomogram is None or tomogram.review is None:
            return
        layer, review = tomogram.layer, tomogram.review
        wanted = _named(review)
        if tomogram.heatmap is None:
            tomogram.heatmap = wanted
        if tomogram.heatmap == wanted:
            return
        self.keep(layer_id)
        tomogram.heatmap = wanted
        heatmap = tomogram.heatmaps.get(wanted) or self._read(review, wanted)
        present = self._present(layer_id)
        if heatmap is not None:
            put_heatmap(self._tomograms, layer, heatmap)
            self._write(review, heatmap)
        elif present is not None:
            put_heatmap(self._tomograms, layer, (np.zeros_like(present[0]), present[1]))

    def load(self, layer: Layer | None) -> None:
        """Show the heatmap that is kept beside a tomogram's journal, where none is shown.

        A queue reads that of its tomogram itself, ahead of time.
        """
        review = self._reviews.review(layer)
        if layer is None or review is None or is_queued(layer):
            return
        if self._present(identity(layer)) is not None:
            return
        heatmap = self._read(review, _named(review))
        if heatmap is not None:
            put_heatmap(self._tomograms, layer, heatmap, keep_selection=True)

    # Inner parts

    def _open(self, layer_id: str) -> OpenTomogram:
        tomogram = self._tomograms.get(layer_id)
        assert tomogram is not None
        return tomogram

    def _present(self, layer_id: str) -> Heatmap | None:
        shown = self._open(layer_id).layer_of(HEATMAP)
        return None if shown is None else (shown.data, full_grid(shown))

    def _keep(self, layer_id: str, heatmap: Heatmap) -> None:
        tomogram = self._open(layer_id)
        kept, mark = tomogram.heatmaps, tomogram.heatmap or ""
        kept.pop(mark, None)
        kept[mark] = heatmap  # the latest is the last
        others = (each.heatmaps for each in self._tomograms if each is not tomogram)
        oldest_first = [*others, kept]
        size = sum(values.nbytes for some in oldest_first for values, _ in some.values())
        for some in oldest_first:
            while size > _MOST and len(some) > (some is kept):
                values, _ = some.pop(next(iter(some)))
                size -= values.nbytes

    def _read(self, review: Review, wanted: str) -> Heatmap | None:
        if review.journal is None:
            return None
        return read_heatmap(heatmap_of(review.journal.path), wanted)

    def _write(self, review: Review, heatmap: Heatmap) -> None:
        if review.journal is not None:
            self._writer.submit(_write, heatmap_of(review.journal.path), heatmap)


def put_heatmap(
    tomograms: Tomograms, layer: Layer, heatmap: Heatmap, keep_selection: bool = False
) -> Layer:
    """Show a heatmap right above its tomogram's layer, in place of an older one."""
    tomogram = tomograms.of(layer)
    assert tomogram is not None
    arguments = heatmap_arguments(*heatmap, tomogram_name(layer), tomogram.id)
    return tomograms.put(tomogram, arguments, keep_selection)


def _named(review: Review) -> str:
    return TomogramRecord.from_json(review.history.now.remarks).heatmap


def _write(path: Path, heatmap: Heatmap) -> None:
    try:
        write_heatmap(path, *heatmap)
    except (MotorscopeError, OSError):  # the picks are kept; a search brings the heatmap again
        _LOG.warning("%s could not be written", path, exc_info=True)
