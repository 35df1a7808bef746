"""Searching tomograms for what looks like a few examples."""

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motorscope.contract import CancelToken, Notice, Progress
from motorscope.contract.stages import stage_to_ask
from motorscope.errors import PicksError
from motorscope.inspection.alike.discriminant import (
    AROUND,
    FLOOR,
    Discriminant,
    around_own_means,
    discriminant,
    find_alike,
)
from motorscope.inspection.cache import Entry, StageCache
from motorscope.inspection.reducers import At, Correlate, Moments
from motorscope.inspection.run import open_stage, reread
from motorscope.inspection.stage import StageRequest
from motorscope.network import EncoderModel, Model
from motorscope.picks import PickTable

MATCH = 0.5
"""Least similarity of a place that becomes an example itself."""


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


def alike_stage(model: Model | EncoderModel) -> str:
    """Return the stage of a model to ask, unless a person names one; see `stage_to_ask`."""
    return stage_to_ask([tap.name for tap in model.taps], isinstance(model, Model))


def search_alike(
    requests: Sequence[StageRequest],
    examples: Mapping[str, AlikeExamples],
    cache: StageCache,
    minimum_distance: float,
    floor: float = FLOOR,
    wanted: Collection[str] | None = None,
    matches: int = 0,
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
    matches
        So many of the best places of all these tomograms become examples as well, and all are
        searched once more.

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
        good.append(deviations_at(entry, given.wanted.positions))
        bad.append(deviations_at(entry, given.rejected.positions))
    if not sum(len(values) for values in good):
        raise PicksError(
            "There is no example in these tomograms; accept a pick, or name one by its id."
        )
    looked_for, refused = np.concatenate(good), np.concatenate(bad)
    searched = [r for r in requests if wanted is None or r.tomogram.name in wanted]
    tables: dict[str, PickTable] = {}
    for further in (0, matches) if matches else (0,):
        best = best_places(tables, further)
        for request in searched:
            if request.tomogram.name in best:
                entry = yield from open_stage(request, cache, cancel)
                if entry is None:
                    return None
                places = best[request.tomogram.name]
                looked_for = np.concatenate((looked_for, deviations_at(entry, places)))
        for request in searched:
            name = request.tomogram.name
            entry = yield from open_stage(request, cache, cancel)
            if entry is None:
                return None
            given = examples.get(name, AlikeExamples(PickTable.empty()))
            what = look_for(looked_for, refused, [*known.values()], entry.moments, name in known)
            tables[name] = find_alike(
                similarity(entry, what),
                entry.grid,
                minimum_distance,
                given.wanted.merge(given.rejected),
                floor,
            )
    background = around_own_means([*known.values()])
    return AlikeFound(tables, discriminant(background, looked_for, refused))


def best_places(tables: Mapping[str, PickTable], count: int) -> dict[str, NDArray[np.float64]]:
    """Return the best places ``(n, 3)`` in Å of several tomograms' candidates, by their names.

    None is less than half as similar as the examples are (`MATCH`).
    """
    every = [
        (float(score), name, row)
        for name in tables
        for row, score in enumerate(tables[name].scores)
    ]
    best: dict[str, list[int]] = {}
    for _, name, row in sorted(every, key=lambda each: -each[0])[:count]:
        best.setdefault(name, []).append(row)
    return {name: tables[name].positions[rows] for name, rows in best.items()}


def look_for(
    wanted: ArrayLike,
    rejected: ArrayLike,
    examples: Sequence[Moments],
    tomogram: Moments,
    among: bool = False,
) -> Discriminant:
    """Return what to look for in a tomogram.

    Parameters
    ----------
    wanted, rejected
        `deviations_at` the examples of either kind ``(n, voxel, channel)``.
    examples
        Moments of the examples' tomograms.
    tomogram
        Moments of the one to search.
    among
        Whether it is one of the examples'.

    Raises
    ------
    PicksError
        See `discriminant`.
    """
    # Noise and contrast differ between tomograms: the background is that of both sides.
    background = around_own_means([*examples] if among else [*examples, tomogram])
    what = discriminant(background, wanted, rejected)
    return what.seen_in(tomogram, around_own_means(examples))


def similarity(entry: Entry, what: Discriminant) -> NDArray[np.float32]:
    """Return how much each voxel of a stage looks like the examples, ``(z, y, x)``.

    What lies outside of the stage counts as background.
    """
    correlate = Correlate(what.weights, what.center, AROUND)
    reread(entry, [correlate])
    return correlate.result()


def deviations_at(entry: Entry, places: ArrayLike) -> NDArray[np.float64]:
    """Return how far a stage's values are from its mean, about places ``(n, 3)`` in Å.

    Returns
    -------
    numpy.ndarray
        ``(n, voxel, channel)``, voxels as in `AROUND`.
    """
    middles = np.asarray(places, dtype=float).reshape(-1, 1, 3)
    steps = AROUND * np.array(entry.grid.known_spacing())
    values = values_at(entry, middles + steps).reshape(
        len(middles), len(AROUND), entry.spec.channels
    )
    deviations: NDArray[np.float64] = values - entry.moments.mean
    return deviations


def values_at(entry: Entry, places: ArrayLike) -> NDArray[np.float32]:
    """Return a stage's values ``(n, channel)`` at places ``(n, 3)`` in Å."""
    at = At(places)
    at.begin(entry.spec, entry.grid)
    z, y, x = (slice(0, side) for side in entry.grid.shape)
    at.add((z, y, x), entry.maps)
    return at.result()
