"""Searching tomograms for what looks like a few examples."""

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motorscope.contract import CancelToken, Notice, Progress
from motorscope.errors import PicksError
from motorscope.inspection.alike.discriminant import (
    FLOOR,
    Discriminant,
    discriminant,
    find_alike,
)
from motorscope.inspection.basis import pooled
from motorscope.inspection.cache import Entry, StageCache
from motorscope.inspection.reducers import At, Moments, Project
from motorscope.inspection.run import open_stage, reread
from motorscope.inspection.stage import StageRequest
from motorscope.picks import PickTable


@dataclass(frozen=True)
class AlikeExamples:
    """What to look for, and what not: picks of one tomogram."""

    wanted: PickTable
    rejected: PickTable = field(default_factory=PickTable.empty)


@dataclass(frozen=True)
class AlikeFound:
    """What was found, by the tomograms' names, and what was looked for among the examples' own."""

    tables: dict[str, PickTable]
    discriminant: Discriminant


def search_alike(
    requests: Sequence[StageRequest],
    examples: Mapping[str, AlikeExamples],
    cache: StageCache,
    minimum_distance: float,
    floor: float = FLOOR,
    wanted: Collection[str] | None = None,
    cancel: CancelToken | None = None,
) -> Generator[Progress | Notice, None, AlikeFound | None]:
    """Search tomograms; stages that are not in the cache are computed and kept there.

    Parameters
    ----------
    requests
        The same stage of each tomogram, those of the examples too.
    examples
        By the tomograms' names.
    minimum_distance
        Least distance, in Å, of two candidates, and of a candidate and an example.
    floor
        Least similarity of a candidate.
    wanted
        Which tomograms to search; all if ``None``.

    Returns
    -------
    AlikeFound or None
        ``None`` if it was cancelled.

    Raises
    ------
    PicksError
        If there is no example.
    MotorscopeError
        See `open_stage`.
    """
    known: dict[str, Moments] = {}
    good, bad = [], []
    for request in requests:
        name = request.tomogram.name
        given = examples.get(name)
        if given is None or not len(given.wanted) + len(given.rejected):
            continue
        entry = yield from open_stage(request, cache, cancel)
        if entry is None:
            return None
        known[name] = entry.moments
        good.append(values_at(entry, given.wanted.positions))
        bad.append(values_at(entry, given.rejected.positions))
    if not sum(len(values) for values in good):
        raise PicksError(
            "There is no example in these tomograms; accept a pick, or name one by its id."
        )
    looked_for, refused = np.concatenate(good), np.concatenate(bad)
    tables = {}
    for request in requests:
        name = request.tomogram.name
        if wanted is not None and name not in wanted:
            continue
        entry = yield from open_stage(request, cache, cancel)
        if entry is None:
            return None
        given = examples.get(name, AlikeExamples(PickTable.empty()))
        # Noise and contrast differ between tomograms: the background is that of both sides.
        background = pooled([*(known | {name: entry.moments}).values()])
        what = discriminant(background, looked_for, refused)
        tables[name] = find_alike(
            similarity(entry, what),
            entry.grid,
            minimum_distance,
            given.wanted.merge(given.rejected),
            floor,
        )
    return AlikeFound(tables, discriminant(pooled([*known.values()]), looked_for, refused))


def similarity(entry: Entry, what: Discriminant) -> NDArray[np.float32]:
    """Return how much each voxel of a stage looks like the examples, ``(z, y, x)``."""
    project = Project(what.weights, what.center)
    reread(entry, [project])
    total: NDArray[np.float32] = project.result()[0]
    return total


def values_at(entry: Entry, places: ArrayLike) -> NDArray[np.float32]:
    """Return a stage's values ``(n, channel)`` at places ``(n, 3)`` in Å."""
    at = At(places)
    at.begin(entry.spec, entry.grid)
    z, y, x = (slice(0, side) for side in entry.grid.shape)
    at.add((z, y, x), entry.maps)
    return at.result()
