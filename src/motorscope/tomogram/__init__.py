"""Tomograms: opening them, where their voxels lie, and making a network's input from them."""

from motorscope.tomogram.folder import Found, expand, find_tomograms, natural_key, read_list
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
from motorscope.tomogram.mrc import MRC_SUFFIXES, write_mrc
from motorscope.tomogram.open import can_open, is_tomogram, name_of, open_tomogram
from motorscope.tomogram.prepare import prepare, prepared_grid
from motorscope.tomogram.recipe import InputRecipe
from motorscope.tomogram.tiff import TIFF_SUFFIXES
from motorscope.tomogram.volume import Tomogram, read_block

__all__ = [
    "HEATMAP_SUFFIX",
    "MRC_SUFFIXES",
    "TIFF_SUFFIXES",
    "Found",
    "InputRecipe",
    "Shape",
    "Tomogram",
    "Vector",
    "VoxelGrid",
    "can_open",
    "expand",
    "find_tomograms",
    "heatmap_fingerprint",
    "heatmap_name",
    "intensity_range",
    "is_heatmap",
    "is_map",
    "is_tomogram",
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
]
