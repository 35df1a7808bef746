"""The tables of a batch, made of its outcomes: who has how many picks, and where they are."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motorscope.batch.errors import BatchError
from motorscope.batch.folder.outcome import Outcome
from motorscope.batch.folder.store import Store
from motorscope.batch.items import labels
from motorscope.batch.settings import Choice, Settings
from motorscope.batch.threshold import Threshold, find_threshold
from motorscope.files import replacing
from motorscope.picks.csv import candidates_text
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
    positions, scores
        Candidates that are far enough apart, best first: ``(n, 3)`` in Å, z, y, x, and ``(n,)``.
    picks
        How many of them reach the threshold: the first ones.
    """

    label: str
    outcome: Outcome
    positions: NDArray[np.float64]
    scores: NDArray[np.float64]
    picks: int


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
    found = list(store.candidates())
    outcomes = [outcome for outcome, _ in found]
    named = labels((outcome.item.name, outcome.item.path) for outcome in outcomes)
    threshold = find_threshold(choice, (each.best for each in outcomes if not each.error))
    rows = [
        Row(label, outcome, places, scores, int(np.count_nonzero(scores >= threshold.value)))
        for label, (outcome, (places, scores)) in zip(named, found, strict=True)
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
    rows = [row for row in result.rows if row.picks]
    nothing = np.empty((0, 3))
    world = [row.positions[: row.picks] for row in rows]
    voxels = [row.outcome.grid.to_voxels(places) for row, places in zip(rows, world, strict=True)]
    text = candidates_text(
        [row.label for row in rows],
        [row.picks for row in rows],
        np.concatenate([nothing, *world]),
        np.concatenate([nothing, *voxels]),
        np.concatenate([np.empty(0), *(row.scores[: row.picks] for row in rows)]),
    )
    _write(out / PICKS, text)
    summary = io.StringIO()
    table = csv.writer(summary, lineterminator="\n")
    table.writerow(_COLUMNS)
    table.writerows(_cells(row) for row in result.rows)
    _write(out / SUMMARY, summary.getvalue())


def _cells(row: Row) -> Iterable[object]:
    outcome, effort = row.outcome, row.outcome.effort
    return (
        row.label,
        outcome.item.path,
        row.picks,
        len(row.scores),
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
