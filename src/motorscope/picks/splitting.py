"""One long table of many tomograms as one table each: the slow parts are done for all at once."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from motorscope.picks.table import PickTable


def rows_by_name(names: ArrayLike) -> dict[str, NDArray[np.intp]]:
    """Return the row numbers of each name, names in the order of their first row."""
    codes, found = pd.factorize(np.asarray(names, dtype=object))
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []
    return {str(name): rows for name, rows in zip(found, parts, strict=True)}


def split_picks(
    table: PickTable, rows: dict[str, NDArray[np.intp]], ids: NDArray[np.int64] | None = None
) -> dict[str, PickTable]:
    """Return the table of each tomogram.

    Parameters
    ----------
    table
        Picks of all tomograms.
    rows
        Which of its rows are whose.
    ids
        The ids ``(n,)`` that the picks get, each once in a tomogram; without them those of each
        tomogram begin with 0.
    """
    order = np.concatenate([np.empty(0, dtype=np.intp), *rows.values()])
    counts = [len(own) for own in rows.values()]
    ends = np.cumsum(counts)
    if ids is None:
        numbers = np.arange(len(order)) - np.repeat(ends - counts, counts)
    else:
        numbers = ids[order]
    frame = table.frame.iloc[order]
    frame["id"] = numbers.astype(np.int64)  # for all at once: a column of each table takes long
    tables = {}
    for name, end, count in zip(rows, ends.tolist(), counts, strict=True):
        part = slice(end - count, end)
        tables[name] = PickTable(
            frame=frame.iloc[part].reset_index(drop=True),
            next_id=int(numbers[part].max(initial=-1)) + 1,
        )
    return tables
