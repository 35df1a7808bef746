"""Tomograms: opening them, where their voxels lie, and making a network's input from them."""

from motorscope.tomogram.folder import Found, expand, find_tomograms, natural_key, read_list
from motorscope.tomogram.formats import format_to_write, write_volume
from motorscope.tomogram.formats.mrc import write_mrc
from motorscope.tomogram.formats.ome.write import write_ome_zarr
from motorscope.tomogram.grid import Shape, Vector, VoxelGrid
from motorscope.tomogram.heatmaps import (
    HEATMAP_SUFFIX,
    heatmap_fingerprint,
    heatmap_name,
    is_heatmap,
    is_map,
    map_label,
    write_heatmap,
)
from motorscope.tomogram.intensity import intensity_range
from motorscope.tomogram.open import (
    can_open,
    file_name_of,
    is_tomogram,
    located,
    name_of,
    open_tomogram,
)
from motorscope.tomogram.prepare import level_for, prepare, prepared_grid
from motorscope.tomogram.recipe import InputRecipe, Shade
from motorscope.tomogram.volume import Level, Tomogram, read_block

__all__ = [
    "HEATMAP_SUFFIX",
    "Found",
    "InputRecipe",
    "Level",
    "Shade",
    "Shape",
    "Tomogram",
    "Vector",
    "VoxelGrid",
    "can_open",
    "expand",
    "file_name_of",
    "find_tomograms",
    "format_to_write",
    "heatmap_fingerprint",
    "heatmap_name",
    "intensity_range",
    "is_heatmap",
    "is_map",
    "is_tomogram",
    "level_for",
    "located",
    "map_label",
    "name_of",
    "natural_key",
    "open_tomogram",
    "prepare",
    "prepared_grid",
    "read_block",
    "read_list",
    "write_heatmap",
    "write_mrc",
    "write_ome_zarr",
    "write_volume",
]
