"""Tomograms to go through as plain data: which there are, in what order, and how far each is.

Nothing of its own is stored: the state of a tomogram is what its journal says, so that a folder
that is opened again is as it was left.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from motorscope.review.journal.place import journal_at, namesakes_in, project_folder
from motorscope.review.worklist.entry import STATUSES, Entry, Finding
from motorscope.tomogram import Found, natural_key

ORDERS = ("name", "status", "best", "undecided", "accepted", "rejected")
"""Orders of a worklist."""


@dataclass(frozen=True)
class Worklist:
    """Tomograms to go through.

    Attributes
    ----------
    source
        The folder, or the list, that they are from.
    entries
        The tomograms by their paths, in the order of their names.
    maps
        How many maps of ours the folder holds besides; they are no tomograms.
    """

    source: Path
    entries: Mapping[Path, Entry]
    maps: int = 0

    def with_entries(self, *entries: Entry) -> "Worklist":
        """Return the worklist with these entries in place of those of the same paths."""
        return replace(self, entries={**self.entries, **{entry.path: entry for entry in entries}})

    def listed(
        self, text: str = "", status: str = "", order: str = "name", backwards: bool = False
    ) -> list[Entry]:
        """Return entries in an order of `ORDERS`.

        Parameters
        ----------
        text
            Only those whose name has all these words in it, upper and lower case alike.
        status
            Only those with this one of `STATUSES`; all if empty.
        backwards
            Whether to turn the order round; equal ones are in the order of their names always.

        Raises
        ------
        ValueError
            If there is no such order.
        """
        words = text.casefold().split()
        chosen = [
            entry
            for entry in self.entries.values()
            if (not status or entry.status == status)
            and all(word in entry.name.casefold() for word in words)
        ]
        if order == "name":
            chosen = chosen[::-1] if backwards else chosen
        elif order == "status":
            chosen.sort(key=lambda entry: STATUSES.index(entry.status), reverse=backwards)
        elif order == "best":
            chosen.sort(
                key=lambda entry: -1.0 if entry.summary.best is None else entry.summary.best,
                reverse=backwards,
            )
        elif order in ORDERS[3:]:
            chosen.sort(key=lambda entry: getattr(entry.summary, order), reverse=backwards)
        else:
            raise ValueError(f"order must be one of {', '.join(ORDERS)}, not {order!r}")
        return chosen

    def counts(self) -> Counter[str]:
        """Return how many entries have which status."""
        return Counter(entry.status for entry in self.entries.values())

    def in_words(self) -> str:
        """Return the name of the folder or list, and how many entries have which status."""
        counts = self.counts()
        parts = [f"{counts[status]} {status}" for status in STATUSES if counts[status]]
        return f"{self.source.name}: " + " · ".join(parts)


def make_worklist(
    source: Path,
    tomograms: Found,
    folder: Path | None = None,
    findings: Mapping[Path, Finding] | None = None,
) -> Worklist:
    """Return the worklist of tomograms, before any journal is read.

    Parameters
    ----------
    source
        The folder, or the list, that they are from.
    tomograms
        Which ones there are, by their paths.
    folder
        Where journals are that cannot be beside their tomogram; the user's data folder if ``None``.
    findings
        What was found in them elsewhere, by their paths.

    Raises
    ------
    PicksError
        If there is no place for journals.
    """
    findings = findings or {}
    folder = folder or project_folder()
    entries: dict[Path, Entry] = {}
    owners: dict[Path, Entry] = {}
    named = sorted((natural_key(name), path, name) for path, name in tomograms.names.items())
    namesakes = {each: namesakes_in(each) for each in {p.absolute().parent for _, p, _ in named}}
    for _, path, name in named:
        alike = namesakes[path.absolute().parent].get(name, ())
        entry = Entry(path, name, journal_at(path, name, folder, alike), found=findings.get(path))
        owner = owners.setdefault(entry.journal.resolve(), entry)
        if owner.path != path:
            problem = (
                f"{path} would share its picks with {owner.path}, which is the same tomogram or "
                "has the same name; take it out of the list, or rename it."
            )
            entry = replace(entry, problem=problem, shut=True)
        entries[path] = entry
    return Worklist(source, entries, len(tomograms.maps))


def neighbour(listed: Iterable[Path], current: Path | None, row: int, step: int) -> Path | None:
    """Return the path `step` (1 or -1) further in a list, or ``None`` at its end.

    Where the current one is not in the list any more, it is taken to have been at `row`.
    """
    paths = list(listed)
    if current in paths:
        there = paths.index(current) + step
    else:
        there = row if step > 0 else row - 1
    return paths[there] if 0 <= there < len(paths) else None
