"""Which tomograms a batch is about: folders, lists and patterns become items."""

import glob
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from motorscope.batch.errors import BatchError
from motorscope.files import as_file_name
from motorscope.tomogram import expand, located, natural_key, read_list

LIST_SUFFIXES = (".txt", ".lst", ".list")
"""Suffixes of text files with a path on each line."""

_LONGEST = 100  # characters of a name within a file name


@dataclass(frozen=True)
class Item:
    """A tomogram of a batch.

    Attributes
    ----------
    name
        What its picks go by.
    path
        Its file or folder, with the whole path.
    size, modified
        Bytes and time (s) as the file system has them, which tell that a file was replaced; -1
        where there is no file.
    """

    name: str
    path: str
    size: int = -1
    modified: int = -1

    @property
    def id(self) -> str:
        """What its outcome's file is called: the same for the same path, whatever else there is."""
        where = hashlib.sha256(self.path.encode(errors="surrogateescape")).hexdigest()[:10]
        return f"{as_file_name(self.name)[:_LONGEST]}-{where}"


@dataclass(frozen=True)
class Listed:
    """What a person named: the tomograms, by name, and how many maps of ours are left out."""

    items: tuple[Item, ...]
    maps: int = 0


def list_items(sources: Sequence[str]) -> Listed:
    """Return the tomograms of folders, files, lists (`LIST_SUFFIXES`) and patterns (``*?[``).

    Raises
    ------
    BatchError
        If there are none, one does not exist, or a pattern matches nothing.
    TomogramError
        If a folder or a list cannot be read, or holds no tomograms.
    """
    found = expand(_paths(sources))
    paths = {os.path.abspath(path): name for path, name in found.names.items()}
    if not paths:
        raise BatchError("There is no tomogram to look at; name a folder, a list or files.")
    ordered = sorted(paths.items(), key=lambda pair: (natural_key(pair[1]), pair[0]))
    return Listed(tuple(_item(name, path) for path, name in ordered), len(found.maps))


def labels(items: Iterable[tuple[str, str]]) -> list[str]:
    """Return what tells tomograms apart in tables: their names, with folders where names repeat.

    Parameters
    ----------
    items
        Pairs of a name and a whole path.
    """
    pairs = list(items)
    chosen = [name for name, _ in pairs]
    for depth in range(1, 1 + max((path.count(os.sep) for _, path in pairs), default=0)):
        counts = Counter(chosen)
        if len(counts) == len(chosen):
            return chosen
        longer = ("/".join([*PurePath(path).parent.parts[1:][-depth:], n]) for n, path in pairs)
        chosen = [
            label if counts[label] == 1 else more
            for label, more in zip(chosen, longer, strict=True)
        ]
    counts = Counter(chosen)  # what differs in its suffix alone still goes by one name
    return [
        label if counts[label] == 1 else path
        for label, (_, path) in zip(chosen, pairs, strict=True)
    ]


def _paths(sources: Sequence[str]) -> list[Path]:
    paths: list[Path] = []
    for source in sources:
        path = located(source)
        if path.suffix.lower() in LIST_SUFFIXES and path.is_file():
            paths += read_list(path)
        elif glob.has_magic(source) and not path.exists():
            matched = sorted(glob.glob(os.path.expanduser(source), recursive=True))
            if not matched:
                raise BatchError(f"No file matches {source}; check the pattern and its quotes.")
            paths += map(Path, matched)
        else:
            _check_there(path)
            paths.append(path)
    return paths


def _check_there(path: Path) -> None:
    """Tell of a slip in a name before anything begins; what a list names may be missing."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BatchError(f"{path} does not exist; check the name.") from error
    except OSError:  # whoever opens it will say why
        pass


def _item(name: str, path: str) -> Item:
    try:
        stat = os.stat(path)
    except OSError:  # whoever opens it will say why
        return Item(name, path)
    return Item(name, path, stat.st_size, int(stat.st_mtime))
