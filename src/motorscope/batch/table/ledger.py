"""What a run over many files has on disk, so that it can go on wherever it ended.

Beside the picks ``NAME.csv`` lie

* ``NAME.summary.csv``: a row for each tomogram that was searched, those without a motor too. A
  tomogram counts as done when its row is whole, which is written after its picks.
* ``NAME.summary.json``: the settings, and at the end of a run the same rows.

Both tables are appended to, a tomogram at a time; what a killed run tore is mended by the next.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from motorscope.batch.table.torn import as_text, has_text, mend, whole_lines
from motorscope.errors import ConfigError, PicksError
from motorscope.files import keep_backup
from motorscope.picks import PickTable
from motorscope.picks.csv import COLUMNS, picks_text
from motorscope.picks.files import append_text, cannot_write, read_text, write_text
from motorscope.tomogram import VoxelGrid

Settings = Mapping[str, Any]
"""What must be the same for a run to go on; plain values by their names."""

_KIND = "a summary of a run"


@dataclass(frozen=True)
class Row:
    """What became of a tomogram.

    Attributes
    ----------
    tomogram, file
        Its name, and its file or folder with the whole path.
    picks, best
        How many there are, and the best candidate's score, if there is any.
    seconds, device, precision
        How long the search took and what it ran on.
    error
        What failed, in a sentence; empty if nothing did.
    """

    tomogram: str
    file: str
    picks: int = 0
    best: float | None = None
    seconds: float = 0.0
    device: str = ""
    precision: str = ""
    error: str = ""


_HEADER = [field.name for field in fields(Row)]


def summary_of(output: Path) -> Path:
    """Return where the rows of a run with this CSV of picks are."""
    return output.with_name(f"{output.stem}.summary.csv")


def record_of(output: Path) -> Path:
    """Return where the settings of a run with this CSV of picks are, and its rows in the end."""
    return output.with_name(f"{output.stem}.summary.json")


def outputs(output: Path) -> tuple[Path, Path, Path]:
    """Return all files that a run with this CSV of picks writes."""
    return output, summary_of(output), record_of(output)


@contextmanager
def alone(output: Path) -> Iterator[None]:
    """Keep other runs from writing to the same CSV of picks.

    Raises
    ------
    PicksError
        If another run does at the moment.
    """
    path = output.with_name(f".{output.name}.lock")
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise PicksError(
            f"Another run is writing to {output}; wait for its end, or choose another name."
        ) from None
    except OSError as error:
        raise cannot_write(output, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows does not remove what is open
            path.unlink()
        lock.release()


def begin(output: Path, settings: Settings) -> None:
    """Begin anew: what is there is kept as ``NAME.bak.csv`` and the like.

    Raises
    ------
    PicksError
        If a file cannot be written.
    """
    for path in outputs(output):
        if keep_backup(path, PicksError) is not None:
            path.unlink()
    close(output, settings, (), finished=False)


def go_on(output: Path, settings: Settings, files: Mapping[str, Path]) -> list[Row] | None:
    """Return the rows of the tomograms that need not be searched again; ``None`` for a fresh run.

    The tables are mended: torn lines go, as do those of tomograms that failed or whose picks are
    not all there.

    Parameters
    ----------
    settings
        Of the run that wants to go on.
    files
        The tomograms that it is about, by their names.

    Raises
    ------
    ConfigError
        If the run was begun with other settings or other tomograms of the same names, or the files
        say nothing about a run.
    PicksError
        If a file cannot be read or written.
    """
    if not any(path.exists() for path in outputs(output)):
        return None
    before = _settings_before(output)
    _refuse_changes(output, before, settings)
    rows = _whole_rows(output)
    there = Counter(line[0] for line in whole_lines(output, COLUMNS)[1:])
    standing = [row for row in rows if not row.error and there[row.tomogram] == row.picks]
    for row in standing:
        path = files.get(row.tomogram)
        if path is not None and str(path.resolve()) != row.file:
            raise ConfigError(
                f"{output} has the picks of {row.file}, which has the name of {path}; choose "
                "another output, or rename one of the tomograms."
            )
    names = {row.tomogram for row in standing}
    mend(output, COLUMNS, names)
    mend(summary_of(output), _HEADER, names)
    return standing


def add(
    output: Path, row: Row, picks: PickTable | None = None, grid: VoxelGrid | None = None
) -> None:
    """Append what became of a tomogram, its picks first; the disk has them when this returns.

    Without picks and the tomogram's grid, as for one that failed, there is the row alone.

    Raises
    ------
    PicksError
        If a file cannot be written.
    """
    if picks is not None and grid is not None:
        text = picks_text({row.tomogram: (picks, grid)}, header=not has_text(output))
        append_text(output, text)
    summary = summary_of(output)
    cells = [_cell(value) for value in asdict(row).values()]
    append_text(summary, as_text([cells] if has_text(summary) else [_HEADER, cells]))


def close(output: Path, settings: Settings, rows: Sequence[Row], finished: bool) -> None:
    """Write settings and rows as JSON; `finished` says whether all tomograms had their turn.

    Raises
    ------
    PicksError
        If the file cannot be written.
    """
    tomograms = [asdict(row) | {"error": row.error or None} for row in rows]
    content = {"settings": dict(settings), "finished": finished, "tomograms": tomograms}
    write_text(record_of(output), json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _settings_before(output: Path) -> Settings:
    record = record_of(output)
    if not record.exists():
        raise ConfigError(
            f"{output} cannot be gone on with, because {record.name} with the settings is not "
            "beside it; choose another name, or begin anew with --overwrite."
        )
    try:
        settings = json.loads(read_text(record, _KIND))["settings"]
        return {str(key): value for key, value in settings.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(
            f"{record} is damaged, so that nobody can tell how {output.name} was made; choose "
            "another name, or begin anew with --overwrite."
        ) from None


def _refuse_changes(output: Path, before: Settings, now: Settings) -> None:
    changed = [key for key in now if before.get(key) != now[key]]
    if changed:
        then = ", ".join(f"{key.replace('_', ' ')} {_said(before.get(key))}" for key in changed)
        wanted = ", ".join(_said(now[key]) for key in changed)
        raise ConfigError(
            f"{output} was begun with {then}, not {wanted}; go on with what it was begun with, "
            "choose another name, or begin anew with --overwrite."
        )


def _said(value: Any) -> str:
    if value is None or value == "":
        return "unset"
    if isinstance(value, bool):
        return "on" if value else "off"
    text = str(value)
    return f"{text[:12]}…" if len(text) == 64 else text  # a checksum


def _whole_rows(output: Path) -> list[Row]:
    """Return the rows of the summary that are whole."""
    path = summary_of(output)
    rows = []
    for cells in whole_lines(path, _HEADER)[1:]:
        said = dict(zip(_HEADER, cells, strict=True))
        try:
            picks, seconds = int(said["picks"]), float(said["seconds"])
            best = float(said["best"]) if said["best"] else None
        except ValueError:
            raise PicksError(
                f"{path} is damaged: {','.join(cells)!r} is no row of it; remove this line, so "
                "that the tomogram is searched again."
            ) from None
        rows.append(
            Row(
                said["tomogram"],
                said["file"],
                picks,
                best,
                seconds,
                said["device"],
                said["precision"],
                said["error"],
            )
        )
    return rows


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else " ".join(str(value).split("\n"))
