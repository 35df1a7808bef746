"""Small pictures of candidates for the report of a batch."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from motorscope.batch.reporting.tables import Result, Row
from motorscope.errors import MotorscopeError
from motorscope.tomogram import Tomogram, open_tomogram
from motorscope.tomogram.closeups import close_up, in_grey

PIXELS, REACH, SLAB = 144, 720.0, 5
"""Side of a picture, Å from its middle to its sides, and planes that are averaged."""

_COMPRESSED = (".gz", ".bz2")


@dataclass(frozen=True)
class Thumbnail:
    """A candidate with its pictures.

    Attributes
    ----------
    label
        Its tomogram's.
    score
        Calibrated probability.
    voxel
        Its position z, y, x in voxels of the tomogram.
    xy, xz
        Pictures as data URLs; empty where there are none.
    problem
        Why there are none.
    """

    label: str
    score: float
    voxel: tuple[float, float, float]
    xy: str = ""
    xz: str = ""
    problem: str = ""


Place = tuple[Row, int]
"""A candidate: its tomogram, and its number among the candidates there."""


def choose(result: Result, count: int) -> tuple[list[Place], list[Place]]:
    """Return the best candidates of all tomograms, and the others nearest to the threshold.

    Nearness is that of log odds, so that 0.01 is as far from 0.1 as 0.9 from 0.99.
    """
    places = [(row, number) for row in result.searched for number in range(len(row.scores))]
    scores = np.concatenate([np.empty(0), *(row.scores for row in result.searched)])
    best = np.argsort(-scores, kind="stable")[:count]
    distance = np.abs(_log_odds(scores) - _log_odds(np.array(result.threshold.value)))
    distance[best] = np.inf
    doubtful = [n for n in np.argsort(distance, kind="stable")[:count] if np.isfinite(distance[n])]
    doubtful.sort(key=lambda n: -scores[n])
    return [places[n] for n in best], [places[n] for n in doubtful]


def draw(places: Sequence[Place], spacing: float | None) -> list[Thumbnail]:
    """Return the pictures of candidates, in their order; one that cannot be drawn says why.

    Parameters
    ----------
    spacing
        That of the batch's settings.
    """
    drawn: dict[int, Thumbnail] = {}
    opened: tuple[str, Tomogram | str] = ("", "")
    order = sorted(range(len(places)), key=lambda n: places[n][0].outcome.item.path)
    for number in order:  # each tomogram is opened once
        row, candidate = places[number]
        path = row.outcome.item.path
        if opened[0] != path:
            opened = (path, _open(path, spacing))
        drawn[number] = _draw(row, candidate, opened[1])
    return [drawn[number] for number in range(len(places))]


def _open(path: str, spacing: float | None) -> Tomogram | str:
    if path.endswith(_COMPRESSED):
        return "not drawn: the file is compressed"
    try:
        return open_tomogram(path, spacing=spacing)
    except (MotorscopeError, OSError):
        return "not drawn: the tomogram cannot be opened any more"


def _draw(row: Row, candidate: int, tomogram: Tomogram | str) -> Thumbnail:
    position, score = row.positions[candidate], float(row.scores[candidate])
    z, y, x = row.outcome.grid.to_voxels(position[None])[0].tolist()
    bare = Thumbnail(row.label, score, (z, y, x))
    if isinstance(tomogram, str):
        return replace(bare, problem=tomogram)
    if tomogram.grid.shape != row.outcome.shape:
        return replace(bare, problem="not drawn: the file has changed")
    try:
        xy, xz = (
            _url(close_up(tomogram.data, row.outcome.grid, position, axis, PIXELS, REACH, SLAB))
            for axis in (0, 1)
        )
    except (MotorscopeError, OSError) as error:
        return replace(bare, problem=f"not drawn: {error}")
    return replace(bare, xy=xy, xz=xz)


def _url(picture: NDArray[np.float32]) -> str:
    """Return a picture in grey as the address of itself."""
    image = Image.fromarray(in_grey(picture))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _log_odds(score: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(score, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)))
