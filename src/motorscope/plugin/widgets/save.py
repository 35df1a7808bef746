"""Save picks where a person says."""

from pathlib import Path

from napari.layers import Points
from napari.utils.notifications import show_error, show_info
from qtpy.QtWidgets import QFileDialog, QWidget

from motorscope.errors import MotorscopeError, PicksError
from motorscope.files import keep_backup
from motorscope.picks import write_picks
from motorscope.plugin.layers import identity, role
from motorscope.plugin.picks_layer import picks_of
from motorscope.plugin.specs import KEY, PICKS

_ALL = "All motors that are shown, with their status (*.csv)"
_ACCEPTED = "Accepted motors only (*.csv)"


def ask_and_save(points: Points, folder: Path, parent: QWidget | None = None) -> str:
    """Ask for a file, write the picks that a layer shows, and say so; empty if nothing was written.

    Raises
    ------
    PicksError
        If the file cannot be written.
    """
    name = points.metadata[KEY]["name"]
    proposed = folder / f"{name}_motors.csv"
    # The dialog asks before it returns a file that exists.
    chosen, kind = QFileDialog.getSaveFileName(
        parent, "Save motors", str(proposed), ";;".join((_ALL, _ACCEPTED))
    )
    if not chosen:
        return ""
    path = Path(chosen) if Path(chosen).suffix else Path(f"{chosen}.csv")
    picks, grid = picks_of(points)
    if kind == _ACCEPTED:
        picks = picks.with_status("accepted")
    backup = keep_backup(path, PicksError)
    write_picks(path, {name: (picks, grid)}, details=True)
    text = f"{len(picks)} motor{'s' * (len(picks) != 1)} written to {path.name}"
    return f"{text}; the file before is {backup.name}." if backup is not None else f"{text}."


def save_picks_of_active(viewer: "napari.viewer.Viewer") -> None:  # type: ignore[name-defined]  # noqa: F821
    """Save the picks of the selected layer or tomogram, or the only picks there are."""
    all_picks = [layer for layer in viewer.layers if role(layer) == PICKS]
    active = viewer.layers.selection.active
    chosen = [
        layer
        for layer in all_picks
        if active is not None
        and (layer == active or layer.metadata[KEY]["tomogram"] == identity(active))
    ]
    try:
        wanted = chosen or all_picks
        if len(wanted) != 1:
            raise PicksError(
                "Select the layer of the motors to save."
                if wanted
                else "There are no motors to save; find some with the Motorscope panel first."
            )
        text = ask_and_save(wanted[0], Path())
    except MotorscopeError as error:
        show_error(str(error))
    else:
        if text:
            show_info(text)
