"""A file of coordinates is opened on the tomograms that it belongs to.

A file that says how large its voxels are is believed; else they are those of the tomogram on which
the points are placed. Which tomogram that is, and what a file leaves open, is said.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from motorscope.errors import PicksError
from motorscope.picks.coordinates.file import CoordinateFile
from motorscope.picks.coordinates.placing import Placed, Volume, place_alone, place_on
from motorscope.picks.formats import UNKNOWN_GRID, format_inside, format_of_file
from motorscope.words import counted

MOST_TOMOGRAMS = 10
"""Picks of more tomograms of one file are not opened at once when none of these is open."""


def open_file(
    path: Path, volumes: Sequence[Volume], active: Volume | None = None, binning: float = 1.0
) -> tuple[list[Placed], list[str]]:
    """Read a file, and place the picks of its tomograms.

    Where some of these are open, only their picks are taken.

    Parameters
    ----------
    volumes
        The tomograms that are open, which are known by their names.
    active
        The selected one: the tomogram of a file that names none.
    binning
        How many voxels of the file's counting fit into one of the tomogram's along an axis.

    Returns
    -------
    list of Placed
        Picks of each tomogram.
    list of str
        What a person has to be told beside the remarks of these.

    Raises
    ------
    PicksError
        If the file cannot be read, or does not say enough.
    """
    file = _file(path, binning)
    try:
        sets = file.read(UNKNOWN_GRID)
    except PicksError:  # perhaps a tomogram that is open says what the file does not
        names = list(dict.fromkeys(name for each in volumes for name in file.names_on(each.grid)))
        homes, remarks = _homes(file, names, volumes, active)
        if not homes and file.format.name == "relion5" and not names:
            raise PicksError(
                f"{path.name} counts from the middle of its tomogram; open the tomogram first, "
                "with its voxel spacing, then this file."
            ) from None
        if not homes:
            raise
        sets = {}
    else:
        homes, remarks = _homes(file, list(sets), volumes, active)
    if homes:
        if left_out := len(sets.keys() - homes.keys()):
            are = "are" if left_out > 1 else "is"
            remarks.append(
                f"{path.name}: picks of {counted(left_out, 'tomogram')} that {are} not open left "
                "out."
            )
        return [_place(file, name, volume) for name, volume in homes.items()], remarks
    if len(sets) > MOST_TOMOGRAMS:
        raise PicksError(
            f"{path.name} has picks of {len(sets)} tomograms, none of which is open; open the "
            "tomogram first, then this file."
        )
    strangers = [name for name, picks in sets.items() if picks.in_voxels]
    if volumes and strangers:
        whose = ", ".join(strangers[:3]) + (", …" if len(strangers) > 3 else "")
        raise PicksError(
            f"{path.name} counts in voxels of {whose}, and no open tomogram has such a name. Open "
            "it with Plugins → Motorscope → Open coordinates, which asks for the tomogram."
        )
    return [place_alone(path, name, picks) for name, picks in sets.items()], remarks


def names_for(path: Path, volume: Volume, binning: float = 1.0) -> tuple[list[str], str | None]:
    """Return the tomograms whose picks a file has, and which of them is an open one.

    That is the one of the same or a similar name, else the only one; ``None`` if none of several.

    Raises
    ------
    PicksError
        If the file cannot be read, or does not say enough.
    """
    file = _file(path, binning)
    try:
        names = list(file.read(UNKNOWN_GRID))
    except PicksError:
        names = list(file.read(volume.grid))
    homes, _ = _homes(file, names, [volume], volume)
    return names, next(iter(homes), names[0] if len(names) == 1 else None)


def open_on(path: Path, volume: Volume, binning: float = 1.0, name: str | None = None) -> Placed:
    """Read a file, and place the picks of one tomogram on one that is open.

    Parameters
    ----------
    name
        Whose picks; without it those of the open one's name, or of the only tomogram in the file.

    Raises
    ------
    PicksError
        If the file cannot be read, does not say enough, or has picks of others only.
    """
    names, own = names_for(path, volume, binning)
    chosen = own if name is None else name
    if chosen is None or chosen not in names:
        some = ", ".join(names[:3]) + ("" if len(names) <= 3 else f" and {len(names) - 3} more")
        raise PicksError(f"{path.name} has picks of {some}; none of '{chosen or volume.name}'.")
    remarks = () if chosen in (volume.name, path.stem) else (_placed_on(path, chosen, volume),)
    return _place(_file(path, binning), chosen, volume, remarks)


def _file(path: Path, binning: float) -> CoordinateFile:
    return CoordinateFile(path, format_inside(path) or format_of_file(path), binning)


def _place(
    file: CoordinateFile, name: str, volume: Volume, remarks: tuple[str, ...] = ()
) -> Placed:
    placed = place_on(file.path, file.read_on(name, volume.grid), volume)
    return replace(placed, remarks=remarks + placed.remarks)


def _placed_on(path: Path, name: str, volume: Volume) -> str:
    return f"{path.name}: picks of '{name}' are placed on '{volume.name}'."


def _homes(
    file: CoordinateFile, names: Sequence[str], volumes: Sequence[Volume], active: Volume | None
) -> tuple[dict[str, Volume], list[str]]:
    """Return the open tomogram for each name that has one, and what is to be told."""
    path, homes, remarks = file.path, dict[str, Volume](), list[str]()
    for name in names:
        same = [each for each in volumes if each.name == name]
        alike = [each for each in volumes if _alike(name, each.name)]
        if same:
            homes[name] = next((each for each in same if each == active), same[0])
        elif len(alike) == 1:
            homes[name] = alike[0]
            remarks.append(_placed_on(path, name, alike[0]))
    if not homes and list(names) == [path.stem]:  # which stands for no name at all
        only = volumes[0] if len(volumes) == 1 else None
        home = active if active in volumes else only
        if home is not None:
            homes[path.stem] = home
            remarks.append(
                f"{path.name} does not name its tomogram; its points are placed on '{home.name}'."
            )
    return homes, remarks


def _alike(one: str, other: str) -> bool:
    """Whether one name is the other with something appended, as in TS_01 and TS_01_10.00Apx."""
    short, long = sorted((one, other), key=len)
    return 0 < len(short) < len(long) and long.startswith(short) and not long[len(short)].isalnum()
