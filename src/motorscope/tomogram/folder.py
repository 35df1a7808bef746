"""Which tomograms are in a folder."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from motorscope.errors import TomogramError
from motorscope.tomogram.formats import titles
from motorscope.tomogram.formats.tiff import TIFF_SUFFIXES
from motorscope.tomogram.heatmaps import is_map
from motorscope.tomogram.open import can_open, is_one, is_tomogram, located, name_of

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
    folder = folder.absolute()
    if is_one(folder):
        return Found({folder: name_of(folder)})
    try:
        paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TomogramError(
            f"{folder} cannot be read ({reason}); check the folder and its permissions."
        ) from error
    found: list[Path] = []
    maps: list[Path] = []
    for path in paths:
        if path.suffix in _OTHERS:
            continue
        if is_tomogram(path):
            (maps if is_map(path) else found).append(path)
        elif path.is_dir():
            found += _stacks(path)
    if not found and can_open(folder):
        found = [folder]
    if not found and maps:
        raise TomogramError(
            f"{folder} holds maps of motorscope and no tomograms; choose the folder of the "
            "tomograms."
        )
    if not found:
        raise TomogramError(
            f"{folder} holds no tomograms ({titles()}, or sub-folders of TIFF stacks); choose "
            "another folder."
        )
    names = {path: name_of(path) for path in found}
    ordered = sorted(found, key=lambda path: (natural_key(names[path]), path))
    return Found({path: names[path] for path in ordered}, tuple(sorted(maps)))


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
        if path.is_dir() and not is_one(path):
            inside, whole = find_tomograms(path), path.absolute()
            names |= {path / each.relative_to(whole): n for each, n in inside.names.items()}
            maps += [path / each.relative_to(whole) for each in inside.maps]
        elif is_map(path):
            maps.append(path)
        else:
            names[path] = name_of(path)
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
        (0, int(part), "") if part.isdigit() else (1, 0, part.casefold())
        for part in re.split(r"(\d+)", name)
        if part
    ]


def _stacks(folder: Path) -> list[Path]:
    """Return the TIFF stacks of a sub-folder that has no slices; none if it cannot be read."""
    try:
        paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []
    return [path for path in paths if path.suffix.lower() in TIFF_SUFFIXES and is_tomogram(path)]
