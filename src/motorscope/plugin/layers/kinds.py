"""The kinds of our layers: how each looks, its place in the list, what it does not outlive."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Any

STATUS_COLOURS = {"candidate": "#ffee00", "accepted": "#3dff6e", "rejected": "#ff5252"}

HEATMAP_OPACITY = 0.3
"""Of the heatmap: the motor under it is what a person judges."""


class Ending(Flag):
    """What a result may not outlive."""

    NONE = 0
    TOMOGRAM = auto()
    """Its tomogram was removed."""
    SPACING = auto()
    """Its tomogram got another voxel spacing."""
    EXCHANGE = auto()
    """Another tomogram was put into the layers of the one before."""
    ANY = TOMOGRAM | SPACING | EXCHANGE


@dataclass(frozen=True, eq=False)
class LayerKind:
    """A kind of layer.

    Attributes
    ----------
    name
        What it is called in messages.
    looks
        Arguments of ``add_image`` or ``add_points`` that all layers of the kind have.
    order
        Above its tomogram, and above results of a smaller order; from `TOP` on, above all layers.
    dies_with
        What removes it.
    marks_motors
        Whether it has markers that are as thick as motors.
    """

    name: str
    looks: Mapping[str, Any] = field(default_factory=dict)
    order: int = 0
    dies_with: Ending = Ending.NONE
    marks_motors: bool = False

    def __deepcopy__(self, memo: object) -> "LayerKind":
        """Return the kind itself: a copy of a layer is of the same kind."""
        return self


TOP = 10
"""Layers of this order and above come to the top of the list."""

_VALUES = {"rgb": False, "projection_mode": "none"}
"""One number a voxel; where several planes are shown at once, the middle one."""

TOMOGRAM = LayerKind(
    "tomogram",
    {
        **_VALUES,
        "colormap": "gray",
        "rendering": "average",  # in 3D the cell is seen, and the heatmap through it
    },
)
FEATURES = LayerKind(
    "features",
    {
        **_VALUES,
        "colormap": "bop blue",
        "blending": "additive",
        "opacity": 0.6,
    },
    order=1,
    dies_with=Ending.ANY,
)
COLORS = LayerKind(
    "colors",
    {"rgb": True, "blending": "translucent", "opacity": 0.6, "projection_mode": "none"},
    order=1,
    dies_with=Ending.ANY,
)
HEATMAP = LayerKind(
    "heatmap",
    {
        **_VALUES,
        "contrast_limits": (0.02, 1.0),
        "colormap": "inferno",
        "blending": "additive",
        "opacity": HEATMAP_OPACITY,
        "interpolation2d": "linear",
    },
    order=2,
    dies_with=Ending.TOMOGRAM | Ending.SPACING,
)
ALIKE = LayerKind(
    "alike",
    {
        **_VALUES,
        "contrast_limits": (0.2, 1.0),
        "colormap": "magenta",
        "blending": "additive",
        "opacity": 0.5,
    },
    order=2,
    dies_with=Ending.ANY,
)
WHY = LayerKind(
    "why",
    {
        **_VALUES,
        "colormap": {
            "name": "against and for",
            "colors": [(0.2, 0.5, 1, 1), (0.2, 0.5, 1, 0), (1, 0.45, 0, 0), (1, 0.45, 0, 1)],
            "controls": [0.0, 0.5, 0.5, 1.0],
        },
        "blending": "translucent",
        "opacity": 0.8,
    },
    order=3,
    dies_with=Ending.ANY,
)
BESIDE = LayerKind(
    "compared heatmap",
    {**HEATMAP.looks, "opacity": 1.0},
    order=2,
    dies_with=Ending.ANY,
)
DIFFERENCE = LayerKind(
    "difference",
    {**WHY.looks, "contrast_limits": (-1.0, 1.0)},
    order=3,
    dies_with=Ending.ANY,
)
CELL = LayerKind(
    "cell",
    order=TOP,
    dies_with=Ending.ANY,
)
"""A copy of another layer in a cell of a grid."""
COORDINATES = LayerKind("coordinates", order=TOP, marks_motors=True)
PICKS = LayerKind(
    "picks",
    {
        "face_color": "transparent",
        "border_color": "status",
        "border_color_cycle": STATUS_COLOURS,
        "border_width": 0.02,  # of the diameter, until the zoom is known: see `rings`
        "symbol": "disc",
        "canvas_size_limits": (0, 10_000),  # a point without a size is not drawn
        "projection_mode": "rescale_spherical",
        "blending": "translucent_no_depth",  # in 3D scores are not hidden behind their rings
    },
    order=TOP,
    dies_with=Ending.TOMOGRAM | Ending.SPACING,
    marks_motors=True,
)
COMPARISON = LayerKind(
    "comparison",
    {
        "face_color": "transparent",
        "border_color": "verdict",
        "border_width": 0.05,
        "symbol": "square",
        "projection_mode": "rescale_spherical",
    },
    order=TOP,
    dies_with=Ending.ANY,
    marks_motors=True,
)
KINDS = (
    TOMOGRAM,
    FEATURES,
    COLORS,
    HEATMAP,
    ALIKE,
    WHY,
    BESIDE,
    DIFFERENCE,
    CELL,
    COORDINATES,
    PICKS,
    COMPARISON,
)
"""All that there are; ``tests/plugin/layers/test_kinds.py`` goes through them."""
