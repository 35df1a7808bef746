"""The difference of two tables of picks as plain data, and the way back.

A change is a dictionary that JSON can hold, with some of the keys ``remove`` (ids), ``add``
(columns of new rows), ``change`` (ids, and those columns in which they differ), ``order`` (all ids,
where adding at the end does not give it) and always ``next_id``. NaN is written as ``null``.
"""

from typing import Any

import numpy as np
import pandas as pd

from motorscope.picks.rows import MOST_ID
from motorscope.picks.table import PickTable

Change = dict[str, Any]


def difference(before: PickTable, after: PickTable) -> Change:
    """Return the change that turns `before` into `after`."""
    old, new = before.ids, after.ids
    change: Change = {"next_id": after.next_id}
    kept = np.isin(new, old)
    if removed := old[~np.isin(old, new)].tolist():
        change["remove"] = removed
    if not kept.all():
        change["add"] = _columns(after.frame[~kept])
    ids = new[kept]
    same = len(old) == len(new) and np.array_equal(old, new)  # as most edits leave them
    was = before.frame if same else before.frame.iloc[before.rows_of(ids)]
    edited = _edited(was, after.frame if same else after.frame[kept])
    if edited:
        change["change"] = edited
    natural = np.concatenate([old[np.isin(old, new)], new[~kept]])
    if not np.array_equal(natural, new):
        change["order"] = new.tolist()
    return change


def apply(table: PickTable, change: Change) -> PickTable:
    """Return the table that a change makes of `table`.

    Raises
    ------
    Exception
        One of `motorscope.review.record.UNFIT`, if the change does not fit the table, or is none.
    """
    removed = change.get("remove")
    result = table.remove(removed) if removed else table
    if edited := change.get("change"):
        rows = result.rows_of(edited["id"])
        frame = result.frame.copy(deep=False)
        for name in edited.keys() - {"id"}:
            column = frame[name].array.copy()
            column[rows] = _values(name, edited[name])
            frame[name] = column
        result = PickTable(frame=frame, next_id=result.next_id)
    if added := change.get("add"):
        new = pd.DataFrame({name: _values(name, column) for name, column in added.items()})
        rows_to_add = PickTable.from_frame(new[list(result.frame.columns)]).frame
        parts = [result.frame, rows_to_add] if len(result) else [rows_to_add]
        result = PickTable.from_frame(pd.concat(parts, ignore_index=True))
    if "order" in change:
        result = result.select(result.rows_of(change["order"]))
    next_id = int(change["next_id"])
    if not 0 <= next_id <= MOST_ID:
        raise ValueError(f"next_id must be from 0 to {MOST_ID}")
    return PickTable(frame=result.frame, next_id=next_id)


def everything(table: PickTable) -> Change:
    """Return the change that makes `table` of an empty one."""
    return difference(PickTable.empty(), table)


def _edited(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the ids of rows that differ, and the columns in which any does."""
    differs = {}
    for name in new.columns.drop("id"):
        if old[name].array.equals(new[name].array):
            continue
        was, is_now = old[name].to_numpy(), new[name].to_numpy()
        unequal = was != is_now
        if name == "score":
            unequal &= ~(np.isnan(was) & np.isnan(is_now))
        if unequal.any():
            differs[name] = unequal
    if not differs:
        return {}
    rows = np.logical_or.reduce(list(differs.values()))
    return _columns(new.loc[rows, ["id", *differs]])


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    columns = {str(name): frame[name].tolist() for name in frame.columns}
    if "score" in columns:
        columns["score"] = [None if value != value else value for value in columns["score"]]
    return columns


def _values(name: str, column: list[Any]) -> list[Any]:
    return [np.nan if value is None else value for value in column] if name == "score" else column
