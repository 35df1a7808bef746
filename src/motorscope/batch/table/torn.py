"""Tables that runs append to, line by line: a killed run may have torn the last one."""

import csv
import io
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from motorscope.errors import PicksError
from motorscope.picks.files import read_text, write_text


def whole_lines(path: Path, header: Sequence[str]) -> list[list[str]]:
    """Return the cells of all lines but a torn last one, the header first; none without a file.

    Raises
    ------
    PicksError
        If the file has other columns, or a line within it is torn.
    """
    if not path.exists():
        return []
    text = read_text(path, "a table of motorscope detect")
    whole = text[: text.rfind("\n") + 1]
    lines = [line for line in csv.reader(io.StringIO(whole, newline="")) if line]
    if lines and lines[0] != list(header):
        raise PicksError(
            f"{path} has other columns than motorscope writes, so no rows can be added; choose "
            "another name, or begin anew with --overwrite."
        )
    for line in lines:
        if len(line) != len(header):
            raise PicksError(
                f"{path} is damaged: {','.join(line)!r} has {len(line)} values where the first "
                f"line names {len(header)} columns; mend or remove this line."
            )
    return lines


def mend(path: Path, header: Sequence[str], names: Collection[str]) -> None:
    """Leave the whole lines of these tomograms in a table, if there is anything else."""
    if not path.exists():
        return
    lines = whole_lines(path, header)
    kept = lines[:1] + [line for line in lines[1:] if line[0] in names]
    text = as_text(kept)
    if text != read_text(path, "a table"):
        write_text(path, text)


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Return lines of a table."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def has_text(path: Path) -> bool:
    """Tell whether there is a file with anything in it."""
    return path.exists() and os.stat(path).st_size > 0
