"""The last steps to a file: borders of the field of view, gradient, 8-bit range, sign."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.density.canvas import Volume


@dataclass(frozen=True)
class Finish:
    """What happens to the grey values at the end: borders, gradient, 8-bit range, sign."""

    borders: bool
    rotation: float
    gradient: tuple[float, float]
    clip_low: float
    clip_high: float
    inverted: bool


def draw_finish(config: SimulationConfig, rng: np.random.Generator) -> Finish:
    """Draw the last steps of one tomogram."""
    strength, turn = rng.uniform(*config.gradient), rng.uniform(0, 2 * np.pi)
    return Finish(
        borders=bool(rng.random() < config.borders),
        rotation=float(rng.normal(0, 6)),
        gradient=(float(strength * np.sin(turn)), float(strength * np.cos(turn))),
        clip_low=float(rng.uniform(*config.clipping)),
        clip_high=float(rng.uniform(*config.clipping)),
        inverted=bool(rng.random() < config.inverted),
    )


def to_8bit(
    image: Volume,
    finish: Finish,
    rng: np.random.Generator,
    seen: ArrayLike = (),
    margin: float = 0.0,
) -> NDArray[np.int8]:
    """Give a tomogram its borders and gradient and turn it into bytes; changes `image`.

    The grey range is that of the percentiles to be clipped, taken from a part of the voxels. The
    bytes are signed, −128 to 127, because that is the only 8-bit type that MRC files have.

    Parameters
    ----------
    seen, margin
        Places ``(n, 2)`` (y, x) in voxels that the borders leave free, and how far around: nobody
        would label a motor that a border covers.
    """
    depth, height, width = image.shape
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
    spread = float(image[::4, ::4, ::4].std())
    image += (
        np.float32(spread * finish.gradient[0]) * y + np.float32(spread * finish.gradient[1]) * x
    )
    part = image[:: max(1, depth // 32), ::4, ::4]
    low, high = np.percentile(part, [finish.clip_low, 100 - finish.clip_high])
    if finish.borders:
        _borders(image, finish.rotation, rng, np.reshape(seen, (-1, 2)), margin)
    scale = np.float32(255 / max(float(high - low), 1e-6))
    result = np.empty(image.shape, np.int8)
    for i in range(depth):
        grey = np.clip((image[i] - np.float32(low)) * scale, 0, 255)
        if finish.inverted:
            grey = np.float32(255) - grey
        result[i] = np.rint(grey - np.float32(128)).astype(np.int8)
    return result


def _borders(
    image: Volume,
    rotation: float,
    rng: np.random.Generator,
    seen: NDArray[np.float64],
    margin: float,
) -> None:
    """Cover what lies outside a rotated field of view with streaky grey, its edge torn; in place.

    The grey continues the values at the edge outwards, as alignment programs do that fill missing
    pixels.
    """
    depth, height, width = image.shape
    turn = np.radians(rotation)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    y = np.arange(height, dtype=np.float32)[:, None] - height / 2
    x = np.arange(width, dtype=np.float32)[None, :] - width / 2
    down, right = y * cos - x * sin, x * cos + y * sin
    seen_y, seen_x = seen[:, 0] - height / 2, seen[:, 1] - width / 2
    seen_down, seen_right = seen_y * cos - seen_x * sin, seen_x * cos + seen_y * sin
    half_down = height / 2 * rng.uniform(0.93, 1.06)
    half_right = width / 2 * rng.uniform(0.93, 1.08)
    shift = rng.normal(0, 0.02, 2) * (height, width)
    level = float(image[depth // 2].mean())
    size = height + width
    keys = {
        "down": (down - np.float32(shift[0]), right, half_down, seen_down - shift[0]),
        "right": (right - np.float32(shift[1]), down, half_right, seen_right - shift[1]),
    }
    for along, across, half, kept in keys.values():
        column = np.clip(across + size / 2, 0, size - 1).astype(np.int32)
        for sign in (-1, 1):
            # Frayed: strips of a few pixels, each ending at its own place.
            fray = gaussian_filter1d(rng.normal(0, 1, size), 1.5) * 5
            fray += gaussian_filter1d(rng.normal(0, 1, size), 25) * 25
            edge = np.max(sign * kept, initial=half - margin) + margin
            beyond = sign * along - np.float32(edge) - fray.astype(np.float32)[column]
            outside = np.clip(beyond / 2, 0, 1)
            if not outside.any():
                continue
            streak = gaussian_filter1d(rng.normal(0, 1, size), 0.8)
            streak = (0.5 * streak / streak.std()).astype(np.float32)
            fade = np.exp(-np.clip(beyond, 0, None) / np.float32(0.03 * size))
            grey = np.float32(level + rng.normal(0, 0.3)) + streak[column] * fade
            grain = np.float32(0.25)
            for i in range(depth):
                image[i] += outside * (grey + grain * (image[i] - level) - image[i])
