"""Figures of a run as they come: rows of a CSV and, if wanted, files for TensorBoard."""

import csv
from pathlib import Path
from typing import Any

from motorscope.files import replacing
from motorscope.training.errors import TrainingError


class CsvLog:
    """A CSV that grows row by row.

    Parameters
    ----------
    path
        The file. What lies there of later steps than `start`, or was cut short, is dropped.
    start
        Step from which the run goes on.
    """

    def __init__(self, path: Path, start: int) -> None:
        self.path = path
        header, rows = _whole_rows(path)
        kept = [row for row in rows if int(row[header.index("step")]) <= start]
        if path.exists():
            with (
                replacing(path, TrainingError) as partial,
                partial.open("w", newline="", encoding="utf-8") as file,
            ):
                csv.writer(file).writerows([header, *kept] if kept else [])
        self.is_new = not kept

    def write(self, **values: Any) -> None:
        """Append a row; `values` has a ``step`` and the same names each time.

        Raises
        ------
        TrainingError
            If the disk is full, or the file cannot be written for another reason.
        """
        try:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                if self.is_new:
                    writer.writerow(values)
                writer.writerow(
                    f"{value:.6g}" if isinstance(value, float) else value
                    for value in values.values()
                )
        except OSError as error:
            raise TrainingError(
                f"{self.path} cannot be written ({(error.strerror or str(error)).lower()}); free "
                "some space and go on with --resume."
            ) from error
        self.is_new = False


def open_tensorboard(folder: Path, start: int) -> Any:
    """Return Lightning Fabric's logger for TensorBoard; what lies there of later steps is hidden.

    Raises
    ------
    TrainingError
        If TensorBoard is not installed.
    """
    from lightning_fabric.loggers import TensorBoardLogger

    try:
        return TensorBoardLogger(folder, name="", version="", purge_step=start + 1)
    except ModuleNotFoundError as error:
        raise TrainingError(
            "logging.tensorboard needs TensorBoard; install it with pip install tensorboard, or "
            "leave the key out (log.csv is written in any case)."
        ) from error


def _whole_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows that have a value in each column; a kill may cut the last."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return ["step"], []
    lines = text[: text.rfind("\n") + 1].splitlines()
    header, *rows = list(csv.reader(lines)) or [["step"]]
    return header, [row for row in rows if len(row) == len(header)]
