"""Which tomograms are in a folder."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from motorscope.errors import TomogramError
from motorscope.tomogram.formats import titles
from motorscope.tomogram.formats.tiff import TIFF_SUFFIXES
from motorscope.tomogram.heatmaps import shows_map
from motorscope.tomogram.open import Look, can_open, is_one, located, look_at, name_of

_OTHERS = (".jsonl", ".lock", ".csv", ".json", ".txt")  # of many, and never tomograms


@dataclass(frozen=True)
class Found:
    """What a look into folders found.

    Attributes
    ----------
    names
        The tomograms' names by their paths.
    maps
        Maps of ours, such as heatmaps, which are left out.
    """

    names: Mapping[Path, str]
    maps: tuple[Path, ...] = ()


def find_tomograms(folder: Path) -> Found:
    """Return the tomograms in a folder, in the order of their names, and our maps beside them.

    A folder of tomograms and of sub-folders with TIFF stacks, or a folder that is a tomogram
    itself. Hidden files do not count.

    Raises
    ------
    TomogramError
        If it cannot be read, or there are none.
    """
    return _find(folder.absolute())


def expand(paths: Iterable[Path]) -> Found:
    """Return the tomograms that a person named: files, folders of slices, or folders of tomograms.

    Maps of ours among them are left out. What does not exist is kept, for whoever opens it to say
    so.
    Paths stay relative if they were.

    Raises
    ------
    TomogramError
        If a folder cannot be read, or holds no tomograms.
    """
    names: dict[Path, str] = {}
    maps: list[Path] = []
    for path in paths:
        look = look_at(path)
        if look.folder and not look.is_one():
            inside = _find(path)
            names |= inside.names
            maps += inside.maps
        elif shows_map(look):
            maps.append(path)
        else:
            names[path] = look.name()
    return Found(names, tuple(maps))


def read_list(path: Path) -> list[Path]:
    """Return the tomograms that are named in a text file, with a path or address on each line.

    Relative ones count from its folder; empty lines, and those that begin with ``#``, do not count.

    Raises
    ------
    TomogramError
        If it cannot be read, or names nothing.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TomogramError(f"{path} cannot be read ({reason}); choose another list.") from error
    except UnicodeDecodeError as error:
        raise TomogramError(f"{path} is no text; give a list with a path on each line.") from error
    folder = path.absolute().parent
    named = [line for line in lines if line and not line.startswith("#")]
    paths = [folder / located(line) for line in named]  # whole ones stay as they are
    if not paths:
        raise TomogramError(f"{path} names no tomograms; write the path of one on each line.")
    return paths


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a key by which 2 comes before 10."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
        for part in re.split(r"(\d+)", name)
        if part
    ]


def _find(folder: Path) -> Found:
    """Return what `find_tomograms` does, with paths that stay relative if the folder's is."""
    if is_one(folder):
        return Found({folder: name_of(folder)})
    try:
        entries = _entries(folder)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TomogramError(
            f"{folder.absolute()} cannot be read ({reason}); check the folder and its permissions."
        ) from error
    names: dict[Path, str] = {}
    maps: list[Path] = []
    for entry in entries:
        if entry.name.endswith(_OTHERS):
            continue
        look = look_at(entry)
        if look.is_tomogram():
            if shows_map(look):
                maps.append(look.path)
            else:
                names[look.path] = look.name()
        elif look.folder:
            names |= {stack.path: stack.name() for stack in _stacks(look.path)}
    if not names and can_open(folder):
        names[folder] = name_of(folder)
    if not names and maps:
        raise TomogramError(
            f"{folder.absolute()} holds maps of motorscope and no tomograms; choose the folder of "
            "the tomograms."
        )
    if not names:
        raise TomogramError(
            f"{folder.absolute()} holds no tomograms ({titles()}, or sub-folders of TIFF stacks); "
            "choose another folder."
        )
    ordered = sorted(names, key=lambda path: (natural_key(names[path]), path))
    return Found({path: names[path] for path in ordered}, tuple(sorted(maps)))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]


def _stacks(folder: Path) -> list[Look]:
    """Return the TIFF stacks of a sub-folder that has no slices; none if it cannot be read."""
    try:
        entries = _entries(folder)
    except OSError:
        return []
    tiffs = [each for each in entries if each.name.lower().endswith(TIFF_SUFFIXES)]
    return [look for each in tiffs if (look := look_at(each)).is_tomogram()]
