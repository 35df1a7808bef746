"""What an OME-Zarr says of its levels, and what we say of ours (versions 0.4 and 0.5)."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from motorscope.errors import TomogramError
from motorscope.tomogram.formats.units import angstroms_per
from motorscope.tomogram.grid import Vector, VoxelGrid, plausible_spacing

_AXES = ("z", "y", "x")


@dataclass(frozen=True)
class OmeLevel:
    """A level as its metadata have it; triples are z, y, x.

    Attributes
    ----------
    path
        Of its array within the zarr.
    scale, translation
        Size of a voxel, and place of the center of the first one, in the unit of the axes.
    placed
        Whether the level itself says its place.
    """

    path: str
    scale: Vector
    translation: Vector
    placed: bool


@dataclass(frozen=True)
class OmeImage:
    """An image of an OME-Zarr.

    Attributes
    ----------
    levels
        The finest first.
    units
        Å per unit of z, y, x; ``None`` where the metadata do not name a unit of length.
    """

    levels: tuple[OmeLevel, ...]
    units: Vector | None

    def spacing(self) -> Vector | None:
        """Return the spacing of the finest level in Å, or ``None`` if it is unknown."""
        if self.units is None:
            return None
        sides = np.multiply(self.levels[0].scale, self.units)
        return plausible_spacing([float(f"{side:.7g}") for side in sides])

    def origin(self) -> Vector:
        """Return where the center of the first voxel of the finest level is, in Å."""
        if self.units is None:
            return (0.0, 0.0, 0.0)
        return _triple(np.multiply(self.levels[0].translation, self.units))

    def factors(self, level: int) -> Vector:
        """Return how many times larger a level's voxels are than those of the finest."""
        return _triple(np.divide(self.levels[level].scale, self.levels[0].scale))

    def offset(self, level: int) -> Vector:
        """Return where the first voxel of a level is centered, in voxels of the finest.

        Where no coarser level says its place, as many programs leave it, voxels are means of those
        that they stand for.
        """
        if not any(each.placed for each in self.levels[1:]):
            return _triple((np.array(self.factors(level)) - 1) / 2)
        first = self.levels[0]
        return _triple(np.subtract(self.levels[level].translation, first.translation) / first.scale)


def multiscales(attributes: Mapping[str, Any]) -> Any:
    """Return what a group's attributes call multiscales, or ``None`` if it is no image."""
    ome = attributes.get("ome", attributes)
    return ome.get("multiscales") if isinstance(ome, Mapping) else None


def read_image(attributes: Mapping[str, Any], where: str) -> OmeImage:
    """Read the attributes of an image's group.

    Raises
    ------
    TomogramError
        If it is no image, not a volume, or of a version that is not known.
    """
    images = multiscales(attributes)
    if not isinstance(images, list) or not images:
        raise TomogramError(
            f"{where} is a zarr, but no OME-Zarr image (it has no 'multiscales'); give the folder "
            "of one image."
        )
    image = _validated(images[0], "ome" in attributes, where)
    names = [axis.name.lower() for axis in image.axes]
    if tuple(names[-3:]) != _AXES:
        raise TomogramError(
            f"{where} has the axes {', '.join(names)}; a tomogram has z, y, x, in this order."
        )
    whole = image.coordinateTransformations
    levels = tuple(_level(each, whole) for each in image.datasets)
    units = [angstroms_per(axis.unit) if axis.unit else None for axis in image.axes[-3:]]
    known = [unit for unit in units if unit is not None]
    return OmeImage(levels, _triple(known) if len(known) == 3 else None)


def _validated(image: Any, new: bool, where: str) -> Any:
    from pydantic import ValidationError
    from yaozarrs import v04, v05

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of units that the standard does not list
        try:
            return (v05 if new else v04).Multiscale.model_validate(image)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            said = first["msg"].splitlines()[0].removeprefix("Value error, ")
            raise TomogramError(
                f"{where} does not follow OME-Zarr 0.4 or 0.5 ({place or 'multiscales'}: "
                f"{said.rstrip('.')}); convert it to one of them."
            ) from error


def _level(dataset: Any, whole: Any) -> OmeLevel:
    """Return a level; `whole` is what is done to all levels after their own transformations."""
    scale, place = np.ones(3), np.zeros(3)
    for step in (*dataset.coordinateTransformations, *(whole or ())):
        if step.type == "scale":
            scale, place = scale * step.scale[-3:], place * step.scale[-3:]
        else:
            place = place + step.translation[-3:]
    placed = any(step.type == "translation" for step in dataset.coordinateTransformations)
    return OmeLevel(dataset.path, _triple(scale), _triple(place), placed)


def _triple(values: Any) -> Vector:
    return (float(values[0]), float(values[1]), float(values[2]))


def new_attributes(
    grid: VoxelGrid,
    factors: Sequence[int],
    label: str,
    names: Sequence[str] = (),
    several: bool = False,
    version: str = "0.5",
) -> dict[str, Any]:
    """Return the attributes of a group with an image.

    Parameters
    ----------
    grid
        Of the finest level.
    factors
        How many times larger the voxels of each level are; the arrays are called ``0``, ``1``, ….
    label
        Name of the image.
    names, several
        Names of the channels; whether there is an axis of them.
    version
        ``0.4`` or ``0.5``.
    """
    unit = {} if grid.spacing is None else {"unit": "angstrom"}
    axes: list[dict[str, Any]] = [{"name": a, "type": "space", **unit} for a in _AXES]
    lead: list[dict[str, Any]] = [{"name": "c", "type": "channel"}] if several else []
    spacing = np.array(grid.spacing or (1.0, 1.0, 1.0))
    datasets = []
    for number, factor in enumerate(factors):
        scale = (spacing * factor).tolist()
        steps: list[dict[str, Any]] = [{"type": "scale", "scale": [1.0] * len(lead) + scale}]
        place = (np.array(grid.origin) + (factor - 1) / 2 * spacing).tolist()
        steps.append({"type": "translation", "translation": [0.0] * len(lead) + place})
        datasets.append({"path": str(number), "coordinateTransformations": steps})
    image: dict[str, Any] = {"name": label, "axes": [*lead, *axes], "datasets": datasets}
    if len(factors) > 1:
        image["type"] = "mean"
    body: dict[str, Any] = {"multiscales": [image]}
    if names:
        body["omero"] = {"channels": [{"label": name} for name in names]}
    if version == "0.5":
        return {"ome": {"version": version, **body}}
    image["version"] = version
    return body
