"""What is made of a batch's outcomes: the tables and the page, again whenever it is wanted."""

from pathlib import Path

from motorscope.batch.errors import BatchError
from motorscope.batch.folder.store import Record, read_record, write_record
from motorscope.batch.reporting.page import page
from motorscope.batch.reporting.tables import Result, gather, write_tables
from motorscope.batch.reporting.thumbnails import choose, draw
from motorscope.batch.settings import Choice
from motorscope.files import replacing

PAGE = "report.html"
CANDIDATES = 12
"""Best ones that the page shows, and as many doubtful ones."""


def report(out: Path, record: Record) -> Result:
    """Write tables and page into the batch's folder, and return what they show.

    Raises
    ------
    BatchError
        If an outcome cannot be read, or a file cannot be written.
    """
    result = gather(out, record.settings, record.choice)
    write_tables(out, result)
    best, doubtful = choose(result, CANDIDATES)
    drawn = draw([*best, *doubtful], record.settings.spacing)
    text = page(out.absolute().name, result, drawn[: len(best)], drawn[len(best) :])
    with replacing(out / PAGE, BatchError) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
    return result


def chosen(out: Path, threshold: float | None, quantile: float | None) -> Record:
    """Return what was asked of a batch, with another choice of picks if one is given; it is kept.

    Raises
    ------
    BatchError
        If there is no batch, or a value lies beyond 0 to 1.
    """
    record = read_record(out)
    if record is None:
        raise BatchError(f"{out} is not the folder of a batch; name the one given to -o.")
    if threshold is None and quantile is None:
        return record
    for name, value in (("threshold", threshold), ("quantile", quantile)):
        if value is not None and not 0 <= value <= 1:
            raise BatchError(f"The {name} must lie between 0 and 1, not at {value}.")
    fixed = record.choice.threshold if threshold is None else threshold
    record = Record(record.settings, Choice(fixed, quantile))
    write_record(out, record)
    return record
