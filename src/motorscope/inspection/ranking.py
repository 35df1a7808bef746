"""Which channels of a stage matter."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from motorscope.contract.stages import BY_BACKGROUND, BY_VARIANCE, Ranking
from motorscope.inspection.reducers import Moments


def rank_channels(
    moments: Moments,
    background: ArrayLike,
    accepted: ArrayLike | None = None,
    rejected: ArrayLike | None = None,
) -> Ranking:
    """Rank channels by how well they tell accepted picks from the background.

    Parameters
    ----------
    moments
        Of the stage.
    background
        Values ``(n, channel)`` of voxels drawn at random.
    accepted, rejected
        Values ``(n, channel)`` at picks; ``None`` or none at all where there are none.
    """
    others = np.asarray(background, dtype=np.float32)
    count = others.shape[1]
    good, bad = _rows(accepted, count), _rows(rejected, count)
    unknown = np.full(count, np.nan)
    against = separation(good, others) if len(good) else unknown
    refused = separation(good, bad) if len(good) and len(bad) else unknown
    table = pd.DataFrame(
        {
            "channel": np.arange(count),
            "auc": _folded(against),
            "direction": _direction(against),
            "auc_rejected": _folded(refused),
            "direction_rejected": _direction(refused),
            "variance": moments.variance,
            "mean": moments.mean,
            "at_accepted": good.mean(axis=0) if len(good) else unknown,
        }
    )
    by = BY_BACKGROUND if len(good) else BY_VARIANCE
    order = ["auc", "variance"] if len(good) else ["variance"]
    table = table.sort_values(order, ascending=False, kind="stable", ignore_index=True)
    return Ranking(by, table)


def separation(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return, for each channel, the chance that one of `ones` is larger than one of `others`.

    This is the area under the ROC curve; equal values count half. Both are ``(n, channel)``.
    """
    result = np.empty(ones.shape[1])
    for channel in range(ones.shape[1]):
        ordered = np.sort(others[:, channel])
        below = np.searchsorted(ordered, ones[:, channel], side="left")
        not_above = np.searchsorted(ordered, ones[:, channel], side="right")
        result[channel] = (below + not_above).mean() / (2 * len(ordered))
    return result


def percentiles(values: ArrayLike, sample: ArrayLike) -> NDArray[np.float64]:
    """Return the share, in percent, of a sample ``(n, channel)`` that lies below ``(channel,)``."""
    x, drawn = np.asarray(values, dtype=np.float32), np.asarray(sample, dtype=np.float32)
    return np.asarray(50 * ((drawn < x).mean(axis=0) + (drawn <= x).mean(axis=0)))


def _rows(values: ArrayLike | None, count: int) -> NDArray[np.float32]:
    if values is None:
        return np.empty((0, count), np.float32)
    return np.asarray(values, dtype=np.float32).reshape(-1, count)


def _folded(auc: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(auc, 1 - auc)


def _direction(auc: NDArray[np.float64]) -> NDArray[np.object_]:
    words = np.where(auc >= 0.5, "up", "down").astype(object)
    words[np.isnan(auc)] = ""
    return words
