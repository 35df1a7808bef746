"""Files of coordinates as points layers, over the tomograms that they belong to.

A file that says how large its voxels are is believed; else they are those of the tomogram on which
the points are placed. Which tomogram that is, and what a file leaves open, is said.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from napari import current_viewer
from napari.layers import Layer
from napari.utils.notifications import show_warning

from motorscope.errors import MotorscopeError, PicksError
from motorscope.picks.coordinate_file import CoordinateFile
from motorscope.picks.formats import UNKNOWN_GRID, format_inside, format_of_file
from motorscope.plugin.coordinates.placing import LayerData, alone, on_tomogram
from motorscope.plugin.layers.source import check_source, full_grid, tomogram_name
from motorscope.plugin.layers.tag import KEY

Paths = str | list[str]

MOST_LAYERS = 10
"""More tomograms of one file are not opened at once when none of them is open."""


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]] | None:
    """Return our reader if every path holds coordinates that we read, else ``None``."""
    paths = [path] if isinstance(path, str) else list(path)
    if not paths or any(format_inside(each) is None for each in paths):
        return None
    return read_layers


def read_layers(path: Paths) -> list[LayerData]:
    """Open files of coordinates as points layers over the tomograms of the current viewer.

    Raises
    ------
    MotorscopeError
        If a file cannot be read, or does not say enough.
    """
    viewer = current_viewer()
    layers = [] if viewer is None else list(viewer.layers)
    active = None if viewer is None else viewer.layers.selection.active
    opened: list[LayerData] = []
    remarks: list[str] = []
    for each in [path] if isinstance(path, str) else path:
        more, said = open_coordinates(Path(each), layers, active)
        opened += more
        remarks += said
    for remark in remarks:
        show_warning(remark)
    return opened


def open_coordinates(
    path: Path, layers: Iterable[Layer], active: Layer | None = None, binning: float = 1.0
) -> tuple[list[LayerData], list[str]]:
    """Read a file, and place the picks of its tomograms.

    Where some of these are open, only their picks are taken.

    Parameters
    ----------
    layers
        Those of the viewer, among which the tomograms are looked for by name.
    active
        The selected layer: the tomogram of a file that names none.
    binning
        How many voxels of the file's counting fit into one of the tomogram's along an axis.

    Returns
    -------
    list of layer data
        Points layers.
    list of str
        What a person has to be told.

    Raises
    ------
    MotorscopeError
        If the file cannot be read, or does not say enough.
    """
    file = CoordinateFile(path, format_inside(path) or format_of_file(path), binning)
    tomograms = [layer for layer in layers if _can_be_tomogram(layer)]
    try:
        sets = file.read(UNKNOWN_GRID)
    except PicksError:  # perhaps a tomogram that is open says what the file does not
        names = _names_on_layers(file, tomograms)
        homes, remarks = _homes(file, names, tomograms, active)
        if not homes and file.format.name == "relion5" and not names:
            raise PicksError(
                f"{path.name} counts from the middle of its tomogram; open the tomogram first, "
                "with its voxel spacing, then this file."
            ) from None
        if not homes:
            raise
        sets = {}
    else:
        homes, remarks = _homes(file, list(sets), tomograms, active)
    if not homes and len(sets) > MOST_LAYERS:
        raise PicksError(
            f"{path.name} has picks of {len(sets)} tomograms, none of which is open; open the "
            "tomogram first, then this file."
        )
    strangers = [name for name, picks in sets.items() if picks.in_voxels]
    if not homes and tomograms and strangers:
        whose = ", ".join(strangers[:3]) + (", …" if len(strangers) > 3 else "")
        raise PicksError(
            f"{path.name} counts in voxels of {whose}, and no open tomogram has such a name. Open "
            "it with Plugins → Motorscope → Open coordinates, which asks for the tomogram."
        )
    if homes:
        placed = [_place(file, name, layer) for name, layer in homes.items()]
        if left_out := len(sets.keys() - homes.keys()):
            remarks.append(
                f"{path.name}: picks of {left_out} tomogram{'s' * (left_out > 1)} that "
                f"{'are' if left_out > 1 else 'is'} not open left out."
            )
    else:
        placed = [alone(path, name, picks) for name, picks in sets.items()]
    if len(placed) > 1:
        for (_, arguments, _), _ in placed:
            arguments["name"] += f": {arguments['metadata'][KEY].name}"
    return [layer for layer, _ in placed], remarks + [each for _, said in placed for each in said]


def names_for(path: Path, layer: Layer, binning: float = 1.0) -> tuple[list[str], str | None]:
    """Return the tomograms whose picks a file has, and which of them is a layer's.

    That is the one of the same or a similar name, else the only one; ``None`` if none of several.

    Raises
    ------
    MotorscopeError
        If the file cannot be read, or does not say enough.
    """
    check_source(layer)
    file = CoordinateFile(path, format_inside(path) or format_of_file(path), binning)
    try:
        names = list(file.read(UNKNOWN_GRID))
    except PicksError:
        names = list(file.read(full_grid(layer)))
    homes, _ = _homes(file, names, [layer], layer)
    return names, next(iter(homes), names[0] if len(names) == 1 else None)


def open_on(
    path: Path, layer: Layer, binning: float = 1.0, name: str | None = None
) -> tuple[LayerData, list[str]]:
    """Read a file, and place the picks of one tomogram on its layer.

    Parameters
    ----------
    name
        Whose picks; without it those of the layer's name, or of the only tomogram in the file.

    Raises
    ------
    MotorscopeError
        If the file cannot be read, does not say enough, or has picks of others only.
    """
    names, own = names_for(path, layer, binning)
    chosen = own if name is None else name
    if chosen is None or chosen not in names:
        some = ", ".join(names[:3]) + ("" if len(names) <= 3 else f" and {len(names) - 3} more")
        raise PicksError(
            f"{path.name} has picks of {some}; none of '{chosen or tomogram_name(layer)}'."
        )
    remarks = []
    if chosen not in (tomogram_name(layer), path.stem):
        remarks.append(f"{path.name}: picks of '{chosen}' are placed on '{tomogram_name(layer)}'.")
    file = CoordinateFile(path, format_inside(path) or format_of_file(path), binning)
    data, said = _place(file, chosen, layer)
    return data, remarks + said


def _place(file: CoordinateFile, name: str, layer: Layer) -> tuple[LayerData, list[str]]:
    return on_tomogram(file.path, file.read_on(name, full_grid(layer)), layer)


def _names_on_layers(file: CoordinateFile, tomograms: Sequence[Layer]) -> list[str]:
    names = dict[str, None]()
    for layer in tomograms:
        names |= dict.fromkeys(file.names_on(full_grid(layer)))
    return list(names)


def _homes(
    file: CoordinateFile, names: Sequence[str], tomograms: Sequence[Layer], active: Layer | None
) -> tuple[dict[str, Layer], list[str]]:
    """Return the open tomogram for each name that has one, and what is to be told."""
    path, homes, remarks = file.path, dict[str, Layer](), list[str]()
    for name in names:
        same = [layer for layer in tomograms if tomogram_name(layer) == name]
        alike = [layer for layer in tomograms if _alike(name, tomogram_name(layer))]
        if same:
            homes[name] = active if active in same else same[0]
        elif len(alike) == 1:
            homes[name] = alike[0]
            remarks.append(
                f"{path.name}: picks of '{name}' are placed on '{tomogram_name(alike[0])}'."
            )
    if not homes and list(names) == [path.stem]:  # which stands for no name at all
        layer = active if active in tomograms else None
        if layer is None and len(tomograms) == 1:
            layer = tomograms[0]
        if layer is not None:
            homes[path.stem] = layer
            remarks.append(
                f"{path.name} does not name its tomogram; its points are placed on "
                f"'{tomogram_name(layer)}'."
            )
    return homes, remarks


def _alike(one: str, other: str) -> bool:
    """Whether one name is the other with something appended, as in TS_01 and TS_01_10.00Apx."""
    short, long = sorted((one, other), key=len)
    return 0 < len(short) < len(long) and long.startswith(short) and not long[len(short)].isalnum()


def _can_be_tomogram(layer: Layer) -> bool:
    try:
        check_source(layer)
    except MotorscopeError:
        return False
    return True
