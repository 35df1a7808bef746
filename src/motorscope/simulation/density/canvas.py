"""Drawing into a volume of densities: small shapes, each inside its own box.

Coordinates are in Å, in the order z, y, x, from the centre of voxel 0. A shape is drawn by the
share of a voxel that it covers, which follows from the signed distance to its surface (negative
inside), so that its edges are smooth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Volume = NDArray[np.float32]
Point = NDArray[np.float64]
Offsets = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Ring:
    """A body of revolution with a rectangular section: a ring, or a disc where `radius` is 0.

    Attributes
    ----------
    radius, width
        Middle of the ring's wall and its thickness, Å; of a disc, 0 and its diameter.
    height, thickness
        Middle and extent along the axis, Å.
    density
        1 is protein, 0 is ice.
    studs
        If above 0, the ring is broken into so many pieces.
    share
        Below 1, some of what was there shows through.
    """

    radius: float
    width: float
    height: float
    thickness: float
    density: float
    studs: int = 0
    share: float = 1.0


@dataclass(frozen=True)
class Canvas:
    """A volume of densities ``(z, y, x)`` that is drawn into, and its spacing in Å."""

    density: Volume
    spacing: float

    @property
    def extent(self) -> Point:
        """Size in Å, from the first voxel's centre to the last one's."""
        return (np.array(self.density.shape, dtype=float) - 1) * self.spacing

    def box(self, low: ArrayLike, high: ArrayLike) -> tuple[slice, slice, slice] | None:
        """Return the voxels between two corners in Å, or ``None`` where they miss the volume."""
        first = np.maximum(np.ceil(np.asarray(low, dtype=float) / self.spacing), 0).astype(int)
        last = np.floor(np.asarray(high, dtype=float) / self.spacing).astype(int) + 1
        last = np.minimum(last, self.density.shape)
        if (last <= first).any():
            return None
        z, y, x = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
        return z, y, x

    def offsets(self, part: tuple[slice, slice, slice], centre: ArrayLike) -> Offsets:
        """Return the open grid of a part's voxel positions in Å, as seen from `centre`."""
        z, y, x = (
            (np.arange(s.start, s.stop) * self.spacing - c).astype(np.float32)
            for s, c in zip(part, np.asarray(centre, dtype=float), strict=True)
        )
        return z[:, None, None], y[None, :, None], x[None, None, :]

    def coverage(self, distance: Volume) -> Volume:
        """Turn signed distances in Å into the covered share of a voxel, 0 to 1."""
        share: Volume = np.clip(np.float32(0.5) - distance / np.float32(self.spacing), 0, 1)
        return share

    def paint(
        self,
        low: ArrayLike,
        high: ArrayLike,
        centre: ArrayLike,
        shape: Callable[[Offsets], tuple[Volume, Volume | np.float32]],
    ) -> None:
        """Blend a shape into the box between two corners.

        `shape` maps the offsets from `centre` to the covered share of each voxel and the density
        there.
        """
        part = self.box(low, high)
        if part is None:
            return
        share, value = shape(self.offsets(part, centre))
        here = self.density[part]
        here += share * (value - here)

    def ball(self, centre: ArrayLike, radius: float, density: float, share: float = 1.0) -> None:
        """Draw a ball; `share` below 1 leaves some of what was there."""
        c = np.asarray(centre, dtype=float)
        reach = radius + self.spacing

        def shape(o: Offsets) -> tuple[Volume, Volume | np.float32]:
            distance = np.sqrt(o[0] ** 2 + o[1] ** 2 + o[2] ** 2) - np.float32(radius)
            return self.coverage(distance) * np.float32(share), np.float32(density)

        self.paint(c - reach, c + reach, c, shape)

    def shell(self, centre: ArrayLike, radius: float, wall: float, density: float) -> None:
        """Draw the wall of a hollow ball; `radius` is the middle of the wall."""
        c = np.asarray(centre, dtype=float)
        reach = radius + wall + self.spacing

        def shape(o: Offsets) -> tuple[Volume, Volume | np.float32]:
            distance = np.abs(np.sqrt(o[0] ** 2 + o[1] ** 2 + o[2] ** 2) - np.float32(radius))
            return self.coverage(distance - np.float32(wall / 2)), np.float32(density)

        self.paint(c - reach, c + reach, c, shape)

    def rings(
        self,
        centre: ArrayLike,
        axis: ArrayLike,
        parts: tuple[Ring, ...],
        turn: float = 0.0,
    ) -> None:
        """Draw bodies of revolution about one axis.

        Parameters
        ----------
        centre
            Where the height along the axis is 0, Å.
        axis
            Unit vector (z, y, x).
        parts
            Drawn in this order, a later one over an earlier one.
        turn
            Angle about the axis at which studs begin, radians.
        """
        c, w = np.asarray(centre, dtype=float), np.asarray(axis, dtype=float)
        u, v = perpendicular(w)
        for ring in parts:
            middle = c + w * ring.height
            flat = np.sqrt(np.clip(1 - w**2, 0, 1)) * (ring.radius + ring.width / 2)
            reach = flat + np.abs(w) * ring.thickness / 2 + 1.5 * self.spacing
            self.paint(
                middle - reach,
                middle + reach,
                middle,
                lambda o, ring=ring: self._ring(o, ring, w, u, v, turn),  # type: ignore[misc]
            )

    def _ring(
        self, o: Offsets, ring: Ring, w: Point, u: Point, v: Point, turn: float
    ) -> tuple[Volume, Volume | np.float32]:
        height = dot(o, w)
        across, along = dot(o, u), dot(o, v)
        rho = np.hypot(across, along)
        outside_r = np.abs(rho - np.float32(ring.radius)) - np.float32(ring.width / 2)
        if ring.radius == 0:
            outside_r = rho - np.float32(ring.width / 2)
        outside_h = np.abs(height) - np.float32(ring.thickness / 2)
        share = self.coverage(outside_r) * self.coverage(outside_h) * np.float32(ring.share)
        if ring.studs:
            share *= np.float32(0.5) + np.float32(0.5) * np.cos(
                np.float32(ring.studs) * (np.arctan2(along, across) + np.float32(turn))
            )
        return share, np.float32(ring.density)

    def tube(
        self,
        points: ArrayLike,
        radius: float,
        density: float,
        bore: float = 0.0,
        bore_density: float = 0.0,
    ) -> None:
        """Draw a tube along points ``(n, 3)``; `bore` is the radius of its lighter inside."""
        chain = np.asarray(points, dtype=float)
        for a, b in pairwise(chain):
            reach = radius + self.spacing
            along = b - a
            length2 = float(along @ along)
            if length2 == 0:
                continue

            def shape(
                o: Offsets, along: Point = along, length2: float = length2
            ) -> tuple[Volume, Volume | np.float32]:
                t = np.clip(dot(o, along / length2), 0, 1)
                dz, dy, dx = (o[i] - t * np.float32(along[i]) for i in range(3))
                distance = np.sqrt(dz**2 + dy**2 + dx**2)
                value: Volume | np.float32 = np.float32(density)
                if bore > 0:
                    inside = self.coverage(distance - np.float32(bore))
                    value = np.float32(density) + inside * np.float32(bore_density - density)
                return self.coverage(distance - np.float32(radius)), value

            self.paint(np.minimum(a, b) - reach, np.maximum(a, b) + reach, a, shape)

    def stamp(self, template: Volume, centres: ArrayLike) -> None:
        """Lay a small cube on each of ``(n, 3)`` positions; in every voxel the denser one wins."""
        half = template.shape[0] // 2
        shape = self.density.shape
        for z, y, x in np.rint(np.asarray(centres, dtype=float) / self.spacing).astype(int):
            low = (z - half, y - half, x - half)
            if min(low) >= 0 and all(
                a + template.shape[0] <= n for a, n in zip(low, shape, strict=True)
            ):
                part = tuple(slice(a, a + template.shape[0]) for a in low)
                here = self.density[part]
                np.maximum(here, template, out=here)
                continue
            first = [max(0, -a) for a in low]
            last = [min(template.shape[0], n - a) for a, n in zip(low, shape, strict=True)]
            if any(b <= a for a, b in zip(first, last, strict=True)):
                continue
            part = tuple(slice(a + n, b + n) for a, b, n in zip(first, last, low, strict=True))
            piece = template[tuple(slice(a, b) for a, b in zip(first, last, strict=True))]
            here = self.density[part]
            np.maximum(here, piece, out=here)


def perpendicular(axis: ArrayLike) -> tuple[Point, Point]:
    """Return two unit vectors at right angles to a unit vector and to each other."""
    w = np.asarray(axis, dtype=float)
    helper = np.zeros(3)
    helper[int(np.argmin(np.abs(w)))] = 1.0
    u = np.cross(w, helper)
    u /= np.linalg.norm(u)
    return u, np.cross(w, u)


def dot(o: Offsets, direction: Point) -> Volume:
    """Return how far positions lie along a unit vector ``(z, y, x)``, Å."""
    d = direction.astype(np.float32)
    product: Volume = o[0] * d[0] + o[1] * d[1] + o[2] * d[2]
    return product
