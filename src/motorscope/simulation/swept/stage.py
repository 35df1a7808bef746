"""What all painters of a scene share: random streams, textures, and what was drawn so far."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from motorscope.simulation.density.canvas import Canvas, Point, Volume
from motorscope.simulation.density.shapes import CoarseGrid

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Streams:
    """Random streams by name, so that a new kind of thing changes no other draw."""

    seed: int

    def of(self, name: str) -> np.random.Generator:
        """Return the stream of this name, from its beginning."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


@dataclass(frozen=True)
class Textures:
    """Periodic cubes of noise with a limited band of sizes and variance 1."""

    fine: Volume
    coarse: Volume
    patches: Volume
    offsets: NDArray[np.int64]

    @classmethod
    def draw(cls, spacing: float, largest: int, rng: np.random.Generator) -> "Textures":
        """Draw them for a voxel size in Å and volumes whose longest side has so many voxels."""
        return cls(
            _banded(rng, min(150, largest), spacing, 17, 45, 0.1),
            _banded(rng, min(128, largest), spacing, 24, 80, 0.1),
            _banded(rng, min(120, largest), spacing, 35, 140, 0.0),
            rng.integers(0, 120, (3, 3)),
        )

    def fine_at(self, box: Box) -> Volume:
        """Return the finest noise in a part of the volume."""
        return _tiled(self.fine, box, self.offsets[0])

    def proteins_at(self, box: Box) -> Volume:
        """Return fine and coarser noise together."""
        both = self.fine_at(box)
        both += _tiled(self.coarse, box, self.offsets[1])
        both *= np.float32(0.72)
        return both

    def patches_at(self, box: Box) -> Volume:
        """Return the noise of membranes: patches of 35 to 140 Å."""
        return _tiled(self.patches, box, self.offsets[2])


@dataclass(frozen=True)
class Stage:
    """A scene while it is painted.

    Attributes
    ----------
    inner, outer, nucleoid
        Of all cells together, on the coarse grid: signed distances in Å, and 0 to 1.
    surfaces
        Points ``(n, 3)`` of the inner membranes with the outward unit vectors ``(n, 3)``.
    motors
        Places ``(n, 3)`` of the motors in the inner membrane, Å.
    ice
        Thickness of the ice, Å, about the middle of the volume.
    crowded
        Whether there is more about than usual.
    kept_free
        Balls ``(centre, radius)`` that nothing that is drawn later may enter; painters add theirs.
    """

    canvas: Canvas
    grid: CoarseGrid
    textures: Textures
    streams: Streams
    inner: Volume
    outer: Volume
    nucleoid: Volume
    surfaces: tuple[Point, Point]
    motors: Point
    ice: float
    crowded: bool
    kept_free: list[tuple[Point, float]] = field(default_factory=list)

    @property
    def middle(self) -> Point:
        """Centre of the volume, Å."""
        return self.canvas.extent / 2

    def surface(self, rng: np.random.Generator) -> tuple[Point, Point] | None:
        """Return a point of an inner membrane and the outward unit vector, if there is a cell."""
        points, normals = self.surfaces
        if not len(points):
            return None
        which = int(rng.integers(len(points)))
        return points[which], normals[which]

    def inside(self, depth: float, rng: np.random.Generator) -> Point | None:
        """Return a point so deep below the inner membranes, away from what is kept free."""
        deep = np.argwhere(self.inner < -depth)
        if not len(deep):
            return None
        places = deep[rng.integers(len(deep), size=60)] + rng.uniform(-0.5, 0.5, (60, 3))
        point: Point
        for point in np.clip(places * self.grid.step, 0, self.canvas.extent):
            if self.grid.sample(self.inner, point)[0] < -depth and all(
                np.linalg.norm(point - centre) > radius + depth for centre, radius in self.kept_free
            ):
                return point
        return None

    def outside(self, gap: float, rng: np.random.Generator, within: float = np.inf) -> Point | None:
        """Return a point in the ice at least `gap` and less than `gap + within` Å from all cells.

        It is no nearer to a motor than 600 Å more than the gap.
        """
        reach = self.canvas.extent / 2
        reach[0] = max(50.0, self.ice / 2 - 0.7 * gap)
        point: Point
        for point in self.middle + rng.uniform(-1, 1, (80, 3)) * reach:
            away = float(self.grid.sample(self.outer, point)[0])
            if gap < away < gap + within and self.far_from_motors(point, 600 + gap):
                return point
        return None

    def far_from_motors(self, point: Point, distance: float) -> bool:
        """Return whether no motor is nearer than so many Å."""
        return bool((np.linalg.norm(self.motors - point, axis=1) > distance).all())


@dataclass(frozen=True)
class Thing:
    """A kind of thing that may lie in or about cells.

    Attributes
    ----------
    paint
        Draws one of them.
    usual, crowded
        Mean number in a scene.
    one
        Whether there is at most one; then the means are chances.
    """

    paint: Callable[[Stage, np.random.Generator], None]
    usual: float
    crowded: float
    one: bool = False


def paint_things(stage: Stage, things: dict[str, Thing]) -> None:
    """Draw as many of each kind as chance will have."""
    for name, thing in things.items():
        rng = stage.streams.of(name)
        mean = thing.crowded if stage.crowded else thing.usual
        count = int(rng.random() < mean) if thing.one else int(rng.poisson(mean))
        for own in rng.spawn(count):
            thing.paint(stage, own)


def unit(vector: ArrayLike) -> Point:
    """Return a vector at length 1."""
    v: Point = np.asarray(vector, dtype=float)
    return v / max(float(np.linalg.norm(v)), 1e-12)


def across(axis: Point, rng: np.random.Generator) -> Point:
    """Draw a unit vector at right angles to another."""
    v: Point = rng.normal(size=3)
    return unit(v - axis * (v @ axis))


def tipped(axis: Point, angle: float, rng: np.random.Generator) -> Point:
    """Return a unit vector at an angle in radians from another, in a random direction."""
    return float(np.cos(angle)) * axis + float(np.sin(angle)) * across(axis, rng)


def normal(grid: CoarseGrid, distance: Volume, point: Point, span: float = 90.0) -> Point:
    """Return the direction of steepest rise over ± `span` Å at one point."""
    ends = np.concatenate([point + span * np.eye(3), point - span * np.eye(3)])
    values = grid.sample(distance, ends)
    return unit(values[:3] - values[3:])


def grain(shape: tuple[int, ...], size: float, rng: np.random.Generator) -> Volume:
    """Draw smooth noise of variance 1 in a small box; `size` is in voxels."""
    axes = [np.fft.fftfreq(n) for n in shape[:-1]] + [np.fft.rfftfreq(shape[-1])]
    square = sum(k**2 for k in np.meshgrid(*axes, indexing="ij", sparse=True))
    waves = fft.rfftn(rng.standard_normal(shape, dtype=np.float32))
    noise = fft.irfftn(waves * np.exp(-2 * (np.pi * size) ** 2 * square), s=shape)
    scaled: Volume = (noise / max(float(noise.std()), 1e-9)).astype(np.float32)
    return scaled


def _banded(
    rng: np.random.Generator, side: int, spacing: float, low: float, high: float, skew: float
) -> Volume:
    """Draw a periodic cube with sizes between two in Å; dense spots stand out by `skew`."""
    k = np.fft.fftfreq(side).astype(np.float32)
    half = np.fft.rfftfreq(side).astype(np.float32)
    square = k[:, None, None] ** 2 + k[None, :, None] ** 2 + half**2
    keep = np.exp(-2 * (np.pi * low / spacing) ** 2 * square)
    keep -= np.exp(-2 * (np.pi * high / spacing) ** 2 * square)
    waves = fft.rfftn(rng.standard_normal((side,) * 3, dtype=np.float32)) * keep
    tile: Volume = fft.irfftn(waves, s=(side,) * 3).astype(np.float32)
    tile /= tile.std()
    tile += np.float32(skew) * (tile * tile - 1)
    tile -= tile.mean()
    tile /= tile.std()
    return tile


def _tiled(tile: Volume, box: Box, offset: NDArray[np.int64]) -> Volume:
    places = (
        (np.arange(s.start, s.stop) + o) % n
        for s, o, n in zip(box, offset, tile.shape, strict=True)
    )
    return tile[np.ix_(*places)]
