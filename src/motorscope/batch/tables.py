"""The tables of a batch, made of its outcomes: who has how many picks, and where they are."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from motorscope.batch.errors import BatchError
from motorscope.batch.items import labels
from motorscope.batch.outcome import Outcome
from motorscope.batch.settings import Choice, Settings
from motorscope.batch.store import Store
from motorscope.batch.threshold import Threshold, find_threshold
from motorscope.files import replacing
from motorscope.picks import PickTable
from motorscope.picks.csv import picks_text
from motorscope.tomogram import natural_key

PICKS, SUMMARY = "picks.csv", "summary.csv"

_COLUMNS = (
    "tomogram",
    "file",
    "picks",
    "candidates",
    "best",
    "seconds",
    "device",
    "precision",
    "memory_mb",
    "device_memory_mb",
    "host",
    "notes",
    "error",
)


@dataclass(frozen=True, eq=False)
class Row:
    """A tomogram of a batch, as tables and report show it.

    Attributes
    ----------
    label
        Its name, with folders where names repeat.
    outcome
        What became of it, without its candidates.
    candidates
        All that are far enough apart, best first.
    picks
        Those of them that reach the threshold.
    """

    label: str
    outcome: Outcome
    candidates: PickTable
    picks: PickTable


@dataclass(frozen=True, eq=False)
class Result:
    """All that is known of a batch.

    Attributes
    ----------
    settings, choice
        What was asked.
    threshold
        What `choice` comes to.
    rows
        In the order of the labels.
    missing
        How many tomograms that were asked for have no outcome yet.
    """

    settings: Settings
    choice: Choice
    threshold: Threshold
    rows: Sequence[Row]
    missing: int

    @property
    def failed(self) -> list[Row]:
        """Those that have no result."""
        return [row for row in self.rows if row.outcome.error]

    @property
    def searched(self) -> list[Row]:
        """Those that have one."""
        return [row for row in self.rows if not row.outcome.error]


def gather(out: Path, settings: Settings, choice: Choice) -> Result:
    """Read all outcomes of a batch.

    Raises
    ------
    BatchError
        If one cannot be read.
    """
    store = Store(out, settings.key)
    outcomes = list(store.outcomes())
    named = labels((outcome.item.name, outcome.item.path) for outcome in outcomes)
    threshold = find_threshold(choice, (each.best for each in outcomes if not each.error))
    rows = [
        _row(label, outcome, threshold.value)
        for label, outcome in zip(named, outcomes, strict=True)
    ]
    rows.sort(key=lambda row: (natural_key(row.label), row.outcome.item.path))
    known = {outcome.item.id for outcome in outcomes}
    missing = sum(item.id not in known for item in store.items())
    return Result(settings, choice, threshold, rows, missing)


def write_tables(out: Path, result: Result) -> None:
    """Write ``picks.csv`` and ``summary.csv``.

    Raises
    ------
    BatchError
        If one cannot be written.
    """
    tables = {row.label: (row.picks, row.outcome.grid) for row in result.rows if len(row.picks)}
    _write(out / PICKS, picks_text(tables))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    table.writerows(_cells(row) for row in result.rows)
    _write(out / SUMMARY, text.getvalue())


def _row(label: str, outcome: Outcome, threshold: float) -> Row:
    nothing = PickTable.empty()
    if outcome.summits is None:
        return Row(label, outcome, nothing, nothing)
    candidates = outcome.summits.candidates
    return Row(label, outcome, candidates, candidates.above(threshold))


def _cells(row: Row) -> Iterable[object]:
    outcome, effort = row.outcome, row.outcome.effort
    return (
        row.label,
        outcome.item.path,
        len(row.picks),
        len(row.candidates),
        "" if outcome.best is None else f"{outcome.best:.6g}",
        f"{effort.seconds:.3f}",
        effort.device,
        outcome.precision,
        _megabytes(effort.memory),
        _megabytes(effort.device_memory),
        effort.host,
        " ".join(outcome.notes),
        " ".join(outcome.error.split("\n")),
    )


def _megabytes(number: int | None) -> str:
    return "" if number is None else str(round(number / 1e6))


def _write(path: Path, text: str) -> None:
    with replacing(path, BatchError) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
