"""Which layers are ours, and how an image layer of any origin becomes a tomogram."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Layer

from motorscope.errors import TomogramError
from motorscope.picks.coordinates.placing import Volume
from motorscope.plugin.layers.kinds import TOMOGRAM, LayerKind
from motorscope.plugin.layers.looks import ANGSTROM, AXES
from motorscope.plugin.layers.tag import kind_of, tag_of
from motorscope.tomogram import Level, Shade, Tomogram, VoxelGrid, name_of
from motorscope.tomogram.grid import triple
from motorscope.tomogram.volume import averaged

_DENSITY = "motorscope density"
"""Key in the metadata of a tomogram's layer."""


def identity(layer: Layer) -> str:
    """Return what tells what this layer shows from everything else.

    It is the layer's own for as long as it lives, unless another tomogram is put into the layer,
    with a tag that has its own: then what belonged to the tomogram before is nobody's.
    """
    tag = tag_of(layer)
    own = "" if tag is None or tag.kind is not TOMOGRAM else tag.tomogram
    return own or str(layer.unique_id)


def by_identity(layers: Iterable[Layer], wanted: str) -> Layer | None:
    """Return the layer of an identity, or ``None`` if it has gone."""
    return next((layer for layer in layers if identity(layer) == wanted), None)


def is_queued(layer: Layer) -> bool:
    """Whether a queue opened this tomogram."""
    tag = tag_of(layer)
    return tag is not None and tag.queued


def find(layers: Iterable[Layer], wanted: LayerKind, tomogram_id: str) -> Layer | None:
    """Return our layer of a kind that belongs to a tomogram, or ``None`` if there is none."""
    for layer in layers:
        tag = tag_of(layer)
        if tag is not None and tag.kind is wanted and tag.tomogram == tomogram_id:
            return layer
    return None


def is_source(layer: Layer) -> bool:
    """Whether a layer may be offered as a tomogram: an image that is not one of our results."""
    return isinstance(layer, Image) and kind_of(layer) in (None, TOMOGRAM)


def spacing_of(layer: Layer) -> tuple[float, float, float] | None:
    """Return the spacing (z, y, x) of a 3D layer in Å, or ``None`` if its units are no lengths."""
    factors = [angstrom_per(unit) for unit in layer.units]
    if len(factors) != 3 or any(factor is None for factor in factors):
        return None
    z, y, x = (float(s) * float(f or 0) for s, f in zip(layer.scale, factors, strict=True))
    return (z, y, x)


def density_of(layer: Layer) -> Shade | None:
    """Return how dense things look in a tomogram's layer, if a person said so."""
    said: Shade | None = layer.metadata.get(_DENSITY)
    return said


def set_density(layer: Layer, density: Shade | None) -> None:
    """Keep how dense things look with a tomogram's layer; ``None`` to find it out."""
    layer.metadata[_DENSITY] = density


def tomogram_from_layer(layer: Layer) -> Tomogram:
    """Return the tomogram that an image layer shows; its voxels stay where they are (lazy).

    Parameters
    ----------
    layer
        A 3D image layer of any reader, plain or multiscale. If a person has locked a level, the
        tomogram is that level alone.

    Raises
    ------
    TomogramError
        If the layer is no volume, or is rotated or sheared.
    """
    check_source(layer)
    data, levels = (layer.data[0], _levels(layer)) if layer.multiscale else (layer.data, ())
    grid = full_grid(layer)
    tomogram = Tomogram(data, grid, tomogram_name(layer), path_of(layer), levels, density_of(layer))
    locked = layer.locked_data_level if layer.multiscale else None
    return tomogram if locked is None else tomogram.at(int(locked))


def full_grid(layer: Layer) -> VoxelGrid:
    """Return the grid of a tomogram layer's own voxels: those of the finest level."""
    shape = layer.level_shapes[0] if layer.multiscale else layer.data.shape
    z, y, x = (int(side) for side in shape)
    spacing = spacing_of(layer)
    if spacing is None:
        return VoxelGrid(shape=(z, y, x), spacing=None)
    unit = np.asarray(spacing) / np.asarray(layer.scale, dtype=float)
    origin = np.asarray(layer.translate, dtype=float) * unit
    return VoxelGrid(shape=(z, y, x), spacing=triple(spacing), origin=triple(origin))


def volume_of(layer: Layer) -> Volume:
    """Return what picks have to know of the tomogram that a layer shows."""
    return Volume(tomogram_name(layer), full_grid(layer), identity(layer))


def check_source(layer: Layer) -> None:
    """Refuse a layer that cannot be a tomogram.

    Raises
    ------
    TomogramError
        It says why, and what to do.
    """
    if not is_source(layer):
        raise TomogramError(f"Layer '{layer.name}' is not an image; choose the tomogram's layer.")
    if layer.rgb:
        raise TomogramError(f"Layer '{layer.name}' is a colour image; a tomogram has grey values.")
    if layer.ndim != 3:
        raise TomogramError(
            f"Layer '{layer.name}' has {layer.ndim} axes; a tomogram has three (z, y, x). "
            "Split or stack it first."
        )
    if np.iscomplexobj(np.empty(0, layer.dtype)):
        raise TomogramError(f"Layer '{layer.name}' has complex values; convert them to real ones.")
    if not is_upright(layer):
        raise TomogramError(
            f"Layer '{layer.name}' is rotated, sheared or mirrored; "
            "reset its transform, or resample it first."
        )


def tomogram_name(layer: Layer) -> str:
    """Return the name that picks go by: the stem of the tomogram's file, else the layer's name."""
    tag = tag_of(layer)
    if tag is not None and tag.name:
        return tag.name
    path = path_of(layer)
    return str(layer.name) if path is None else name_of(path)


def set_spacing(layer: Layer, spacing: tuple[float, float, float]) -> None:
    """Give a tomogram layer a voxel spacing in Å; its place in voxels stays the same."""
    start = np.asarray(layer.translate, dtype=float) / np.asarray(layer.scale, dtype=float)
    layer.scale = spacing
    layer.translate = start * spacing
    layer.units = ANGSTROM
    if tuple(layer.axis_labels) != AXES and all(
        label.startswith("-") for label in layer.axis_labels
    ):
        layer.axis_labels = AXES  # napari's own default is (-3, -2, -1)


def place(layer: Layer, arguments: Mapping[str, Any], *names: str) -> None:
    """Set a layer's scale, and those of the named arguments, as far as they differ.

    That of a hidden layer always: it else keeps the extent of the data that it had before.
    """
    for name in ("scale", *names):
        hidden = name == "scale" and not layer.visible
        if hidden or not np.array_equal(getattr(layer, name), arguments[name]):
            setattr(layer, name, arguments[name])


def suggested_spacing(layer: Layer) -> tuple[float, float, float] | None:
    """Return the scale of a layer that has no unit of length: to be proposed, not believed."""
    if layer.ndim != 3 or spacing_of(layer) is not None or np.allclose(layer.scale, 1):
        return None
    return triple(np.asarray(layer.scale, dtype=float))


def _levels(layer: Image) -> tuple[Level, ...]:
    """Return the coarser levels of a layer; where its reader did not say, they are averages."""
    tag = tag_of(layer)
    if tag is not None and len(tag.levels) == len(layer.data) - 1:
        return tag.levels
    z, y, x = (int(side) for side in layer.level_shapes[0])
    return tuple(averaged(data, (z, y, x)) for data in layer.data[1:])


def is_upright(layer: Layer) -> bool:
    """Whether a layer is only scaled and moved: neither rotated nor sheared nor mirrored."""
    identity_matrix = np.eye(layer.ndim + 1)
    return bool(
        np.allclose(layer.affine.affine_matrix, identity_matrix)
        and np.allclose(layer.rotate, np.eye(layer.ndim))
        and np.allclose(layer.shear, 0)
        and (np.asarray(layer.scale) > 0).all()
    )


def angstrom_per(unit: Any) -> float | None:
    """Return how many Å a unit of napari's is, or ``None`` if it is no length."""
    if not unit.is_compatible_with("angstrom"):
        return None
    return float((1 * unit).to("angstrom").magnitude)


def path_of(layer: Layer) -> Path | None:
    """Return the file or folder that a tomogram layer was read from, if any."""
    tag = tag_of(layer)
    path = (None if tag is None else tag.path) or layer.source.path
    return None if path is None else Path(path)
