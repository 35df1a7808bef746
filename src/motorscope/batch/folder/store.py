"""The folder of a batch: where outcomes are, and how they get there whole.

``OUT/batch.json`` says what was asked last. ``OUT/outcomes/KEY`` holds the outcomes of one set of
settings, so that those of another model stay beside it: for each tomogram an outcome, a claim while
somebody works on it, and the list of all that were asked for. All else in ``OUT`` is made of them.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from motorscope.batch.errors import BatchError
from motorscope.batch.folder.outcome import (
    SUFFIX,
    Candidates,
    Outcome,
    candidates_of,
    from_lines,
    to_text,
)
from motorscope.batch.items import Item
from motorscope.batch.settings import Choice, Settings, settings_from
from motorscope.files import make_folder, replacing
from motorscope.tomogram import HEATMAP_SUFFIX

FORMAT = "motorscope batch"
RECORD = "batch.json"
_LIST = "tomograms.jsonl"
TORN = (ValueError, TypeError, KeyError)
"""What reading an outcome raises that a power cut tore; the tomogram is then done again."""


@dataclass(frozen=True)
class Record:
    """What was asked of a batch last."""

    settings: Settings
    choice: Choice


@dataclass(frozen=True)
class Store:
    """The outcomes of one set of settings.

    Attributes
    ----------
    out
        The batch's folder.
    key
        See `Settings.key`.
    """

    out: Path
    key: str

    @property
    def folder(self) -> Path:
        """Where the outcomes are."""
        return self.out / "outcomes" / self.key

    def path(self, item: Item) -> Path:
        """Return where the outcome of a tomogram is, or will be."""
        return self.folder / f"{item.id}{SUFFIX}"

    def claim(self, item: Item) -> Path:
        """Return what lies there while somebody works on a tomogram."""
        return self.folder / f"{item.id}.claim"

    def heatmap(self, item: Item) -> Path:
        """Return where the heatmap of a tomogram is, if one was wanted."""
        return self.folder / f"{item.id}{HEATMAP_SUFFIX}"

    def ids(self) -> set[str]:
        """Return the ids of the tomograms that have an outcome."""
        return {name.removesuffix(SUFFIX) for name in _names(self.folder) if name.endswith(SUFFIX)}

    def claimed(self) -> set[str]:
        """Return the ids of the tomograms that somebody works on, or did before a crash."""
        return {
            name.removesuffix(".claim") for name in _names(self.folder) if name.endswith(".claim")
        }

    def facts(self, item: Item) -> Outcome | None:
        """Return the outcome without its candidates; ``None`` if there is no whole one."""
        return _read(self.path(item), whole=False)

    def outcome(self, item: Item) -> Outcome | None:
        """Return the outcome; ``None`` if there is no whole one."""
        return _read(self.path(item), whole=True)

    def outcomes(self, whole: bool = True) -> Iterator[Outcome]:
        """Read all outcomes in the order of their files, with their candidates or without."""
        for name in sorted(self.ids()):
            outcome = _read(self.folder / f"{name}{SUFFIX}", whole)
            if outcome is not None:
                yield outcome

    def candidates(self) -> Iterator[tuple[Outcome, Candidates]]:
        """Read the facts of all outcomes and their candidates; quicker than whole outcomes."""
        for name in sorted(self.ids()):
            lines = _lines(self.folder / f"{name}{SUFFIX}")
            with suppress(*TORN):
                if lines is not None:
                    yield from_lines(lines[0]), candidates_of(lines[1])

    def write(self, outcome: Outcome) -> None:
        """Write an outcome whole or not at all.

        Raises
        ------
        BatchError
            If it cannot be written.
        """
        with replacing(self.path(outcome.item), BatchError) as partial:
            partial.write_text(to_text(outcome), encoding="utf-8", newline="\n")

    def forget(self, items: Iterable[Item]) -> None:
        """Remove outcomes that are to be made again.

        Raises
        ------
        BatchError
            If one cannot be removed.
        """
        for item in items:
            path = self.path(item)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise BatchError(
                    f"{path} cannot be removed ({(error.strerror or str(error)).lower()}); check "
                    "its permissions."
                ) from error

    def write_items(self, items: Sequence[Item]) -> None:
        """Write which tomograms are asked for; the folder is made.

        Raises
        ------
        BatchError
            If that cannot be written.
        """
        make_folder(self.folder, BatchError)
        text = "".join(json.dumps(vars(item), ensure_ascii=False) + "\n" for item in items)
        with replacing(self.folder / _LIST, BatchError) as partial:
            partial.write_text(text, encoding="utf-8", errors="surrogateescape", newline="\n")

    def items(self) -> list[Item]:
        """Return which tomograms were asked for last; none if nobody knows."""
        path = self.folder / _LIST
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
            return [Item(**json.loads(line)) for line in text.splitlines()]
        except (OSError, ValueError, TypeError):
            return []


def write_record(out: Path, record: Record) -> None:
    """Write what is asked of a batch; the folder is made.

    Raises
    ------
    BatchError
        If it cannot be written.
    """
    make_folder(out, BatchError)
    content = {"format": FORMAT} | asdict(record)
    with replacing(out / RECORD, BatchError) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_record(out: Path) -> Record | None:
    """Return what was asked of a batch; ``None`` where there is none yet.

    Raises
    ------
    BatchError
        If the file is damaged or cannot be read.
    """
    path = out / RECORD
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError("another format")
        return Record(settings_from(content["settings"]), Choice(**content["choice"]))
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise BatchError(f"{out} is a file; name a folder for the outcomes.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BatchError(f"{path} cannot be read ({reason}); check its permissions.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BatchError(
            f"{path} is damaged or of another program ({error}); choose another folder, or remove "
            "this file and run the batch again: the outcomes stay."
        ) from error


def is_batch(folder: Path) -> bool:
    """Tell by a quick look whether a folder is that of a batch."""
    return (folder / RECORD).is_file() and (folder / "outcomes").is_dir()


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _read(path: Path, whole: bool) -> Outcome | None:
    lines = _lines(path)
    try:
        return None if lines is None else from_lines(lines[0], lines[1] if whole else None)
    except TORN:
        return None


def _lines(path: Path) -> tuple[bytes, bytes] | None:
    """Return the two lines of an outcome; ``None`` if there is no file."""
    try:
        with path.open("rb") as file:
            return file.readline(), file.readline()
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BatchError(f"{path} cannot be read ({reason}); check its permissions.") from error
