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
    tables = {}
    for name, own in rows.items():
        frame = table.frame.iloc[own].reset_index(drop=True)
        numbers = np.arange(len(own), dtype=np.int64) if ids is None else ids[own]
        frame["id"] = numbers
        tables[name] = PickTable(frame=frame, next_id=int(numbers.max(initial=-1)) + 1)
    return tables
