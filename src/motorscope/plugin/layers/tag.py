"""What a layer of ours says of itself, in its metadata: people rename layers."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari.layers import Layer

from motorscope.picks import PickTable
from motorscope.plugin.layers.kinds import LayerKind
from motorscope.tomogram import Level, VoxelGrid

KEY = "motorscope"
"""Key of the tag in a layer's metadata."""


@dataclass(frozen=True)
class LayerTag:
    """What a layer is, and whose.

    Attributes
    ----------
    kind
        What it is.
    name
        The tomogram's name, by which picks go.
    tomogram
        The tomogram's identity: of a result, that of the tomogram which it belongs to; of a
        tomogram, its own, if that is not its layer's.
    path
        The file or folder that it was read from.
    grid, table
        Of points: the grid in whose voxels their data count, and the picks that they show.
    in_pixels
        Whether nobody knows how large the voxels are in which the points count.
    part
        Which of several results of its kind: the name of a stage, or of a method.
    queued
        Whether a queue opened the tomogram, and exchanges its layers.
    levels
        Of a tomogram: the coarser levels of its pyramid.
    """

    kind: LayerKind
    name: str = ""
    tomogram: str = ""
    path: Path | None = None
    grid: VoxelGrid | None = None
    table: PickTable | None = None
    in_pixels: bool = False
    part: str = ""
    queued: bool = False
    levels: tuple[Level, ...] = ()

    @property
    def metadata(self) -> dict[str, Any]:
        """A layer's metadata that has the tag, and nothing else."""
        return {KEY: self}


def tag_of(layer: Layer) -> LayerTag | None:
    """Return the tag of a layer of ours, or ``None`` for a layer of somebody else."""
    tag = layer.metadata.get(KEY)
    return tag if isinstance(tag, LayerTag) else None


def kind_of(layer: Layer) -> LayerKind | None:
    """Return the kind of a layer of ours, or ``None`` for a layer of somebody else."""
    tag = tag_of(layer)
    return None if tag is None else tag.kind


def retag(layer: Layer, **changes: Any) -> None:
    """Change what a layer of ours says of itself; `changes` are fields of `LayerTag`."""
    tag = tag_of(layer)
    assert tag is not None
    layer.metadata[KEY] = replace(tag, **changes)
