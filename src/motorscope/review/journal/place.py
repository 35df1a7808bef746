"""Which journal is whose: every tomogram has its own, also where two files have one name.

The journal of ``a.mrc`` is ``a.motorscope.jsonl``. Where ``a.tif`` lies beside it, only one of them
can have that: the one that it says it belongs to, else the first of them by name. The other one has
``a.tif.motorscope.jsonl``, and keeps it.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_data_path

from motorscope.errors import PicksError
from motorscope.files import as_file_name, make_folder
from motorscope.review.journal.file import SUFFIX, Journal
from motorscope.review.record import to_json
from motorscope.review.summary import read_summary
from motorscope.tomogram import file_name_of, is_tomogram, name_of

_SAMPLE = 8  # voxels per axis that tell a tomogram without a file from others


def project_folder() -> Path:
    """Return the folder for journals that cannot be beside their tomogram; it is made.

    Raises
    ------
    PicksError
        If it cannot be made.
    """
    return make_folder(
        user_data_path("motorscope") / "journals",
        PicksError,
        "edits cannot be kept without it: save them as a file",
    )


def open_journal(tomogram: Path, name: str, folder: Path | None = None) -> Journal:
    """Open the journal of a tomogram: beside it, or in `folder` where that cannot be written.

    Parameters are those of `journal_path`.

    Raises
    ------
    JournalInUseError
        If another window has it open.
    PicksError
        If it is damaged, or if neither folder can be written.
    """
    return Journal(journal_path(tomogram, name, folder))


def journal_path(tomogram: Path, name: str, folder: Path | None = None) -> Path:
    """Return where the journal of a tomogram is, or will be.

    Parameters
    ----------
    tomogram
        The tomogram's file, or its folder of slices.
    name
        The tomogram's name.
    folder
        A project folder to use when the tomogram's own folder is read-only.

    Raises
    ------
    PicksError
        If neither folder can be written.
    """
    beside = tomogram.absolute().parent
    if _writable(beside):
        return beside / f"{name}{SUFFIX}"
    if folder is None:
        raise PicksError(
            f"{beside} is read-only, so edits cannot be kept beside {tomogram.name}; choose a "
            "project folder for them."
        )
    if not _writable(folder):
        raise PicksError(f"{folder} is not a folder that can be written; choose another one.")
    # Tomograms of several folders may have the same name.
    where = hashlib.sha256(str(beside.resolve()).encode()).hexdigest()[:8]
    return folder / f"{name}-{where}{SUFFIX}"


def _writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def journal_at(
    path: Path, name: str, folder: Path | None = None, namesakes: Iterable[Path] | None = None
) -> Path:
    """Return the path of the journal of a tomogram's file, whether or not there is one.

    Parameters
    ----------
    path, name
        The tomogram's file or folder of slices, and its name.
    folder
        Where journals are that cannot be beside their tomogram; the user's data folder if ``None``.
    namesakes
        The tomograms of that name in the same folder, if they are known; else they are looked for.

    Raises
    ------
    PicksError
        If there is no folder that can be written.
    """
    folder = folder or project_folder()
    own = journal_path(path, as_file_name(file_name_of(path)), folder)
    if own.exists():
        return own
    plain = journal_path(path, as_file_name(name), folder)
    if namesakes is None:
        namesakes = namesakes_of(path, name)
    names = {path.name, *(each.name for each in namesakes)}
    if len(names) == 1:
        return plain
    said = _owner(plain)
    return plain if path.name == (said if said in names else min(names)) else own


def unfiled_journal(
    name: str, data: Any, folder: Path | None = None, scratch: Path | None = None
) -> Path:
    """Return the path of the journal of a tomogram without a file, whether or not there is one.

    Parameters
    ----------
    name, data
        The tomogram is known by its name and some of its voxels ``(z, y, x)``.
    folder
        Where such journals are; the user's data folder if ``None``.
    scratch
        Where the journal is instead, if it is given.

    Raises
    ------
    PicksError
        If there is no folder that can be written.
    """
    known = f"{as_file_name(name)}-{_fingerprint(data)}"
    if scratch is not None:
        return scratch / f"{known}{SUFFIX}"
    return journal_path((folder or project_folder()) / known, known)


def kept_elsewhere(journal: Path, tomogram: Path | None, scratch: Path | None = None) -> str:
    """Return why a journal is not beside its tomogram; empty if it is, or is in `scratch`."""
    if scratch is not None and journal.parent == scratch:
        return ""
    if tomogram is None:
        return "The tomogram has no file"
    beside = journal.parent == tomogram.absolute().parent
    return "" if beside else "The tomogram's folder is read-only"


def open_journal_at(journal: Path, path: Path) -> Journal:
    """Open a journal, or begin one, and let it say which tomogram's it is.

    Raises
    ------
    JournalInUseError
        If another window has it open.
    PicksError
        If it is damaged or cannot be written.
    """
    opened = Journal(journal)
    try:
        if opened.said.file != path.name:
            opened.record(opened.table, to_json(file=path.name))
    except BaseException:
        opened.close()
        raise
    return opened


def namesakes_of(path: Path, name: str) -> list[Path]:
    """Return the tomograms of a name in the folder of a file."""
    try:
        there = list(path.absolute().parent.iterdir())
    except OSError:
        return []
    alike = (each for each in there if each.name.startswith(name) and name_of(each) == name)
    return [each for each in alike if is_tomogram(each)]


def namesakes_in(folder: Path) -> dict[str, list[Path]]:
    """Return the tomograms of a folder that may have their names in common, by name."""
    try:
        there = list(folder.iterdir())
    except OSError:
        return {}
    alike: dict[str, list[Path]] = {}
    for each in there:
        alike.setdefault(name_of(each), []).append(each)
    return {
        name: [each for each in some if is_tomogram(each)]
        for name, some in alike.items()
        if len(some) > 1
    }


def _owner(journal: Path) -> str | None:
    """Return the file name that a journal says it belongs to, if it does."""
    try:
        return read_summary(journal).record.file or None
    except PicksError:  # damaged: it will be said when it is opened
        return None


def _fingerprint(data: Any) -> str:
    """Return what tells voxels ``(z, y, x)`` from others: a checksum of those in the middle."""
    middle = tuple(
        slice(max(side // 2 - _SAMPLE // 2, 0), side // 2 + _SAMPLE // 2) for side in data.shape
    )
    block = np.ascontiguousarray(data[middle])
    digest = hashlib.sha256(repr((tuple(data.shape), str(block.dtype))).encode())
    digest.update(block.tobytes())
    return digest.hexdigest()[:12]
