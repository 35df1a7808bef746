"""What a journal holds, in numbers: quick enough for a folder of thousands."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
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

    It is read in plain Python, many times as quick as through tables, and without a lock: somebody
    may write to it at the same time.

    Raises
    ------
    PicksError
        If it cannot be read, or is damaged before its last line.
    """
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return Summary()
    except OSError as error:
        raise cannot_read(path, error) from error
    scores, statuses = dict[int, float | None](), dict[int, str]()
    remarks: dict[str, Any] = {}
    for number, raw in enumerate(lines, start=1):
        try:
            if not raw.endswith(b"\n"):
                raise ValueError("torn")
            line = json.loads(raw)
            if number == 1 and line.get("format") != "motorscope journal":
                raise PicksError(f"{path} is not a journal; move it elsewhere to begin anew.")
            _replay(line.get("edit", {}), scores, statuses)
            remarks |= line.get("remarks", {})
        except UNFIT as error:
            if number == len(lines):
                break  # torn by a crash, or just being written
            raise PicksError(
                f"{path}, line {number} is damaged ({error}); move the file elsewhere to begin "
                "anew, or remove this line and all after it."
            ) from error
    kept = {key: value for key, value in remarks.items() if value is not None}
    try:
        return _summary(list(scores.values()), list(statuses.values()), kept)
    except UNFIT as error:  # numbers that are none, in lines that are whole
        raise PicksError(
            f"{path} is damaged ({error}); move the file elsewhere to begin anew."
        ) from error


def statuses_in_words(tables: Iterable[PickTable]) -> str:
    """Return in parentheses how many picks have which status; empty without any."""
    counts = Counter(status for table in tables for status in table.statuses.tolist())
    words = {"accepted": "accepted", "candidate": "undecided", "rejected": "rejected"}
    said = ", ".join(f"{counts[key]} {word}" for key, word in words.items() if counts[key])
    return f" ({said})" if said else ""


def _replay(
    edit: Mapping[str, Any], scores: dict[int, float | None], statuses: dict[int, str]
) -> None:
    """Do one edit of a journal (see `motorscope.review.journal.changes`) as far as needed."""
    for pick in edit.get("remove", ()):
        del scores[pick], statuses[pick]
    for part in ("change", "add"):
        columns = edit.get(part, {})
        scores |= zip(columns.get("id", ()), columns.get("score", ()), strict=False)
        statuses |= zip(columns.get("id", ()), columns.get("status", ()), strict=False)


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
