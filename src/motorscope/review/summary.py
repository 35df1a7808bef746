"""What a journal holds, in numbers: quick enough for a folder of thousands."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from motorscope.errors import PicksError
from motorscope.picks.files import cannot_read
from motorscope.picks.table import PickTable
from motorscope.review.record import UNFIT, TomogramRecord

THRESHOLD = 0.5
"""From which score on candidates are shown where the journal does not say it."""


@dataclass(frozen=True)
class Summary:
    """How the review of a tomogram stands.

    Attributes
    ----------
    best
        Best score of a candidate, whatever was decided about it; ``None`` if there is none.
    undecided
        Number of undecided picks that reach the threshold of the record, or have no score.
    accepted, rejected
        Numbers of picks.
    record
        What else the journal says of the tomogram.
    """

    best: float | None = None
    undecided: int = 0
    accepted: int = 0
    rejected: int = 0
    record: TomogramRecord = field(default_factory=TomogramRecord)


def summarise(table: PickTable, remarks: Mapping[str, Any]) -> Summary:
    """Return the summary of a table of picks and its journal's remarks."""
    scores = [None if np.isnan(score) else score for score in table.scores.tolist()]
    return _summary(scores, table.frame["status"].tolist(), remarks)


def read_summary(path: Path) -> Summary:
    """Return the summary of a journal without opening it; none on disk has an empty one.

    Raises
    ------
    PicksError
        See `replayed`.
    """
    columns, remarks = replayed(path, ("score", "status"))
    try:
        return _summary(list(columns["score"].values()), list(columns["status"].values()), remarks)
    except UNFIT as error:  # numbers that are none, in lines that are whole
        raise PicksError(
            f"{path} is damaged ({error}); move the file elsewhere to begin anew."
        ) from error


def replayed(path: Path, names: Sequence[str]) -> tuple[dict[str, dict[int, Any]], dict[str, Any]]:
    """Return some columns of a journal's picks, by the picks' ids, and its remarks.

    It is read in plain Python, many times as quick as through tables, and without a lock: somebody
    may write to it at the same time. None on disk is an empty one.

    Raises
    ------
    PicksError
        If it cannot be read, or is damaged before its last line.
    """
    columns: dict[str, dict[int, Any]] = {name: {} for name in names}
    remarks: dict[str, Any] = {}
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return columns, remarks
    except OSError as error:
        raise cannot_read(path, error) from error
    for number, raw in enumerate(lines, start=1):
        try:
            if not raw.endswith(b"\n"):
                raise ValueError("torn")
            line = json.loads(raw)
            if number == 1 and line.get("format") != "motorscope journal":
                raise PicksError(f"{path} is not a journal; move it elsewhere to begin anew.")
            _replay(line.get("edit", {}), columns)
            remarks |= line.get("remarks", {})
        except UNFIT as error:
            if number == len(lines):
                break  # torn by a crash, or just being written
            raise PicksError(
                f"{path}, line {number} is damaged ({error}); move the file elsewhere to begin "
                "anew, or remove this line and all after it."
            ) from error
    return columns, {key: value for key, value in remarks.items() if value is not None}


def statuses_in_words(tables: Iterable[PickTable]) -> str:
    """Return in parentheses how many picks have which status; empty without any."""
    counts = Counter(status for table in tables for status in table.statuses.tolist())
    words = {"accepted": "accepted", "candidate": "undecided", "rejected": "rejected"}
    said = ", ".join(f"{counts[key]} {word}" for key, word in words.items() if counts[key])
    return f" ({said})" if said else ""


def _replay(edit: Mapping[str, Any], columns: Mapping[str, dict[int, Any]]) -> None:
    """Do one edit of a journal (see `motorscope.review.journal.changes`) as far as needed."""
    for pick in edit.get("remove", ()):
        for column in columns.values():
            del column[pick]
    for part in ("change", "add"):
        values = edit.get(part, {})
        for name, column in columns.items():
            column |= zip(values.get("id", ()), values.get(name, ()), strict=False)


def _summary(
    scores: list[float | None], statuses: list[str], remarks: Mapping[str, Any]
) -> Summary:
    record = TomogramRecord.from_json(remarks)
    threshold = THRESHOLD if record.threshold is None else record.threshold
    return Summary(
        best=max((score for score in scores if score is not None), default=None),
        undecided=sum(
            status == "candidate" and (score is None or score >= threshold)
            for score, status in zip(scores, statuses, strict=True)
        ),
        accepted=statuses.count("accepted"),
        rejected=statuses.count("rejected"),
        record=record,
    )
