"""What the lines of a journal say, and how they become a history again."""

import getpass
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from motorscope.errors import PicksError
from motorscope.picks.files import cannot_read
from motorscope.picks.table import PickTable
from motorscope.review.history import STEP_REMARKS, History, State
from motorscope.review.journal.changes import apply, difference, everything
from motorscope.review.record import UNFIT

FORMAT = {"format": "motorscope journal", "version": 1}
"""The first line."""

STEPS = History.limit
"""How many steps a journal keeps for undo."""

Step = Literal["first", "new", "same"] | int
"""What an edit is in the history: its beginning, a step, more of the step before; or how many steps
are undone (negative) or done again (positive). An old journal does not say: its first picks are the
beginning, and every other edit a step. Remarks of `STEP_REMARKS` on the line of an edit belong to
its state; on a line of their own, to the state that there is."""


@dataclass(frozen=True)
class Content:
    """Picks, remarks, number of edits, who opened it last, and number of bytes that count."""

    history: History
    remarks: dict[str, Any]
    edits: int
    opened: dict[str, Any]
    size: int


def read_content(path: Path) -> Content:
    """Return what a journal holds; one that is not there holds nothing.

    Raises
    ------
    PicksError
        If it cannot be read, is none, or is damaged before its last line.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    except OSError as error:
        raise cannot_read(path, error) from error
    history = History.of(PickTable.empty(), limit=STEPS)
    remarks, opened = dict[str, Any](), dict[str, Any]()
    edits = size = 0
    lines = data.splitlines(keepends=True)
    for number, raw in enumerate(lines, start=1):
        try:
            if number == 1 and not encode(FORMAT).encode().startswith(raw):
                raise PicksError(
                    f"{path} is not a journal that this version reads; move it elsewhere to begin "
                    "anew."
                )
            if not raw.endswith(b"\n"):
                raise ValueError("torn")
            line = json.loads(raw)
            known = updated(remarks, line.get("remarks", {}))
            if "edit" in line:
                begun = len(history.present) or history.can_undo
                step = line.get("step", "new" if begun else "first")
                history = followed(history, apply(history.present, line["edit"]), step, known)
            elif "remarks" in line:
                history = history.noted(of_step(known))
            remarks = known
            opened = line.get("opened", opened)
        except UNFIT as error:
            if number == len(lines):
                break  # torn by a crash: the edit in flight
            raise PicksError(
                f"{path}, line {number} is damaged ({error}); move the file elsewhere to begin "
                "anew, or remove this line and all after it."
            ) from error
        edits += number > 1
        size += len(raw)
    return Content(history=history, remarks=remarks, edits=edits, opened=opened, size=size)


def followed(history: History, table: PickTable, step: Step, remarks: Mapping[str, Any]) -> History:
    """Return the history after a step that made `table`, with all remarks as they are then."""
    state = State(table, of_step(remarks))
    if step == "first":
        return History(state, limit=history.limit)
    if step == "same":
        return replace(history, now=state, future=())
    if isinstance(step, int):
        gone = history.go(step)
        if gone.present == table:
            return replace(gone, now=state)
    if state == history.now:  # a step that was amended until it equaled the one before
        past = (*history.past, history.now)
        return replace(history, past=past[max(len(past) - history.limit, 0) :], future=())
    return history.do(table, remarks=state.remarks)  # also where a step could not be written


def as_lines(history: History, remarks: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines that make a history: its first state, all steps, and how many are undone."""
    states = [*history.past, history.now, *history.future]
    lines = [
        {
            "edit": everything(states[0].table),
            "step": "first",
            "remarks": {**of_all(remarks), **states[0].remarks},
        }
    ]
    lines += [_step(before, after, "new") for before, after in pairwise(states)]
    if history.future:
        lines.append(_step(states[-1], history.now, -len(history.future)))
    return lines


def of_step(remarks: Mapping[str, Any]) -> dict[str, Any]:
    """Return those remarks that are undone with a step."""
    return {key: remarks[key] for key in STEP_REMARKS if key in remarks}


def of_all(remarks: Mapping[str, Any]) -> dict[str, Any]:
    """Return those remarks that hold for all steps."""
    return {key: value for key, value in remarks.items() if key not in STEP_REMARKS}


def updated(remarks: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return remarks with more of them; a value of ``None`` removes one."""
    merged = {**remarks, **more}
    return {key: value for key, value in merged.items() if value is not None}


def _step(before: State, after: State, step: Step) -> dict[str, Any]:
    line: dict[str, Any] = {"edit": difference(before.table, after.table), "step": step}
    changed = {
        key: after.remarks.get(key)
        for key in STEP_REMARKS
        if before.remarks.get(key) != after.remarks.get(key)
    }
    return {**line, "remarks": changed} if changed else line


def whoami() -> dict[str, Any]:
    """Return who opens a journal, and when."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a process without a name for its user id
        user = "somebody"
    return {
        "user": user,
        "host": socket.gethostname(),
        "process": os.getpid(),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def encode(line: Mapping[str, Any]) -> str:
    """Return a line of the file."""
    return json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
