"""Where the voxels of a volume lie in the world."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motorscope.errors import SpacingError

Shape = tuple[int, int, int]
Vector = tuple[float, float, float]
Box = tuple[Vector, Vector]
"""Two corners (z, y, x) in Å, the lower one first."""

_SPACING_RANGE = (0.1, 1000.0)
"""Å; whatever a file says beyond it is no voxel spacing of a tomogram."""

_USUAL_SPACING = (1.0, 60.0)
"""Å; at the upper end a motor is eight voxels wide."""

_MOTOR = 450.0
"""Å: diameter of a C ring, the widest part of a motor."""


@dataclass(frozen=True)
class VoxelGrid:
    """A regular grid of voxels; every triple is in the order z, y, x.

    Attributes
    ----------
    shape
        Number of voxels per axis.
    spacing
        Distance of neighbouring voxel centres in Å per axis, or ``None`` where the file does not
        say.
    origin
        Position of the centre of voxel (0, 0, 0) in Å.
    """

    shape: Shape
    spacing: Vector | None
    origin: Vector = (0.0, 0.0, 0.0)

    def with_spacing(self, spacing: float | Sequence[float]) -> "VoxelGrid":
        """Return the same grid with a spacing in Å, one number or one per axis (z, y, x).

        Raises
        ------
        SpacingError
            If a number is not positive and finite.
        """
        try:
            sides = np.broadcast_to(np.asarray(spacing, dtype=float), 3)
        except (TypeError, ValueError) as error:
            raise SpacingError(
                f"A voxel spacing is one number in Å or three (z, y, x), not {spacing!r}."
            ) from error
        if not (np.isfinite(sides).all() and (sides > 0).all()):
            raise SpacingError(f"A voxel spacing must be a positive number of Å, not {spacing!r}.")
        return replace(self, spacing=triple(sides))

    def known_spacing(self) -> Vector:
        """Return the spacing in Å.

        Raises
        ------
        SpacingError
            If it is unknown.
        """
        if self.spacing is None:
            raise SpacingError(
                "The voxel spacing of this volume is unknown; "
                "give it in Å (--spacing, or the Spacing field)."
            )
        return self.spacing

    def doubt(self) -> str:
        """Return why the spacing is probably wrong, in a sentence; empty if nothing speaks for it.

        Nothing is refused for it: a person may know better.
        """
        if self.spacing is None:
            return ""
        low, high = _USUAL_SPACING
        odd = [f"{side:g}" for side in self.spacing if not low <= side <= high]
        if odd:
            return (
                f"A voxel spacing of {odd[0]} Å is unusual, most tomograms have {low:g} to "
                f"{high:g} Å; check it."
            )
        sides = [count * side for count, side in zip(self.shape, self.spacing, strict=True)]
        if min(sides) < _MOTOR:
            size = " × ".join(f"{side:.0f}" for side in sides)
            return (
                f"The volume measures {size} Å, and a motor is {_MOTOR:.0f} Å wide; check the "
                "voxel spacing."
            )
        return ""

    def to_world(self, voxels: ArrayLike) -> NDArray[np.float64]:
        """Turn voxel coordinates ``(..., 3)`` (centres at integers) into Å."""
        return np.asarray(voxels, dtype=float) * self.known_spacing() + self.origin

    def to_voxels(self, world: ArrayLike) -> NDArray[np.float64]:
        """Turn positions ``(..., 3)`` in Å into voxel coordinates (centres at integers)."""
        return (np.asarray(world, dtype=float) - self.origin) / self.known_spacing()

    def strided(self, stride: int, offset: float, shape: Shape) -> "VoxelGrid":
        """Return the grid of a map: its voxel *i* is centred on voxel ``stride * i + offset``."""
        spacing = self.known_spacing()
        return VoxelGrid(
            shape=shape,
            spacing=(spacing[0] * stride, spacing[1] * stride, spacing[2] * stride),
            origin=triple(self.to_world((offset, offset, offset))),
        )

    def cropped(self, start: Shape, shape: Shape) -> "VoxelGrid":
        """Return the grid of the part that begins at voxel ``start``."""
        return VoxelGrid(shape=shape, spacing=self.spacing, origin=triple(self.to_world(start)))


def plausible_spacing(values: Sequence[float]) -> Vector | None:
    """Return what a file says of its spacing (z, y, x) in Å, or ``None`` if that cannot be true.

    One axis that is zero, negative, not a number or out of proportion makes the whole unknown: half
    a spacing is none.
    """
    low, high = _SPACING_RANGE
    z, y, x = (float(value) for value in values)
    if not all(math.isfinite(value) and low <= value <= high for value in (z, y, x)):
        return None
    return (z, y, x)


def parse_spacing(text: str) -> Vector:
    """Read a spacing in Å as a person types it: one number, or three (z, y, x).

    Raises
    ------
    SpacingError
        If it is neither.
    """
    words = re.sub(r"[Å\u212b×,]|A\b", " ", text).split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3):
        raise SpacingError(
            "A voxel spacing is one number in Å, or three (z y x), with a decimal point; "
            f"not '{text}'."
        )
    grid = VoxelGrid(shape=(1, 1, 1), spacing=None).with_spacing(
        numbers[0] if len(numbers) == 1 else numbers
    )
    return grid.known_spacing()


def spacing_text(spacing: Vector) -> str:
    """Return a spacing in Å as a person types it: one number if all axes have it."""
    numbers = [f"{each:.6g}" for each in spacing]
    return numbers[0] if len(set(numbers)) == 1 else " ".join(numbers)


def triple(values: ArrayLike) -> Vector:
    """Return three numbers (z, y, x) of an array ``(3,)``."""
    values = np.asarray(values, dtype=float)
    return (float(values[0]), float(values[1]), float(values[2]))
