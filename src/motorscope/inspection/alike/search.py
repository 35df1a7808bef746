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
    around_own_means,
    discriminant,
    find_alike,
)
from motorscope.inspection.cache import Entry, StageCache
from motorscope.inspection.reducers import At, Moments, Project
from motorscope.inspection.run import open_stage, reread
from motorscope.inspection.stage import StageRequest
from motorscope.network import EncoderModel, Model
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


def alike_stage(model: Model | EncoderModel) -> str:
    """Return the stage that tells motors from other things best, as far as was measured.

    That is the last of a detector's decoder, just before its logits; of an encoder alone, its
    middle.
    """
    names = [tap.name for tap in model.taps]
    return names[-2] if isinstance(model, Model) else names[len(names) // 2]


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
        good.append(deviations_at(entry, given.wanted.positions))
        bad.append(deviations_at(entry, given.rejected.positions))
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
        `deviations_at` the examples of either kind ``(n, channel)``.
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
    """Return how much each voxel of a stage looks like the examples, ``(z, y, x)``."""
    project = Project(what.weights, what.center)
    reread(entry, [project])
    total: NDArray[np.float32] = project.result()[0]
    return total


def deviations_at(entry: Entry, places: ArrayLike) -> NDArray[np.float64]:
    """Return how far a stage's values at places in Å are from its mean ``(n, channel)``."""
    return values_at(entry, places) - entry.moments.mean


def values_at(entry: Entry, places: ArrayLike) -> NDArray[np.float32]:
    """Return a stage's values ``(n, channel)`` at places ``(n, 3)`` in Å."""
    at = At(places)
    at.begin(entry.spec, entry.grid)
    z, y, x = (slice(0, side) for side in entry.grid.shape)
    at.add((z, y, x), entry.maps)
    return at.result()
